"""``serve`` takes its key from the command line, a file or the environment."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from picora_sync.cli.commands import serve
from picora_sync.cli.failures import USAGE, CommandFailed

KEY = "sk_live_" + "Q7rT" * 8


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(serve.KEY_VARIABLE, raising=False)
    made = tmp_path / "key"
    made.write_text(f"{KEY}\n")
    made.chmod(0o600)
    return made


def test_a_file_gives_the_key(file: Path) -> None:
    assert serve.key_to_accept(None, file) == KEY


def test_the_environment_gives_the_key(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(serve.KEY_VARIABLE, f"{KEY}\n")
    assert serve.key_to_accept(None, None) == KEY
    assert serve.key_to_accept("other", None) == "other"
    assert serve.key_to_accept(None, file) == KEY


def test_nobody_names_a_key(file: Path) -> None:
    assert file.exists()
    assert serve.key_to_accept(None, None) is None


def test_two_keys_are_a_mistake(file: Path) -> None:
    with pytest.raises(click.UsageError):
        serve.key_to_accept("other", file)


@pytest.mark.parametrize("what", ["shared", "missing", "empty", "two lines"])
def test_a_file_that_cannot_be_used_is_named_and_its_content_is_not(what: str, file: Path) -> None:
    match what:
        case "shared":
            file.chmod(0o644)
        case "missing":
            file.unlink()
        case "empty":
            file.write_text("")
        case _:
            file.write_text(f"{KEY}\n{KEY}\n")
    with pytest.raises(CommandFailed) as refused:
        serve.key_to_accept(None, file)
    assert refused.value.exit_code == USAGE
    assert str(file) in refused.value.message
    assert KEY not in refused.value.message + refused.value.hint
