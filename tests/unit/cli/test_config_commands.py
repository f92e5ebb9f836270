from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PICORA_API_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def test_check_says_what_is_mirrored_where_and_where_the_key_is(mirror: Any, invoke: Callable[..., Any]) -> None:
    key = mirror.directory / "key"
    key.write_text("sk_live_secret")
    key.chmod(0o600)
    (mirror.directory / "podcast").rmdir()
    ran = invoke("--config", mirror.config_file, "config", "check", "--offline")
    assert ran.code == 0
    assert "2 folders, account http://127.0.0.1:9" in ran.out
    assert "(podcast) is not there now" in ran.out
    assert f"comes from {key}" in ran.out
    assert "sk_live_secret" not in ran.out + ran.err


def test_check_without_a_key_exits_with_77(mirror: Any, invoke: Callable[..., Any]) -> None:
    assert invoke("--config", mirror.config_file, "config", "check").code == 77


@pytest.mark.parametrize(
    "command", [["config", "check"], ["sync"], ["run"], ["plan"], ["status"], ["ls"], ["url", "x"]]
)
def test_every_command_refuses_a_wrong_configuration_with_78_and_the_line(
    command: list[str], mirror: Any, invoke: Callable[..., Any]
) -> None:
    mirror.config_file.write_text("folders:\n  - path: notes\n    setle: 1s\n")
    ran = invoke("--config", mirror.config_file, *command)
    assert (ran.code, ran.out) == (78, "")
    assert f"{mirror.config_file}:3:5: unknown key 'setle'" in ran.err
    assert "did you mean 'settle'?" in ran.err


def test_all_mistakes_are_told_each_on_its_line(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.config_file.write_text("folders:\n  - path: notes\n    setle: 1s\n    rescan: 5\n")
    lines = invoke("--config", mirror.config_file, "config", "check").err.splitlines()
    assert lines[0].startswith("Error: 2 mistakes in")
    assert [":3:5: " in lines[1], ":4:5: " in lines[2] or ":4:13: " in lines[2]] == [True, True]


def test_show_prints_what_can_be_loaded_again(mirror: Any, invoke: Callable[..., Any]) -> None:
    shown = invoke("--config", mirror.config_file, "config", "show").out
    mirror.config_file.write_text(shown)
    assert invoke("--config", mirror.config_file, "config", "show").out == shown
    document = json.loads(invoke("--config", mirror.config_file, "config", "show", "--json").out)
    assert [folder["name"] for folder in document["folders"]] == ["notes", "podcast"]


def test_example_prints_the_commented_example(invoke: Callable[..., Any]) -> None:
    ran = invoke("config", "example")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (Path(__file__).parents[3] / "config.example.yaml").read_text(encoding="utf-8")


def test_schema_is_a_json_schema(invoke: Callable[..., Any]) -> None:
    ran = invoke("config", "schema")
    assert ran.code == 0
    assert json.loads(ran.out)["$schema"].startswith("https://json-schema.org/")


class _Account(BaseHTTPRequestHandler):
    """A Picora that knows one key, and nothing but whose it is; under ``/v1`` once. Other keys name their refusal."""

    def do_GET(self) -> None:
        good = self.headers["Authorization"] == "Bearer sk_live_good"
        data = {"userId": "user-1", "plan": "pro"} if self.path == "/v1/auth/verify" else None
        refusal = re.fullmatch(r"Bearer sk_live_(\d{3})", self.headers["Authorization"])
        status = 404 if data is None else 200 if good else int(refusal[1]) if refusal else 401
        body = json.dumps({"success": status == 200, "data": data, "error": self.headers["Authorization"]}).encode()
        self.send_response(status)
        self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def account(mirror: Any) -> Iterator[Any]:
    """The mirror, with a server behind it."""
    server = HTTPServer(("127.0.0.1", 0), _Account)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    text = mirror.config_file.read_text()
    mirror.config_file.write_text(text.replace("http://127.0.0.1:9", f"http://127.0.0.1:{server.server_port}"))
    yield mirror
    server.shutdown()
    server.server_close()
    thread.join(20)


def test_check_says_whose_key_it_is(account: Any, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICORA_API_KEY", "sk_live_good")
    ran = invoke("--config", account.config_file, "config", "check")
    assert ran.code == 0
    assert "user user-1, plan pro" in ran.out
    told = json.loads(invoke("--config", account.config_file, "config", "check", "--json").out)
    assert told["account"] == {"user": "user-1", "plan": "pro", "scopes": None}
    assert (
        json.loads(invoke("--config", account.config_file, "config", "check", "--json", "--offline").out)["account"]
        is None
    )


@pytest.mark.parametrize(
    ("key", "url_ends", "code", "said"),
    [
        ("sk_live_bad-and-long-enough", "", 77, "key"),
        ("sk_live_good", "/v1", 69, "leave out /v1"),
        ("sk_live_good", "/v1/", 69, "leave out /v1"),
        ("sk_live_good", "/dashboard/keys", 69, "leave out /dashboard/keys"),
    ],
)
def test_check_names_a_refused_key_and_a_wrong_address(
    key: str,
    url_ends: str,
    code: int,
    said: str,
    account: Any,
    invoke: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PICORA_API_KEY", key)
    text = account.config_file.read_text()
    account.config_file.write_text(re.sub(r"(http://127\.0\.0\.1:\d+)", rf"\1{url_ends}", text))
    ran = invoke("--config", account.config_file, "config", "check")
    assert ran.code == code
    assert said in ran.err
    assert key not in ran.out + ran.err


def test_check_says_that_nobody_answers(
    mirror: Any, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PICORA_API_KEY", "sk_live_good")
    assert invoke("--config", mirror.config_file, "config", "check").code == 69


@pytest.mark.parametrize(("status", "code"), [(403, 77), (429, 69), (500, 69), (503, 69), (302, 69)])
def test_check_ends_at_once_whatever_the_server_answers(
    status: int, code: int, account: Any, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PICORA_API_KEY", f"sk_live_{status}")
    ran = invoke("--config", account.config_file, "config", "check")
    assert ran.code == code
    assert f"(status {status})" in ran.err


def _shared(state: Path) -> None:
    state.mkdir(exist_ok=True)
    state.chmod(0o755)
    (state / "somebody's.txt").touch()


def _in_the_way(state: Path) -> None:
    state.parent.joinpath("file").touch()


@pytest.mark.parametrize(("spoil", "name"), [(_shared, "shared"), (_in_the_way, "file/state")])
def test_check_refuses_a_state_directory_that_run_would_refuse(
    spoil: Callable[[Path], None], name: str, mirror: Any, invoke: Callable[..., Any]
) -> None:
    spoil(mirror.directory / "shared")
    mirror.config_file.write_text(f"state_dir: {name}\nfolders:\n  - path: notes\n")
    ran = invoke("--config", mirror.config_file, "config", "check", "--offline")
    assert ran.code == 78
    assert "state directory" in ran.err
    assert "Hint: choose another state_dir" in ran.err
