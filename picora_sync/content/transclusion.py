"""Cuts out what ``![[Note#Heading]]`` and ``![[Note#^id]]`` mean, and fits it in where the embed is (design §5)."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left

from picora_sync.content.blocks import marks_of, text_of, without_mark
from picora_sync.content.graft import Layout
from picora_sync.content.markdown import Heading, Span, Wikilink, events, panics_as_unparsable, parse

_LINE = re.compile(r"\r\n|\n|\r")
_LEADING_BLANK_LINES = re.compile(r"\A(?:[ \t]*(?:\r\n|\n|\r))+")
_MARKER = r"[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])"
_CONTAINER = re.compile(rf"(?:[ \t>]|{_MARKER})*")
_LIST_PART = re.compile(_MARKER)
_TASK = re.compile(r"\[[ xX]\][ \t]+")
_BLANK_LINE = re.compile(rb"[ \t>\r]*+(?:\n|\Z)")
_LOOKBACK_BYTES = 1024
"""A line that begins with more than this is none that a quote or a list begins."""
_ATX = re.compile(r"\s*#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?\s*\Z")
_PUNCTUATION = re.compile(r"[!\"#$%&()*+,.:;<=>?@^`{|}~/\[\]\\]")
"""What Obsidian's ``stripHeading`` takes out, by its API's documentation."""


class Sections:
    """A body that others embed: parsed once, however often."""

    def __init__(self, body: str) -> None:
        """Raises Unparsable."""
        self._body = body
        self.source = parse(body)
        self._blocks: dict[str, Span] | None = None
        self._layout: Layout | None = None
        self._exact: dict[str, list[int]] = {}
        self._stripped: dict[str, list[int]] = {}
        for index, heading in enumerate(self.source.headings):
            texts = {_named(heading.text), _named(_raw(self.source.data, heading))}
            for text in texts:
                self._exact.setdefault(text, []).append(index)
            for text in {_stripped(text) for text in texts}:
                self._stripped.setdefault(text, []).append(index)

    def section(self, headings: tuple[str, ...]) -> str | None:
        """The section under a chain of headings, its own heading included; None if there is none."""
        found = self.source.headings
        first, last, before = 0, len(found), -1
        for wanted in headings:
            at = self._find(wanted, first, last)
            if at is None:
                return None
            if at != before:  # a heading repeated in the chain changes nothing
                last = next((index for index in range(at + 1, last) if found[index].level <= found[at].level), last)
            first = before = at
        start = found[first].start if headings else 0
        end = found[last].start if last < len(found) else len(self.source.data)
        return self.source.data[start:end].decode()

    def block(self, name: str) -> str | None:
        """The block that a mark names; None if there is none."""
        data = self.source.data
        if self._blocks is None:
            self._blocks = {}
            for mark in marks_of(data):
                self._blocks.setdefault(mark.name.casefold(), mark.block)
        block = self._blocks.get(name.casefold())
        return None if block is None else text_of(data, block).decode()

    def completed(self, part: str) -> str:
        """A part of the body, with the footnotes and reference definitions that it names."""
        if "]:" not in self._body:
            return part
        if self._layout is None:
            self._layout = Layout.of(self._body)
        return self._layout.completed(part)

    def _find(self, wanted: str, first: int, last: int) -> int | None:
        """The first heading of this range that is called so, else the first one that Obsidian takes for that."""
        for indexes, name in ((self._exact, _named(wanted)), (self._stripped, _stripped(_named(wanted)))):
            places = indexes.get(name, [])
            at = bisect_left(places, first)
            if at < len(places) and places[at] < last:
                return places[at]
        return None


def placed(data: bytes, embed: Wikilink, content: str, newline: str) -> str:
    """The text for the place of an embed: blocks of their own, within the quote or list item that the embed is in."""
    begin = max(0, embed.start - _LOOKBACK_BYTES)
    line_start = max(begin, data.rfind(b"\n", begin, embed.start) + 1)
    before = data[line_start : embed.start].decode(errors="replace")
    is_whole = not line_start or data[line_start - 1] == ord("\n")
    container = _CONTAINER.match(before)[0] if is_whole else ""  # type: ignore[index]  # it matches the empty string
    prefix = _LIST_PART.sub(lambda part: " " * len(part[0]), container)
    empty = newline + prefix.rstrip()
    in_task = container != prefix and _TASK.fullmatch(before, len(container)) is not None
    goes_on = in_task and _begins_with_text(content)
    if container != before and not goes_on:
        lead = empty + newline + prefix
    else:
        opens = goes_on or container != prefix or _is_blank(_line_before(data, line_start))
        lead = "" if opens else newline + prefix
    rest = _BLANK_LINE.match(data, embed.end)
    follows = empty + newline + prefix if rest is None else empty
    trail = "" if rest is not None and _BLANK_LINE.match(data, rest.end()) else follows
    lines = _LINE.split(_LEADING_BLANK_LINES.sub("", content).rstrip())
    return lead + newline.join(prefix + line if line else prefix.rstrip() for line in lines)[len(prefix) :] + trail


def _begins_with_text(content: str) -> bool:
    """Whether its first block can go on in a line that has begun, behind the box of a task."""
    with panics_as_unparsable():
        event, where = next(iter(events(content.lstrip("\r\n"))), ("", {"start": 0, "end": 0}))
    return event == {"Start": "Paragraph"} and where["start"] == 0


def _line_before(data: bytes, line_start: int) -> bytes:
    return data[data.rfind(b"\n", 0, max(line_start - 1, 0)) + 1 : max(line_start - 1, 0)]


def _is_blank(line: bytes) -> bool:
    return not line.strip(b" \t>\r\n")


def _raw(data: bytes, heading: Heading) -> str:
    """A heading as written, without what makes it one."""
    text = data[heading.start : heading.end].decode()
    found = _ATX.match(text)
    return found[1] if found else text.rstrip().rpartition("\n")[0]


def _named(text: str) -> str:
    return " ".join(without_mark(unicodedata.normalize("NFC", text)).split())


def _stripped(name: str) -> str:
    """A name as Obsidian compares it; emoji, vowel signs and dashes stay."""
    return " ".join(_PUNCTUATION.sub(" ", name).casefold().split())
