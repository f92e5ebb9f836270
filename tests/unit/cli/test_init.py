"""``init`` asks for what its options leave open, shows what it comes to, and overwrites nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from picora_sync.cli.commands.init import Asker
from picora_sync.cli.failures import CommandFailed
from picora_sync.config.load import load_config
from picora_sync.config.model import Visibility


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a vault, a podcast and a key."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PICORA_API_KEY", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    for path, text in {
        "Vault/.obsidian/templates.json": '{"folder": "Templates"}',
        "Vault/Templates/daily.md": "# {{date}}",
        "Vault/open.md": "---\npublic: true\n---\n",
        "Vault/closed.md": "# Mine",
        "Vault/garden.md": "---\ndg-publish: true\n---\n",
        "Vault/Draw.excalidraw.md": "x",
        "Podcast/one.mp3": "ID3",
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    key = tmp_path / "key"
    key.write_text("sk_live_secret")
    key.chmod(0o600)
    return tmp_path


def test_by_flags_alone_it_shows_what_would_be_mirrored_and_writes_what_can_be_loaded(
    home: Path, invoke: Callable[..., Any]
) -> None:
    file = home / "c" / "config.yaml"
    words = ["--key-file", home / "key", "--folder", home / "Vault", "--folder", home / "Podcast", "--offline", "--yes"]
    ran = invoke("--config", file, "init", *words)
    assert (ran.code, ran.err) == (0, "")
    for told in (
        f"{home}/Vault: 3 notes, ",
        "left out: Templates/, where Obsidian keeps templates",
        "left out: 1 Excalidraw drawing",
        "1 note with `dg-publish:`, which does not count here",
        "Makes 1 note ",
        "  Vault/open.md",
        "requests",
        f"Wrote {file}\n",
        f"`picora-sync --config {file} service install",
    ):
        assert told in ran.out
    config = load_config(file, {"HOME": str(home)})
    assert [folder.root for folder in config.folders] == [f"{home}/Vault", f"{home}/Podcast"]
    assert (config.account.key_file, config.folders[0].ignore) == (home / "key", ("/Templates/",))
    assert "sk_live_secret" not in file.read_text() + ran.out
    assert not (home / ".local").exists(), "looking makes no state directory"


def test_a_key_of_the_environment_is_kept_in_a_file_that_only_its_owner_can_read(
    home: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PICORA_API_KEY", " sk_live_typed\n")
    file = home / "config.yaml"
    (home / "key").unlink()
    ran = invoke(
        *("--config", file, "init", "--folder", home / "Vault", "--offline", "--yes"),
        *("--visibility", "public", "--state-dir", home / "index"),
    )
    assert (ran.code, ran.err) == (0, "")
    assert (home / "key").read_text() == "sk_live_typed\n"
    assert (home / "key").stat().st_mode & 0o777 == 0o600
    config = load_config(file, {"HOME": str(home)})
    assert (config.state_dir, config.folders[0].public) == (home / "index", True)


@pytest.mark.parametrize(
    ("words", "code", "message", "hint"),
    [
        (["--yes"], 2, "no API key is named", "--key-file"),
        (["--yes", "--key-file", "KEY"], 2, "no folder is named", "--folder PATH"),
        (["--yes", "--key-file", "nowhere", "--folder", "Vault"], 77, "cannot be read", "check owner"),
        (["--yes", "--key-file", "OPEN", "--folder", "Vault"], 77, "others can read it", "chmod 600"),
        (["--yes", "--key-file", "EMPTY", "--folder", "Vault"], 77, "is empty", "sk_live_"),
        (["--yes", "--key-file", "KEY", "--folder", "Nowhere"], 2, "there is no directory", "make it"),
        (["--yes", "--key-file", "KEY", "--folder", "key"], 2, "there is no directory", "name another"),
        (["--yes", "--key-file", "KEY", "--folder", "Vault", "--folder", "Vault"], 78, "", ""),
        (["--yes", "--key-file", "KEY", "--folder", "Vault", "--url", "http://x.example"], 2, "unencrypted", "https"),
        (["--yes", "--key-file", "KEY", "--folder", "Vault", "--url", "nonsense"], 2, "nonsense: ", ""),
        (["--yes", "--key-file", "KEY", "--folder", "Vault", "--url", "http://127.0.0.1:9"], 69, "", "Check"),
        (["--yes", "--visibility", "open"], 2, "'open' is not one of", ""),
        (["--folder", "Vault"], 2, "not a terminal", "--yes"),
        (["--yes", "--folde", "Vault"], 2, "No such option", ""),
        (["Vault"], 2, "unexpected extra argument", ""),
    ],
    ids=str,
)
def test_each_wrong_use_is_told_and_writes_nothing(
    words: list[str],
    code: int,
    message: str,
    hint: str,
    home: Path,
    invoke: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(home)
    (home / "open").write_text("sk_live_x")
    (home / "empty").touch(0o600)
    places = {"KEY": home / "key", "OPEN": home / "open", "EMPTY": home / "empty"}
    offline = [] if "http://127.0.0.1:9" in words else ["--offline"]
    ran = invoke("--config", home / "c" / "config.yaml", "init", *(places.get(word, word) for word in words), *offline)
    assert ran.code == code, ran.err
    assert message in ran.err
    assert hint in ran.err
    assert not (home / "c").exists()


def test_what_is_there_is_never_overwritten(home: Path, invoke: Callable[..., Any]) -> None:
    file = home / "config.yaml"
    file.symlink_to(home / "nowhere")
    ran = invoke("--config", file, "init", "--yes", "--offline", "--key-file", home / "key", "--folder", home / "Vault")
    assert ran.code == 1
    assert "there is a configuration already" in ran.err
    assert not (home / "nowhere").exists()


def test_a_key_that_lies_there_already_is_used_as_it_is(home: Path, invoke: Callable[..., Any]) -> None:
    ran = invoke("--config", home / "config.yaml", "init", "--yes", "--offline", "--folder", home / "Vault")
    assert (ran.code, ran.err) == (0, "")
    assert (home / "key").read_text() == "sk_live_secret"


def test_a_person_is_asked_again_until_the_answer_can_be_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    asker = Asker(interactive=True)
    answers = "http://x.example\nhttp://127.0.0.1:8080/\n~/Nowhere\n~/Vault\nPodcast\n\nopen\nprivate\n\n"
    with CliRunner().isolation(input=answers) as streams:
        assert asker.url(None) == "http://127.0.0.1:8080"
        assert asker.folders([]) == [home / "Vault", home / "Podcast"]
        assert asker.visibility(None, home / "Vault") is Visibility.PRIVATE
        assert asker.visibility(None, home / "Podcast") is None
        said = streams[0].getvalue().decode()
    assert "http:// would send the key unencrypted. Use https://x.example" in said
    assert f"there is no directory {home}/Nowhere" in said


def test_nobody_is_asked_where_the_options_decide() -> None:
    asker = Asker(interactive=False)
    assert asker.url(None) == "https://api.picora.me"
    assert asker.visibility(None, Path("/srv")) is None
    with pytest.raises(CommandFailed, match="no folder is named"):
        asker.folders([])
