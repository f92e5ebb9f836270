"""What is left out of a folder, and why."""

from __future__ import annotations

import unicodedata

import pytest

from picora_sync.core.ignore import BadPattern, IgnoreRules, PatternList, parents_of, pattern_fault


def rules(*patterns: str, files: dict[str, str] | None = None, own: tuple[str, ...] = ()) -> IgnoreRules:
    result = IgnoreRules.of(patterns, own=own)
    for directory, text in (files or {}).items():
        source = f"{directory}/.picoraignore".lstrip("/")
        result = result.within(PatternList(text.splitlines(), directory=directory, source=source))
    return result


@pytest.mark.parametrize(
    ("path", "word"),
    [
        pytest.param(".hidden.md", "dot", id="dot-file"),
        pytest.param(".obsidian/plugins/readme.md", "dot", id="dot-folder"),
        pytest.param("a/.trash/note.md", "dot", id="dot-folder-below"),
        pytest.param("a/.#note.md", "dot", id="emacs-lock"),
        pytest.param("note.md~", "temporary", id="backup"),
        pytest.param("note.md.tmp", "temporary", id="tmp"),
        pytest.param("NOTE.TMP", "temporary", id="tmp-upper-case"),
        pytest.param("episode.mp3.part", "temporary", id="part"),
        pytest.param("episode.mp3.crdownload", "temporary", id="chrome-download"),
        pytest.param("note.swp", "temporary", id="vim"),
        pytest.param("~$report.md", "temporary", id="office-lock"),
        pytest.param("~syncthing~note.md", "temporary", id="syncthing-windows"),
        pytest.param(".syncthing.note.md.tmp", "dot", id="syncthing"),
        pytest.param("draw/Idea.Excalidraw.md", "Excalidraw", id="excalidraw"),
    ],
)
def test_built_in_rules_leave_out(path: str, word: str) -> None:
    assert word in (rules().why_ignored(path) or "")


@pytest.mark.parametrize(
    "path",
    ["note.md", "#idea.md", "a/b/c.markdown", "folder.tmp/note.md", "excalidraw.md", "~note.md", "née.md", "a\nb.md"],
)
def test_ordinary_names_are_kept(path: str) -> None:
    assert rules().why_ignored(path) is None


def test_own_directory_is_left_out_with_all_below_it() -> None:
    own = rules(own=("data/state",))
    assert own.why_ignored("data/state/x/note.md")
    assert own.why_ignored("data/other.md") is None


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        pytest.param(("drafts/**",), "drafts/a.md", True, id="everything-below"),
        pytest.param(("drafts/**",), "x/drafts/a.md", False, id="a-slash-anchors"),
        pytest.param(("drafts/",), "x/drafts/a.md", True, id="directory-anywhere"),
        pytest.param(("*.wav",), "x/y.wav", True, id="by-suffix"),
        pytest.param(("*.md", "!keep.md"), "x/keep.md", False, id="negated-in-the-same-list"),
        pytest.param(("drafts/**", "!drafts/keep.md"), "drafts/keep.md", False, id="negated-below-two-stars"),
        pytest.param(("drafts/", "!drafts/keep.md"), "drafts/keep.md", True, id="nothing-leaves-an-ignored-directory"),
        pytest.param(("# x/**", ""), "# x/a.md", False, id="comment"),
        pytest.param(("[",), "a.md", False, id="unclosed-bracket-matches-nothing"),
    ],
)
def test_configured_patterns_follow_gitignore(patterns: tuple[str, ...], path: str, ignored: bool) -> None:
    assert (rules(*patterns).why_ignored(path) is not None) is ignored


def test_directory_whose_content_is_all_left_out_is_left_out_itself() -> None:
    assert (
        rules("drafts/**").why_ignored("drafts", is_dir=True)
        == "pattern 'drafts/**' in line 1 of the folder's ignore list"
    )
    assert rules("drafts/**").why_ignored("x/drafts", is_dir=True) is None
    assert rules("drafts/**", "!drafts/keep.md").why_ignored("drafts", is_dir=True) is None


@pytest.mark.parametrize(
    ("files", "path", "ignored"),
    [
        pytest.param({"": "*.wav"}, "x/a.wav", True, id="root-file"),
        pytest.param({"x": "*.wav"}, "x/a.wav", True, id="nested"),
        pytest.param({"x": "*.wav"}, "y/a.wav", False, id="nested-holds-only-there"),
        pytest.param({"x": "/a.md"}, "x/a.md", True, id="anchor-is-its-own-directory"),
        pytest.param({"x": "/a.md"}, "x/y/a.md", False, id="anchor-does-not-reach-below"),
        pytest.param({"": "*.md", "x": "!keep.md"}, "x/keep.md", False, id="deeper-takes-back"),
        pytest.param({"": "!keep.md", "x": "*.md"}, "x/keep.md", True, id="shallower-does-not"),
        pytest.param({"": "!.obsidian"}, ".obsidian/a.md", True, id="never-a-built-in-rule"),
    ],
)
def test_ignore_files_hold_below_their_directory(files: dict[str, str], path: str, ignored: bool) -> None:
    assert (rules(files=files).why_ignored(path) is not None) is ignored


def test_ignore_file_does_not_take_back_the_configuration() -> None:
    both = rules("drafts/**", files={"": "!drafts/**"})
    assert both.why_ignored("drafts/a.md") == "pattern 'drafts/**' in line 1 of the folder's ignore list"


def test_reason_names_pattern_and_file() -> None:
    assert rules(files={"x": "*.wav"}).why_ignored("x/a.wav") == "pattern '*.wav' in line 1 of x/.picoraignore"


def test_composed_pattern_matches_decomposed_name() -> None:
    name = unicodedata.normalize("NFD", "Entwürfe")
    assert rules("Entwürfe/").why_ignored(f"{name}/a.md")


def test_name_that_is_not_utf8_can_be_matched() -> None:
    assert rules("*.wav").why_ignored("caf\udce9.wav")


@pytest.mark.parametrize("line", ["!", "foo\\", "[z-a]"])
def test_line_that_is_no_pattern_is_refused_by_number(line: str) -> None:
    assert pattern_fault(line)
    with pytest.raises(BadPattern, match=r"line 2 of x/\.picoraignore"):
        rules(files={"x": f"*.ok\n{line}"})


def test_parents_are_given_outermost_first() -> None:
    assert list(parents_of("a/b/c.md")) == ["a", "a/b"]
    assert list(parents_of("c.md")) == []
