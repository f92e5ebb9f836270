"""Cuts out what ``![[Note#Heading]]`` means, and fits it into the place of the embed (design §5)."""

from __future__ import annotations

import re
import unicodedata

from picora_sync.content.markdown import Wikilink, parse, section_end

_LINE = re.compile(r"\r\n|\n|\r")
_LEADING_BLANK_LINES = re.compile(r"\A(?:[ \t]*(?:\r\n|\n|\r))+")
_MARKER = r"[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])"
_CONTAINER = re.compile(rf"(?:[ \t>]|{_MARKER}|\[[ xX]\](?=[ \t]))*")
_LIST_PART = re.compile(rf"{_MARKER}|\[[ xX]\](?=[ \t])")
_NOT_WORD = re.compile(r"[\W_]+")


def section(body: str, headings: tuple[str, ...]) -> str | None:
    """The section under a chain of headings, its own heading included; None if there is none. All for no headings.

    Headings are compared without regard to case, punctuation and markup.
    """
    if not headings:
        return body
    source = parse(body)
    start, end = 0, len(source.data)
    for wanted in headings:
        within = (heading for heading in source.headings if start <= heading.start < end)
        found = next((heading for heading in within if _same(heading.text) == _same(wanted)), None)
        if found is None:
            return None
        start, end = found.start, section_end(source, found)
    return source.data[start:end].decode()


def placed(data: bytes, embed: Wikilink, content: str) -> str:
    """The text for the place of an embed: blocks of their own, within the quote or list item that the embed is in."""
    before = data[data.rfind(b"\n", 0, embed.start) + 1 : embed.start].decode()
    rest, _, following = data[embed.end :].partition(b"\n")
    newline = "\r\n" if b"\r\n" in data else "\n"
    container = _CONTAINER.match(before)[0]  # type: ignore[index]  # it matches the empty string, too
    prefix = _LIST_PART.sub(lambda part: " " * len(part[0]), container)
    empty = newline + prefix.rstrip()
    if container != before:
        lead = empty + newline + prefix
    else:
        opens = container != prefix or _is_blank(_line_before(data, embed.start - len(before.encode())))
        lead = "" if opens else newline + prefix
    if not _is_blank(rest):
        trail = empty + newline + prefix
    else:
        trail = "" if _is_blank(following.partition(b"\n")[0]) else empty
    lines = _LINE.split(_LEADING_BLANK_LINES.sub("", content).rstrip())
    return lead + newline.join(prefix + line if line else prefix.rstrip() for line in lines)[len(prefix) :] + trail


def _line_before(data: bytes, line_start: int) -> bytes:
    return data[data.rfind(b"\n", 0, max(line_start - 1, 0)) + 1 : max(line_start - 1, 0)]


def _is_blank(line: bytes) -> bool:
    return not line.strip(b" \t>\r\n")


def _same(text: str) -> str:
    return " ".join(_NOT_WORD.sub(" ", unicodedata.normalize("NFC", text).casefold()).split())
