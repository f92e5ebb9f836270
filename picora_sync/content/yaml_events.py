"""A YAML block read by its events, within bounds of depth (design §4; contract §15 #17).

No object is ever built from YAML, so that neither aliases, merge keys, tags nor deep nesting can cost more than the
block's own length, and ``yes`` stays what its author wrote: a string.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from picora_sync.content.metadata import MAX_DEPTH, FieldValue, FrontmatterMapping, KeyLine, Unreadable

_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_FRAMING = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def read_yaml(block: str) -> FrontmatterMapping | None:
    """The top-level mapping, an empty one for a block without content, None for any other document. Lines count from 1
    at the block's first. Raises Unreadable.
    """
    reading = _Reading(block)
    try:
        return reading.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 1 if mark else 1, str(error.problem or error.context)) from None
    except yaml.YAMLError as error:
        raise Unreadable(1, str(error).splitlines()[0]) from None


class _Reading:
    """One pass over the events of a block. Keys below the top level, and words in places of keys, are noted."""

    def __init__(self, block: str) -> None:
        events = yaml.parse(block, Loader=yaml.CSafeLoader)
        self._events: Iterator[yaml.Event] = (event for event in events if not isinstance(event, _FRAMING))
        self._nested: list[KeyLine] = []

    def document(self) -> FrontmatterMapping | None:
        root = next(self._events, None)
        if root is None:
            return FrontmatterMapping(())
        if not isinstance(root, yaml.MappingStartEvent):
            self._value(root, 0)
            self._expect_end()
            return None
        entries = tuple(self._mapping(0))
        self._expect_end()
        return FrontmatterMapping(entries, tuple(self._nested))

    def _expect_end(self) -> None:
        more = next(self._events, None)
        if more is not None:
            raise Unreadable(_line(more), "a second document begins")

    def _mapping(self, depth: int) -> Iterator[KeyLine]:
        """Read on to the end of a mapping whose start was taken."""
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            key = self._key(event, depth)
            yield KeyLine(key, self._value(next(self._events), depth), _line(event))

    def _key(self, event: yaml.Event, depth: int) -> str:
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(_line(event), "a key is an alias")
        self._place_of_key(event, depth)
        return ""

    def _place_of_key(self, event: yaml.Event, depth: int) -> None:
        """A key that is no scalar: each word in it counts as one."""
        value = self._value(event, depth)
        words = value if isinstance(value, tuple) else ()
        self._nested += (KeyLine(word, None, _line(event)) for word in words)

    def _sequence(self, depth: int) -> Iterator[str]:
        """Read on to the end of a sequence whose start was taken; only its scalars count."""
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            if isinstance(event, yaml.ScalarEvent):
                if _scalar(event) is not None:
                    yield str(event.value)
            else:
                self._value(event, depth)

    def _value(self, event: yaml.Event, depth: int) -> FieldValue:
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.AliasEvent):
            return None
        if depth >= MAX_DEPTH:
            raise Unreadable(_line(event), f"it is nested more than {MAX_DEPTH} deep", of_size=True)
        if isinstance(event, yaml.SequenceStartEvent):
            return tuple(self._sequence(depth + 1))
        for entry in self._mapping(depth + 1):
            self._nested.append(entry)
        return None


def _scalar(event: yaml.ScalarEvent) -> FieldValue:
    text = str(event.value)
    plain = event.tag is None and event.implicit[0]
    if not plain:
        return text
    return None if text in _NULLS else _BOOLEANS.get(text, text)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
