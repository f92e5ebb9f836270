"""How deep lists and quotes of a document nest: a parser looks at each of them again in each line that follows.

Told from the beginnings of lines alone, before anything is parsed. The estimate is never too low: what counts is that
lines times depth, which the parser's time grows with, stays in proportion to the size of the text (decision 0224).
"""

from __future__ import annotations

import re

_BEGINNING = re.compile(rb"(?:^|(?<=[\r\n]))[ \t>*+\-0-9.)]+")
_MARKER = re.compile(rb">|[-+*](?=[ \t\r\n]|\Z)|[0-9]{1,9}[.)](?=[ \t\r\n]|\Z)")
_PER_BYTE = 100
_FREE = 1_000_000
_SHORT = 64 * 1024  # here no line is long enough, mostly


class NestedTooDeeply(Exception):
    """Nobody writes this by hand, and reading it would take minutes."""


def require_shallow(source: bytes) -> None:
    """Refuse what would take more than linear time.

    Raises:
        NestedTooDeeply: it has too many lines for its depth.
    """
    lines = 1 + source.count(b"\n") + source.count(b"\r")
    most = (_FREE + _PER_BYTE * len(source)) // lines
    if len(source) < _SHORT and 2 * max(map(len, source.split(b"\n"))) <= most:
        return
    beginnings = _BEGINNING.findall(source)
    # A tab is four columns, and two of them can hold a list.
    suspicious = [beginning for beginning in beginnings if 2 * len(beginning) > most]
    if any(_depth(beginning) > most for beginning in suspicious):
        raise NestedTooDeeply


def _depth(beginning: bytes) -> int:
    columns = beginning.count(b" ") + 4 * beginning.count(b"\t")
    return len(_MARKER.findall(beginning)) + columns // 2
