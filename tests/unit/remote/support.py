"""What the tests of the client share: virtual time, a pacer that records, scripted answers, and a file in memory."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from picora_sync.core.model import Tier
from picora_sync.core.ports import AudioUpload, DocUpload
from picora_sync.errors import FileChanged
from picora_sync.remote.client import PicoraClient

BASE = "https://api.picora.test"
KEY = "sk_live_" + "k" * 32
DOC_ID = "PtYgjmUhBel31iEl2hpCh"
AUDIO_ID = "YgCfrL1spNxnyVmihA-2O"

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class VirtualStop(threading.Event):
    """Waiting for it takes no time: the seconds are written down, and added to its clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.waits: list[float] = []
        self.set_after: int | None = None

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None, "an endless wait in a test"
        self.waits.append(timeout)
        self.now_s += timeout
        if self.set_after is not None and len(self.waits) >= self.set_after:
            self.set()
        return self.is_set()


@dataclass
class RecordingPacer:
    """Lets everything through at once."""

    acquired: list[Tier] = field(default_factory=list)
    observed: list[tuple[Tier, int, dict[str, str]]] = field(default_factory=list)

    def acquire(self, tier: Tier) -> None:
        self.acquired.append(tier)

    def observe(self, tier: Tier, status: int, headers: Iterable[tuple[str, str]]) -> None:
        self.observed.append((tier, status, dict(headers)))


class Api:
    """A client whose server answers from a script, in order; the last answer stays."""

    def __init__(self, *replies: Reply, base: str = BASE, key: str = KEY, plan: str = "") -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.pacer = RecordingPacer()
        self.stop = VirtualStop()
        self.client = PicoraClient(
            base,
            key,
            pacer=self.pacer,
            stop=self.stop,
            plan=plan,
            transport=httpx.MockTransport(self._answer),
            clock=lambda: self.stop.now_s,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply(request)

    @property
    def calls(self) -> list[str]:
        """Method and path with query of each request."""
        return [f"{r.method} {r.url.raw_path.decode()}" for r in self.requests]

    def body(self, index: int = -1) -> dict[str, object]:
        """The JSON that was sent."""
        found = json.loads(self.requests[index].content)
        assert isinstance(found, dict)
        return found


def ok(data: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"success": True, "data": data}, headers=headers)


def fail(status: int, code: str | None = None, error: object = "no", **meta: object) -> httpx.Response:
    body: dict[str, object] = {"success": False, "error": error}
    body |= {"code": code} if code else {}
    body |= {"meta": meta} if meta else {}
    return httpx.Response(status, json=body, headers={"x-request-id": "req-1"})


def html(status: int) -> httpx.Response:
    return httpx.Response(status, html="<html><body>Please log in</body></html>")


def doc(**fields: object) -> dict[str, object]:
    return {
        "id": DOC_ID,
        "title": "Release notes",
        "filename": "notes.md",
        "sizeBytes": 5,
        "rewrittenCount": 0,
        "isPublic": False,
        "tags": ["release"],
        "createdAt": "2026-05-02T09:32:00.000Z",
        **fields,
    }


def audio(**fields: object) -> dict[str, object]:
    return {
        "id": AUDIO_ID,
        "type": "audio",
        "url": f"https://media.picora.test/audio/{AUDIO_ID}.mp3",
        "filename": "rain.mp3",
        "sizeBytes": 5,
        "mimeType": "audio/mpeg",
        "title": "Rain",
        "thumbnailUrl": "https://media.picora.test/c.svg",
        "durationSeconds": 95,
        "isPublic": True,
        "createdAt": "2026-05-02T09:30:00.000Z",
        **fields,
    }


UPLOAD = DocUpload("notes.md", "Hello", "Release notes", ("release",), public=False, rewrite_images=True)


@dataclass
class MemoryFile:
    """A StableFile of bytes that may turn out to have changed at the end."""

    content: bytes
    changed: bool = False
    block_bytes: int = 1 << 20
    closed: bool = False

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    def blocks(self) -> Iterator[bytes]:
        for at in range(0, len(self.content), self.block_bytes):
            yield self.content[at : at + self.block_bytes]

    def confirm(self) -> None:
        if self.changed:
            raise FileChanged("episode.mp3 changed while it was sent")

    def close(self) -> None:
        self.closed = True


def audio_upload(file: MemoryFile, **fields: object) -> AudioUpload:
    values: dict[str, object] = {
        "size_bytes": file.size_bytes,
        "filename": "rain.mp3",
        "title": "Rain",
        "public": True,
        **fields,
    }
    return AudioUpload(open=lambda: file, **values)  # type: ignore[arg-type]  # fields of the dataclass


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class RawServer:
    """A loopback socket that answers each connection with given bytes after a given part of the request."""

    def __init__(self, reply: bytes, *, read_until: bytes | None, hang_up_after: int | None = None) -> None:
        self.received: list[bytes] = []
        self._reply = reply
        self._read_until = read_until
        self._hang_up_after = hang_up_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self._done = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        for _ in range(3000):
            if self._done.is_set():
                return
            try:
                connection, _peer = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(60)
                self.received.append(self._read(connection))
                connection.sendall(self._reply)

    def _read(self, connection: socket.socket) -> bytes:
        got = bytearray()
        for _ in range(100_000):
            if self._read_until is not None and self._read_until in got[-4096:]:
                break
            if self._hang_up_after is not None and len(got) >= self._hang_up_after:
                break
            block = connection.recv(65536)
            if not block:
                break
            got += block
        return bytes(got)

    @contextmanager
    def running(self) -> Iterator[RawServer]:
        self._thread.start()
        try:
            yield self
        finally:
            self._done.set()
            self._thread.join(timeout=60)
            self._listener.close()
