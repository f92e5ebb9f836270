"""Removes Obsidian's ``%%comments%%``: what an author hides is never sent (design §5, decision 0215).

Where a comment ends depends on what one takes for code, and on whether it may go on in the next paragraph, where
Obsidian's editor and its reading view differ. So a note is read in both ways, and what either of them hides is left
out; nothing but what is code without doubt is kept from that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from picora_sync.content.markdown import Span, edited, merged
from picora_sync.content.terrain import Stretches, Terrain, survey, unsurveyed
from picora_sync.core.model import Problem, suffix_of

LARGE_BYTES = 1 << 20
FREE_SURVEY_BYTES = 1 << 16
"""So much may be parsed again because of comments that hide half of a code block, and once more a note that is not
larger than ``LARGE_BYTES``."""
MOST_MARKS = 20_000
"""Where there are more, all from the first one on is left out: each of them costs time."""
UNNAMED = "Untitled"
"""The name of what is called nothing but a comment."""

_MARK = b"%%"
_EMPTY = re.compile(rb"(?:%%%%)+")
_FENCES = re.compile(rb"%{4,}")
_LINE_START = re.compile(rb"(?:\A|(?<=[\r\n]))(?:[ \t>]|(?:[-+*]|\d{1,9}[.)])[ \t])*+(?:\[[ xX]\][ \t]+)?+(?=(%%))")
_SIGN_OF_PERCENT = re.compile(rb"[\s.,;:!?)\]}\"'*_]|\Z")
_UNSEEN = re.compile(rb"<!--|`{3}|~{3}")
"""What begins a block of which nobody is shown anything: a comment of HTML, what stands behind an opening fence."""
_ENDS = re.compile(rb"[^\s%]%%(?:\s|\Z)")
"""An end of a comment by its looks: right behind a word."""
_TAIL_OF_RUN = re.compile(rb"%%%(?:\s|\Z)")
_NO_BREAK = re.compile(rb"[^\r\n]")
_OPENING = r"%%(?!(?<=\d%%)(?:[\s.,;:!?)\]}\"'*_]|\Z))"
"""Not behind a number, as in ``100%%``: there a single one means itself."""
_IN_LINE = re.compile(rf"%%[^\r\n]*?%%|{_OPENING}[^\r\n]*")
_IN_TEXT = re.compile(r"%%.*?%%", re.DOTALL)
_UNCLOSED = re.compile(rf"{_OPENING}.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Stripped:
    """A text without its comments, and a remark if one of them never ended, or may have ended elsewhere."""

    text: str
    problem: Problem | None = None


def strip_comments(text: str, *, first_line: int = 1) -> Stripped:
    """Remove every comment, and whatever may be one. ``first_line`` is the line of its file in which the text begins.

    A comment ends at the next ``%%``, whatever is between, and hides the rest if there is none. A comment that fills
    its lines takes them with it. Raises Unparsable.
    """
    if "%%" not in text:
        return Stripped(text)
    data = text.encode()
    starts = frozenset(match.start(1) for match in _LINE_START.finditer(data))
    if data.count(_MARK) > MOST_MARKS:
        return _without_rest(data, first_line)
    terrain, allowance = survey(data), _Allowance(FREE_SURVEY_BYTES + (len(data) if len(data) <= LARGE_BYTES else 0))
    editor = _Reading(data, _Ground(data, terrain, allowance), starts)
    editor.read_on()
    view = _Reading(data, _Ground(data, terrain, allowance), starts)
    if not editor.plain:  # else both are the same
        view.read_by_block()
    hidden = merged([*editor.hidden, *view.hidden, *_between_fences(data, terrain, starts)])
    if not hidden:
        return Stripped(text)
    return Stripped(
        edited(data, [(span.start, span.end, "") for span in merged(_with_own_lines(data, span) for span in hidden)]),
        _remark(data, editor, view, hidden, first_line),
    )


def _without_rest(data: bytes, first_line: int) -> Stripped:
    rest = _with_own_lines(data, Span(data.find(_MARK), len(data)))
    problem = Problem(
        code="COMMENT_DOUBTFUL",
        message=f"line {first_line + _lines(data, rest.start)}: the note holds %% more than {MOST_MARKS:,} times, so "
        "everything from the first one on is left out",
        hint="split the note, or write \\%\\% for the characters themselves",
    )
    return Stripped(data[: rest.start].decode(), problem)


def strip_metadata(head: str) -> Stripped:
    """The same for a block of metadata, the last line of which closes it.

    Whether a comment ends in its line there is doubtful, so it is read in both ways, and what either hides goes.
    """
    if "%%" not in head:
        return Stripped(head)
    end = head.rstrip().rfind("\n") + 1
    inside = head[:end]
    through = [Span(*match.span()) for match in _IN_TEXT.finditer(inside)]
    hidden = [*through, *(Span(*match.span()) for match in _IN_LINE.finditer(inside))]
    unclosed = _UNCLOSED.search(inside, through[-1].end if through else 0)
    if unclosed:
        hidden.append(Span(unclosed.start(), end))
    kept, position = list[str](), 0
    for span in merged(hidden):
        kept.append(inside[position : span.start])
        position = span.end
    text = "".join((*kept, inside[position:]))
    broken = "" if not text or text.endswith("\n") else "\n"
    problem = _unclosed(1 + inside.count("\n", 0, unclosed.start()), "frontmatter") if unclosed else None
    return Stripped(text + broken + head[end:], problem)


def strip_value(value: str) -> str:
    """The same for a short text that is sent by itself: a title, a tag, a name. ``100%%`` is none that never ends."""
    return _UNCLOSED.sub("", _IN_TEXT.sub("", value)) if "%%" in value else value


def strip_path(path: str) -> str:
    """The same for the path of a note, whose parts become titles, file names and addresses."""
    if "%%" not in path:
        return path
    end = len(path) - len(suffix_of(path))
    return "/".join(strip_value(part).strip() or UNNAMED for part in path[:end].split("/")) + path[end:]


@dataclass(slots=True)
class _Allowance:
    """How many bytes may still be parsed again, so that the whole takes linear time."""

    left_bytes: int


@dataclass(slots=True)
class _Ground:
    """The structure of a text in which comments are found one after the other, from the start."""

    data: bytes
    terrain: Terrain
    allowance: _Allowance
    masked: bytearray = field(default_factory=bytearray)
    pending: list[Span] = field(default_factory=list)

    def hide(self, span: Span) -> None:
        """What lies in the comment is no structure. If it was half of some, all that follows is read anew."""
        self.pending.append(span)
        if not self.terrain.cuts(span.end):
            return
        self.allowance.left_bytes -= len(self.data)
        if self.allowance.left_bytes < 0:
            self.terrain = unsurveyed(self.data)  # better to lose a line of code than to publish a comment
            return
        self.masked = self.masked or bytearray(self.data)
        for each in self.pending:
            self.masked[each.start : each.end] = _NO_BREAK.sub(b"x", self.data[each.start : each.end])
        self.pending.clear()
        self.terrain = survey(bytes(self.masked))


@dataclass(slots=True)
class _Reading:
    """One way to read the comments of a text, whose lines begin with ``%%`` at the offsets ``line_starts``."""

    data: bytes
    ground: _Ground
    line_starts: Collection[int]
    hidden: list[Span] = field(default_factory=list)
    end_of_hidden: int = 0
    unclosed: int | None = None
    plain: bool = True
    """Whether each comment ends in its block, or begins a line, and no ``%%`` may mean itself."""

    def read_on(self) -> None:
        """As the editor does: a comment goes on until the next ``%%``, through all paragraphs."""
        for start, weak in self._openings():
            close = -1 if weak else self.data.find(_MARK, start + 2)
            self.plain = self.plain and close >= 0 and self._in_block(start, close + 2)
            if close >= 0:
                self._hide(start, close)
            elif not weak:
                self._hide_rest(start)

    def _in_block(self, start: int, end: int) -> bool:
        border = None if start in self.line_starts else self.ground.terrain.next_border(start)
        return border is None or border >= end

    def read_by_block(self) -> None:
        """As the reading view does: only a comment that begins a line goes on in the next paragraph."""
        ends_another = -1
        for start, weak in self._openings():
            terrain = self.ground.terrain
            border = None if start in self.line_starts and not weak else terrain.next_border(start)
            limit = len(self.data) if border is None else border
            around = terrain.blocks.at(start) if weak else None
            # Where one may mean itself, any of the block's may begin or end a comment.
            close = (self.data.rfind if weak else self.data.find)(_MARK, start + 2, limit)
            if around is not None and _UNSEEN.match(self.data, around.start):
                self._hide(start, around.end - 2)
            elif close >= 0:
                self._hide(start, close)
            elif not weak and not (start == ends_another and _ENDS.match(self.data, start - 1)):
                # For the editor the comment goes on; but the next %% may as well begin another one.
                following = self._outside_of_code(start + 2)
                ends_another = -1 if self.data[start - 1 : start] == b"%" else following
                self._hide_rest(start) if following < 0 else self._hide(start, following - 2)

    def _openings(self) -> Iterator[tuple[int, bool]]:
        """Where a comment may begin outside of those that are hidden already, and whether ``%%`` may mean itself."""
        position = 0
        while (at := self.data.find(_MARK, max(position, self.end_of_hidden))) >= 0:
            terrain = self.ground.terrain
            around = terrain.code.at(at)
            if around is not None:
                position = around.end
                continue
            position = at + 2
            around = terrain.sealed.at(at)
            if around is not None:
                close = self.data.find(_MARK, at + 2, around.end)
                if close >= 0:
                    self._hide(at, close)
                continue
            empty = _EMPTY.match(self.data, at)
            if empty is not None:
                self._hide(at, empty.end() - 2)
                continue
            start, weak = self._strength(at, terrain)
            position = start + 2
            yield start, weak

    def _outside_of_code(self, position: int) -> int:
        while (at := self.data.find(_MARK, position)) >= 0:
            around = self.ground.terrain.code.at(at)
            if around is None:
                break
            position = around.end
        return at

    def _strength(self, at: int, terrain: Terrain) -> tuple[int, bool]:
        before, backslashes = at, 0
        while before and self.data[before - 1] == ord("\\"):
            before, backslashes = before - 1, backslashes + 1
        if backslashes % 2:
            return (at + 1, False) if self.data.startswith(b"%%%", at) else (at, True)
        if at and self.data[at - 1 : at].isdigit() and _SIGN_OF_PERCENT.match(self.data, at + 2):
            return at, True
        if terrain.blocks.at(at) is not None or (
            0 < at == self.end_of_hidden and _TAIL_OF_RUN.match(self.data, at - 1)
        ):
            return at, True
        return at, terrain.spans.at(at) is not None and at not in self.line_starts

    def _hide(self, start: int, close: int) -> None:
        span = Span(start, close + 2)
        self.hidden.append(span)
        self.end_of_hidden = span.end
        self.ground.hide(span)

    def _hide_rest(self, start: int) -> None:
        self.unclosed = start
        self.end_of_hidden = len(self.data)
        self.hidden.append(Span(start, len(self.data)))


def _between_fences(data: bytes, terrain: Terrain, line_starts: Collection[int]) -> Iterator[Span]:
    """What is between equally long runs of ``%``, in one block or at the start of lines: longer marks, perhaps."""
    runs = [run.span() for run in _FENCES.finditer(data) if terrain.code.at(run.start()) is None]
    at_line_start = [run for run in runs if run[0] in line_starts]
    for first, second in (*pairwise(runs), *pairwise(at_line_start)):
        border = terrain.next_border(first[0])
        together = border is None or border >= second[1] or second[0] in line_starts
        if together and first[1] - first[0] == second[1] - second[0]:
            yield Span(first[0], second[1])


def _with_own_lines(data: bytes, span: Span) -> Span:
    start, end = span.start, span.end
    while start and data[start - 1] in b" \t":
        start -= 1
    if start and data[start - 1] != ord("\n"):
        return span
    while end < len(data) and data[end] in b" \t\r":
        end += 1
    if end < len(data):
        return Span(start, end + 1) if data[end] == ord("\n") else span
    return Span(start, end)


def _remark(data: bytes, editor: _Reading, view: _Reading, hidden: list[Span], first_line: int) -> Problem | None:
    unclosed = [reading.unclosed for reading in (editor, view) if reading.unclosed is not None]
    if unclosed:
        return _unclosed(first_line + _lines(data, min(unclosed)), "note")
    certain = Stretches(editor.hidden)
    doubtful = next((span for span in hidden if (sure := certain.at(span.start)) is None or sure.end < span.end), None)
    if doubtful is None:
        return None
    return _doubtful(first_line + _lines(data, doubtful.start))


def _unclosed(line: int, where: str) -> Problem:
    return Problem(
        code="COMMENT_UNCLOSED",
        message=f"line {line}: a comment that opens with %% never ends, so the rest of the {where} is left out",
        hint="close it with %%, or write \\%\\% for the characters themselves",
    )


def _doubtful(line: int) -> Problem:
    return Problem(
        code="COMMENT_DOUBTFUL",
        message=f"line {line}: %% may begin or end a comment here, so what is between two of them is left out",
        hint="put code into a fence or backticks, or write \\%\\% for the characters themselves",
    )


def _lines(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset)
