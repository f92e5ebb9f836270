"""The names of files and directories, and one file through its life."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulation.matter import Matter

NOTES = (
    *("a.md", "b.md", "c.md", "e.md", "f.md", "g.md", "d/a.md", "d/x.md", "d/deep/y.md", "d/deep/z.markdown"),
    *(
        "Ünï ☃ 笔记.md",
        "Cafe\u0301.md",
        "with 'quotes\" & #hash?.md",
        "line\nbreak.md",
        "bad\udcff.md",
        "box.md/in.md",
        "box.md",
    ),
    *("o/1.md", "o/2.md", "o/3.md", "o/4.md", "o/5.md", "o/6.md"),
)
SOUNDS = ("s1.flac", "s2.flac", "d/s3.flac", "d/s 4.flac", "épisode.flac", "S5.FLAC")
DIRECTORIES = ("d", "d2", "d/deep", "o", "p")
RULES = ".picoraignore"
RULE = "d/"


@dataclass
class Line:
    """One file through its life: renamed, moved and saved over, it stays the same.

    ``since`` is when it came (or came back from being ignored), ``history`` what it held from when on (monotonic).
    Edited and moved it counts as a new one: renames are recognised by equal content (design §4). ``former`` are the
    names that it had, ``died_as`` the one that it had in the end: where another file got that, it was ``overwritten``.
    ``saved_over_at`` is when it last got another inode. ``unknown`` tells that nobody can know it for the same: since
    it was moved it got another inode, or another file got a name that it had.
    """

    since: float
    history: list[tuple[float, Matter]] = field(default_factory=list)
    overwritten: bool = False
    has_moved: bool = False
    moved_at: float = 0.0
    saved_over_at: float = float("-inf")
    died_at: float = float("inf")
    died_as: str = ""
    former: set[str] = field(default_factory=set)
    unknown: bool = False

    @property
    def now(self) -> Matter:
        return self.history[-1][1]

    def moved(self, at: float) -> Line:
        self.has_moved, self.moved_at = True, at
        if len(self.history) > 1 or not self.now.sendable:
            self.since = at
        return self
