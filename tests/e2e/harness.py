"""Real processes on loopback: an embedded Picora, the daemon, single commands; and what the access log says."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from picora_sync.cli.program import run
from tests.ports import reserve

START_S = 60.0
END_S = 60.0
MOST_PAGES = 10_000
_NUDGE = "/nudge"
_REQUEST = re.compile(r'"?(GET|HEAD|POST|PATCH|DELETE) (/\S*)')


def wait_until(claim: Callable[[], object], within_s: float, what: str) -> None:
    """Poll until the claim holds; a bounded wait for what another process does."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if claim():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {within_s} s: {what}")


@dataclass
class Server:
    """``picora-sync serve`` with an access log."""

    data: Path
    port: int = 0
    options: tuple[str, ...] = ("--no-rate-limits",)
    process: subprocess.Popen[str] | None = None
    key: str = ""

    def __post_init__(self) -> None:
        self.port = self.port or reserve(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data.with_suffix(".access.log")

    def start(self) -> Server:
        command = [sys.executable, "-m", "picora_sync", "serve", "--json", "--access-log", "--port", str(self.port)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, "--data", str(self.data), *self.options], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.key = json.loads(line)["key"]
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(END_S)
        self._close()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(END_S)
        self._close()

    def _close(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()

    def requests(self) -> Counter[str]:
        """``"POST /v1/docs" → times`` since the start of the log; ids are left out."""
        if self.process is not None and self.process.poll() is None:
            self._let_the_log_catch_up()
        found = [call for call in _REQUEST.findall(self.log.read_text()) if call[1] != _NUDGE]
        return Counter(f"{method} {_without_id(path)}" for method, path in found)

    def _let_the_log_catch_up(self) -> None:
        """A line is written after its answer: wait for that of one more request."""
        before = self.log.read_text().count(_NUDGE)
        with self.anonymous() as client:
            client.get(_NUDGE)
        wait_until(lambda: self.log.read_text().count(_NUDGE) > before, 60, "the access log goes on")

    def client(self, key: str | None = None) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key or self.key}"}, timeout=60)

    def anonymous(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)

    def docs(self) -> list[dict[str, Any]]:
        with self.client() as client:
            return _pages(client, "/v1/docs", 50)

    def audio(self) -> list[dict[str, Any]]:
        with self.client() as client:
            return _pages(client, "/v1/media", 100)


def _pages(client: httpx.Client, path: str, limit: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(MOST_PAGES):
        data = client.get(path, params={"limit": limit, "cursor": cursor}).json()["data"]
        items += data["items"]
        cursor = data["nextCursor"] or ""
        if not cursor or not data["items"]:
            return items
    raise AssertionError(f"{path} has more than {MOST_PAGES} pages")


def _without_id(path: str) -> str:
    path = path.partition("?")[0]
    match = re.match(r"(/v1/(?:docs|audio|images))/[^/]+(/raw)?$", path)
    return f"{match[1]}/:id{match[2] or ''}" if match else path


def write_config(where: Path, server: Server, folders: list[dict[str, Any]], **more: Any) -> Path:
    """A configuration with waits short enough for a test, and a key file only we can read."""
    key_file = where / "key"
    key_file.write_text(server.key)
    key_file.chmod(0o600)
    short = {"settle": {"quiet": "1s", "at_most": "5s"}, "delete_after": "2s"}
    config = {
        "account": {"url": server.url, "key_file": str(key_file)},
        "state_dir": str(where / "state"),
        "folders": [{**short, **folder} for folder in folders],
        **more,
    }
    path = where / "config.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True))
    return path


def picora(
    *arguments: str | Path, config: Path | None = None, within_s: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    options = [] if config is None else ["--config", str(config)]
    return subprocess.run(
        [sys.executable, "-m", "picora_sync", *options, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=within_s,
        env={k: v for k, v in os.environ.items() if k != "PICORA_API_KEY"},
        check=False,
    )


@dataclass
class Daemon:
    """``picora-sync run``."""

    config: Path
    log: Path
    process: subprocess.Popen[str] | None = None

    def command(self) -> list[str]:
        return [sys.executable, "-m", "picora_sync", "--config", str(self.config), "run"]

    def start(self) -> Self:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(self.command(), stderr=log, stdout=log, text=True)
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(END_S)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(END_S)

    def status(self) -> dict[str, Any]:
        """What ``status`` says, asked in this process: tests ask often, and a process takes a second to start."""
        with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) as said:
            assert run(["--config", str(self.config), "status", "--json"]) in (0, 1, 3)
            said.seek(0)
            return dict(json.loads(said.read()))

    def states(self, folder: int = 0) -> dict[str, int]:
        """The states that any file is in."""
        return {state: n for state, n in self.status()["folders"][folder]["states"].items() if n}
