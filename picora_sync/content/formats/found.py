"""The result of reading."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Embedded:
    """What the file says of itself; a length of 0 is not known. ``unread``: there may be a title that is compressed,
    too long, or behind too many other things.
    """

    title: str = ""
    length_s: float = 0.0
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Title:
    """A title, "" if there is none; see :class:`Embedded`."""

    text: str = ""
    unread: bool = False
