"""Cuts out what ``![[Note#Heading]]`` means, and fits it into the place of the embed (design §5)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from picora_sync.content.markdown import Source, Wikilink, parse

_LINE = re.compile(r"\r\n|\n|\r")
_LEADING_BLANK_LINES = re.compile(r"\A(?:[ \t]*(?:\r\n|\n|\r))+")
_MARKER = r"[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])"
_CONTAINER = re.compile(rf"(?:[ \t>]|{_MARKER}|\[[ xX]\](?=[ \t]))*")
_LIST_PART = re.compile(rf"{_MARKER}|\[[ xX]\](?=[ \t])")
_BLANK_LINE = re.compile(rb"[ \t>\r]*+(?:\n|\Z)")
_LOOKBACK_BYTES = 1024
"""A line that begins with more than this is none that a quote or a list begins."""
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Sections:
    """A body that others embed: parsed once, however often."""

    source: Source
    names: list[str]
    """Its headings as they are compared: without regard to case, punctuation and markup."""

    @classmethod
    def of(cls, body: str) -> Sections:
        """Raises Unparsable."""
        source = parse(body)
        return cls(source, [_folded(heading.text) for heading in source.headings])

    def section(self, headings: tuple[str, ...]) -> str | None:
        """The section under a chain of headings, its own heading included; None if there is none."""
        found = self.source.headings
        first, last, before = 0, len(found), -1
        for wanted in map(_folded, headings):
            at = next((index for index in range(first, last) if self.names[index] == wanted), None)
            if at is None:
                return None
            if at != before:  # a heading repeated in the chain changes nothing
                last = next((index for index in range(at + 1, last) if found[index].level <= found[at].level), last)
            first = before = at
        start = found[first].start if headings else 0
        end = found[last].start if last < len(found) else len(self.source.data)
        return self.source.data[start:end].decode()


def placed(data: bytes, embed: Wikilink, content: str, newline: str) -> str:
    """The text for the place of an embed: blocks of their own, within the quote or list item that the embed is in."""
    begin = max(0, embed.start - _LOOKBACK_BYTES)
    line_start = max(begin, data.rfind(b"\n", begin, embed.start) + 1)
    before = data[line_start : embed.start].decode(errors="replace")
    is_whole = not line_start or data[line_start - 1] == ord("\n")
    container = _CONTAINER.match(before)[0] if is_whole else ""  # type: ignore[index]  # it matches the empty string
    prefix = _LIST_PART.sub(lambda part: " " * len(part[0]), container)
    empty = newline + prefix.rstrip()
    if container != before:
        lead = empty + newline + prefix
    else:
        opens = container != prefix or _is_blank(_line_before(data, line_start))
        lead = "" if opens else newline + prefix
    rest = _BLANK_LINE.match(data, embed.end)
    follows = empty + newline + prefix if rest is None else empty
    trail = "" if rest is not None and _BLANK_LINE.match(data, rest.end()) else follows
    lines = _LINE.split(_LEADING_BLANK_LINES.sub("", content).rstrip())
    return lead + newline.join(prefix + line if line else prefix.rstrip() for line in lines)[len(prefix) :] + trail


def _line_before(data: bytes, line_start: int) -> bytes:
    return data[data.rfind(b"\n", 0, max(line_start - 1, 0)) + 1 : max(line_start - 1, 0)]


def _is_blank(line: bytes) -> bool:
    return not line.strip(b" \t>\r\n")


def _folded(text: str) -> str:
    return " ".join(_NOT_WORD.sub(" ", unicodedata.normalize("NFC", text).casefold()).split())
