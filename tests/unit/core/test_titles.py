"""Titles and file names fit what the server takes, whatever they are made from."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.model import Kind
from picora_sync.core.policy import TitleFrom
from picora_sync.core.titles import TITLE_LIMITS, TitleRule, filename_for, stem_of, title_for

RULE = TitleRule("notes")


@pytest.mark.parametrize(
    ("path", "stem"),
    [("a/b.c.md", "b.c"), ("a.MARKDOWN", "a"), ("a.d/b", "b"), (".md", ".md"), ("x.mp3", "x"), ("a/v1.2", "v1")],
    ids=["dots", "upper case", "no extension", "dot-file", "audio", "looks like one"],
)
def test_the_stem_is_the_last_component_without_its_extension(path: str, stem: str) -> None:
    assert stem_of(path) == stem


@pytest.mark.parametrize(
    ("candidates", "title"),
    [
        (("Front", "Heading"), "Front"),
        (("", "Heading"), "Heading"),
        ((" \n\t", "\x00"), "file"),
        ((), "file"),
        (("  two\n lines\x07here ",), "two lines here"),
        (("e\u0301",), "\u00e9"),
        (("a\ud800b",), "a\ufffdb"),
        (("a\u2028b\u00a0c",), "a b c"),
    ],
    ids=["first wins", "heading", "blank ones do not count", "file name", "one line", "NFC", "surrogate", "odd blanks"],
)
def test_the_first_candidate_that_says_something_is_the_title(candidates: tuple[str, ...], title: str) -> None:
    assert title_for(Kind.DOC, "dir/file.md", RULE, *candidates) == title


@pytest.mark.parametrize(("kind", "limit"), [(Kind.DOC, 200), (Kind.AUDIO, 255)], ids=["doc", "audio"])
def test_a_title_is_cut_to_its_limit_in_code_points(kind: Kind, limit: int) -> None:
    assert title_for(kind, "x.md", RULE, "😀" * 300) == "😀" * limit


def test_a_cut_title_does_not_end_in_a_blank() -> None:
    assert title_for(Kind.DOC, "x.md", RULE, "a" * 199 + " b") == "a" * 199


def test_title_from_the_file_name_ignores_the_content() -> None:
    rule = TitleRule("notes", TitleFrom.FILENAME)
    assert title_for(Kind.DOC, "a/My note.md", rule, "Front") == "My note"


def test_a_name_of_blanks_still_has_a_title() -> None:
    assert title_for(Kind.DOC, " .md", RULE) == "Untitled"


@pytest.mark.parametrize(
    ("template", "title"),
    [
        ("{folder}: {title}", "notes: Front"),
        ("{path} ({filename})", "a/b (b)"),
        ("{unknown} {title.__class__}", "{unknown} {title.__class__}"),
        ("{{title}}", "{Front}"),
        (" ", "Front"),
    ],
    ids=["folder", "path", "unknown stays", "braces", "blank template"],
)
def test_a_template_goes_around_the_title(template: str, title: str) -> None:
    assert title_for(Kind.DOC, "a/b.md", TitleRule("notes", template=template), "Front") == title


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b/note.md", "note.md"),
        ("NOTE.MD", "NOTE.md"),
        ("n.Markdown", "n.markdown"),
        ("a\x07\nb.md", "a__b.md"),
        ("a\\b.md", "a_b.md"),
        ("caf\udce9.md", "caf_.md"),
        ("e\u0301.md", "\u00e9.md"),
        (" .md", "_.md"),
        ("x" * 300 + ".md", "x" * 252 + ".md"),
    ],
    ids=["last component", "suffix", "long suffix", "controls", "backslash", "not UTF-8", "NFC", "blank", "too long"],
)
def test_the_file_name_is_safe_to_send(path: str, name: str) -> None:
    assert filename_for(path) == name


@given(st.text(st.characters(exclude_characters="/")), st.text(st.characters(codec=None)), st.sampled_from(Kind))
def test_any_text_makes_a_valid_title_and_file_name(name: str, candidate: str, kind: Kind) -> None:
    title = title_for(kind, f"x{name}.md", RULE, candidate)
    assert 1 <= len(title) <= TITLE_LIMITS[kind]
    assert title == title.strip() == title.encode().decode()
    sent = filename_for(f"x{name}.md")
    assert sent.endswith(".md")
    assert 3 < len(sent) <= 255
    assert sent == unicodedata.normalize("NFC", sent.encode().decode())
