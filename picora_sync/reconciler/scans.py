"""A scan is compared with the index; what differs goes into the change queue, exactly as events do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from picora_sync.core.model import FileRef, Fingerprint, Problem
from picora_sync.core.ports import Scan
from picora_sync.index.rows import Seen
from picora_sync.reconciler.context import Context, Unit

LONG_AGO_S = 1e9


def scan(context: Context, unit: Unit) -> int:
    """Look through a folder and queue what differs from the index; returns how many paths were queued.

    What could not be read is unknown, and stays as it is (design §6).
    """
    unit.content.refresh()
    _heed_settings(context, unit)
    found, mounts = _look_through(context, unit)
    queued = _compare(context, unit, found)
    queued += _stale_notes(context, unit)
    with context.index.transaction():
        _note_problems(context, unit, found)
        if "" not in found.failed:
            context.index.folder_scanned(unit.policy.name, context.clocks.wall())
            context.index.set_mounts(unit.policy.name, mounts)
    return queued


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


def _heed_settings(context: Context, unit: Unit) -> None:
    """Where the configuration says something else than last time, unchanged files want something else, too."""
    name, key = unit.policy.name, f"settings:{unit.policy.name}"
    if context.index.meta(key) != unit.policy.shaping:
        with context.index.transaction():
            context.index.files.rederive_all(name)
            context.index.set_meta(key, unit.policy.shaping)


def _compare(context: Context, unit: Unit, found: Scan) -> int:
    name, wall, queued = unit.policy.name, context.clocks.wall(), 0
    new = dict(found.files)
    for seen, raw_path, fingerprint, settled in context.index.files.fingerprints(name):
        path = os.fsdecode(raw_path)
        now = new.pop(path, None)
        if now is None:
            if seen == Seen.IGNORED and path in found.ignored:
                continue
            if _is_below(path, found.failed):
                continue
            queued += _queue(context, FileRef(name, path), LONG_AGO_S)
        elif now != fingerprint or not settled or seen not in (Seen.PRESENT, Seen.IGNORED):
            queued += _queue(context, FileRef(name, path), _quiet_s(now, wall))
    for path, now in new.items():
        queued += _queue(context, FileRef(name, path), _quiet_s(now, wall))
    return queued


def _stale_notes(context: Context, unit: Unit) -> int:
    queued = 0
    for path, depends in context.index.files.dependencies(unit.policy.name).items():
        if unit.content.stale(path, depends):
            ref = FileRef(unit.policy.name, path)
            context.index.files.rederive(ref)
            queued += _queue(context, ref, LONG_AGO_S)
    return queued


def _note_problems(context: Context, unit: Unit, found: Scan) -> None:
    name = unit.policy.name
    for path, why in found.ignored.items():
        ref = FileRef(name, path)
        row = context.index.files.get(ref)
        if row is None:
            context.index.files.ignore(ref, why, None, context.clocks.wall())
    places = {**found.problems, **found.failed}
    context.index.files.replace_scan_remarks(name, [(FileRef(name, path), p) for path, p in places.items()])


def _queue(context: Context, ref: FileRef, quiet_s: float) -> int:
    context.queue.touch(ref, changed_s_ago=quiet_s)
    return 1


def _quiet_s(fingerprint: Fingerprint, wall: float) -> float:
    """How long ago the file last changed; a time stamp in the future counts as now."""
    return max(0.0, wall - max(fingerprint.mtime_ns, fingerprint.ctime_ns) / 1e9)


def _is_below(path: str, failed: Mapping[str, Problem] | Iterable[str]) -> bool:
    return any(not top or path == top or path.startswith(f"{top}/") for top in failed)
