"""Collects what a person should know about one note: one Problem per code, naming all that it concerns."""

from __future__ import annotations

from picora_sync.core.model import Problem
from picora_sync.core.titles import one_line

_SHOWN = 5
_NAME_CHARS = 80

_CATALOGUE = {
    "IMAGE_NOT_FOUND": ("image not found", "put it into the vault or correct its name; the text stays as it is"),
    "IMAGE_IGNORED": ("image left out, since it is ignored", "take it out of the ignore patterns to send it"),
    "IMAGE_WRONG_SIGNATURE": (
        "not an image, whatever its name says",
        "Picora takes PNG, JPEG, WebP, GIF and SVG: export it again",
    ),
    "IMAGE_UNNAMED": ("an image without a file name", "write the name between the parentheses, or remove it"),
    "EMBED_AUDIO": (
        "audio is not played in a note; its name is sent",
        "link it by its URL on Picora: picora-sync url FILE",
    ),
    "EMBED_UNSUPPORTED": (
        "files that no note on Picora can show; their names are sent",
        "Picora shows notes and PNG, JPEG, WebP, GIF and SVG images: export the page or picture as one of these",
    ),
    "EMBED_NOT_FOUND": ("embedded note, heading or block not found", "correct the name; its text is sent instead"),
    "EMBED_NOT_SHARED": (
        "embedded note is not mirrored, or less public than this one",
        "mirror it and make it as public as this note; its text is sent instead",
    ),
    "EMBED_TOO_DEEP": ("notes embed each other in a circle, or too deeply", "its text is sent instead"),
    "EMBED_NO_ROOM": ("a note cannot be embedded in a heading or a table", "move it to a line of its own"),
}

_WITHOUT_NAMES = {
    "EMBED_CANVAS": (
        "canvases (.canvas) are shown by Obsidian alone; their names are sent",
        "export the canvas as an image, and embed that",
    ),
    "EMBED_BASE": (
        "bases (.base) are shown by Obsidian alone; their names are sent",
        "copy the base as a Markdown table into the note",
    ),
    "LOGSEQ_UNRESOLVED": (
        "block references ((…)), properties (key:: value) and queries of Logseq are sent as they are written",
        "Picora shows them as text; Logseq's own export can write the referenced text into the page",
    ),
}
"""The same for all notes, so that a folder has one of each (``core.attention.PER_FOLDER``)."""


class Remarks:
    """An ordered set of remarks."""

    def __init__(self) -> None:
        self._subjects: dict[str, dict[str, None]] = {}
        self._seen: set[tuple[str, str]] = set()
        self._whole: dict[str, Problem] = {}

    def about(self, code: str, subject: str) -> None:
        """Note that this code of the catalogue concerns ``subject`` (a name as its author wrote it)."""
        if code in _WITHOUT_NAMES:
            self.add(Problem(code, *_WITHOUT_NAMES[code]))
        elif (code, subject) not in self._seen:
            self._seen.add((code, subject))
            self._subjects.setdefault(code, {})[one_line(subject)[:_NAME_CHARS]] = None

    def add(self, problem: Problem | None) -> None:
        """Note a whole problem; the first of its code counts."""
        if problem is not None:
            self._whole.setdefault(problem.code, problem)

    def problems(self) -> tuple[Problem, ...]:
        """All of them, whole ones first."""
        return (*self._whole.values(), *(self._about(code, list(names)) for code, names in self._subjects.items()))

    @staticmethod
    def _about(code: str, names: list[str]) -> Problem:
        what, hint = _CATALOGUE[code]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return Problem(code, f"{what}: {', '.join(names[:_SHOWN])}{more}", hint)
