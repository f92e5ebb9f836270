"""What a request costs the embedded Picora, as a multiple of a Falcon application that only says hello on granian.

    python benchmarks/server_speed.py [--documents 10000] [--rounds 5] [--requests 600]

Both serve from processes of their own and are asked in turn, over kept connections; the cost is the CPU time of the
server's process, which a busy machine bends least. Prints median and least to most of the rounds, requests/s, and p50
and p99 of 64 connections; exit code 1 if a budget is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from _served import END_S, Served, add_options

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
BUDGETS = {"raw": 3.0, "metadata": 3.0, "list": 6.0, "q": 10.0, "post": 4.0}
CONNECTIONS = 4
CROWD = 64
BATCH = 50
MOST_DOCUMENTS = 10_000
BODY_BYTES = 4096
HELLO = """
import json, socket
import falcon
from granian.constants import Interfaces
from granian.net import SocketHolder
from granian.server.common import AbstractServer
from granian.server.mt import MTServer

class Hello:
    def on_get(self, req, resp):
        resp.media = {"hello": "world"}
    def on_post(self, req, resp):
        resp.media = {"bytes": len(req.bounded_stream.read())}

app = falcon.App()
app.add_route("/", Hello())
listener = socket.create_server(("127.0.0.1", 0))
print(json.dumps({"port": listener.getsockname()[1]}), flush=True)

class Server(MTServer):
    def _check_gil(self): pass
    def _init_shared_socket(self):
        self._sfd = listener.detach()
        self._shd = SocketHolder(self._sfd, False, 1024)
        self._ssp = None

server = Server("hello", interface=Interfaces.WSGI, websockets=False, log_enabled=False)
AbstractServer.serve(server, target_loader=lambda: app, wrap_loader=False)
"""


class Wire:
    """Requests that were written before, over one kept connection: the asker costs next to nothing."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """The whole answer.

        Raises:
            RuntimeError: it is no success.
        """
        self._socket.sendall(request)
        answer = self._socket.recv(65536)
        while (ends := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        head = answer[:ends].lower()
        if b" 20" not in head[:12]:
            raise RuntimeError(answer[:500].decode("utf-8", "replace"))
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(answer) < ends + 4 + length:
            answer += self._more()
        return answer[ends + 4 :]

    def _more(self) -> bytes:
        more = self._socket.recv(65536)
        if not more:
            raise RuntimeError("the server closed the connection")
        return more


@dataclass
class Server:
    """Where it answers, whose time it takes, and what is said with each request."""

    host: str
    port: int
    processes: list[int]
    head: str = ""

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """A request as it goes over the wire."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n{self.head}"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        return f"{head}\r\n".encode() + body

    def cpu_s(self) -> float:
        """The CPU time that it has used."""
        fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.processes)
        return sum(int(user) + int(system) for *_, user, system in (each[:13] for each in fields)) / TICKS_PER_S


@dataclass
class Measured:
    """One kind of request: CPU time and requests per second of each round."""

    cpu_s: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)


def load(server: Server, requests: list[bytes], connections: int) -> list[float]:
    """Ask all of it; the seconds that each answer took."""
    took: list[list[float]] = [[] for _ in range(connections)]

    failures: list[Exception] = []

    def ask(number: int) -> None:
        try:
            talk(number)
        except (OSError, RuntimeError) as error:
            failures.append(error)

    def talk(number: int) -> None:
        wire = Wire(server.host, server.port)
        for request in requests[number::connections]:
            begun = time.perf_counter()
            wire.ask(request)
            took[number].append(time.perf_counter() - begun)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [second for each in took for second in each]


def measure(server: Server, requests: list[bytes], into: Measured) -> None:
    """One round of one kind."""
    cpu_s, begun = server.cpu_s(), time.perf_counter()
    load(server, requests, CONNECTIONS)
    into.per_s.append(len(requests) / (time.perf_counter() - begun))
    into.cpu_s.append((server.cpu_s() - cpu_s) / len(requests))


@contextmanager
def hello() -> Iterator[Server]:
    """The yardstick, in a process of its own."""
    process = subprocess.Popen([sys.executable, "-c", HELLO], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield Server("127.0.0.1", json.loads(line)["port"], [process.pid])
    finally:
        process.terminate()
        process.wait(END_S)


class Notes:
    """Notes of about 4 KB, never the same twice, with titles of a vocabulary of 3,000 words."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a benchmark
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.words = ["".join(self._dice.choices(letters, k=self._dice.randint(3, 9))) for _ in range(3000)]
        self._number = 0

    def upload(self) -> bytes:
        """The body of a POST."""
        self._number += 1
        lines = [f"# {self._some(4)} {self._number}", ""]
        while sum(map(len, lines)) < BODY_BYTES - 200:
            lines += [self._some(60), ""]
        note = {"filename": f"{self._number}.md", "content": "\n".join(lines), "isPublic": self._number % 2 == 0}
        return json.dumps(note | {"tags": ["bench", "notes"]}).encode()

    def word(self) -> str:
        """A word that some title may have."""
        return self._dice.choice(self.words)

    def _some(self, count: int) -> str:
        return " ".join(self._dice.choices(self.words, k=count))


def kinds(picora: Server, notes: Notes, ids: list[str], count: int) -> dict[str, Callable[[], list[bytes]]]:
    """How the requests of one round are made, by kind."""
    dice = random.Random(count)  # noqa: S311 - same
    return {
        "raw": lambda: [picora.request("GET", f"/v1/docs/{dice.choice(ids)}/raw") for _ in range(count)],
        "metadata": lambda: [picora.request("GET", f"/v1/docs/{dice.choice(ids)}") for _ in range(count)],
        "list": lambda: [picora.request("GET", "/v1/docs?limit=20")] * count,
        "q": lambda: [picora.request("GET", f"/v1/docs?limit=20&q={notes.word()}") for _ in range(count // 2)],
        "post": lambda: [picora.request("POST", "/v1/docs", notes.upload()) for _ in range(count)],
    }


def fill(picora: Server, notes: Notes, documents: int) -> list[str]:
    """Upload this many; their ids."""
    wire = Wire(picora.host, picora.port)
    return [
        json.loads(wire.ask(picora.request("POST", "/v1/docs", notes.upload())))["data"]["id"] for _ in range(documents)
    ]


def trim(picora: Server, documents: int) -> None:
    """Delete the newest of this many: an account may have 10,000."""
    wire = Wire(picora.host, picora.port)
    for begins in range(0, documents, BATCH):
        page = json.loads(wire.ask(picora.request("GET", f"/v1/docs?limit={min(BATCH, documents - begins)}")))
        ids = json.dumps({"ids": [item["id"] for item in page["data"]["items"]]})
        wire.ask(picora.request("DELETE", "/v1/docs", ids.encode()))


def report(measured: dict[str, Measured]) -> list[str]:
    """Print each kind; the budgets that were missed."""
    missed = []
    print(f"{'':10}{'CPU, x hello':>28}{'us':>8}{'requests/s':>14}{'hello/request':>16}")
    for kind, budget in BUDGETS.items():
        yardstick = measured["hello post" if kind == "post" else "hello"]
        ratios = [mine / its for mine, its in zip(measured[kind].cpu_s, yardstick.cpu_s, strict=True)]
        slower = statistics.median(its / mine for mine, its in zip(measured[kind].per_s, yardstick.per_s, strict=True))
        ratio, cost_us = statistics.median(ratios), statistics.median(measured[kind].cpu_s) * 1e6
        spread = f"{ratio:.1f} ({min(ratios):.1f}-{max(ratios):.1f}) of {budget:.0f}"
        print(f"{kind:10}{spread:>28}{cost_us:8.0f}{statistics.median(measured[kind].per_s):14.0f}{slower:15.1f}x")
        missed += [f"{kind}: {ratio:.1f} x hello, budget {budget:.0f} x"] if ratio > budget else []
    for name in ("hello", "hello post"):
        cost_us = statistics.median(measured[name].cpu_s) * 1e6
        print(f"{name:10}{'':28}{cost_us:8.0f}{statistics.median(measured[name].per_s):14.0f}")
    return missed


def main() -> int:
    """Serve both, fill, ask in turn, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=600)
    add_options(parser)
    options = parser.parse_args()
    notes = Notes(1)
    with hello() as yardstick, Served.by(options) as served:
        name, _, port = served.host.rpartition(":")
        picora = Server(name, int(port), served.processes(), f"Authorization: Bearer {served.key}\r\n")
        ids = fill(picora, notes, min(options.documents, MOST_DOCUMENTS - options.requests))
        wanted = kinds(picora, notes, ids, options.requests)
        measured = {kind: Measured() for kind in ("hello", "hello post", *wanted)}
        greeting = [yardstick.request("GET", "/")] * options.requests * 5
        posting = [yardstick.request("POST", "/", bytes(BODY_BYTES))] * len(greeting)
        for _ in range(options.rounds):
            measure(yardstick, greeting, measured["hello"])
            measure(yardstick, posting, measured["hello post"])
            for kind, requests in wanted.items():
                measure(picora, requests(), measured[kind])
            trim(picora, options.requests)
        missed = report(measured)
        for kind in ("raw", "post"):
            took = sorted(load(picora, wanted[kind](), CROWD))
            p50, p99 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99))
            print(f"{CROWD} connections, {kind}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
        print(f"server memory: {served.memory_mb()} MB; load average {os.getloadavg()[0]:.1f}")
    print(*missed, sep="\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
