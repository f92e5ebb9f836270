"""Values → words for people."""

from __future__ import annotations

import json
import time
import unicodedata

from picora_sync.core.model import FileRef

_UNITS = ("B", "KB", "MB", "GB", "TB")
_JOINERS = "\u200c\u200d"
"""Format characters that belong to words and emoji; the others can turn or hide what is read."""

_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_BYTES = range(0xDC80, 0xDD00)
"""What ``os.fsdecode`` makes of bytes that are no UTF-8."""

_KILO = 1024
_DAY_S = 86400.0


def safe(text: str) -> str:
    """The text on one line, unable to steer a terminal: controls, bytes that are no UTF-8 and turners are escaped."""
    if text.isprintable():
        return text
    return "".join(map(_safe_character, text))


def _is_safe(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _UNSAFE


def _safe_character(character: str) -> str:
    if _is_safe(character):
        return character
    if ord(character) in _BYTES:
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def safe_lines(text: str) -> str:
    """As :func:`safe`, but what stands on several lines stays there."""
    return "\n".join(map(safe, text.split("\n")))


def json_text(document: object) -> str:
    """The document as JSON on one line: it reads back the same, and cannot steer a terminal either.

    Lone surrogates, which no JSON reader has to accept, become backslash escapes.
    """
    text = json.dumps(_without_surrogates(document), ensure_ascii=False)
    if text.isprintable():
        return text
    # What is unsafe stands inside of strings: everything around them is ASCII.
    return "".join(character if _is_safe(character) else json.dumps(character)[1:-1] for character in text)


def _without_surrogates(value: object) -> object:
    match value:
        case str():
            return utf8(value)
        case dict():
            return {utf8(str(key)): _without_surrogates(item) for key, item in value.items()}
        case list() | tuple():
            return [_without_surrogates(item) for item in value]
        case _:
            return value


def utf8(text: str) -> str:
    """The text without lone surrogates, which no JSON reader has to accept; they become backslash escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def place(ref: FileRef) -> str:
    """``notes/a.md``; ``notes`` for the folder itself."""
    return f"{ref.folder}/{ref.path}" if ref.path else ref.folder


def width(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def size(number_bytes: float) -> str:
    """``1.5 MB``; 1 KB is 1024 bytes, as in the configuration."""
    unit = _UNITS[0]
    for unit in _UNITS:
        if number_bytes < _KILO or unit == _UNITS[-1]:
            break
        number_bytes /= _KILO
    return f"{number_bytes:.0f} B" if unit == "B" else f"{number_bytes:.1f} {unit}"


def duration(seconds: float) -> str:
    """``45 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    whole = max(0, round(seconds))
    for unit, smaller, unit_s, smaller_s in (("d", "h", 86400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if whole >= unit_s:
            rest = whole % unit_s // smaller_s
            return f"{whole // unit_s} {unit} {rest} {smaller}" if rest else f"{whole // unit_s} {unit}"
    return f"{whole} s"


def count(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def until(folder: str, end_at: float | None) -> str:
    """When a pause ends: ``until `picora-sync resume notes```, or by itself at a time of the wall clock."""
    if end_at is None:
        return f"until `picora-sync resume {folder}`"
    left_s = max(0.0, end_at - time.time())
    form = "%H:%M" if left_s < _DAY_S else "%Y-%m-%d %H:%M"
    return (
        f"until {time.strftime(form, time.localtime(end_at))} (in {duration(left_s)}), or `picora-sync resume {folder}`"
    )
