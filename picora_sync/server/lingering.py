"""Ends connections that hold a worker and make no progress: bodies that drip in, answers that nobody reads.

granian bounds the time for headers, but a thread that waits for a body cannot be interrupted. The kernel counts the
bytes of each connection, so a watcher sees which ones stand still and shuts them down; the waiting read then ends.
Where the kernel does not tell (anything but Linux), nothing is watched (decision 0063).
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LEAST_BYTES_PER_S = 1024
PATIENCE_S = 20.0
HURRY_S = 5.0
# With this many bodies under way, each of which holds a worker, one that is slow may hold it no longer than this.
MANY_BODIES = 128
RUSH_S = 1.0
RUSH_BYTES_PER_S = 16 * 1024
# Who has sent much may wait long for the answer: a large upload goes on to an object store first.
CREDIT_BYTES_PER_S = 64 * 1024
MOST_CREDIT_S = 300.0
_SCAN_EVERY_S = 1.0
_SCAN_IN_A_RUSH_S = 0.5
_DESCRIPTORS = Path("/proc/self/fd")
# struct tcp_info of Linux: bytes_acked, bytes_received (64 bits each), two counts of segments, notsent_bytes.
_COUNTS = struct.Struct("=QQIII")
_COUNTS_AT = 120


@dataclass(frozen=True)
class Traffic:
    """What went over a connection so far, and what waits in our kernel to be sent; all in bytes."""

    received: int
    acknowledged: int
    waiting: int

    def moved_on_from(self, before: Traffic, elapsed_s: float, least_bytes_per_s: int = LEAST_BYTES_PER_S) -> bool:
        """Whether the connection earned its place since ``before``.

        A peer that has an answer to read must read it fast enough. Otherwise, whoever was answered meanwhile is alive,
        and whoever was not must have sent enough.
        """
        least = least_bytes_per_s * elapsed_s
        read = self.acknowledged - before.acknowledged
        if self.waiting and before.waiting:
            return read >= least
        return read > 0 or self.received - before.received >= least


@dataclass
class _Watched:
    """A connection when it last earned its place, and what it had sent when it was last answered."""

    traffic: Traffic
    since_s: float
    received_at_answer: int
    warned: bool = False

    @property
    def credit_s(self) -> float:
        """How much longer than others it may stand still."""
        unanswered = self.traffic.received - self.received_at_answer
        return min(MOST_CREDIT_S, unanswered / CREDIT_BYTES_PER_S)


class Lingering:
    """Watches the connections that were accepted on one port of this process."""

    def __init__(self, port: int, *, crowd: int, bodies: Callable[[], int] = lambda: 0) -> None:
        """Watch ``port``; more than ``crowd`` connections are many, and ``bodies`` counts those under way."""
        self._port = port
        self._crowd = crowd
        self._bodies = bodies
        self._watched: dict[int, _Watched] = {}

    def start(self) -> None:
        """Watch in the background, as long as the process lives."""
        if sys.platform == "linux":
            threading.Thread(target=self._watch, name="lingering", daemon=True).start()

    def scan(self, now_s: float) -> None:
        """Look at every connection once; shut down those that stood still for too long.

        With more than ``crowd`` of them, workers may become scarce and patience is short; with many bodies under way
        it is shorter still for who has sent something and waits for the answer.
        """
        crowded = len(self._watched) > self._crowd
        patience_s = HURRY_S if crowded else PATIENCE_S
        watched: dict[int, _Watched] = {}
        for inode, connection in self._connections():
            with connection, suppress(OSError):  # it may end at any moment
                watched[inode] = self._judge(inode, connection, now_s, patience_s)
        self._watched = watched

    @property
    def _in_a_rush(self) -> bool:
        return self._bodies() > MANY_BODIES

    def _judge(self, inode: int, connection: socket.socket, now_s: float, patience_s: float) -> _Watched:
        traffic = _traffic(connection)
        known = self._watched.get(inode)
        if known is None:
            return _Watched(traffic, now_s, 0)
        elapsed_s = now_s - known.since_s
        if self._in_a_rush and traffic.received > known.received_at_answer:
            patience_s, soonest_s, least_bytes_per_s = RUSH_S, RUSH_S, RUSH_BYTES_PER_S
        else:
            soonest_s, least_bytes_per_s = HURRY_S, LEAST_BYTES_PER_S
        if elapsed_s < soonest_s:
            return known
        answered = traffic.acknowledged > known.traffic.acknowledged
        received_at_answer = traffic.received if answered else known.received_at_answer
        if traffic.moved_on_from(known.traffic, elapsed_s, least_bytes_per_s):
            return _Watched(traffic, now_s, received_at_answer)
        if elapsed_s < patience_s + known.credit_s:
            return known
        # The body ends here, and its request can still be answered; who does not read the answer loses it.
        connection.shutdown(socket.SHUT_RDWR if known.warned else socket.SHUT_RD)
        return _Watched(traffic, now_s, traffic.received, warned=True)

    def _connections(self) -> Iterator[tuple[int, socket.socket]]:
        """Our ends of all accepted connections, by inode; each is a duplicate that the caller closes."""
        for entry in list(_DESCRIPTORS.iterdir()):
            with suppress(OSError):  # closed meanwhile, or not connected
                descriptor = int(entry.name)
                status = os.fstat(descriptor)
                if not stat.S_ISSOCK(status.st_mode):
                    continue
                connection = socket.socket(fileno=os.dup(descriptor))
                try:
                    connection.getpeername()
                    ours = connection.family != socket.AF_UNIX and connection.getsockname()[1] == self._port
                except OSError:
                    ours = False
                if ours:
                    yield status.st_ino, connection
                else:
                    connection.close()

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(_SCAN_IN_A_RUSH_S if self._in_a_rush else _SCAN_EVERY_S):
            self.scan(time.monotonic())


def _traffic(connection: socket.socket) -> Traffic:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _COUNTS_AT + _COUNTS.size)
    acknowledged, received, _, _, waiting = _COUNTS.unpack_from(info, _COUNTS_AT)
    return Traffic(received, acknowledged, waiting)
