"""Files made to be misread, or to be slow, that lie in a mirrored folder of their own while everything else happens.

What wants to be private is titled ``SECRET``: the ledger sees it if it is public for a moment. What must never be sent
holds ``HIDDEN``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.soak.world import FRAME, SECRET

BAIT = "bait"
"""The folder, whose ``visibility`` is public, and a word in the name of each of its files."""
HIDDEN = "sw0rdf1sh"
"""Stands in comments alone."""
RESTING = ("synced", "ignored", "blocked", "held")
"""The states in which a file waits for nothing."""

_ID3 = b"ID3\x03\x00\x00"
_FMT = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)

_CLOSED: Mapping[str, str] = {
    "no space": "---\npublish:false\n---\n",
    "no space, other keys": "---\npublish:false\ntags: [a]\ntitle: b\n---\n",
    "wide colon": "---\npublish\uff1a false\n---\n",
    "no-break space": "---\npublish:\u00a0false\n---\n",
    "list": "---\n- publish: false\n---\n",
    "equals": "---\npublish = false\n---\n",
    "toml": "+++\npublish = false\n+++\n",
    "blank lines": "\n\n---\npublish: false\n---\n",
    "mac": "---\rpublish: false\r---\r",
    "doubled returns": "---\r\r\npublish: false\r\r\n---\r\r\n",
    "unclosed": "---\npublish: false\n\n",
    "trailing blanks": "---\u00a0\npublish: false\n---\u00a0\n",
    "json": '{"publish": false,}\n',
    "word": "---\npublish: no\n---\n",
    "tag": "---\npublish: !!bool x\n---\n",
}
"""What opens notes that were meant to be private."""

_COMMENTED: Mapping[str, str] = {
    "money": f"paid ($20) %%{HIDDEN}%% and ($30)\n",
    "backticks": f"one ` alone %%{HIDDEN}%% and ``two\n",
    "unclosed": f"text %%{HIDDEN}\n\nmore {HIDDEN}\n",
    "heading": f"# Shown %%{HIDDEN}%%\n\ntext\n",
}

_SLOW: Mapping[str, str] = {
    "comments": "%% a `" * 30_000,
    "links": "[[x]] " * 100_000,
    "images": "![" * 400_000,
    "brackets": "[" * 400_000,
    "quotes": "> " * 200_000,
    "ticks": "".join("`" * (1 + n % 300) + " " for n in range(4_000)),
}


def lay(root: Path) -> None:
    """Fill the folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, opening in _CLOSED.items():
        title = f"{SECRET} {BAIT} {name}"
        (root / f"{title}.md").write_bytes(f"{opening}# {title}\n\n{HIDDEN[::-1]} {name}\n".encode())
    for kind, notes in (("comment", _COMMENTED), ("slow", _SLOW)):
        for name, text in notes.items():
            (root / f"{BAIT} {kind} {name}.md").write_bytes(text.encode())
    for name, data in _audio().items():
        (root / f"{BAIT} {name}").write_bytes(data)
    (root / ".picoraignore").write_text("a*" * 10 + "b\n")
    (root / f"{'a' * 200} {BAIT}.md").write_text(f"# {BAIT} a\n")


def _audio() -> Mapping[str, bytes]:
    sound = FRAME.ljust(417, b"\0") * 100
    chunks = b"".join(struct.pack("<4sI", b"junk", 0) for _ in range(400_000))
    atoms = struct.pack(">I4s", 8, b"free") * 100_000
    return {
        "inflates.mp3": _tag(_compressed(b"TIT2", b"\0" + bytes(200 << 20))) + sound,
        "object.mp3": _tag(_frame(b"GEOB", bytes(20 << 20))) + sound,
        "chunks.wav": b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks,
        "no size.wav": b"RIFF\xff\xff\xff\xffWAVE" + _FMT + b"data\xff\xff\xff\xff" + bytes(40_000),
        "size 0.wav": b"RIFF\0\0\0\0WAVE" + _FMT + b"data\0\0\0\0" + bytes(40_000),
        "atoms.m4a": struct.pack(">I4s4sI", 16, b"ftyp", b"M4A ", 0) + atoms,
    }


def _tag(frames: bytes) -> bytes:
    size = len(frames)
    return _ID3 + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + frames


def _frame(name: bytes, data: bytes, flags: int = 0) -> bytes:
    return name + struct.pack(">IH", len(data), flags) + data


def _compressed(name: bytes, data: bytes) -> bytes:
    return _frame(name, struct.pack(">I", len(data)) + zlib.compress(data, 9), flags=0x0080)


def is_bait(title: str) -> bool:
    """Whether an object of this title stems from here."""
    return f"{BAIT} " in f"{title} " or title.startswith("Shown")


def spoken(texts: Iterable[str]) -> list[str]:
    """A difference for each text on Picora that holds what was in a comment."""
    return [f"a comment was sent: {text[:80]!r}" for text in texts if HIDDEN in text]
