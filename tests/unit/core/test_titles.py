"""Titles and file names fit what the server takes, whatever they are made from."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.model import Kind
from picora_sync.core.policy import TitleFrom
from picora_sync.core.titles import TITLE_LIMITS, TitleRule, fields_in, filename_for, stem_of, title_for

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


FIELDS = {"artist": "Ann", "track": "3", "season": "2", "episode": "12", "date": "2026-05-01"}


@pytest.mark.parametrize(
    ("template", "title"),
    [
        ("{artist} - {title}", "Ann - Rain"),
        ("{track:02} {title}", "03 Rain"),
        ("S{season:02}E{episode:02}: {title}", "S02E12: Rain"),
        ("{episode:01}", "12"),
        ("{date} {stem}", "2026-05-01 b"),
        ("{album} - {title}", "Rain"),
        ("{artist} - {album} - {title}", "Ann - Rain"),
        ("{title} ({album}) [{album} ]", "Rain"),
        ("{title} ()", "Rain ()"),
        ("- {title} -", "- Rain -"),
        ("{album}", "Rain"),
        ("{title:02} {track:2} {track:0}", "Rain {track:2} {track:0}"),
    ],
)
def test_a_template_knows_what_tags_and_names_tell(template: str, title: str) -> None:
    assert title_for(Kind.AUDIO, "a/b.mp3", TitleRule("pod", template=template), "Rain", fields=FIELDS) == title


def test_a_track_that_is_no_number_is_not_padded() -> None:
    assert title_for(Kind.AUDIO, "b.mp3", TitleRule("p", template="{track:03}"), fields={"track": "A1"}) == "A1"


@pytest.mark.parametrize(
    ("stem", "fields"),
    [
        ("2026-05-01 Rain", {"date": "2026-05-01"}),
        ("20260501_rain", {"date": "2026-05-01"}),
        ("Rain 2026.05.01", {"date": "2026-05-01"}),
        ("2026-05.01", {}),
        ("2026-13-01 Rain", {}),
        ("12026-05-011", {}),
        ("Show S02E03 Rain", {"season": "2", "episode": "3"}),
        ("s1 e12", {"season": "1", "episode": "12"}),
        ("Bus E3", {"episode": "3"}),
        ("Ep. 7", {}),
        ("ep 007 - Bond", {"episode": "7"}),
        ("Episode_12", {"episode": "12"}),
        ("#5 Rain", {"episode": "5"}),
        ("C#5", {}),
        ("Apple2 deep7", {}),
        ("2026-05-01 S2E3", {"date": "2026-05-01", "season": "2", "episode": "3"}),
        ("Rain", {}),
        ("", {}),
    ],
)
def test_a_name_tells_date_season_and_episode(stem: str, fields: dict[str, str]) -> None:
    assert fields_in(stem) == fields


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
