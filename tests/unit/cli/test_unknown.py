"""url, ls and history say why nothing is known of a path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from picora_sync.index.rows import Seen

Invoke = Callable[..., Any]


@pytest.fixture
def vault(mirror: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    notes = mirror.directory / "notes"
    for path in ("known.md", "sub/Deep Note.md", "gone.md"):
        mirror.add(path)
    for path in ("fresh.md", "draft.md", "picture.png", "movie.mp4", "notes.tmp", ".hidden.md", "sub/skip.md"):
        (notes / path).parent.mkdir(exist_ok=True)
        (notes / path).write_text("text")
    (notes / "empty").mkdir()
    (notes / ".picoraignore").write_text("# what nobody needs\n*.bak\ndraft.md\nsub/skip*\n")
    (tmp_path / "elsewhere.md").write_text("text")
    with mirror.index.transaction():
        mirror.index.objects.deleted("id3", mirror.ref("gone.md"), 1.0)
        mirror.index.files.forget(mirror.ref("gone.md"))
    monkeypatch.chdir(notes)
    return mirror


@pytest.mark.parametrize(
    ("argument", "message", "hint"),
    [
        ("../elsewhere.md", "../elsewhere.md is outside every mirrored folder", "mirrored are /"),
        ("/", "/ is outside every mirrored folder", "mirrored are /"),
        ("draft.md", "notes/draft.md is ignored: pattern 'draft.md' in line 3 of .picoraignore", "is not mirrored"),
        ("notes/draft.md", "notes/draft.md is ignored: pattern", "is not mirrored"),
        ("sub/skip.md", "notes/sub/skip.md is ignored: pattern 'sub/skip*' in line 4 of .picoraignore", ""),
        (".hidden.md", "notes/.hidden.md is ignored: hidden", ""),
        ("notes.tmp", "notes/notes.tmp is ignored: a temporary file", ""),
        ("picture.png", "notes/picture.png is neither a note nor audio", "it takes .flac .m4a .markdown .md"),
        ("movie.mp4", "notes/movie.mp4 is neither a note nor audio", ""),
        ("empty", "notes/empty holds no notes and no audio", ""),
        ("fresh.md", "notes/fresh.md is there, and is not synced yet", "run `picora-sync sync`"),
        ("./fresh.md", "notes/fresh.md is there, and is not synced yet", ""),
        ("KNOWN.md", "nothing is known of KNOWN.md", "did you mean notes/known.md?"),
        ("known", "nothing is known of known", "did you mean notes/known.md?"),
        ("sub/deep note", "nothing is known of sub/deep note", "did you mean notes/sub/Deep Note.md?"),
        ("Deep Note.md", "nothing is known of Deep Note.md", "did you mean notes/sub/Deep Note.md?"),
        ("knwon.md", "nothing is known of knwon.md", "did you mean notes/known.md?"),
        ("gone.md", "gone.md is gone", "`picora-sync history gone.md`"),
        ("nowhere.md", "nothing is known of nowhere.md", "FOLDER/PATH"),
        ("bad\udcffname", "nothing is known of bad\\xffname", "FOLDER/PATH"),
    ],
)
def test_who_asks_for_an_unknown_file_is_told_why(
    argument: str, message: str, hint: str, vault: Any, invoke: Invoke
) -> None:
    ran = invoke("--config", vault.config_file, "url", argument)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"Error: {message}")
    assert hint in ran.err.partition("Hint: ")[2]
    assert invoke("--config", vault.config_file, "ls", argument).err == ran.err


def test_a_known_file_that_is_ignored_says_by_which_line(vault: Any, invoke: Invoke) -> None:
    (vault.directory / "notes" / "known.bak").write_text("text")
    with vault.index.transaction():
        vault.index.objects.deleted("id1", vault.ref("known.md"), 1.0)
        vault.index.files.see(vault.ref("known.md"), Seen.IGNORED)
    (vault.directory / "notes" / ".picoraignore").write_text("known*\n")
    ran = invoke("--config", vault.config_file, "url", "known.md")
    assert "has no URL: it is ignored: pattern 'known*' in line 1 of .picoraignore" in ran.err


@pytest.mark.parametrize("argument", ["known.md", "./known.md", "../notes/known.md", "notes/known.md", "{}/known.md"])
def test_a_path_may_be_relative_to_the_working_directory(argument: str, vault: Any, invoke: Invoke) -> None:
    notes = vault.directory / "notes"
    assert invoke("--config", vault.config_file, "url", argument.format(notes)).out == "https://p.example/1\n"
