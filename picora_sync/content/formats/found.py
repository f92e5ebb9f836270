"""The result of reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

TITLE: Final = "title"
ARTIST: Final = "artist"
ALBUM: Final = "album"
TRACK: Final = "track"
SEASON: Final = "season"
EPISODE: Final = "episode"
DATE: Final = "date"

MOST_TEXT_BYTES: Final = 64 << 10
"""A longer text is no title, and is not read."""
_LEAST_FOREIGN: Final = 4
_MOSTLY: Final = 0.6


@dataclass(frozen=True, slots=True)
class Tags:
    """What tags say: texts by field, none of them empty. ``unread``: there may be a title that is compressed, too long,
    or behind too many other things. ``foreign``: the title is marked as Latin-1 and is clearly in another encoding.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    unread: bool = False
    foreign: bool = False

    @property
    def title(self) -> str:
        """The title, "" if there is none."""
        return self.values.get(TITLE, "")

    def before(self, other: Tags) -> Tags:
        """Both; what these say counts, the other fill in what these leave out."""
        first = self if self.title else other
        return Tags({**other.values, **self.values}, self.unread or other.unread, first.foreign)


@dataclass(frozen=True, slots=True)
class Embedded:
    """What the file says of itself; a length of 0 is not known."""

    tags: Tags = field(default_factory=Tags)
    length_s: float = 0.0

    @property
    def title(self) -> str:
        """The title, "" if there is none."""
        return self.tags.title


def first_number(text: str) -> str:
    """The number before a slash: ``"3/12"`` → ``"3"``; a text that is none as it is."""
    return text.partition("/")[0].strip()


def is_foreign(text: str) -> bool:
    """Whether a text that was decoded as Latin-1 is clearly something else: UTF-8, or an alphabet of another code page,
    whose letters nearly all lie where Latin-1 has its few accented ones.
    """
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    if data.isascii():
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        letters = [char for char in text if char.isalpha()]
        high = sum(char >= "\xc0" for char in letters)
        return high >= _LEAST_FOREIGN and high > _MOSTLY * len(letters)
    return True
