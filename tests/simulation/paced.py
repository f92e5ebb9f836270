"""A mirror under the real rate limits, in virtual time: the real loop, client, pacer and embedded server."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import httpx

from picora_sync.change_queue import ChangeQueue
from picora_sync.core.model import FileRef
from picora_sync.core.pacing import Pacing
from picora_sync.core.policy import DOC_SETTLE, Folder
from picora_sync.executor import Executor
from picora_sync.index import Index
from picora_sync.reconciler import Reconciler
from picora_sync.reconciler.context import Clocks, Unit
from picora_sync.reconciler.planning.dry_run import forecast
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.workers import AtOnce
from tests.contract.harness import BASE_URL, Service
from tests.fakes.content import FakeContent
from tests.fakes.disk import FakeDisk
from tests.fakes.mirror import EPOCH_S
from tests.fakes.pool import InlinePool
from tests.simulation.process import Stop

NOTES = Folder("notes", "/notes")
LATENCY_S = (0.02, 0.25)
TICK_S = 0.25
"""Time passes in steps of at most this."""
MOST_TURNS = 200_000


class Paced:
    """One folder of notes. ``sent`` are the requests: when, method, path, status and body."""

    def __init__(self, directory: Path, seed: int = 1) -> None:
        self.mono_s = 5000.0
        self.sent: list[tuple[float, str, str, int, bytes]] = []
        self._dice = random.Random(seed)  # noqa: S311  (a simulation)
        self.service = Service(data=directory, rate_limits=True, clock=self.wall)
        self._server = httpx.WSGITransport(app=self.service.app)
        stop = Stop(self.pass_time)
        self.pacer = ThreadPacer(Pacing(), self.mono, stop)
        self.client = PicoraClient(
            BASE_URL, self.service.account.key, pacer=self.pacer, stop=stop, transport=_Road(self), clock=self.mono
        )
        self.disk = FakeDisk(self.wall)
        self.content = FakeContent(NOTES, self.disk)
        self.queue = ChangeQueue(lambda _: DOC_SETTLE, self.mono)
        self._pool = InlinePool()
        self._clocks = Clocks(self.mono, self.wall)
        self._index = Index.in_memory()
        unit = Unit(NOTES, self.disk, self.content, self.disk.open)
        executor = Executor(self.client, self._pool, self.pacer)
        self.reconciler = Reconciler(self._index, self.queue, [unit], executor, AtOnce(), self._clocks)
        self.client.verify()
        self.pacer.prime(self.client.rate_limits())
        self.reconciler.connection.accepted()
        self.reconciler.start()
        self.sent.clear()

    def close(self) -> None:
        self.client.close()
        self.service.close()
        self._index.close()

    def mono(self) -> float:
        return self.mono_s

    def wall(self) -> float:
        return EPOCH_S + self.mono_s

    def pass_time(self, seconds: float) -> None:
        self.mono_s += seconds

    def old_notes(self, number: int) -> None:
        """Notes that were there long before, as at a first mirror."""
        for n in range(number):
            self.disk.write(f"{n}.md", f"note {n}".encode())
            self.disk.age(f"{n}.md", 1e6)
        self.queue.rescan(NOTES.name, "start")

    def write(self, path: str, text: str) -> None:
        self.disk.write(path, text.encode())
        self.queue.touch(FileRef(NOTES.name, path))

    def run(self, until: Callable[[], bool]) -> None:
        """Let time pass until this holds and the work is done, or only until it holds while there is work."""
        for _ in range(MOST_TURNS):
            self.reconciler.turn()
            self._pool.run()
            if until():
                return
            due = self.reconciler.next_due()
            if not self._pool.waiting and not self.reconciler.executor.in_flight:
                self.mono_s += TICK_S if due is None else min(TICK_S, max(1e-3, due - self.mono_s))
        raise AssertionError(f"not done after {MOST_TURNS} turns")

    def at_rest(self) -> bool:
        reconciler = self.reconciler
        return not (reconciler.working() or reconciler.settling() or reconciler.context.todo)

    def forecast_s(self) -> float:
        """What ``plan`` says of how long it will take."""
        copy = self._index.copy_in_memory()
        try:
            units = self.reconciler.context.units.values()
            return forecast(copy, units, self._clocks, self.pacer.eta_s).eta_s
        finally:
            copy.close()

    def mutations(self) -> list[tuple[float, str]]:
        return [(at, method) for at, method, _, _, _ in self.sent if method != "GET"]

    def refused(self) -> int:
        """How many answers were 429."""
        return sum(status == httpx.codes.TOO_MANY_REQUESTS for _, _, _, status, _ in self.sent)

    def carry(self, request: httpx.Request) -> httpx.Response:
        at = self.mono_s
        self.pass_time(self._dice.uniform(*LATENCY_S) / 2)
        answer = self._server.handle_request(request)
        answer.read()
        self.pass_time(self._dice.uniform(*LATENCY_S) / 2)
        self.sent.append((at, request.method, request.url.path, answer.status_code, request.read()))
        return answer


class _Road(httpx.BaseTransport):
    def __init__(self, paced: Paced) -> None:
        self._paced = paced

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._paced.carry(request)


def replace_all(directory: Path, number: int) -> tuple[float, int]:
    """Edit so many notes at once: each costs an upload and a delete. Seconds from first to last call, and 429s."""
    paced = Paced(directory)
    paced.old_notes(number)
    paced.run(paced.at_rest)
    paced.mono_s += 7200.0
    paced.sent.clear()
    for n in range(number):
        paced.write(f"{n}.md", f"other note {n}")
    paced.run(paced.at_rest)
    calls = paced.mutations()
    paced.close()
    return calls[-1][0] - calls[0][0], paced.refused()


def first_mirror(directory: Path, number: int, edits: int) -> tuple[float, float, list[float], int]:
    """Mirror old notes while a person edits some that are there already. Seconds forecast and taken, seconds from
    each edit's being settled to its request, and 429s.
    """
    paced = Paced(directory)
    for n in range(edits):
        paced.write(f"live {n}.md", f"as it was {n}")
        paced.mono_s += 20.0
    paced.run(paced.at_rest)
    paced.mono_s += 7200.0
    paced.sent.clear()
    paced.old_notes(number)
    forecast_s, begin = paced.forecast_s(), paced.mono_s
    written: list[float] = []

    def edit_from_time_to_time() -> bool:
        if len(written) < edits and paced.mono_s >= begin + 30.0 + len(written) * number / (edits + 1):
            paced.write(f"live {len(written)}.md", f"edit {len(written)}.")
            written.append(paced.mono_s)
        return len(written) == edits and paced.at_rest()

    paced.run(edit_from_time_to_time)
    posts = [(at, body) for at, method, _, _, body in paced.sent if method == "POST"]
    waits = []
    for number_of, at in enumerate(written):
        sent = next(when for when, body in posts if f"edit {number_of}.".encode() in body)
        waits.append(sent - at - DOC_SETTLE.quiet_s)
    paced.close()
    return forecast_s, posts[-1][0] - posts[0][0], waits, paced.refused()
