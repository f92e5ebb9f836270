"""Load on the embedded Picora: clients mix all calls for a while; nothing may fail, get lost, be doubled or miscounted.

    python benchmarks/server_load.py [--seconds 60] [--clients 16] [--workers 2 --database URL --storage URL]

Prints requests per second, p50 and p99, and the server's memory at start and end; exit code 1 if anything is wrong.
``make load-postgres`` runs it on a PostgreSQL and an S3 endpoint of its own.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from _served import Served, add_options

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55")
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00" + (b"\xff\xfb\x90\x64".ljust(417, b"\0")) * 70
SHARED = 200
"""Documents that all clients upload: one of them is first."""

BIG = 0.03
"""The part of documents that is too large for the database."""

MOST_FAULTS = 10


@dataclass
class Connection:
    """Requests over one kept connection; each is timed under the name of its kind."""

    host: str
    key: str
    took_s: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._http = http.client.HTTPConnection(self.host, timeout=60)

    def ask(
        self, kind: str, method: str, path: str, body: object = None, *, good: tuple[int, ...] = (200,), **headers: str
    ) -> Any:  # noqa: ANN401 - JSON is Any
        """The answer's ``data``, or its bytes; None for a status that is not good."""
        headers["Authorization"] = f"Bearer {self.key}"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        begun = time.perf_counter()
        self._http.request(method, path, content, headers)
        reply = self._http.getresponse()
        received = reply.read()
        self.took_s.setdefault(kind, []).append(time.perf_counter() - begun)
        if reply.status not in good:
            self.wrong.append(f"{method} {path}: {reply.status} {received[:200]!r}")
            return None
        if (reply.headers.get("Content-Type") or "").startswith("application/json"):
            return json.loads(received)["data"]
        return received

    def form(
        self, kind: str, path: str, name: str, mime: str, content: bytes, *, good: tuple[int, ...] = (201,)
    ) -> Any:  # noqa: ANN401 - JSON is Any
        """Upload a file as a form."""
        head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {mime}\r\n\r\n'
        body = head.encode() + content + b"\r\n--b--\r\n"
        return self.ask(kind, "POST", path, body, good=good, **{"Content-Type": "multipart/form-data; boundary=b"})


class Client:
    """One user of the API, who remembers what must be there when all is done."""

    def __init__(self, number: int, connection: Connection) -> None:
        self.connection = connection
        self.docs: dict[str, str] = {}
        self.audio: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self.shared: dict[int, str] = {}
        self._number = number
        self._made = 0
        self._dice = random.Random(number)  # noqa: S311 - a repeatable mix, no secret
        self._ask = connection.ask
        self._calls: list[tuple[int, Callable[[], None]]] = [
            *(
                (8, self._new_doc),
                (4, self._shared_doc),
                (4, self._read_doc),
                (3, self._change_doc),
                (4, self._delete_doc),
            ),
            *((3, self._new_audio), (3, self._play), (2, self._change_audio), (2, self._delete_audio)),
            *((3, self._new_image), (2, self._same_image), (3, self._show_image), (2, self._delete_image)),
            *((5, self._lists), (2, self._account)),
        ]

    def work(self, until: float) -> None:
        """Call after call until it is time."""
        weights, calls = zip(*self._calls, strict=True)
        while time.monotonic() < until and len(self.connection.wrong) < MOST_FAULTS:
            self._dice.choices(calls, weights)[0]()

    def _unique(self) -> str:
        self._made += 1
        return f"{self._number}-{self._made}"

    def _new_doc(self) -> None:
        text = f"# {self._unique()}\n\n" + "words and more " * self._dice.choice((10, 100, 1000))
        if self._dice.random() < BIG:
            text += "x" * 300_000  # kept in the object store
        made = self._ask(
            "create document", "POST", "/v1/docs", {"filename": "a.md", "content": text, "isPublic": False}, good=(201,)
        )
        if made:
            self.docs[made["id"]] = text

    def _shared_doc(self) -> None:
        number = self._dice.randrange(SHARED)
        body = {"filename": "s.md", "content": f"# Shared {number}\n", "isPublic": True}
        made = self._ask("create document twice", "POST", "/v1/docs", body, good=(200, 201))
        if made and self.shared.setdefault(number, made["id"]) != made["id"]:
            self.connection.wrong.append(f"shared document {number} has two ids")

    def _read_doc(self) -> None:
        for doc_id in self._some(self.docs):
            self._ask("get document", "GET", f"/v1/docs/{doc_id}")
            if self._ask("raw", "GET", f"/v1/docs/{doc_id}/raw") != self.docs[doc_id].encode():
                self.connection.wrong.append(f"document {doc_id} has another text")

    def _change_doc(self) -> None:
        for doc_id in self._some(self.docs):
            title = self._unique()
            changed = self._ask(
                "change document", "PATCH", f"/v1/docs/{doc_id}", {"title": title, "tags": ["a", title]}
            )
            if changed and changed["title"] != title:
                self.connection.wrong.append(f"document {doc_id} was not changed")

    def _delete_doc(self) -> None:
        for doc_id in self._some(self.docs):
            if self._dice.getrandbits(1):
                self._ask("delete document", "DELETE", f"/v1/docs/{doc_id}")
            elif self._ask("delete documents", "DELETE", "/v1/docs", {"ids": [doc_id]}) != {"deleted": 1, "failed": 0}:
                self.connection.wrong.append(f"document {doc_id} was not deleted")
            del self.docs[doc_id]

    def _new_audio(self) -> None:
        made = self.connection.form("upload audio", "/v1/audio", "a.mp3", "audio/mpeg", MP3 + self._unique().encode())
        if made:
            self.audio[made["id"]] = made

    def _play(self) -> None:
        for item in self._some(self.audio):
            path = urlsplit(self.audio[item]["url"]).path
            if len(self._ask("play", "GET", path)) != self.audio[item]["sizeBytes"]:
                self.connection.wrong.append(f"audio {item} has another size")
            self._ask("range", "GET", path, good=(206,), Range="bytes=1000-1999")

    def _change_audio(self) -> None:
        for item in self._some(self.audio):
            self._ask("change audio", "PATCH", f"/v1/audio/{item}", {"title": self._unique()})

    def _delete_audio(self) -> None:
        for item in self._some(self.audio):
            if self._dice.getrandbits(1):
                self._ask("delete audio", "DELETE", f"/v1/audio/{item}", good=(204,))
            else:
                self._ask("delete media", "DELETE", "/v1/media", {"items": [{"id": item, "type": "audio"}]})
            del self.audio[item]

    def _new_image(self) -> None:
        content = PNG + self._unique().encode()
        made = self.connection.form("upload image", "/v1/images", "a.png", "image/png", content)
        if made:
            self.images[made["id"]] = made | {"content": content}

    def _same_image(self) -> None:
        for item in self._some(self.images):
            content = self.images[item]["content"]
            same = self.connection.form("upload image twice", "/v1/images", "b.png", "image/png", content, good=(200,))
            if same and same["id"] != item:
                self.connection.wrong.append(f"image {item} was stored twice")

    def _show_image(self) -> None:
        for item in self._some(self.images):
            if self._ask("show", "GET", urlsplit(self.images[item]["url"]).path) is None:
                self.connection.wrong.append(f"image {item} is not served")

    def _delete_image(self) -> None:
        for item in self._some(self.images):
            self._ask("delete image", "DELETE", f"/v1/images/{item}")
            del self.images[item]

    def _lists(self) -> None:
        path = self._dice.choice(
            (
                "/v1/docs?limit=50",
                "/v1/docs?q=1-1&sort=updated_asc",
                "/v1/media?limit=100",
                "/v1/images",
                "/v1/sync/state",
            )
        )
        self._ask(f"list {path.partition('?')[0]}", "GET", path)

    def _account(self) -> None:
        self._ask(
            "account", "GET", self._dice.choice(("/v1/auth/verify", "/v1/user/me/usage", "/v1/user/me/rate-limits"))
        )

    def _some(self, mine: dict[str, Any]) -> list[str]:
        return [self._dice.choice(list(mine))] if mine else []


def pages(connection: Connection, path: str) -> Iterator[dict[str, Any]]:
    """Every item of a list, page by page."""
    cursor = ""
    while True:
        page = connection.ask("read all", "GET", f"{path}&cursor={cursor}")
        yield from page["items"]
        cursor = page["nextCursor"] or ""
        if not cursor:
            return


def audit(connection: Connection, clients: list[Client]) -> list[str]:
    """What is not as the clients remember it: lost, doubled or miscounted."""
    wrong = [fault for client in clients for fault in client.connection.wrong]
    shared: dict[int, set[str]] = {}
    for client in clients:
        for number, doc_id in client.shared.items():
            shared.setdefault(number, set()).add(doc_id)
    wrong += [
        f"shared document {number} exists {len(found)} times" for number, found in shared.items() if len(found) > 1
    ]
    docs = {doc for client in clients for doc in client.docs} | {doc for found in shared.values() for doc in found}
    sizes = {
        "audio": {item: made["sizeBytes"] for client in clients for item, made in client.audio.items()},
        "image": {item: made["sizeBytes"] for client in clients for item, made in client.images.items()},
    }
    listed = Counter(item["id"] for item in pages(connection, "/v1/docs?limit=50"))
    wrong += differences("documents", docs, listed)
    usage = connection.ask("usage", "GET", "/v1/user/me/usage")
    for kind, block in (("audio", "audio"), ("image", "images")):
        found = Counter(item["id"] for item in pages(connection, f"/v1/media?type={kind}&limit=100"))
        wrong += differences(kind, set(sizes[kind]), found)
        told = (usage[block]["totalCount"], usage[block]["storageUsed"])
        if told != (expected := (len(sizes[kind]), sum(sizes[kind].values()))):
            wrong.append(f"{kind}: usage says {told}, expected {expected}")
    if usage["docs"]["totalCount"] != len(docs):
        wrong.append(f"documents: usage says {usage['docs']['totalCount']}, expected {len(docs)}")
    return wrong


def differences(what: str, expected: set[str], found: Counter[str]) -> list[str]:
    """Lost, foreign and doubled ids, as sentences."""
    wrong = [f"{what}: {len(expected - set(found))} lost"] if expected - set(found) else []
    wrong += [f"{what}: {len(set(found) - expected)} that nobody keeps"] if set(found) - expected else []
    return wrong + ([f"{what}: some listed twice"] if max(found.values(), default=0) > 1 else [])


def report(clients: list[Client], seconds: float) -> None:
    """Requests per second and times by kind."""
    kinds: dict[str, list[float]] = {}
    for client in clients:
        for kind, took in client.connection.took_s.items():
            kinds.setdefault(kind, []).extend(took)
    every = sorted(second for took in kinds.values() for second in took)
    print(f"{len(every)} requests in {seconds:.1f} s: {len(every) / seconds:.0f} requests/s")
    for kind, took in [("all", every), *sorted(kinds.items())]:
        ordered = sorted(took)
        p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 for part in (0.5, 0.99))
        print(f"  {kind:24}{len(ordered):8}   p50 {p50:7.1f} ms   p99 {p99:7.1f} ms")


def main() -> int:
    """Serve, load, audit, verify."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=16)
    add_options(parser)
    options = parser.parse_args()
    with Served.by(options) as served:
        print(f"server memory: {served.memory_mb()} MB at start")
        clients = [Client(number, Connection(served.host, served.key)) for number in range(options.clients)]
        begun = time.monotonic()
        threads = [threading.Thread(target=client.work, args=[begun + options.seconds]) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report(clients, time.monotonic() - begun)
        print(f"server memory: {served.memory_mb()} MB at end; load average {os.getloadavg()[0]:.1f}")
        wrong = audit(Connection(served.host, served.key), clients)
        well, said = served.check()
    print(said)
    wrong += [] if well else ["--check found something"]
    print(*wrong or ["Nothing was lost, doubled or miscounted"], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
