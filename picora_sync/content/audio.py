"""A podcast file: signature, limits, and the title inside it (design §4; contract §6, §15 #12)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from picora_sync.content import signature
from picora_sync.content.formats import Embedded, read_embedded
from picora_sync.core.model import Fingerprint, Kind, PlanLimits, Problem, Wanted, suffix_of
from picora_sync.core.policy import Folder, TitleFrom
from picora_sync.core.ports import Derived, Reader
from picora_sync.core.titles import TitleRule, fields_in, filename_for, stem_of, title_for
from picora_sync.errors import FileChanged, FileUnreadable

_UNLISTED = frozenset({".wav", ".flac", ".ogg"})


def derive_audio(path: str, folder: Folder, reader: Reader, limits: PlanLimits) -> Derived | Problem:
    """What the audio file at this path of the folder wants to be. Raises FileChanged, FileUnreadable."""
    absolute = f"{folder.root}/{path}"
    suffix = suffix_of(path)
    with _opened(absolute, follow_symlinks=folder.follow_symlinks) as file:
        before = os.fstat(file.fileno())
        fault = _fault(file, before.st_size, suffix, limits)
        if fault is not None:
            return fault
        embedded = read_embedded(file, suffix)
        if limits.audio_duration_s is not None and embedded.length_s > limits.audio_duration_s:
            return _too_long(embedded.length_s, limits.audio_duration_s)
        digest = reader.digest(absolute)
        if Fingerprint.of(before) != digest.fingerprint:
            raise FileChanged(f"{path!r} changed while it was read")
    rule = TitleRule(folder.name, folder.title, folder.title_template)
    fields = {**fields_in(stem_of(path)), **embedded.tags.values}
    wanted = Wanted(
        kind=Kind.AUDIO,
        sha256=digest.sha256,
        size_bytes=digest.fingerprint.size_bytes,
        filename=filename_for(path),
        title=title_for(Kind.AUDIO, path, rule, embedded.title, fields=fields),
        public=folder.default_public(Kind.AUDIO),
        problems=tuple(_remarks(suffix, embedded, rule)),
    )
    return Derived(wanted, digest.sha256, digest.fingerprint)


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
        return signature.fault(file, size_bytes, suffix)
    except OSError as error:
        raise FileUnreadable(f"the file cannot be read: {error.strerror}", hint="check the disk") from error


def _remarks(suffix: str, embedded: Embedded, rule: TitleRule) -> Iterator[Problem]:
    if suffix in _UNLISTED:
        yield _NOT_LISTED
    if rule.title_from is not TitleFrom.CONTENT:
        return
    if embedded.tags.unread and not embedded.title:
        yield _TITLE_UNREAD
    if embedded.tags.foreign:
        yield _TITLE_ENCODING


def _too_long(length_s: float, limit_s: int) -> Problem:
    return Problem(
        code="AUDIO_TOO_LONG",
        message=f"the audio lasts {_spoken(length_s, limit_s)} s; the plan allows {limit_s:,} s",
        hint="cut it into parts, or change the plan",
    )


def _spoken(length_s: float, limit_s: int) -> str:
    """Whole seconds, or as exact as the difference needs."""
    return f"{length_s:,.0f}" if round(length_s) > limit_s else f"{length_s:,.3f}"


_TITLE_UNREAD = Problem(
    code="TITLE_UNREAD",
    message="its title cannot be read: it is compressed, too long, or lies behind too much else",
    hint="save its tags again in a tag editor; until then the file name is its title",
)
_TITLE_ENCODING = Problem(
    code="TITLE_ENCODING",
    message="its title is marked as Latin-1, and is clearly in another encoding: it is sent as it is",
    hint="save its tags again as UTF-8 (`mid3iconv -e CODEPAGE FILE` does that)",
)
_NOT_LISTED = Problem(
    code="NOT_IN_APPLE_PODCASTS",
    message="podcast directories such as Apple's list only m4a and mp3 files",
    hint="export it as m4a or mp3 if it is an episode; it is mirrored either way",
)
