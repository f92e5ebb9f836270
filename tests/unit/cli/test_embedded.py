"""The embedded Picora as a child: it starts, it ends with us, and it says why it could not start."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import httpx
import pytest

from picora_sync.cli.embedded import embedded_picora
from picora_sync.cli.failures import CommandFailed

WITHIN_S = 60.0


def healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=WITHIN_S).is_success
    except httpx.TransportError:
        return False


def ignore_death() -> None:
    """Nobody needs to know."""


def test_it_answers_as_long_as_it_is_needed_and_keeps_its_key(tmp_path: Path) -> None:
    with embedded_picora(tmp_path / "server", tmp_path, 0, ignore_death) as picora:
        assert healthy(picora.url)
        assert (tmp_path / "server" / "key").read_text().strip() == picora.key
    assert not healthy(picora.url)


def test_a_port_that_is_taken_is_replaced_by_a_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with embedded_picora(tmp_path / "server", tmp_path, port, ignore_death) as picora:
            assert not picora.url.endswith(f":{port}")
            assert healthy(picora.url)


def test_what_it_said_is_told_if_it_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "server").write_text("in the way")
    with (
        pytest.raises(CommandFailed, match="did not start") as caught,
        embedded_picora(tmp_path / "server", tmp_path, 0, ignore_death),
    ):
        pass
    assert "data" in caught.value.hint.lower()
    assert caught.value.exit_code == 69


def test_its_death_is_noticed_and_told(tmp_path: Path) -> None:
    died = threading.Event()

    def lose_it() -> None:
        with embedded_picora(tmp_path / "server", tmp_path, 0, died.set) as picora:
            os.kill(picora.process_id, signal.SIGKILL)
            assert died.wait(WITHIN_S)

    with pytest.raises(CommandFailed, match="ended by itself"):
        lose_it()
