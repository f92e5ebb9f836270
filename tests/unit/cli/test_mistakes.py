"""What people do wrong: each mistake has a sentence, what to do about it, and its exit code; none is a bug's (70)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

KEY = "sk_live_" + "Q7rT" * 8
GOOD = "account: {url: 'http://127.0.0.1:9', key_file: key}\nstate_dir: state\nfolders: [{path: notes}]\n"


Spoil = Callable[[Path], object]


@dataclass(frozen=True)
class Mistake:
    """A command line in a home that is as it should be, but for one thing."""

    name: str
    command: str
    code: int
    says: str
    hint: str = ""
    config: str | None = GOOD
    environ: dict[str, str] = field(default_factory=dict)
    spoil: Spoil = lambda _: None


def folder(words: str) -> str:
    return GOOD.replace("{path: notes}", "{path: notes, " + words + "}")


def beside(path: str) -> str:
    return GOOD.replace("{path: notes}", "{path: notes}, {path: " + path + "}")


def account(url: str) -> str:
    return GOOD.replace("http://127.0.0.1:9", url)


def holding(name: str, text: str) -> Spoil:
    def spoil(home: Path) -> None:
        (home / name).parent.mkdir(mode=0o700, exist_ok=True)
        (home / name).write_text(text)

    return spoil


def gone(name: str) -> Spoil:
    return lambda home: (home / name).unlink()


def mode(name: str, bits: int) -> Spoil:
    return lambda home: (home / name).chmod(bits)


def directory(name: str) -> Spoil:
    return lambda home: ((home / name).unlink(), (home / name).mkdir())


PROXY = {"HTTPS_PROXY": "http://127.0.0.1:9"}


COMMANDS = [
    Mistake("no command of that name", "staus", 2, "there is no command 'staus'", "did you mean 'status'?"),
    Mistake("another program's word", "list", 2, "there is no command 'list'", "did you mean 'ls'?"),
    Mistake("an inner command misspelt", "config chek", 2, "there is no command 'chek'", "did you mean 'check'?"),
    Mistake("help of nothing", "help nothing", 2, "there is no command 'nothing'", "lists the commands"),
    Mistake("an option misspelt", "sync --dryrun", 2, "--dryrun", "--dry-run"),
    Mistake("an option of another command", "ls --dry-run", 2, "--dry-run", "picora-sync ls --help"),
    Mistake("an option without its value", "pause --for", 2, "is no length of time", "10s, 5m, 1h or 1d"),
    Mistake("a word too many", "status notes", 2, "notes", "picora-sync status --help"),
    Mistake("a word too few", "url", 2, "PATH", "picora-sync url --help"),
    Mistake("a folder too few", "approve", 2, "FOLDER", "picora-sync approve --help"),
    Mistake("a number that is none", "verify --sample many", 2, "many", "--help"),
    Mistake("a negative number", "verify --sample -1", 2, "-1", "--help"),
    Mistake("a time without a unit", "pause --for 2", 2, "'2' is no length of time", "10s, 5m, 1h or 1d"),
    Mistake("a time that is over at once", "pause --for 0", 2, "more than 0 s", "--for 30m"),
    Mistake("a time beyond all", "pause --for 9999d", 2, "10 years at most"),
    Mistake("a log format of nobody", "--log-format xml status", 2, "xml", "json"),
    Mistake("a shell of nobody", "completion tcsh", 2, "tcsh", "bash"),
    Mistake("a port that is none", "serve --port 70000", 2, "70000", "--help"),
    Mistake("a plan of nobody", "serve --plan gold", 2, "gold", "--help"),
    Mistake("a folder of nobody", "pause note", 2, "there is no folder note", "did you mean notes?"),
    Mistake("a folder with a slash", "resume notes/sub", 2, "is inside the folder notes", "name notes"),
    Mistake("a folder elsewhere", "rescan /tmp", 2, "there is no folder /tmp", "one of: notes"),
    Mistake("approving a folder of nobody", "approve podcast", 1, "nothing is known yet", "picora-sync sync"),
    Mistake("forgetting before anything ran", "forget notes --yes", 1, "nothing is known yet", "picora-sync sync"),
    Mistake("reloading what does not run", "reload", 1, "no daemon runs", "picora-sync run"),
    Mistake("up of nothing", "up no-such-folder", 2, "there is no folder no-such-folder", "name an existing one"),
    Mistake("up of a file", "up key", 2, "key is no folder", "name the one that holds it"),
]
PATHS = [
    Mistake("a path of nothing", "url nowhere.md", 1, "nothing is known of nowhere.md", "FOLDER/PATH"),
    Mistake("a file outside", "url /etc/hostname", 1, "outside every mirrored folder", "mirrored are"),
    Mistake("a file that is not synced", "url notes/a.md", 1, "is not synced yet", "picora-sync sync"),
    Mistake("a picture", "url notes/p.png", 1, "neither a note nor audio", ".mp3"),
    Mistake("a directory without notes", "ls notes/empty", 1, "holds no notes", "picora-sync ls"),
    Mistake("an ignored file", "url notes/x.tmp.md~", 1, "is ignored: a temporary file", "not mirrored"),
]
CONFIGURATIONS = [
    Mistake("no configuration", "status", 78, "there is no configuration at", "picora-sync init", config=None),
    Mistake("an empty one", "status", 78, "the file is empty", "picora-sync config example", config=""),
    Mistake("no YAML", "status", 78, "config.yaml:2:1: this is no YAML", "indent with spaces", config="folders: [\n"),
    Mistake("a list", "status", 78, "found a list", "indent the keys", config="- a\n"),
    Mistake("a key misspelt", "status", 78, "unknown key 'ignroe'", "did you mean 'ignore'?", folder("ignroe: [x]")),
    Mistake("a word for a list", "status", 78, "expected a list, found 'x'", "[a, b]", folder("ignore: x")),
    Mistake("a bad pattern", "status", 78, "no ignore pattern", "", folder("ignore: ['!']")),
    Mistake("a time that is none", "status", 78, "'soon' is no length of time", "5m", folder("delete_after: soon")),
    Mistake("a visibility of nobody", "status", 78, "'visible' is none of", "public", folder("visibility: visible")),
    Mistake("a tag that is too long", "status", 78, "is no tag", "1 to 32", folder(f"tags: [{'x' * 40}]")),
    Mistake("no path", "status", 78, "'path' is missing", "add 'path:'", GOOD.replace("path: notes", "name: a")),
    Mistake("no folders", "status", 78, "no folder is mirrored", "- path:", GOOD.replace("{path: notes}", "")),
    Mistake("a folder twice", "status", 78, "is mirrored twice", "keep one", beside("notes")),
    Mistake("a folder in another", "status", 78, "lies inside folder 'notes'", "ignore: list", beside("notes/empty")),
    Mistake(
        "a plan of nobody in it", "status", 78, "'gold' is none of", "known", GOOD.replace("{url", "{plan: gold, url")
    ),
    Mistake("an address of no server", "status", 78, "is no address", "write https://host", account("ftp://p.example")),
    Mistake("a key that travels openly", "status", 78, "unencrypted", "use https://", account("http://p.example")),
    Mistake(
        "a key in the file",
        "status",
        78,
        "this holds an API key",
        "chmod 600",
        GOOD.replace("key_file: key", f"key: {KEY}"),
    ),
    Mistake("a tab", "status", 78, "config.yaml:2:1", "indent with spaces", "folders:\n\t- path: notes\n"),
    Mistake("a variable that is not set", "status", 78, "NO_SUCH_VARIABLE", "", folder("name: '${NO_SUCH_VARIABLE}'")),
    Mistake("--config without a file", "--config", 2, "'--config' requires an argument", "picora-sync --help"),
    Mistake("--config of a directory", "--config notes status", 2, "'notes' is a directory", "--help"),
]
KEYS = [
    Mistake("no key at all", "config check", 77, "no API key for", "PICORA_API_KEY", spoil=gone("key")),
    Mistake("an empty key file", "config check", 77, "key is empty", "sk_live_", spoil=holding("key", "\n")),
    Mistake(
        "a key others can read", "config check", 77, "others can read it", "run: chmod 600", spoil=mode("key", 0o644)
    ),
    Mistake("a key file that is a directory", "config check", 77, "key", "chmod 600", spoil=directory("key")),
    Mistake(
        "a key with a blank inside",
        "config check",
        77,
        "holds no API key",
        "the key alone",
        spoil=holding("key", "a b\n"),
    ),
    Mistake(
        "a key of something else", "config check", 77, "PICORA_API_KEY holds no", "", environ={"PICORA_API_KEY": "a b"}
    ),
]
FILES = [
    Mistake(
        "a state directory that is a file", "status", 78, "it is no directory", "state_dir", spoil=holding("state", "")
    ),
    Mistake(
        "an index that is none", "ls", 1, "cannot be read", "sync", spoil=holding("state/index.sqlite", "x" * 9999)
    ),
    Mistake("an empty index", "sync", 1, "is damaged", "picora-sync rebuild", spoil=holding("state/index.sqlite", "")),
    Mistake(
        "a home of nobody", "status", 78, "no configuration at /nonexistent", "init", None, {"HOME": "/nonexistent"}
    ),
]
UNREACHABLE = "Check the network connection and `account.url`"
NETWORK = [
    Mistake("nobody listens", "config check", 69, "Connection refused", UNREACHABLE),
    Mistake("nobody listens to sync", "sync", 69, "Connection refused", UNREACHABLE),
    Mistake("nobody listens to verify", "verify", 69, "Connection refused", UNREACHABLE),
    Mistake("nobody listens to rebuild", "rebuild", 69, "Connection refused", UNREACHABLE),
    Mistake("TLS to a server without", "config check", 69, "SSL", UNREACHABLE, account("https://{plain}")),
    Mistake("a server that is no Picora", "config check", 69, "is not JSON", "login page", account("http://{plain}")),
    Mistake("a server that refuses the key", "config check", 77, "401", "new API key", account("http://{refusing}")),
    Mistake("a server that fails", "config check", 69, "status 500", "tried again", account("http://{failing}")),
    Mistake(
        "a proxy that is away",
        "config check",
        69,
        "Connection refused",
        UNREACHABLE,
        account("https://p.example"),
        PROXY,
    ),
]
MISTAKES = [*COMMANDS, *PATHS, *CONFIGURATIONS, *KEYS, *FILES, *NETWORK]


def _server(status: int, body: bytes) -> ThreadingHTTPServer:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    refusal = json.dumps({"success": False, "error": {"code": "UNAUTHORIZED", "message": "no"}}).encode()
    made = {"plain": _server(200, b"<html>"), "refusing": _server(401, refusal), "failing": _server(500, b"")}
    yield {name: f"127.0.0.1:{server.server_address[1]}" for name, server in made.items()}
    for server in made.values():
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.name)
def test_a_mistake_is_told_with_what_to_do(
    mistake: Mistake,
    tmp_path: Path,
    servers: dict[str, str],
    invoke: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for path in ("notes/a.md", "notes/p.png", "notes/x.tmp.md~", "notes/sub/b.md", "key"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(KEY if path == "key" else "text")
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "notes/empty").mkdir()
    for name in ("PICORA_API_KEY", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(tmp_path), **mistake.environ}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    words = mistake.command.split()
    if mistake.config is not None:
        text = mistake.config
        for name, address in servers.items():
            text = text.replace("{" + name + "}", address)
        (tmp_path / "config.yaml").write_text(text)
        if "--config" not in words and words[0] not in ("up", "serve", "completion", "help"):
            words += ["--config", "config.yaml"]
    mistake.spoil(tmp_path)
    ran = invoke(*words)
    assert ran.code == mistake.code
    assert "Error: " in ran.err
    assert mistake.says in ran.err
    assert mistake.hint in ran.err
    assert "Hint: " in ran.err or "Usage: " in ran.err
    assert KEY not in ran.err + ran.out


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len({each.name for each in MISTAKES}) == len(MISTAKES) >= 60
    assert all(each.code not in (0, 70) for each in MISTAKES)
