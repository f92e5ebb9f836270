"""A new index from folders and account: what Picora holds already is recognised, and nothing is uploaded (design §9).

Everything found out is kept in the index at once, so that a rebuild that was interrupted goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from picora_sync.change_queue import ChangeQueue
from picora_sync.core.model import FileRef, Kind, Metadata, Problem, RemoteObject, Tier
from picora_sync.core.note_match import Mould, mould
from picora_sync.core.plan import Upload
from picora_sync.core.ports import Derived, Library
from picora_sync.errors import FileChanged, FileUnreadable
from picora_sync.index import Index
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.audit.match_content import Recogniser
from picora_sync.reconciler.context import Clocks, Context, Unit
from picora_sync.reconciler.deletion.grace import Removals
from picora_sync.reconciler.intake import scan
from picora_sync.reconciler.intake.derive import Derivations
from picora_sync.reconciler.intake.derived_cache import Texts
from picora_sync.reconciler.intake.inspect import Inspector
from picora_sync.reconciler.intake.open_files import Writers
from picora_sync.reconciler.intake.recall import Recall
from picora_sync.reconciler.planning.dry_run import AT_ONCE, without_waits
from picora_sync.report import Progress, RebuildReport, Tell
from picora_sync.workers import AtOnce

BATCH = 100
"""So many files are read between two commits."""
LOOKS = 3
"""A file that keeps changing is read so many times; the next sync sees to it."""

UNSURE = Problem(
    "AUDIO_NOT_COMPARABLE",
    "audio of the same size on Picora cannot be read, so it may or may not be this file",
    "make the audio of this size public on Picora, or delete it there: the file waits for that",
)


class Rebuilding:
    """Fills an index that holds nothing, or what an interrupted rebuild left in it."""

    def __init__(self, index: Index, units: Sequence[Unit], clocks: Clocks, tell: Tell) -> None:
        self._index = index
        self._units = {unit.policy.name: without_waits(unit) for unit in units}
        self._clocks = clocks
        self._tell = tell
        self._others: list[RemoteObject] = []

    def expect_readable(self) -> None:
        """Raises FileUnreadable where a part of a folder cannot be read: what is in it would not be recognised, and be
        uploaded a second time later.
        """
        for name, unit in self._units.items():
            for path, problem in unit.disk.scan().failed.items():
                where = f"{name}/{path}" if path else name
                raise FileUnreadable(
                    f"{where}: {problem.message}",
                    hint=f"{problem.hint or 'make it readable, or ignore it'}; then run `picora-sync rebuild` again",
                )

    def look(self) -> None:
        """Scan the folders and read their files, as if everything had settled."""
        queue = ChangeQueue(lambda _: AT_ONCE, self._clocks.mono)
        context = Context(self._index, queue, self._units, self._clocks, self._clocks.wall)
        derivations = Derivations(AtOnce(), "rebuild")
        inspector = Inspector(context, Removals(context), Texts(0), derivations, Writers(context).still_held)
        recall = Recall(context, Derivations(AtOnce(), "recall"), inspector.privacy)
        with self._index.transaction():
            recall.take_up()
            recall.run()
            recall.finish()
        for unit in self._units.values():
            scan.scan(context, unit)
        looks: Counter[FileRef] = Counter()
        while due := [ref for ref in queue.take_due(float("inf")) if looks[ref] < LOOKS]:
            looks.update(due)
            for start in range(0, len(due), BATCH):
                self._tell(Progress("reading files", start, len(due)))
                with self._index.transaction():
                    for ref in due[start : start + BATCH]:
                        inspector.inspect_and_record(ref)

    def recognise(
        self, library: Library, eta: Callable[[Mapping[Tier, int]], float], server_s: float, *, claim: bool
    ) -> None:
        """Bind every file to the object that holds what it wants. Found objects count as somebody else's, and are never
        deleted, unless we ``claim`` them. ``server_s`` is the server's time: what is there was made before.

        Raises the RemoteError that ended it.
        """
        known = {item.id: item for item in self._index.objects.all()}
        recogniser = Recogniser(library, known, self._remember, self._tell, eta)
        notes = self._wanted(Kind.DOC)
        found = recogniser.documents(_sizes(notes), list(self._moulds(notes)))
        audio = self._wanted(Kind.AUDIO)
        heard = recogniser.audio(_sizes(audio))
        with self._index.transaction():
            holders = {item.id: item for item in (*found.values(), *heard.values())}
            for item in self._index.objects.all():
                if item.id not in holders:
                    self._index.objects.forget(item.id)
            for item in holders.values():
                self._bind(replace(item, ours=claim))
            for row in audio:
                self._doubt(row, recogniser.unsure, server_s)
        self._others = [item for item in recogniser.listed if item.id not in holders]

    def report(self, requests: int) -> RebuildReport:
        """What the index knows now."""
        rows = [*self._wanted(Kind.DOC), *self._wanted(Kind.AUDIO)]
        return RebuildReport(
            files=len(rows),
            recognised=sum(row.bound is not None for row in rows),
            objects=len(self._index.objects.all()),
            requests=requests,
            others=sorted(self._others, key=lambda item: (not item.public, item.kind, item.title or "", item.id)),
            problems=[
                (ref, problem)
                for ref, problem, blocking in self._index.files.problems()
                if blocking or problem.code == UNSURE.code
            ],
        )

    def _wanted(self, kind: Kind) -> list[FileRow]:
        """The files that want to be on Picora as this kind."""
        rows = (row for name in self._units for row in self._index.files.all(name))
        return [
            row
            for row in rows
            if row.seen is Seen.PRESENT and row.wanted is not None and row.wanted.kind is kind and row.wanted.selected
        ]

    def _moulds(self, rows: Iterable[FileRow]) -> Iterator[Mould]:
        for row in rows:
            if row.wanted is None or not row.wanted.embeds:
                continue
            try:
                derived = self._units[row.ref.folder].content.derive(row.ref.path)
            except (FileChanged, FileUnreadable):
                continue  # the next sync looks at it again
            if isinstance(derived, Derived) and derived.text is not None:
                yield mould(derived.text)

    def _remember(self, item: RemoteObject) -> None:
        with self._index.transaction():
            self._index.objects.store(replace(item, ours=False))  # what is ours stays ours: nothing is claimed yet

    def _bind(self, item: RemoteObject) -> None:
        index = self._index
        index.objects.store(item)
        for row in index.files.wanting([item.sha256] if item.sha256 else []):
            if row.seen is Seen.PRESENT and row.wanted is not None and row.wanted.kind is item.kind:
                index.objects.bind(row.ref, item, self._clocks.wall())

    def _doubt(self, row: FileRow, sizes: set[int], server_s: float) -> None:
        """Have a file looked for again before it is sent, since it may be there already (design §7)."""
        wanted, now = row.wanted, self._index.files.get(row.ref)
        if wanted is None or wanted.size_bytes not in sizes or now is None or now.bound is not None:
            return
        upload = Upload(row.ref, wanted, Metadata(wanted.title, (), wanted.public), UNSURE.message)
        self._index.objects.open_intent(upload, None, server_s)
        self._index.files.remark(row.ref, UNSURE)


def _sizes(rows: Iterable[FileRow]) -> dict[str, int]:
    return {row.wanted.sha256: row.wanted.size_bytes for row in rows if row.wanted is not None}
