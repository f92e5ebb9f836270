"""The API key is on no disk, in no log and on no screen, whatever a server gives back (design §10)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.e2e.harness import wait_until

KEY = "sk_live_Canary-" + "Zq7Rt_9x" * 3 + "A"
ESCAPED = "".join(f"%{ord(character):02x}" for character in KEY)
WITHIN_S = 120.0
LONG_S = 12.0
HEADERS = ("X-Request-Id", "Server", "Set-Cookie", "RateLimit-Limit", "Location", "WWW-Authenticate")


class Echo(BaseHTTPRequestHandler):
    """Gives the key back in every place of every answer; ``mode`` says what it refuses."""

    mode = "ok"
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = str(self.headers.get("Authorization") or KEY)
        words = " | ".join([said, said.upper(), b64encode(said.encode()).decode(), ESCAPED, KEY[:30]])
        status = 401 if self.mode == "refused" else 200
        if self.mode == "error" and self.path not in ("/v1/auth/verify", "/health"):
            status = {"POST": 422, "DELETE": 403, "PATCH": 409}.get(self.command, 500)
        body: dict[str, object] = {"success": status == 200, "data": self._data(words)}
        if status != 200:
            body |= {"error": words, "code": KEY, "meta": {"type": words, "reason": words, "field": said}}
        if self.path == "/health":
            body = {"ok": True, "version": words}
        content = json.dumps(body).encode()
        self.send_response(status, said)
        for name in HEADERS:
            self.send_header(name, words)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _data(self, words: str) -> object:
        if self.path == "/v1/auth/verify":
            return {"userId": "user", "plan": words, "authType": words}
        object_id = "doc-1" if self.path.startswith("/v1/docs") else "audio-1"
        item = {"id": object_id, "title": words, "tags": [words], "url": f"https://media.test/{KEY}", "isPublic": False}
        item |= {"warnings": [words], "failures": [{"message": words}], "coverUrl": f"https://h/{KEY}"}
        item |= {"thumbnailUrl": f"https://{KEY}@h/x", "filename": words, "plan": words, "createdAt": words}
        return {**item, "items": [item], "changes": [item], "nextCursor": None, "hasMore": False}

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815  (the library's names)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(params=["ok", "error", "refused"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    handler = type("Handler", (Echo,), {"mode": request.param})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# A\n")
    (notes / "b.mp3").write_bytes(b"ID3" + bytes(2000))
    file = tmp_path / "config.yaml"
    account = {"url": f"http://127.0.0.1:{server.server_port}"}
    folder = {"path": "notes", "settle": {"quiet": "1s"}, "delete_after": "1s"}
    file.write_text(yaml.safe_dump({"account": account, "state_dir": "state", "folders": [folder]}))
    yield file
    server.shutdown()
    server.server_close()
    thread.join(20)


COMMANDS = (
    ("--log-format", "json", "sync", "--no-wait"),
    ("config", "check"),
    ("config", "show"),
    ("plan",),
    ("status",),
    ("ls", "--json"),
    ("problems", "--json"),
    ("verify",),
)


def ended(config: Path, *command: str) -> tuple[int | None, bytes]:
    """What a command exits with and says; one that tries on is ended after a while."""
    program = [sys.executable, "-m", "picora_sync", "--config", str(config), "-v", *command]
    environ = os.environ | {"PICORA_API_KEY": KEY}
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ)
    try:
        words, _ = process.communicate(timeout=LONG_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        words, _ = process.communicate(timeout=WITHIN_S)
    return process.returncode, words


def found(content: bytes) -> list[str]:
    """Which parts of the key, in which spelling, stand in it."""
    lowered = content.lower()
    secrets = [secret for secret in (KEY[8:24], KEY[16:32], ESCAPED[30:60]) if secret.lower().encode() in lowered]
    return secrets + ["in base 64"] * (b64encode(f"Bearer {KEY}".encode())[20:48] in content)


def kept(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(directory.rglob("*")) if file.is_file())


def test_the_key_is_nowhere(config: Path) -> None:
    said = b""
    for command in COMMANDS:
        code, words = ended(config, *command)
        assert code != 70, (command, words)
        said += words
    assert (found(said), found(kept(config.parent / "state"))) == ([], [])


ASKED = (
    ("status", "--json"),
    ("problems", "--json"),
    ("ls", "--json"),
    ("history", "--json"),
    ("rescan", "--json"),
    ("pause", "--json"),
    ("resume", "--json"),
    ("approve", "notes", "--json"),
    ("sync", "--no-wait", "--json"),
)
"""By the control socket of a daemon that runs, and beside it."""


@pytest.mark.parametrize("config", ["error", "refused"], indirect=True)
def test_nor_is_it_told_by_a_daemon(config: Path, tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    program = [sys.executable, "-m", "picora_sync", "--config", str(config), "-v", "run"]
    with log.open("wb") as said:
        daemon = subprocess.Popen(program, stdout=said, stderr=said, env=os.environ | {"PICORA_API_KEY": KEY})
        try:
            wait_until(lambda: b"/v1/auth/verify" in log.read_bytes(), 60, "it has asked")
            told = b"".join(ended(config, *command)[1] for command in ASKED)
        finally:
            daemon.terminate()
            assert daemon.wait(WITHIN_S) == 0
    assert b'"folders"' in told
    assert (found(told), found(log.read_bytes()), found(kept(config.parent / "state"))) == ([], [], [])


def test_up_shows_and_keeps_the_key_of_its_own_server_in_one_file_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("# A\n")
    data = tmp_path / "data"
    program = [sys.executable, "-m", "picora_sync", "-v", "up", str(tmp_path / "notes"), "--data", str(data), "--once"]
    ran = subprocess.run([*program, "--json"], capture_output=True, timeout=WITHIN_S, check=False)
    assert ran.returncode == 0, ran.stderr
    (file,) = data.rglob("key")
    key = file.read_bytes().strip()
    assert file.stat().st_mode & 0o077 == 0
    assert key not in ran.stdout + ran.stderr
    assert [each for each in data.rglob("*") if each.is_file() and key in each.read_bytes()] == [file]
