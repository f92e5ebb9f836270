"""A TCP proxy on loopback that spoils connections at random."""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from contextlib import suppress
from enum import StrEnum
from typing import Self

from tests.soak.world import seeded

_CHUNK_BYTES = 16 * 1024
_LOOK_S = 0.5
_IDLE_S = 60.0


class Fault(StrEnum):
    """What happens to a connection; the numbers of bytes are random."""

    NONE = "nothing, unless the network turns bad: then a reset"
    REFUSED = "closed at once"
    REQUEST_CUT = "reset after some bytes of requests"
    ANSWER_CUT = "answers end after some bytes"
    ANSWER_LOST = "reset when an answer begins"
    SLOW = "every piece delayed, and a reset in the end"
    SILENT = "nothing passes for seconds, then a reset"


_WEIGHTS = {
    Fault.REFUSED: 5,
    Fault.REQUEST_CUT: 30,
    Fault.ANSWER_CUT: 25,
    Fault.ANSWER_LOST: 25,
    Fault.SLOW: 12,
    Fault.SILENT: 3,
}


class Proxy:
    """Forwards to a port of this machine; faithfully unless ``bad``. Use it as a context manager."""

    def __init__(self, port: int, rng: random.Random) -> None:
        self.bad = False
        self.faults: Counter[str] = Counter()
        self._target = ("127.0.0.1", port)
        self._rng = rng
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.settimeout(_LOOK_S)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            fault = Fault.NONE
            if self.bad:
                fault = self._rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
            if fault is not Fault.NONE:
                self.faults[fault.value] += 1
            seed = self._rng.randrange(2**32)
            threading.Thread(target=self._serve, args=(near, fault, seed), daemon=True).start()

    def _serve(self, near: socket.socket, fault: Fault, seed: int) -> None:
        rng = seeded(seed)
        if fault is Fault.REFUSED:
            _reset(near)
            return
        if fault is Fault.SILENT:
            self._stop.wait(rng.uniform(1, 8))
            _reset(near)
            return
        try:
            far = socket.create_connection(self._target, timeout=_LOOK_S)
        except OSError:  # the server is not there: neither are we
            _reset(near)
            return
        for end in (near, far):
            end.settimeout(_IDLE_S)
        limits = _limit_bytes(fault, rng)
        answers = threading.Thread(target=self._pass_on, args=(far, near, fault, limits[1], seeded(seed)), daemon=True)
        answers.start()
        self._pass_on(near, far, fault, limits[0], rng)
        answers.join(_IDLE_S)

    def _pass_on(
        self, source: socket.socket, sink: socket.socket, fault: Fault, limit: float, rng: random.Random
    ) -> None:
        passed = 0
        try:
            while data := source.recv(_CHUNK_BYTES):
                if fault is Fault.NONE and self.bad:
                    break
                if fault is Fault.SLOW:
                    self._stop.wait(rng.uniform(0.0, 0.3))
                if passed + len(data) > limit:
                    sink.sendall(data[: max(0, limit - passed)])
                    break
                sink.sendall(data)
                passed += len(data)
            else:
                sink.shutdown(socket.SHUT_WR)
                return
        except OSError:
            pass
        if fault is Fault.ANSWER_CUT:
            with suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)
        _reset(source)
        _reset(sink)


def _limit_bytes(fault: Fault, rng: random.Random) -> tuple[float, float]:
    """How many bytes of requests, and of answers, pass before the end."""
    without = float("inf")
    match fault:
        case Fault.REQUEST_CUT:
            return int(2 ** rng.uniform(0, 18)), without
        case Fault.ANSWER_CUT:
            return without, int(2 ** rng.uniform(0, 14))
        case Fault.ANSWER_LOST:
            return without, 600 * rng.randrange(4)
        case Fault.SLOW:
            return int(2 ** rng.uniform(10, 18)), without
        case _:
            return without, without


def _reset(end: socket.socket) -> None:
    """Close with RST, as a box on the way that has enough of it does."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        end.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        end.close()
