"""The values a configuration is written in: times, sizes, names, addresses. Each reads itself from text.

``parse`` raises :class:`BadValue`; ``schema`` is what an editor is told (JSON schema).
"""

from __future__ import annotations

import ipaddress
import re
from typing import ClassVar, Protocol, Self
from urllib.parse import SplitResult, urlsplit

from picora_sync.core.ignore import pattern_fault
from picora_sync.core.tags import MAX_TAG_LENGTH
from picora_sync.core.titles import NUMBERS, TITLE_VARIABLES

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNIT_BYTES = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_LONGEST_S = 100 * 366 * 86400.0
_MOST_BYTES = float(1 << 60)
_TIME_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*")
_TIME = re.compile(rf"(?:{_TIME_PART.pattern})+")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]?)i?B", re.IGNORECASE)


class BadValue(Exception):
    """The text does not say what this place needs; ``hint`` shows how to write it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Value(Protocol):
    """A type that reads itself from the configuration's text."""

    schema: ClassVar[dict[str, object]]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The value; raises BadValue."""


class Duration(float):
    """A length of time in seconds, written ``10s``, ``5m``, ``1h``, ``1d``, ``1h30m``, or ``0``."""

    schema: ClassVar[dict[str, object]] = {
        "type": ["string", "integer"],
        "pattern": r"^(0|(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+)$",
        "examples": ["10s", "5m", "1h", "1d"],
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        """Seconds; a bare number other than 0 is refused, since nobody could tell its unit."""
        text = text.strip()
        if text == "0":
            return cls(0)
        if not _TIME.fullmatch(text):
            raise BadValue(f"'{text}' is no length of time", "write it with a unit: 10s, 5m, 1h or 1d")
        seconds = sum(float(number) * _UNIT_S[unit] for number, unit in _TIME_PART.findall(text))
        if seconds > _LONGEST_S:
            raise BadValue("this is longer than a hundred years", "write it with a unit: 10s, 5m, 1h or 1d")
        return cls(seconds)

    def __str__(self) -> str:
        for unit in ("d", "h", "m"):
            if self and self % _UNIT_S[unit] == 0:
                return f"{int(self / _UNIT_S[unit])}{unit}"
        return f"{float(self):g}s"


class Interval(Duration):
    """How often something is done: a length of time, or ``off``, which is infinity."""

    schema: ClassVar[dict[str, object]] = {
        "type": ["string", "boolean"],
        "pattern": r"^(off|(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+)$",
        "examples": ["24h", "7d", "off"],
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        """Seconds, at least one."""
        if text.strip().lower() == "off":
            return cls("inf")
        interval = super().parse(text)
        if interval < 1:
            raise BadValue("this would never pause", "write 1h or more, or off")
        return interval

    def __str__(self) -> str:
        return "off" if self == float("inf") else super().__str__()


class Size(int):
    """A number of bytes, written ``500KB``, ``5MB``, ``1GB`` (1 KB = 1024 bytes, contract §1); ``/s`` may follow."""

    schema: ClassVar[dict[str, object]] = {
        "type": "string",
        "pattern": r"^\d+(\.\d+)?\s*[KkMmGg]?[Ii]?[Bb](/s)?$",
        "examples": ["500KB", "5MB"],
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        """Bytes, at least one."""
        match = _SIZE.fullmatch(text.strip().removesuffix("/s"))
        told = float(match[1]) * _UNIT_BYTES[match[2].upper()] if match else 0.0
        size_bytes = int(told) if told < _MOST_BYTES else 0
        if size_bytes < 1:
            raise BadValue(f"'{text}' is no size", "write it with a unit: 500KB, 5MB or 1GB")
        return cls(size_bytes)

    def __str__(self) -> str:
        for unit in ("G", "M", "K"):
            if self % _UNIT_BYTES[unit] == 0:
                return f"{self // _UNIT_BYTES[unit]}{unit}B"
        return f"{int(self)}B"


class PathText(str):
    """A path as written; ``~`` and relative paths are resolved later, against home and the file's directory."""

    __slots__ = ()
    schema: ClassVar[dict[str, object]] = {"type": "string", "minLength": 1}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Any text but none and NUL."""
        if not text.strip() or "\0" in text:
            raise BadValue("this is no path", "write the path of a file or directory")
        return cls(text)


class FolderName(str):
    """What commands and messages call a folder."""

    __slots__ = ()
    schema: ClassVar[dict[str, object]] = {"type": "string", "pattern": r"^[^/\s](.*[^/\s])?$"}

    @classmethod
    def parse(cls, text: str) -> Self:
        """One line without ``/``, so that ``NAME/path`` stays unambiguous."""
        if not text or text != text.strip() or "/" in text or not text.isprintable():
            raise BadValue(f"{text!r} is no name for a folder", "use letters, digits, '-' and '_'")
        return cls(text)


class Tag(str):
    """A tag without its ``#``."""

    __slots__ = ()
    schema: ClassVar[dict[str, object]] = {"type": "string", "minLength": 1, "maxLength": MAX_TAG_LENGTH}

    @classmethod
    def parse(cls, text: str) -> Self:
        """At most 32 characters (contract §8)."""
        tag = text.strip().removeprefix("#").strip()
        if not tag or len(tag) > MAX_TAG_LENGTH or "," in tag:
            raise BadValue(f"'{text}' is no tag", f"a tag has 1 to {MAX_TAG_LENGTH} characters and no comma")
        return cls(tag)


class IgnorePattern(str):
    """One line in gitignore syntax."""

    __slots__ = ()
    schema: ClassVar[dict[str, object]] = {"type": "string", "minLength": 1}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Whatever core.ignore takes."""
        fault = pattern_fault(text) if text.strip() else "it is empty"
        if fault:
            raise BadValue(f"{text!r} is no ignore pattern: {fault}", "write it as in a .gitignore file")
        return cls(text)


class TitleTemplate(str):
    """A title with the variables of core.titles; any other brace stands for itself."""

    __slots__ = ()
    schema: ClassVar[dict[str, object]] = {"type": "string", "examples": ["{folder}: {title}"]}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Every ``{word}`` must be a variable, and only numbers have a width: ``{track:02}``."""
        for word, width in re.findall(r"\{(\w+)(:[^{}]*)?\}", text):
            if word not in TITLE_VARIABLES and not width:
                known = ", ".join(f"{{{name}}}" for name in sorted(TITLE_VARIABLES))
                raise BadValue(f"'{{{word}}}' is no variable of a title", f"known here: {known}")
            if word in TITLE_VARIABLES and width and not (word in NUMBERS and re.fullmatch(":0[1-9]", width)):
                raise BadValue(
                    f"'{{{word}{width}}}' is no variable of a title",
                    "only track, season and episode have a width, such as {track:02}",
                )
        return cls(text)


class ApiUrl(str):
    """The base address of a Picora, without a trailing ``/`` (contract §1)."""

    __slots__ = ()
    schema: ClassVar[dict[str, object]] = {"type": "string", "format": "uri", "pattern": "^https?://"}

    @classmethod
    def parse(cls, text: str) -> Self:
        """https, or http on this machine only: a key must not cross a network in the clear."""
        parts = _split(text)
        if parts.query or parts.fragment or parts.username is not None:
            raise BadValue("this is more than a base address", "write only https://host, without key, ? and #")
        if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            raise BadValue("http:// would send the key unencrypted", f"use https://{parts.netloc}")
        return cls(text.strip().rstrip("/"))


class LinkBase(str):
    """Where the owner's own stable links begin (design §5)."""

    __slots__ = ()
    schema: ClassVar[dict[str, object]] = {"type": "string", "format": "uri", "pattern": "^https?://"}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Any http or https address."""
        _split(text)
        return cls(text.strip())


def _split(text: str) -> SplitResult:
    wrong = BadValue(f"'{text}' is no address", "write https://host")
    try:
        parts = urlsplit(text.strip())
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_valid or " " in text.strip():
        raise wrong
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
