"""Making private in time (promise 4): which notes want it, what they were called before, and what shows their text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from picora_sync.core.model import FileRef, Fingerprint, Kind, kind_of
from picora_sync.core.ports import Absent, Present, Unknown
from picora_sync.core.succession import is_another
from picora_sync.index.rows import FileRow
from picora_sync.reconciler.context import Context, Unit
from picora_sync.reconciler.intake.derive import Derivations


class Privacy:
    """Writes into the index what must become private; the planner makes calls of it."""

    def __init__(self, context: Context, derivations: Derivations) -> None:
        self._context = context
        self._derivations = derivations

    def peek(self, ref: FileRef) -> None:
        """After 2 s of quiet: does a note whose object may be public want to be private now? (promise 4)."""
        unit = self._context.unit(ref)
        if unit is None or kind_of(ref.path) is not Kind.DOC:
            return
        row = self._context.index.files.get(ref)
        match unit.disk.look(ref.path):
            case Present(fingerprint):
                exposed = row is not None and (self.may_be_public(row) or ref in self._context.showed)
                self.heed(unit, ref, row if exposed else None, fingerprint)
            case Unknown(readable=True) if row is not None and self.may_be_public(row):
                if unit.content.wants_private(ref.path):
                    self.hide([row])
            case _:
                pass

    def heed(self, unit: Unit, ref: FileRef, row: FileRow | None, fingerprint: Fingerprint) -> None:
        """Hear a note's wish to be private, whatever else keeps it from being sent."""
        if kind_of(ref.path) is not Kind.DOC:
            return
        heard = [*([] if row is None else [row]), *self._former(ref, fingerprint)]
        if heard and unit.content.wants_private(ref.path):
            self.hide(heard)

    def turned_private(self, ref: FileRef, row: FileRow | None, fingerprint: Fingerprint) -> None:
        """It is settled what this note wants, now under this name; what showed its text, or was it, must follow."""
        self.hide(self._former(ref, fingerprint))
        if row is not None and self._was_shown(row):
            self._hide_dependents(ref)
        self._context.showed.discard(ref)

    def hide(self, rows: Iterable[FileRow]) -> None:
        """Make private what these files are bound to, and all that may show their text."""
        for row in rows:
            if self._was_shown(row):
                self._hide_dependents(row.ref)
            self._context.index.files.wants_private(row.ref)
            self._context.index.files.rederive(row.ref)  # it may come back as it was
            self._context.todo.add(row.ref)

    def may_be_public(self, row: FileRow) -> bool:
        """Whether its object is, or may be, public; without one: whether it may be on its way to become so."""
        if row.bound is None:
            return row.wanted is not None and row.wanted.public
        item = self._context.index.objects.get(row.bound)
        return item is not None and item.public is not False

    def touch_dependents(self, ref: FileRef) -> list[FileRef]:
        """Have the notes derived anew that may show this file; they are returned."""
        name = unicodedata.normalize("NFC", ref.path.rpartition("/")[2]).casefold()
        self._derivations.name_changed(name)
        dependents = [each for each in self._context.index.files.dependents(name) if each != ref]
        for dependent in dependents:
            self._context.index.files.rederive(dependent)
            self._context.queue.touch(dependent)
        return dependents

    def _hide_dependents(self, ref: FileRef) -> None:
        """What may show this note's text is private until it was sent without it, or found not to show it."""
        for dependent in self.touch_dependents(ref):
            row = self._context.index.files.get(dependent)
            if row is not None and row.wanted is not None and row.wanted.public:
                self._context.showed.add(dependent)
            self._context.index.files.wants_private(dependent)
            self._context.todo.add(dependent)

    def _was_shown(self, row: FileRow) -> bool:
        """Whether public notes may show this one's text."""
        return row.ref in self._context.showed or (row.wanted is not None and row.wanted.public)

    def _former(self, ref: FileRef, fingerprint: Fingerprint) -> list[FileRow]:
        """What this file was called before it was renamed, and perhaps edited: what vanished, had its inode, and may be
        public. The guard may keep that on Picora for long, and must not keep it public.
        """
        rows = [row for row in self._context.index.files.with_inode_of(fingerprint) if row.ref != ref]
        rows = [row for row in rows if self.may_be_public(row) and self.is_gone(row.ref)]
        born_ns = self._born_ns(ref) if rows else None
        return [row for row in rows if not is_another(row.born_ns, born_ns)]

    def _born_ns(self, ref: FileRef) -> int | None:
        unit = self._context.unit(ref)
        there = None if unit is None else unit.disk.look(ref.path)
        return there.born_ns if isinstance(there, Present) else None

    def is_gone(self, ref: FileRef) -> bool:
        """Whether a look at the disk finds nothing there."""
        unit = self._context.unit(ref)
        return unit is not None and isinstance(unit.disk.look(ref.path), Absent)
