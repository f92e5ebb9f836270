"""A scan is compared with the index; what differs goes into the change queue, exactly as events do.

A scan gives the work that it waits for, and a chance to do something else between its steps: who drives it decides
where the one is done, and how long it goes on with the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from picora_sync.core.model import Dependency, FileRef, Kind, Problem, kind_of
from picora_sync.core.ports import Scan
from picora_sync.index.rows import FileRow, Seen
from picora_sync.reconciler.context import Context, Unit

LONG_AGO_S = 1e9
PAGE = 1000
"""So many files are compared in one step."""
TOLD_WITHIN_S = 60.0
"""Events of a change come within this time, or not at all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A path that differs from the index; ``changed``: a file was made or written ``quiet_s`` ago, by its stamps."""

    ref: FileRef
    quiet_s: float
    changed: bool


@dataclass(frozen=True, slots=True)
class Errand:
    """Work on the disk; :meth:`unanswered` is what to go on with if the disk does not answer."""

    work: Callable[[], Any]
    unanswered: Callable[[Problem], Any]


Steps = Generator[Errand | None, Any, list[Difference]]
"""The steps of a scan: an errand is answered with what came of it; at None it may be left for a while."""


def scan(context: Context, unit: Unit) -> list[Difference]:
    """Look through a folder and queue what differs from the index, which is returned: all at once, in this thread."""
    with context.index.transaction():
        steps, answer = looking(context, unit), None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration as end:
                found: list[Difference] = end.value
                return found
            answer = None if step is None else step.work()


def looking(context: Context, unit: Unit) -> Steps:
    """Look through a folder, and queue what differs from the index as it is by then.

    What could not be read is unknown, and stays as it is (design §6). The index may change between two steps: what
    is queued is looked at again in any case.
    """
    unit.content.refresh()
    found, mounts = yield from _look_through(context, unit)
    _heed_settings(context, unit, found)
    yield from _note_problems(context, unit, found)
    differences = []
    for each in _compare(context, unit, found):
        if each is not None:
            differences.append(each)
            context.queue.touch(each.ref, changed_s_ago=each.quiet_s)
        if each is None or not len(differences) % PAGE:
            yield None
    differences += yield from _stale_notes(context, unit)
    if "" not in found.failed:
        context.index.folder_scanned(unit.policy.name, context.clocks.wall())
        context.index.set_mounts(unit.policy.name, mounts)
        context.index.set_untaken(unit.policy.name, found.untaken)
        context.scanned.add(unit.policy.name)
        context.away.pop(unit.policy.name, None)
    return differences


def untold(differences: Iterable[Difference], known: Collection[FileRef]) -> FileRef | None:
    """One of the changes that events should have brought: long enough ago, and not ``known`` to be on its way."""
    late = (each.ref for each in differences if each.changed and each.quiet_s >= TOLD_WITHIN_S)
    return next((ref for ref in late if ref not in known), None)


def _look_through(context: Context, unit: Unit) -> Generator[Errand, Any, tuple[Scan, frozenset[str]]]:
    """The scan, and the mount points to be expected from now on. One that appeared or vanished where nothing is bound
    is taken as it is: nothing can be lost there.
    """
    name = unit.policy.name
    expected = context.index.mounts(name)
    unit.disk.expect_mounts(expected)
    found: Scan = yield Errand(unit.disk.scan, _nothing_known)
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
    return (yield Errand(unit.disk.scan, _nothing_known)), expected


def _nothing_known(problem: Problem) -> Scan:
    return Scan({}, {"": problem}, {}, {})


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


def _compare(context: Context, unit: Unit, found: Scan) -> Iterator[Difference | None]:
    """What differs, and None now and then. Takes the files out of ``found`` one by one: of many, not all need be in
    memory as files and as differences.
    """
    name, mono = unit.policy.name, context.clocks.mono()
    new, after = found.files, b""
    while page := context.index.files.fingerprints(name, after, PAGE):
        for seen, raw_path, fingerprint, settled in page:
            path = os.fsdecode(raw_path)
            now = new.pop(path, None)
            if now is None:
                if seen == Seen.IGNORED and path in found.ignored:
                    continue
                if _is_below(path, found.failed):
                    _out_of_sight(context, FileRef(name, path), found)
                    continue
                yield Difference(FileRef(name, path), LONG_AGO_S, changed=False)
            elif now != fingerprint or not settled or seen not in (Seen.PRESENT, Seen.IGNORED):
                changed = seen == Seen.PRESENT and fingerprint is not None and now != fingerprint
                yield Difference(FileRef(name, path), context.ages.quiet_s(now, mono), changed)
            elif context.unread:
                context.unread.pop(FileRef(name, path), None)  # it could not be found, and has not changed meanwhile
        after = page[-1][1]
        yield None
    for path in list(new):
        yield Difference(FileRef(name, path), context.ages.quiet_s(new.pop(path), mono), changed=True)


def _out_of_sight(context: Context, ref: FileRef, found: Scan) -> None:
    """A file of which the scan could say nothing."""
    if kind_of(ref.path) is Kind.DOC:
        context.to_peek.add(ref)
    if "" not in found.failed:  # a root that is away as a whole does not change meanwhile
        context.not_read(ref)


def _stale_notes(context: Context, unit: Unit) -> Generator[Errand, Any, list[Difference]]:
    depends = context.index.files.dependencies(unit.policy.name)
    if not depends:
        return []
    stale: list[str] = yield Errand(partial(_are_stale, unit, depends), lambda _: [])
    found = []
    for path in stale:
        ref = FileRef(unit.policy.name, path)
        context.index.files.rederive(ref)
        context.queue.touch(ref, changed_s_ago=LONG_AGO_S)
        found.append(Difference(ref, LONG_AGO_S, changed=False))
    return found


def _are_stale(unit: Unit, depends: Mapping[str, Sequence[Dependency]]) -> list[str]:
    found = []
    for path, each in depends.items():
        unit.pulse.beat()
        if unit.content.stale(path, each):
            found.append(path)
    return found


def _note_problems(context: Context, unit: Unit, found: Scan) -> Generator[None]:
    """Before anything is compared: what vanished may be where nobody can look any more."""
    name = unit.policy.name
    context.closed[name] = frozenset(found.failed)
    context.closing[name] = context.closed[name] - context.index.files.scan_remarks(name)
    context.index.files.replace_scan_remarks(name, found.problems, {**found.gaps, **found.failed})
    for number, (path, why) in enumerate(found.ignored.items(), 1):
        ref = FileRef(name, path)
        if context.index.files.get(ref) is None:
            context.index.files.ignore(ref, why, None, context.clocks.wall())
        if not number % PAGE:
            yield None


def _is_below(path: str, failed: Mapping[str, Problem] | Iterable[str]) -> bool:
    return any(not top or path == top or path.startswith(f"{top}/") for top in failed)
