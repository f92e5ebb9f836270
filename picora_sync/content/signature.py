"""Whether Picora takes a file for what its name says, and what a person can do if not (contract §6)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO, Final, NamedTuple

from picora_sync.content.formats import id3, mp4, mpeg
from picora_sync.content.formats.window import ReadWindow, Spent
from picora_sync.core.model import Problem

HEAD_BYTES: Final = 64

_ACCEPTED: dict[str, Callable[[bytes], bool]] = {
    ".mp3": lambda head: head.startswith((b"ID3", b"\xff\xfb")),
    ".m4a": lambda head: head[4:8] == b"ftyp",
    ".wav": lambda head: head.startswith(b"RIFF"),
    ".flac": lambda head: head.startswith(b"fLaC"),
    ".ogg": lambda head: head.startswith(b"OggS"),
}
_AGAIN: Final = "download it again, or take it out of the folder"
_EXPORT: Final = "export it as m4a or mp3"
_ZEROS: Final = "nothing but zeros, perhaps an unfinished download"
_SMALLER: Final = "export it as flac, m4a or mp3, or as a wav file of less than 4 GB"
_PAGE: Final = "a web page, perhaps a failed download"
_TAG_IT: Final = "give it a title in a tag editor: that puts an ID3 tag before it"


class _Look(NamedTuple):
    """What a file looks like. ``suffix`` is what its name should end with, "" if Picora takes no such files; ``hint``
    is what to do beside, or instead of, that.
    """

    name: str
    suffix: str = ""
    hint: str = _EXPORT


_LOOKS: tuple[tuple[Callable[[bytes], bool], _Look], ...] = (
    (lambda head: head.startswith(b"\xff\xfb"), _Look("an MP3 file", ".mp3")),
    (lambda head: head.startswith((b"\xff\xf1", b"\xff\xf9")), _Look("a raw AAC file")),
    (lambda head: head.startswith(b"RIFF") and head[8:12] == b"WAVE", _Look("a WAV file", ".wav")),
    (lambda head: head.startswith((b"RF64", b"BW64")), _Look("a WAV file of 64 bits", hint=_SMALLER)),
    (lambda head: head.startswith(b"fLaC"), _Look("a FLAC file", ".flac")),
    (lambda head: head.startswith(b"OggS"), _Look("an Ogg file", ".ogg")),
    (lambda head: head[4:8] == b"ftyp", _Look("an MP4 or M4A file", ".m4a")),
    (lambda head: head.startswith(b"FORM"), _Look("an AIFF file")),
    (lambda head: head.startswith(b"caff"), _Look("a CAF file")),
    (lambda head: head.startswith(b"#!AMR"), _Look("an AMR file")),
    (lambda head: head.startswith(b"\x1a\x45\xdf\xa3"), _Look("a Matroska or WebM file")),
    (lambda head: head.startswith(b"\x30\x26\xb2\x75"), _Look("a Windows Media file")),
    (lambda head: head.lstrip().lower().startswith((b"<!doctype", b"<html")), _Look(_PAGE, hint=_AGAIN)),
    (lambda head: head.startswith(b"PK\x03\x04"), _Look("a ZIP archive", hint="unpack it")),
    (lambda head: head.startswith(b"%PDF"), _Look("a PDF file", hint="take it out of the folder")),
    (lambda head: head == bytes(HEAD_BYTES), _Look(_ZEROS, hint=_AGAIN)),
)  # fmt: skip


def fault(file: BinaryIO, size_bytes: int, suffix: str) -> Problem | None:
    """Why Picora would refuse these bytes under this extension; None if it takes them. Raises OSError."""
    head = file.read(HEAD_BYTES)
    if _ACCEPTED[suffix](head) or (suffix == ".m4a" and _holds_sound(ReadWindow(file, size_bytes))):
        return None
    look = _look(ReadWindow(file, size_bytes), head, suffix) or _Look("none of the formats that Picora takes")
    return Problem(
        code="WRONG_SIGNATURE",
        message=f"the name says {suffix[1:]}, but the content looks like {look.name}",
        hint=_hint(look, suffix),
    )


def _holds_sound(window: ReadWindow) -> bool:
    try:
        return mp4.holds_sound(window)
    except (Spent, ValueError, struct.error):
        return False


def _hint(look: _Look, suffix: str) -> str:
    if not look.suffix:
        return look.hint
    rename = "" if look.suffix == suffix else f"rename it to end with {look.suffix}"
    if look.hint != _EXPORT:
        return ", and ".join(filter(None, (rename, look.hint)))
    return f"{rename}, or export it again as {suffix[1:]}"


def _look(window: ReadWindow, head: bytes, suffix: str) -> _Look | None:
    plain = next((look for fits, look in _LOOKS if fits(head)), None)
    if plain is not None and plain.name != _ZEROS:
        return plain
    try:
        return _behind_tags(window, head) or _frames(window, head, suffix) or plain
    except (Spent, OSError):
        return plain


def _behind_tags(window: ReadWindow, head: bytes) -> _Look | None:
    """Something that begins with a tag that does not belong there."""
    if head.startswith(b"APETAGEX"):
        return _Look("an MP3 file behind an APE tag", ".mp3", f"remove the APE tag, or {_TAG_IT}")
    after = None
    for tag in id3.tags(window):
        after = tag.after
    if after is None:
        return None
    behind = window.at(after, HEAD_BYTES)
    for fits, look in _LOOKS:
        if look.suffix not in ("", ".mp3") and fits(behind):
            name = f"{look.name} behind an ID3 tag"
            return _Look(name, look.suffix, "remove the ID3 tag (`mid3v2 --delete-all FILE` does that)")
    return _Look("an MP3 file", ".mp3")


def _frames(window: ReadWindow, head: bytes, suffix: str) -> _Look | None:
    """MP3 frames that Picora does not know by their first bytes."""
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # noqa: PLR2004  (the sync of a frame)
        return _Look("an MP3 file in a variant that Picora refuses without an ID3 tag", ".mp3", _TAG_IT)
    if suffix == ".mp3" and mpeg.first_frame(window) is not None:
        return _Look("an MP3 file with something before its first frame", ".mp3", _TAG_IT)
    return None
