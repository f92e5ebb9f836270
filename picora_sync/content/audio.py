"""A podcast file: signature, limits, and the title inside it (design §4; contract §6, §15 #12)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from picora_sync.core.model import Fingerprint, Kind, PlanLimits, Problem, Wanted, suffix_of
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Derived, Reader
from picora_sync.core.titles import TitleRule, filename_for, title_for
from picora_sync.errors import FileChanged, FileUnreadable

_HEAD_BYTES = 64
_TITLE_KEYS = ("TIT2", "\xa9nam", "title")
_UNLISTED = frozenset({".wav", ".flac", ".ogg"})

_ACCEPTED: dict[str, Callable[[bytes], bool]] = {
    ".mp3": lambda head: head.startswith((b"ID3", b"\xff\xfb")),
    ".m4a": lambda head: head[4:8] == b"ftyp",
    ".wav": lambda head: head.startswith(b"RIFF"),
    ".flac": lambda head: head.startswith(b"fLaC"),
    ".ogg": lambda head: head.startswith(b"OggS"),
}
_LOOKS_LIKE = (
    (b"ID3", "an MP3 file"),
    (b"\xff\xfb", "an MP3 file"),
    ((b"\xff\xfa", b"\xff\xf3", b"\xff\xf2"), "an MP3 file in a variant that Picora refuses without an ID3 tag"),
    ((b"\xff\xf1", b"\xff\xf9"), "a raw AAC file"),
    (b"RIFF", "a WAV file"),
    (b"fLaC", "a FLAC file"),
    (b"OggS", "an Ogg file"),
    (b"FORM", "an AIFF file"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (b"\x30\x26\xb2\x75", "a Windows Media file"),
    ((b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML"), "a web page, perhaps a failed download"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF", "a PDF file"),
    (b"\0" * _HEAD_BYTES, "nothing but zeros, perhaps an unfinished download"),
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """What the file says of itself; a length of 0 is not known."""

    title: str = ""
    length_s: float = 0.0


def derive_audio(path: str, folder: Folder, reader: Reader, limits: PlanLimits) -> Derived | Problem:
    """What the audio file at this path of the folder wants to be. Raises FileChanged, FileUnreadable."""
    absolute = f"{folder.root}/{path}"
    suffix = suffix_of(path)
    with _opened(absolute, follow_symlinks=folder.follow_symlinks) as file:
        before = os.fstat(file.fileno())
        fault = _fault(file, before.st_size, suffix, limits)
        if fault is not None:
            return fault
        embedded = read_embedded(file)
        if limits.audio_duration_s is not None and round(embedded.length_s) > limits.audio_duration_s:
            return _too_long(embedded.length_s, limits.audio_duration_s)
        digest = reader.digest(absolute)
        if Fingerprint.of(before) != digest.fingerprint:
            raise FileChanged(f"{path!r} changed while it was read")
    rule = TitleRule(folder.name, folder.title, folder.title_template)
    wanted = Wanted(
        kind=Kind.AUDIO,
        sha256=digest.sha256,
        size_bytes=digest.fingerprint.size_bytes,
        filename=filename_for(path),
        title=title_for(Kind.AUDIO, path, rule, embedded.title),
        public=folder.default_public(Kind.AUDIO),
        problems=(_NOT_LISTED,) if suffix in _UNLISTED else (),
    )
    return Derived(wanted, digest.sha256, digest.fingerprint)


def read_embedded(file: BinaryIO) -> Embedded:
    """Title and length as the file's tags and headers have them; whatever is damaged is not known, never an error."""
    import mutagen  # noqa: PLC0415 - a folder of notes never pays for loading it

    file.seek(0)
    try:
        found = mutagen.File(file)
        if found is None:
            return Embedded()
        length_s = float(getattr(found.info, "length", 0.0) or 0.0)
        return Embedded(_title_in(found.tags), length_s if length_s > 0 else 0.0)
    except Exception:  # noqa: BLE001 - its parsers meet any bytes, and raise nearly anything on them
        return Embedded()


def _title_in(tags: object) -> str:
    for key in _TITLE_KEYS:
        try:
            value = tags[key]  # type: ignore[index]  # every format has a mapping of its own
        except (KeyError, ValueError, TypeError):
            continue
        texts = getattr(value, "text", value)
        title = str(texts[0]).strip() if texts else ""
        if title:
            return title
    return ""


def _opened(absolute: str, *, follow_symlinks: bool) -> BinaryIO:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow_symlinks else os.O_NOFOLLOW)
    try:
        return os.fdopen(os.open(absolute, flags), "rb")
    except OSError as error:
        raise FileUnreadable(
            f"the file cannot be opened: {error.strerror}", hint="check its permissions and the disk"
        ) from error


def _fault(file: BinaryIO, size_bytes: int, suffix: str, limits: PlanLimits) -> Problem | None:
    """Why these bytes can never be sent, None if they can; found before the file is hashed."""
    if size_bytes == 0:
        return Problem("AUDIO_EMPTY", "the file is empty", "it is sent once it holds something")
    if limits.audio_bytes is not None and size_bytes > limits.audio_bytes:
        return Problem(
            "AUDIO_TOO_LARGE",
            f"the file has {size_bytes:,} bytes; the plan allows {limits.audio_bytes:,}",
            "encode it with a lower bit rate, or change the plan",
        )
    try:
        head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise FileUnreadable(f"the file cannot be read: {error.strerror}", hint="check the disk") from error
    return None if _ACCEPTED[suffix](head) else _wrong_signature(head, suffix)


def _wrong_signature(head: bytes, suffix: str) -> Problem:
    known = (name for magic, name in _LOOKS_LIKE if head.startswith(magic))
    looks = next(known, "an MP4 or M4A file" if head[4:8] == b"ftyp" else "none of the formats that Picora takes")
    return Problem(
        code="WRONG_SIGNATURE",
        message=f"the name says {suffix[1:]}, but the content looks like {looks}",
        hint=f"give it the extension of its format, or export it again as {suffix[1:]}",
    )


def _too_long(length_s: float, limit_s: int) -> Problem:
    return Problem(
        code="AUDIO_TOO_LONG",
        message=f"the audio lasts {round(length_s):,} s; the plan allows {limit_s:,} s",
        hint="cut it into parts, or change the plan",
    )


_NOT_LISTED = Problem(
    code="NOT_IN_APPLE_PODCASTS",
    message="podcast directories such as Apple's list only m4a and mp3 files",
    hint="export it as m4a or mp3 if it is an episode; it is mirrored either way",
)
