"""Tags in the text of a note, as Obsidian finds them (its help, "Tags")."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from picora_sync.content.markdown import events, named_tag, panics_as_unparsable, without_prices

_TAG = re.compile(r"(?:\A|(?<=\s))#([^\u2000-\u206f\u2e00-\u2e7f'!\"#$%&()*+,.:;<=>?@^`{|}~\[\]\\\s]++)")
"""A ``#`` behind a blank, then anything but blanks and punctuation; ``_``, ``-``, ``/`` and emoji are part of it."""
_QUIET = frozenset({"Link", "Image", "CodeBlock", "HtmlBlock", "MetadataBlock"})
_BEFORE = b" \t>"


def tags_in(body: str) -> tuple[str, ...]:
    """The tags of a body without comments, in order. Raises Unparsable."""
    if "#" not in body:
        return ()
    finder = _Finder(body.encode())
    with panics_as_unparsable():
        for event, where in events(without_prices(body)[0]):
            finder.take(event, where["start"], where["end"])
    return tuple(finder.tags)


@dataclass(slots=True)
class _Finder:
    data: bytes
    tags: dict[str, None] = field(default_factory=dict)
    quiet: int = 0

    def take(self, event: object, start: int, end: int) -> None:
        if not isinstance(event, dict):
            return
        ((kind, value),) = event.items()
        if kind == "Start" and named_tag(value)[0] in _QUIET:
            self.quiet += 1
        elif kind == "End" and named_tag(value)[0] in _QUIET:
            self.quiet -= 1
        elif kind == "Text" and not self.quiet and b"#" in self.data[start:end]:
            self._look(start, end)

    def _look(self, start: int, end: int) -> None:
        text = self.data[start:end].decode()
        if text.startswith("#") and not self._begins_anew(start):
            text = "_" + text
        for match in _TAG.finditer(text):
            if not match[1].isdigit() and (tag := match[1].strip("/")):
                self.tags[tag] = None

    def _begins_anew(self, start: int) -> bool:
        """Whether a blank is before it, or nothing but the signs of quotes."""
        before = start
        while before and self.data[before - 1] in _BEFORE:
            before -= 1
        blank = start > 0 and self.data[start - 1 : start].isspace()
        return blank or not before or self.data[before - 1] in b"\r\n"
