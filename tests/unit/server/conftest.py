"""Tiny audio of all five formats, a picture, and a server in this process."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from mutagen.ogg import OggPage

from picora_sync.server import accounts
from picora_sync.server.app import create_app
from picora_sync.server.settings import ServerSettings

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f"
    "00010501012718e3660000000049454e44ae426082"
)
KEY = "sk_live_" + "k" * 32
START_S = 1_777_712_400.0  # 2026-05-02T09:00:00Z, the start of an hour


@dataclass
class Clock:
    """Time that moves only when a test says so."""

    now_s: float = START_S

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Server:
    """The application, its settings, and clients for it."""

    settings: ServerSettings
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.app = create_app(self.settings, clock=self.clock)
        self.owner = self.client(KEY)
        self.anonymous = self.client(None)

    def client(self, key: str | None) -> httpx.Client:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        transport = httpx.WSGITransport(app=self.app)
        return httpx.Client(transport=transport, base_url="http://testserver", headers=headers)

    def stranger(self, plan: str = "pro_plus", scope: accounts.Scope = "read_write_delete") -> httpx.Client:
        return self.client(accounts.add_key(self.settings, accounts.add_user(self.settings, plan=plan), scope))

    def post(self, content: str, **more: object) -> httpx.Response:
        return self.owner.post("/v1/docs", json={"filename": "note.md", "content": content, **more})


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server with settings of its own."""

    def _start(*, plan: str = "pro_plus", rate_limits: bool = False) -> Server:
        return Server(ServerSettings(data=tmp_path / "data", key=KEY, plan=plan, rate_limits=rate_limits))

    return _start


@pytest.fixture
def server(start: Callable[..., Server]) -> Server:
    return start()


@pytest.fixture
def png() -> bytes:
    return PNG


@pytest.fixture(scope="session")
def audio_samples() -> dict[str, bytes]:
    """Two seconds of nothing in every format; MP3 and FLAC carry the picture."""
    return {"mp3": _mp3(), "m4a": _m4a(), "wav": _wav(), "flac": _flac(), "ogg": _ogg()}


def _wav() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(32_000))
    return buffer.getvalue()


def _mp3() -> bytes:
    picture = b"\x00image/png\x00\x03\x00" + PNG
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    silence = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbps at 44.1 kHz: 26 ms
    return b"ID3\x03\0\0" + size + frame + silence * 77


def _flac() -> bytes:
    rate, samples = 8000, 16_000
    packed = rate << 44 | 0 << 41 | 15 << 36 | samples
    stream_info = struct.pack(">HH", 4096, 4096) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    picture = struct.pack(">II", 3, 9) + b"image/png" + bytes(4) + bytes(16) + struct.pack(">I", len(PNG)) + PNG
    blocks = ((0x00, stream_info), (0x86, picture))
    return (
        b"fLaC" + b"".join(bytes([kind]) + len(data).to_bytes(3, "big") + data for kind, data in blocks) + bytes(2000)
    )


def _m4a() -> bytes:
    def atom(name: bytes, *content: bytes) -> bytes:
        body = b"".join(content)
        return struct.pack(">I", len(body) + 8) + name + body

    media_header = atom(b"mdhd", bytes(12), struct.pack(">II", 8000, 16_000), bytes(4))
    handler = atom(b"hdlr", bytes(8), b"soun", bytes(13))
    track = atom(b"trak", atom(b"mdia", media_header, handler))
    return (
        atom(b"ftyp", b"M4A \0\0\0\0M4A ") + atom(b"moov", atom(b"mvhd", bytes(100)), track) + atom(b"mdat", bytes(500))
    )


def _ogg() -> bytes:
    identification = b"\x01vorbis" + struct.pack("<IBIiiiBB", 0, 1, 8000, 0, 64_000, 0, 0xB8, 1)
    comment = b"\x03vorbis" + struct.pack("<II", 0, 0) + b"\x01"
    setup = b"\x05vorbis" + bytes(8)
    pages = []
    for number, (packets, position) in enumerate((([identification], 0), ([comment, setup], 0), ([bytes(32)], 16_000))):
        page = OggPage()
        page.packets, page.position, page.sequence, page.serial = packets, position, number, 1
        page.first, page.last = number == 0, number == 2
        pages.append(page.write())
    return b"".join(pages)
