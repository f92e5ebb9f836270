"""What a block of metadata says, whatever the dialect it is written in."""

from __future__ import annotations

from dataclasses import dataclass

MAX_DEPTH = 16

FieldValue = str | bool | tuple[str, ...] | None
"""A scalar as written, a YAML 1.2 boolean, a list of scalars, or None for null, for mappings and for nested lists."""


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key as written, its value, and the line it is on."""

    key: str
    value: FieldValue
    line: int


class FrontmatterMapping(dict[str, FieldValue]):
    """What the ``load`` of our handlers gives: the mapping that python-frontmatter asks for, in which the last of equal
    keys counts, and all entries in their order with lines that count from 1 at the block's first.
    """

    def __init__(self, entries: tuple[KeyLine, ...], nested: tuple[KeyLine, ...] = ()) -> None:
        super().__init__((entry.key, entry.value) for entry in entries)
        self.entries = entries
        self.nested = nested


class Unreadable(Exception):
    """A block that cannot be read; ``of_size`` if that is for its size or depth, whatever is in it."""

    def __init__(self, line: int, reason: str, *, of_size: bool = False) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason
        self.of_size = of_size
