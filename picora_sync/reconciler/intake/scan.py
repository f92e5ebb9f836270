"""A scan is compared with the index; what differs goes into the change queue, exactly as events do."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from picora_sync.core.model import FileRef, Kind, Problem, kind_of
from picora_sync.core.ports import Scan
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.context import Context, Unit

LONG_AGO_S = 1e9
TOLD_WITHIN_S = 60.0
"""Events of a change come within this time, or not at all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A path that differs from the index; ``changed``: a file was made or written ``quiet_s`` ago, by its stamps."""

    ref: FileRef
    quiet_s: float
    changed: bool


def scan(context: Context, unit: Unit) -> list[Difference]:
    """Look through a folder and queue what differs from the index, which is returned.

    What could not be read is unknown, and stays as it is (design §6). Raises Stopped if the program is ending: the next
    one looks through it again.
    """
    unit.content.refresh()
    found, mounts = _look_through(context, unit)
    with context.index.transaction():
        _heed_settings(context, unit, found)
        differences = [*_compare(context, unit, found), *_stale_notes(context, unit)]
        for each in differences:
            context.queue.touch(each.ref, changed_s_ago=each.quiet_s)
        _note_problems(context, unit, found)
        if "" not in found.failed:
            context.index.folder_scanned(unit.policy.name, context.clocks.wall())
            context.index.set_mounts(unit.policy.name, mounts)
            context.index.set_untaken(unit.policy.name, found.untaken)
            context.scanned.add(unit.policy.name)
    return differences


def untold(differences: Iterable[Difference], known: Collection[FileRef]) -> FileRef | None:
    """One of the changes that events should have brought: long enough ago, and not ``known`` to be on its way."""
    late = (each.ref for each in differences if each.changed and each.quiet_s >= TOLD_WITHIN_S)
    return next((ref for ref in late if ref not in known), None)


def _look_through(context: Context, unit: Unit) -> tuple[Scan, frozenset[str]]:
    """The scan, and the mount points to be expected from now on. One that appeared or vanished where nothing is bound
    is taken as it is: nothing can be lost there.
    """
    name = unit.policy.name
    expected = context.index.mounts(name)
    unit.disk.expect_mounts(expected)
    found = unit.disk.scan()
    if "" in found.failed or expected is None:
        return found, found.mounts
    changed = found.mounts ^ expected
    harmless = {
        path for path in changed if path not in found.failed or not context.index.files.any_bound_below(name, path)
    }
    if not harmless:
        return found, expected
    expected ^= harmless
    unit.disk.expect_mounts(expected)
    return unit.disk.scan(), expected


def _heed_settings(context: Context, unit: Unit, found: Scan) -> None:
    """Where the configuration says something else than last time, unchanged files want something else, too."""
    policy, key = unit.policy, f"settings:{unit.policy.name}"
    before = context.index.meta(key)
    if before == policy.shaping:
        return
    context.index.files.rederive_all(policy.name)
    context.index.set_meta(key, policy.shaping)
    if newly_private := policy.newly_private(before):
        public = (row for row in context.index.files.all(policy.name) if row.wanted is not None and row.wanted.public)
        for ref in [row.ref for row in public if kind_of(row.ref.path) in newly_private and not _speaks(row, found)]:
            context.index.files.wants_private(ref)
            context.todo.add(ref)


def _speaks(row: FileRow, found: Scan) -> bool:
    """Whether this is a note that can be read, and may say itself that it is public. Audio wants what its folder says,
    and to know that it need not be hashed again.
    """
    return kind_of(row.ref.path) is Kind.DOC and row.seen is Seen.PRESENT and row.ref.path in found.files


def _compare(context: Context, unit: Unit, found: Scan) -> Iterator[Difference]:
    """Takes the files out of ``found`` one by one: of many, not all need be in memory as files and as differences."""
    name, mono = unit.policy.name, context.clocks.mono()
    new = found.files
    for seen, raw_path, fingerprint, settled in context.index.files.fingerprints(name):
        unit.breathe()
        path = os.fsdecode(raw_path)
        now = new.pop(path, None)
        if now is None:
            if seen == Seen.IGNORED and path in found.ignored:
                continue
            if _is_below(path, found.failed):
                if kind_of(path) is Kind.DOC:
                    context.to_peek.add(FileRef(name, path))
                if "" not in found.failed:  # a root that is away as a whole does not change meanwhile
                    context.not_read(FileRef(name, path))
                continue
            yield Difference(FileRef(name, path), LONG_AGO_S, changed=False)
        elif now != fingerprint or not settled or seen not in (Seen.PRESENT, Seen.IGNORED):
            changed = seen == Seen.PRESENT and fingerprint is not None and now != fingerprint
            yield Difference(FileRef(name, path), context.ages.quiet_s(now, mono), changed)
        elif context.unread:
            context.unread.pop(FileRef(name, path), None)  # it could not be found, and has not changed meanwhile
    for path in list(new):
        yield Difference(FileRef(name, path), context.ages.quiet_s(new.pop(path), mono), changed=True)


def _stale_notes(context: Context, unit: Unit) -> Iterator[Difference]:
    for path, depends in context.index.files.dependencies(unit.policy.name).items():
        unit.breathe()
        if unit.content.stale(path, depends):
            ref = FileRef(unit.policy.name, path)
            context.index.files.rederive(ref)
            yield Difference(ref, LONG_AGO_S, changed=False)


def _note_problems(context: Context, unit: Unit, found: Scan) -> None:
    name = unit.policy.name
    context.closed[name] = frozenset(found.failed)
    context.closing[name] = context.closed[name] - context.index.files.scan_remarks(name)
    for path, why in found.ignored.items():
        ref = FileRef(name, path)
        row = context.index.files.get(ref)
        if row is None:
            context.index.files.ignore(ref, why, None, context.clocks.wall())
    places = {**found.problems, **found.failed}
    context.index.files.replace_scan_remarks(name, [(FileRef(name, path), p) for path, p in places.items()])


def _is_below(path: str, failed: Mapping[str, Problem] | Iterable[str]) -> bool:
    return any(not top or path == top or path.startswith(f"{top}/") for top in failed)
