"""What the lines of a note say of its visibility, and what is then told of the note (decision 0210)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from picora_sync.content.spelling import BREAK, KEYS, Evidence, Line, evidence, is_key_like, is_private_line
from picora_sync.core.model import BAD_FRONTMATTER, VISIBILITY_UNCLEAR, Problem
from picora_sync.core.titles import one_line

_SHOWN_CHARS = 60

NO_MAPPING = "write `key: value` in each line, or, if these lines are text, begin the note with another one"


def is_filled(line: Line) -> bool:
    """Whether anything can be seen in it."""
    return bool(line.text.strip())


def is_of_keys(line: Line) -> bool:
    """Whether a line goes on with keys that no rule opens: another one, a list, a comment, or nothing."""
    return not is_filled(line) or is_key_like(line.text) or line.text[0] in " -#"


def named(region: Iterable[Line], head: str, own: Collection[int] = ()) -> Problem | None:
    """The first line that names the visibility, in any spelling, and is none of those that were read."""
    before: Line | None = None
    for line in region:
        if line.number not in own and (evidence(line.text) or line.text.rstrip() in KEYS):
            return doubtful(line.number, head[line.start : line.end])
        if before is not None and before.number not in own and _is_torn(before.text, line.text):
            return doubtful(before.number, head[before.start : line.end])
        before = line if is_filled(line) else before
    return None


def _is_torn(text: str, following: str) -> bool:
    """Whether a line that names the visibility was torn in two."""
    goes_on = following.lstrip()[:1] in (":", "=") and evidence(text + following) is not Evidence.NONE
    return goes_on or is_private_line(text + following)


def given(region: Iterable[Line], head: str) -> Problem | None:
    """The first line that names the visibility and gives it a value."""
    for line in region:
        if evidence(line.text) is Evidence.SET:
            return doubtful(line.number, head[line.start : line.end])
    return None


def weak(region: Iterable[Line]) -> Problem | None:
    """The first line that begins as a key does."""
    line = next((line for line in region if is_key_like(line.text)), None)
    return None if line is None else bad(line.number, "it is no mapping of keys to values", NO_MAPPING)


def breaks(head: str, start: int, end: int) -> int:
    """How many lines end between two offsets."""
    return sum(1 for _ in BREAK.finditer(head, start, end))


def bad(line: int, reason: str, hint: str = "quote values that hold : { } [ ] # or @") -> Problem:
    """What is to be read as frontmatter, and cannot be."""
    return Problem(
        code=BAD_FRONTMATTER,
        message=f"line {line}: the frontmatter cannot be read: {reason}",
        hint=f"the note is kept private until this is fixed; {hint}",
    )


def doubtful(line: int, text: str) -> Problem:
    """A line that may have been meant to say who may read the note."""
    return Problem(
        code=VISIBILITY_UNCLEAR,
        message=f"line {line}: “{one_line(text).strip()[:_SHOWN_CHARS]}” may say who may read the note, and cannot "
        "be read as that, so the note is private",
        hint="write exactly “public: true” or “public: false” on a line of its own, in a block between two --- lines "
        "with which the note begins",
    )
