"""Whatever stands in the configuration, the environment and the state directory: a sentence, and never exit 70."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from picora_sync.cli.program import run

KEY = "sk_live_" + "Q7rT" * 8
LOOSE = "loose-key-of-a-server-of-ones-own"
CHECK = ("config", "check", "--offline")
READING = (("status",), ("ls",), ("problems",))
COMMANDS = (CHECK, ("config", "show"), *READING, ("sync",))


def bomb() -> str:
    lines = ["a: &a [" + ",".join("x" * 10) + "]"]
    lines += [f"{c}: &{c} [{','.join([f'*{b}'] * 10)}]" for b, c in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(lines)


def folder(field: str) -> str:
    return f"folders: [{{path: /n, {field}}}]"


BAD_YAML = {
    "a bool that is none": folder("follow_symlinks: !!bool x"),
    "an int that is none": folder("rescan: !!int x"),
    "a float that is none": folder("rescan: !!float x"),
    "a date that is none": folder("rescan: !!timestamp x"),
    "a number of 5,000 digits": folder("rescan: " + "9" * 5000),
    "a sexagesimal number": folder("rescan: 1:99:99:99"),
    "an octal number": folder("rescan: 0o999"),
    "not a number": folder("rescan: .nan"),
    "infinity": folder("rescan: .inf"),
    "a huge time": folder("rescan: " + "9" * 400 + "d"),
    "Python's tag": "folders: [{path: !!python/object/apply:os.system [x]}]",
    "a set": "folders: !!set {a, b}",
    "an omap": "folders: !!omap [a: 1]",
    "binary": "folders: [{path: !!binary 'x'}]",
    "a merge": "a: &a {path: /n}\nfolders: [{<<: *a}]",
    "an anchor in itself": "folders: &a [*a]",
    "a bomb": bomb(),
    "deep lists": "folders: " + "[" * 20_000,
    "deep sections": "folders: " + "{a: " * 20_000,
    "tabs": "folders:\n\t- path: /n",
    "NUL": 'folders: [{path: "/n\\0x"}]',
    "a lone surrogate": 'folders: [{path: "/n\\ud800"}]',
    "a lone surrogate in a name": folder('name: "a\\ud83d"'),
    "the same key twice": folder("path: /m"),
    "a list as a key": "? [a]\n: b",
    "two documents": "folders: []\n---\nfolders: []",
    "a name that is nobody's": "folders: [{path: ~nobody-of-this-name/x}]",
    "a long key": "x" * 5000 + ": 1",
    "a huge size": "max_upload_rate: " + "9" * 400 + "GB\nfolders: [{path: /n}]",
    "a port beyond all": "account: {url: 'https://h:99999'}\nfolders: [{path: /n}]",
    "nothing": "",
    "null": "null",
    "a comment": "# nothing",
    "a text": "x",
}
BAD_BYTES = {
    "UTF-16": "folders: []".encode("utf-16"),
    "UTF-32": "folders: []".encode("utf-32"),
    "raw NUL": b"folders: [\0]",
    "Latin-1": b"folders: [{path: /\xe4}]",
    "an escape": b"folders: [{path: '/\x1b[31m'}]",
    "huge": b"#" * 1_100_000,
} | {name: text.encode() for name, text in BAD_YAML.items()}


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place without anything of the machine's."""
    for name in ("PICORA_API_KEY", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "NOTIFY_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def code_of(config: Path, *command: str) -> int:
    return run(["--config", str(config), *command])


@pytest.mark.parametrize("text", BAD_BYTES.values(), ids=BAD_BYTES)
def test_a_configuration_that_makes_no_sense_is_78_with_a_sentence(
    text: bytes, alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = alone / "config.yaml"
    config.write_bytes(text)
    assert code_of(config, *CHECK) in (77, 78)  # 77: it makes sense, and there is no key
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert "unexpected" not in said
    assert len(said) < 10_000


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("what", ["missing", "a directory", "a pipe", "a loop", "a name too long"])
def test_a_configuration_that_cannot_be_read_is_78(what: str, command: tuple[str, ...], alone: Path) -> None:
    config = alone / ("x" * 300 if what == "a name too long" else "config.yaml")
    match what:
        case "a directory":
            config.mkdir()
        case "a pipe":
            os.mkfifo(config)
        case "a loop":
            config.symlink_to(config)
    assert code_of(config, *command) in ((1, 2) if what == "a directory" else (78,))


STATE: dict[str, Callable[[Path], object]] = {
    "a file in its place": lambda state: state.write_text("x"),
    "a file above it": lambda state: (state.parent / "up").write_text("x"),
    "a loop": lambda state: state.symlink_to(state),
    "a dangling link": lambda state: state.symlink_to("/nowhere/at/all"),
}


@pytest.mark.parametrize("command", [*READING, ("sync",)], ids=" ".join)
@pytest.mark.parametrize("name", STATE)
def test_a_state_directory_that_cannot_be_used_has_a_sentence(
    name: str,
    command: tuple[str, ...],
    alone: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    STATE[name](alone / "state")
    monkeypatch.setenv("PICORA_API_KEY", KEY)
    place = "up/state" if name == "a file above it" else "state"
    config = alone / "config.yaml"
    config.write_text(f"account: {{url: 'http://127.0.0.1:9'}}\nstate_dir: {place}\nfolders: [{{path: notes}}]")
    assert code_of(config, *command) in ((78,) if command == ("sync",) else (0, 1, 3, 78))
    assert "unexpected" not in capsys.readouterr().err


ENVIRON = {
    "SOCKS without its package": {"ALL_PROXY": "socks5h://127.0.0.1:1080"},
    "an unknown proxy": {"HTTPS_PROXY": "foo://127.0.0.1:1"},
    "a proxy that is none": {"HTTPS_PROXY": "http://[::1"},
    "a proxy without a host": {"HTTPS_PROXY": "http://"},
    "a proxy with a bad port": {"HTTPS_PROXY": "http://h:99999"},
    "certificates that are not there": {"SSL_CERT_FILE": "/nowhere/ca.pem"},
    "certificates that are a directory": {"SSL_CERT_FILE": "/"},
    "certificates that are none": {"SSL_CERT_FILE": "/etc/hostname"},
    "a directory of certificates that is none": {"SSL_CERT_DIR": "/nowhere"},
}
HARMLESS = {
    "no_proxy with brackets": {"no_proxy": "[::1],127.0.0.1,*.example,[bad"},
    "a log of keys that cannot be written": {"SSLKEYLOGFILE": "/nowhere/keys"},
    "no temporary directory": {"TMPDIR": "/nowhere"},
    "an odd language": {"LANG": "xx_YY.odd", "LC_ALL": "xx_YY.odd"},
}


@pytest.fixture
def remote(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose account nobody answers for."""
    for name in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("PICORA_API_KEY", KEY)
    config = alone / "config.yaml"
    config.write_text("account: {url: 'https://localhost:9'}\nstate_dir: state\nfolders: [{path: notes}]")
    (alone / "notes").mkdir()
    return config


@pytest.mark.parametrize("environ", ENVIRON.values(), ids=ENVIRON)
def test_an_environment_that_cannot_work_is_78_with_a_sentence(
    environ: dict[str, str], remote: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    remote.write_text(remote.read_text().replace("localhost:9", "picora.invalid"))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert code_of(remote, "config", "check") == 78
    assert code_of(remote, "sync") == 78
    said = capsys.readouterr().err
    assert next(iter(environ)).lower() in said.lower()
    assert "Hint: " in said


@pytest.mark.parametrize("environ", HARMLESS.values(), ids=HARMLESS)
def test_an_odd_environment_changes_nothing(
    environ: dict[str, str], remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert code_of(remote, "config", "check") == 69


@pytest.mark.parametrize("value", ["a\nb", "ab x y", "\u00e9" * 9, "x" * 600, "a\tb"])
def test_a_key_that_is_none_is_77_and_not_shown(
    value: str, remote: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PICORA_API_KEY", value)
    assert code_of(remote, "config", "check") == 77
    assert value not in capsys.readouterr().err


def test_a_key_file_that_is_a_pipe_keeps_nobody_waiting(remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PICORA_API_KEY")
    os.mkfifo(remote.parent / "pipe", 0o600)
    remote.write_text(remote.read_text().replace("9'}", "9', key_file: pipe}"))
    assert code_of(remote, *CHECK) == 77


SECRETS = {
    "key_file": "account: {key_file: '${SECRET}'}\nfolders: [{path: /n}]",
    "a part of key_file": "account: {key_file: '/k/${SECRET}'}\nfolders: [{path: /n}]",
    "url": "account: {url: '${SECRET}'}\nfolders: [{path: /n}]",
    "a part of url": "account: {url: 'http://example.com/${SECRET}'}\nfolders: [{path: /n}]",
    "plan": "account: {plan: '${SECRET}'}\nfolders: [{path: /n}]",
    "a time": folder("rescan: '${SECRET}'"),
    "a title": folder("title_template: '{${SECRET}}'"),
    "a boolean": folder("follow_symlinks: '${SECRET}'"),
    "a name": folder("name: 'a/${SECRET}'"),
    "a tag": folder("tags: ['${SECRET},x']"),
    "a size": "max_upload_rate: '${SECRET}'\nfolders: [{path: /n}]",
    "a section": "account: '${SECRET}'\nfolders: [{path: /n}]",
    "folders": "folders: '${SECRET}'",
}


@pytest.mark.parametrize("secret", [KEY, LOOSE])
@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_what_a_variable_holds_is_shown_nowhere(
    text: str, secret: str, alone: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET", secret)
    config = alone / "config.yaml"
    config.write_text(text)
    for command in COMMANDS[:2]:
        assert code_of(config, *command) in (0, 77, 78)
        said = capfd.readouterr()
        assert secret not in said.out + said.err, command


def test_a_key_that_was_written_into_the_configuration_is_refused_and_not_shown(
    alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = alone / "config.yaml"
    config.write_text(f"account: {{key_file: {KEY}}}\nfolders: [{{path: /n}}]")
    assert code_of(config, *CHECK) == 78
    said = capsys.readouterr().err
    assert KEY not in said
    assert "API key" in said
