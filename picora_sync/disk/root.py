"""Whether the root is there and is the one we know (design §6.2, lessons 1-3, 5): a random id kept in the folder."""

from __future__ import annotations

import errno
import os
import secrets
import shlex
import stat
from collections.abc import Sequence
from dataclasses import replace

from picora_sync.core.model import Fingerprint, Problem
from picora_sync.disk.faults import GONE, printable, problem_of
from picora_sync.disk.marker import DIRECTORY, MARKER, is_in_place, read_id, write_id

_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_MARKER_NOTE = (
    "picora-sync knows this folder by the line above, and deletes nothing without it. Please keep this file.\n"
)
_SAFE = "Nothing is sent or deleted meanwhile."
_STOP = "To stop mirroring it, take it out of the configuration: what is on Picora stays."


class RootIdentity:
    """The id of one root. Until :meth:`mark` was called, any readable directory passes."""

    def __init__(self, root: str, name: str) -> None:
        self._root = root
        self._name = name
        self._marker = f"{root}/{MARKER}"
        self._expected: str | None = None
        self._verified: Fingerprint | None = None
        self._landmarks: tuple[str, ...] = ()
        self._is_refused = False  # its mark could not be read: until it can, the root may be another's

    def mark(self, expected_id: str | None, landmarks: Sequence[str] = ()) -> str | Problem:
        """The root's id. None on the first run: the marker is then made, if there is none yet.

        "" stands for a root that cannot be written: it is known by the presence of at least one of its
        ``landmarks``, paths of files that were there before.
        """
        self._expected, self._verified, self._landmarks = expected_id, None, tuple(landmarks)
        self._is_refused = False
        if expected_id is None:
            problem = self.check()
            found = problem or self._read() or self._create()
            if isinstance(found, Problem):
                self._is_refused = True
                return found
            self._expected = found
        return self.check() or self._expected or ""

    def check(self) -> Problem | None:
        """None if the root is there and ours. One stat as long as the marker does not change."""
        try:
            if not stat.S_ISDIR(os.stat(self._root).st_mode):  # noqa: PTH116  # hot path, a string all the way
                return self._missing("is no directory")
        except OSError as error:
            return self._missing("is not there") if error.errno in GONE else problem_of(error, self._root)
        if self._is_refused and isinstance(found := self._read(), Problem):
            return found
        if self._expected:
            return self._check_marker(self._expected)
        return self._check_landmarks() if self._expected == "" else None

    def remember(self, landmarks: Sequence[str]) -> None:
        """Some files that are there now, by which a root without a marker is known from here on."""
        self._landmarks = tuple(landmarks)

    def _check_marker(self, expected: str) -> Problem | None:
        try:
            seen = Fingerprint.of(os.lstat(self._marker))
        except OSError:
            seen = None  # reading it finds out why
        if seen is not None and seen == self._verified and is_in_place(self._root):
            return None
        found = self._read()
        if isinstance(found, Problem):
            return found
        if found != expected:
            return self._not_ours(found, expected)
        self._verified = seen
        return None

    def _check_landmarks(self) -> Problem | None:
        if not self._landmarks or any(os.path.lexists(f"{self._root}/{path}") for path in self._landmarks):
            return None
        return Problem(
            "ROOT_EMPTY",
            f"{printable(self._root)} holds none of the files it held before",
            f"Is its disk mounted? {_SAFE} {_STOP}",
        )

    def _read(self) -> str | Problem | None:
        found = read_id(self._root)
        return replace(found, hint=f"{found.hint} {_SAFE}") if isinstance(found, Problem) else found

    def _create(self) -> str | Problem:
        new_id = secrets.token_hex(16)
        try:
            problem = write_id(self._root, new_id, _MARKER_NOTE)
        except OSError as error:
            return "" if error.errno in _READ_ONLY else problem_of(error, self._marker)
        return problem or new_id

    def _missing(self, what: str) -> Problem:
        return Problem(
            "ROOT_MISSING",
            f"the folder {printable(self._root)} {what}",
            f"Mount or restore it. {_SAFE} {_STOP}",
        )

    def _not_ours(self, found: str | None, expected: str) -> Problem:
        root, marker = printable(self._root), shlex.quote(printable(self._marker))
        directory = shlex.quote(printable(f"{self._root}/{DIRECTORY}"))
        keep = f"mkdir -p {directory} && echo {shlex.quote(expected)} > {marker}"
        return Problem(
            "ROOT_OTHER" if found else "ROOT_UNMARKED",
            f"{root} carries the mark of another folder" if found else f"{root} lost its mark, {MARKER}",
            f"Is the right disk mounted there? {_SAFE} If this is the right folder, mark it again: {keep}",
        )
