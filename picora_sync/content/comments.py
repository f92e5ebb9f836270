"""Removes Obsidian's ``%%comments%%``: what an author hides is never sent (design §5)."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from picora_sync.content.markdown import Span, edited, merged, parse
from picora_sync.core.model import Problem

MAX_PASSES = 50
_MARK = b"%%"
_CONTAINER_ONLY = re.compile(rb"[ \t>]*\Z")


@dataclass(frozen=True, slots=True)
class Stripped:
    """A text without its comments, and a remark if one of them never ended."""

    text: str
    problem: Problem | None = None


def strip_comments(text: str) -> Stripped:
    """Remove every comment that is not part of code, math, HTML or a link's destination.

    A comment ends at the next ``%%``, whatever is between. One that opens a line and never ends hides the rest, as
    Obsidian does; elsewhere a single ``%%`` is text. A comment that fills its lines takes them with it.
    """
    position = 0
    for remaining in reversed(range(MAX_PASSES)):
        data = text.encode()
        if data.find(_MARK, position) < 0:
            break
        # The last pass protects nothing: better to lose a line of code than to publish a comment.
        closed = merged(parse(text).closed) if remaining else []
        found = _find(data, closed, position)
        text = edited(data, [(span.start, span.end, "") for span in found.comments])
        if found.unclosed:
            return Stripped(text, _UNCLOSED)
        if found.resume is None:
            break
        position = found.resume
    return Stripped(text)


_UNCLOSED = Problem(
    code="COMMENT_UNCLOSED",
    message="a comment that opens a line with %% never ends, so the rest of the note is left out",
    hint="close it with %%, or write \\%\\% for the characters themselves",
)


@dataclass(frozen=True, slots=True)
class _Found:
    """The comments of one pass. ``resume`` is the offset, in the edited text, from which it must be parsed again."""

    comments: list[Span]
    resume: int | None = None
    unclosed: bool = False


def _find(data: bytes, closed: list[Span], position: int) -> _Found:
    starts = [span.start for span in closed]
    comments: list[Span] = []
    while (start := data.find(_MARK, position)) >= 0:
        around = _at(closed, starts, start)
        if around is not None:
            position = around.end
            continue
        close = data.find(_MARK, start + len(_MARK))
        if close < 0:
            line = data[data.rfind(b"\n", 0, start) + 1 : start]
            if not _CONTAINER_ONLY.match(line):
                break
            return _Found([*comments, Span(start, len(data))], unclosed=True)
        span = _with_own_lines(data, start, close + len(_MARK))
        comments.append(span)
        position = span.end
        if _at(closed, starts, close) is not None:
            # It ends inside of what was parsed as code or the like: without the comment, that is something else.
            return _Found(comments, resume=span.end - sum(c.end - c.start for c in comments))
    return _Found(comments)


def _at(closed: list[Span], starts: list[int], offset: int) -> Span | None:
    index = bisect_right(starts, offset) - 1
    return closed[index] if index >= 0 and offset < closed[index].end else None


def _with_own_lines(data: bytes, start: int, end: int) -> Span:
    line_start = data.rfind(b"\n", 0, start) + 1
    line_end = data.find(b"\n", end)
    line_end = len(data) if line_end < 0 else line_end + 1
    if data[line_start:start].strip() or data[end:line_end].strip():
        return Span(start, end)
    return Span(line_start, line_end)
