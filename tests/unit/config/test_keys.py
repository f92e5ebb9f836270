"""The API key is found in a fixed order, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from picora_sync.config.keys import Key, KeyPlace, KeyringSilent, KeyUnusable, find_key, import_keyring
from picora_sync.config.model import AccountConfig, Config

SECRET = "sk_live_" + "a" * 32


class FakeKeyring:
    """A keyring that holds one key, none, or is locked."""

    def __init__(self, secret: str | None = None, error: Exception | None = None) -> None:
        self.secret = secret
        self.error = error
        self.asked: list[tuple[str, str]] = []

    def get_password(self, service_name: str, username: str) -> str | None:
        self.asked.append((service_name, username))
        if self.error:
            raise self.error
        return self.secret

    def set_password(self, service_name: str, username: str, password: str) -> None:
        raise NotImplementedError


def config(key_file: Path | None = None) -> Config:
    return Config(AccountConfig(url="https://p.example", key_file=key_file), (), Path("/s"))


def key_file(tmp_path: Path, content: str = SECRET + "\n", mode: int = 0o600) -> Path:
    file = tmp_path / "key"
    file.write_text(content, encoding="utf-8")
    file.chmod(mode)
    return file


def credential(tmp_path: Path, content: str) -> dict[str, str]:
    directory = tmp_path / "credentials"
    directory.mkdir()
    (directory / "picora-api-key").write_text(content, encoding="utf-8")
    return {"CREDENTIALS_DIRECTORY": str(directory)}


def find(config: Config, environ: dict[str, str] | None = None, keyring: FakeKeyring | None = None) -> Key:
    return find_key(config, environ or {}, keyring=lambda: keyring)


def test_the_variable_comes_first(tmp_path: Path) -> None:
    environ = {"PICORA_API_KEY": " env\n", **credential(tmp_path, "cred")}
    found = find(config(key_file(tmp_path, "file")), environ, FakeKeyring("ring"))
    assert (found.secret, found.source) == ("env", "the variable PICORA_API_KEY")


def test_the_credential_comes_before_the_file(tmp_path: Path) -> None:
    found = find(config(key_file(tmp_path, "file")), credential(tmp_path, "cred\n"), FakeKeyring("ring"))
    assert (found.secret, found.source) == ("cred", "the systemd credential picora-api-key")


def test_the_file_comes_before_the_keyring(tmp_path: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "PICORA_API_KEY": " "}
    found = find(config(key_file(tmp_path, "\ufefffile\r\n")), environ, FakeKeyring("ring"))
    assert (found.secret, found.source) == ("file", str(tmp_path / "key"))


def test_the_keyring_is_asked_last_for_this_account(tmp_path: Path) -> None:
    keyring = FakeKeyring("ring")
    assert find(config(tmp_path / "none"), {}, keyring) == Key("ring", "the keyring")
    assert keyring.asked == [("picora-sync", "https://p.example")]


def test_nothing_that_shows_a_key_shows_the_secret() -> None:
    key = Key(SECRET, "the keyring")
    assert SECRET not in f"{key} {key!r} {[key]}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601], ids=oct)
def test_a_file_that_others_can_reach_is_refused_with_the_command_that_helps(tmp_path: Path, mode: int) -> None:
    file = key_file(tmp_path, mode=mode)
    with pytest.raises(KeyUnusable, match="others can read it") as caught:
        find(config(file), {}, FakeKeyring("ring"))
    assert caught.value.hint == f"run: chmod 600 '{file}'"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("sk live", "holds no API key"),
        ("a\nb", "no API key"),
        ("schlüssel", "no"),
    ],
    ids=["empty", "blank", "two words", "two lines", "not ASCII"],
)
def test_a_file_without_a_key_is_refused_and_not_quoted(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(KeyUnusable, match=message) as caught:
        find(config(key_file(tmp_path, content)), {}, FakeKeyring("ring"))
    assert "live" not in caught.value.message


def test_a_directory_as_key_file_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "d"
    directory.mkdir(mode=0o700)
    with pytest.raises(KeyUnusable, match="cannot be read: Is a directory"):
        find(config(directory))


def test_a_dangling_link_as_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(KeyUnusable, match="cannot be read: No such file"):
        find(config(tmp_path / "link"))


@pytest.mark.parametrize(
    ("keyring", "message"),
    [
        (None, "no API key for https://p.example was found and /k does not exist"),
        (FakeKeyring(), "nor in the keyring"),
        (FakeKeyring(error=RuntimeError("locked " + SECRET)), "the keyring did not answer: RuntimeError"),
    ],
    ids=["not installed", "empty", "locked"],
)
def test_no_key_anywhere_is_77_and_says_how_to_supply_one(keyring: FakeKeyring | None, message: str) -> None:
    with pytest.raises(KeyUnusable, match=message) as caught:
        find(config(Path("/k")), {}, keyring)
    assert caught.value.exit_code == 77
    assert "PICORA_API_KEY" in caught.value.hint
    assert SECRET not in str(caught.value)


class NoKeyringError(RuntimeError):
    """Called as the library calls it."""


@pytest.mark.parametrize(("error", "may_pass"), [(RuntimeError(), True), (NoKeyringError(), False)])
def test_only_a_keyring_that_exists_is_worth_waiting_for(error: Exception, may_pass: bool) -> None:
    with pytest.raises(KeyUnusable) as caught:
        find(config(), {}, FakeKeyring(error=error))
    assert isinstance(caught.value, KeyringSilent) is may_pass


def test_the_library_is_optional() -> None:
    keyring = import_keyring()
    assert keyring is None or callable(keyring.get_password)


@pytest.mark.parametrize("source", ["variable", "credential", "file", "keyring", "nothing"])
def test_a_place_says_whether_a_new_key_in_it_is_enough(source: str, tmp_path: Path) -> None:
    """The environment and the credentials of systemd are copies of what was there at the start."""
    environ, ring, file = {}, FakeKeyring(), None
    match source:
        case "variable":
            environ["PICORA_API_KEY"] = SECRET
        case "credential":
            (tmp_path / "picora-api-key").write_text(SECRET)
            environ["CREDENTIALS_DIRECTORY"] = str(tmp_path)
        case "file":
            file = key_file(tmp_path)
        case "keyring":
            ring.secret = SECRET
    place = KeyPlace(config(file), environ, lambda: ring)
    assert ("restart" in place.advice) is (source in ("variable", "credential"))
    assert SECRET not in place.advice
    if source == "nothing":
        with pytest.raises(KeyUnusable):
            place.read()
    else:
        assert place.read() == SECRET


def test_a_place_is_read_anew_each_time(tmp_path: Path) -> None:
    file = key_file(tmp_path)
    place = KeyPlace(config(file), {}, FakeKeyring)
    place.read()
    file.write_text("sk_live_" + "b" * 32)
    assert place.read() == "sk_live_" + "b" * 32
    file.chmod(0o644)
    with pytest.raises(KeyUnusable, match="others can read it"):
        place.read()
