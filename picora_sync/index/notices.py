"""What the index knows to be wrong, or worth knowing: of files, of folders, and of what is left on Picora."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from picora_sync.core.attention import About, Concern, gathered
from picora_sync.core.model import FileRef, Problem, RemoteObject
from picora_sync.index.rows import FileRow, Seen
from picora_sync.index.store import Index

HELD = "REMOVALS_HELD"
SHARED = "SHARED"
UNTAKEN = "KINDS_NOT_TAKEN"
_CONVERT = "Picora takes no files of this kind: convert them to .mp3 or .m4a, or leave it at that"


def concerns(index: Index, folders: Collection[str]) -> list[Concern]:
    """Of these folders, which are the configured ones: what blocks files, what else is wrong with them, what Picora did
    not delete, what waits for a person, and notes.
    """
    gaps = index.files.gaps(folders)
    known = gathered(_of_file(*told, is_gap=(told[0], told[1].code) in gaps) for told in index.files.problems())
    rest = [*_leftovers(index, folders), *_notices(index), *_untaken(index, folders)]
    return [each for each in (*known, *rest) if each.url or each.ref.folder in folders]


def _of_file(ref: FileRef, problem: Problem, blocking: bool, *, is_gap: bool) -> Concern:
    about = About.FILE if ref.path else About.FOLDER
    return Concern(about, ref, problem, blocking, serious=blocking or is_gap)


def _leftovers(index: Index, folders: Collection[str]) -> Iterator[Concern]:
    for left in index.leftovers.all(folders):
        if left.refusal is not None:
            item = left.object
            yield Concern(About.FILE, left.ref, left.problem, serious=True, url=item.url, public=item.public)


def _notices(index: Index) -> Iterator[Concern]:
    waiting = [ref for ref, _, approved in index.holds.held() if not approved]
    for folder, refs in groupby(waiting, attrgetter("folder")):
        yield Concern(About.FOLDER, FileRef(folder, ""), _held(folder, sum(1 for _ in refs)), serious=True)
    for object_id in index.objects.shared():
        item = index.objects.get(object_id)
        rows = sorted(index.files.bound_to([object_id]), key=lambda row: (row.bound_at, row.ref))
        for row in rows:
            if item is not None and (problem := _shared(row, item, rows)) is not None:
                yield Concern(About.FILE, row.ref, problem)


def _untaken(index: Index, folders: Collection[str]) -> Iterator[Concern]:
    for name in sorted(folders):
        if numbers := index.untaken(name):
            kinds = ", ".join(f"{number} {suffix}" for suffix, number in sorted(numbers.items()))
            yield Concern(About.FOLDER, FileRef(name, ""), Problem(UNTAKEN, f"not mirrored: {kinds}", _CONVERT))


def _held(folder: str, number: int) -> Problem:
    removals = "1 removal is held" if number == 1 else f"{number} removals are held"
    return Problem(HELD, f"{removals} until somebody approves", f"`picora-sync approve {folder}` shows them, and why")


def _shared(row: FileRow, item: RemoteObject, sharers: Sequence[FileRow]) -> Problem | None:
    """What this file does not get because Picora holds its content only once (design §4 "Shared objects")."""
    wanted = row.wanted
    if wanted is None or row.seen is not Seen.PRESENT or item.sha256 != wanted.sha256:
        return None
    if wanted.public and item.public is False:
        private = next((each for each in sharers if each.wanted is not None and not each.wanted.public), None)
        if private is not None:
            return _told(row, private, "which is private; so is this one")
    first = sharers[0]
    if item.title is not None and wanted.title != item.title and first.ref != row.ref:
        return _told(row, first, f"and is called {item.title} on Picora, as that is")
    return None


def _told(row: FileRow, other: FileRow, what: str) -> Problem:
    name = other.ref.path if other.ref.folder == row.ref.folder else f"{other.ref.folder}/{other.ref.path}"
    return Problem(
        SHARED, f"it has the same content as {name}, {what}", "Picora holds a content once: change one of them"
    )
