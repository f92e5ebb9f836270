"""Which new file is a vanished one that was renamed and edited (design §4 "renamed and edited").

Equal content goes first (:mod:`picora_sync.core.renames`); this is about the files that it leaves. An inode alone
proves nothing, since file systems give a freed one to the next file that is made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from enum import IntEnum

from picora_sync.core import renames
from picora_sync.core.model import FileRef, kind_of
from picora_sync.core.plan import Bind
from picora_sync.core.sketch import similarity
from picora_sync.core.view import FileNow, Standing, Traces, View

MOST = 0.5
"""From this similarity on most of the text is equal."""
SOME = 0.2
"""Below this similarity a text is another one, whatever its file is called."""
CLEARLY = 0.1
"""By so much the best of several candidates must be better than the next."""
MOST_PAIRS = 10_000
"""So many pairs of files with the same name are compared; among more nobody can tell which is which."""
DEPTH = 4
"""So many of the last parts of two paths are compared."""
_NS = 1e9


class Likeness(IntEnum):
    """How much tells that two files are one."""

    NONE = 0
    ALIKE = 1
    """The same inode under another name, nobody knows since when, and most of the text."""
    LIKELY = 2
    """The same name, and most of the text: an editor saved a moved file by renaming a new one over it."""
    CERTAIN = 3
    """The same inode, and since before: the file system or a watcher says so, or else the name."""


def evidence(gone: FileRef, before: Traces, ref: FileRef, now: Traces) -> Likeness:
    """What tells that the file that was ``gone`` is the one at ``ref``."""
    if kind_of(gone.path) is not kind_of(ref.path):
        return Likeness.NONE
    same_inode, born = _is_same_inode(before, now), _is_same_birth(before, now)
    if same_inode and (born or (born is None and gone in now.came_from)):
        return Likeness.CERTAIN
    same_name, alike = _name(gone) == _name(ref), similarity(before.sketch, now.sketch)
    unproven = same_inode and born is None
    if unproven and same_name and (alike >= SOME or not (before.sketch and now.sketch)):
        return Likeness.CERTAIN
    if same_name and alike >= MOST:
        return Likeness.LIKELY
    return Likeness.ALIKE if unproven and alike >= MOST else Likeness.NONE


def is_heir(gone: FileRef, before: Traces, ref: FileRef, now: Traces) -> bool:
    """As :attr:`Evidence.CERTAIN`, of a file that may have been there before, on another inode: name and text must both
    tell if nothing else does.
    """
    if not _is_same_inode(before, now):
        return False
    born = _is_same_birth(before, now)
    if born is None and gone not in now.came_from:
        return _name(gone) == _name(ref) and similarity(before.sketch, now.sketch) >= MOST
    return born is not False


def is_another(born_ns: int | None, now_ns: int | None) -> bool:
    """Whether these are certainly two files, though they have one inode number: it was freed, and used again."""
    return born_ns is not None and now_ns is not None and born_ns != now_ns


def successors(view: View) -> dict[FileRef, FileRef]:
    """New file → the vanished file that it was before it was edited (:func:`match`), for a whole view."""
    files = [file for file in view.files if file.traces is not None]
    if not any(file.standing is Standing.MISSING for file in files):
        return {}
    moves = renames.match(view.files)
    there = {(item.kind, item.sha256) for item in view.objects.values()}
    stored = [file.ref for file in files if file.wanted is not None and (file.wanted.kind, file.wanted.sha256) in there]
    return match(files, {*moves, *moves.values()}, stored)


def carry(view: View, pairs: Mapping[FileRef, FileRef]) -> tuple[View, list[Bind]]:
    """The view in which these files are bound to what the vanished ones were, and what brings it about."""
    if not pairs:
        return view, []
    by_ref = {file.ref: file for file in view.files}
    binds = []
    for ref, old in pairs.items():
        bound = by_ref[old].bound
        assert bound is not None  # noqa: S101  (only bound files are matched)
        by_ref[ref] = replace(by_ref[ref], bound=bound)
        binds.append(Bind(ref, bound, f"renamed from {old.path}, and changed", renamed_from=old))
        del by_ref[old]
    return replace(view, files=tuple(by_ref.values())), binds


def match(files: Iterable[FileNow], moved: Collection[FileRef], stored: Collection[FileRef]) -> dict[FileRef, FileRef]:
    """New file → the vanished file that it was before it was edited; each vanished file is claimed once.

    ``moved`` are the files, vanished and new, that equal content explains; ``stored`` those whose content is on Picora
    already: only an inode tells of them that they are not copies.
    """
    listed = sorted(files, key=lambda file: file.ref)
    gone = [each for each in listed if each.standing is Standing.MISSING and each.bound is not None]
    new = [each for each in listed if each.standing is Standing.PRESENT and each.bound is None]
    left = [each for each in gone if each.ref not in moved and each.traces is not None]
    came = [each for each in new if each.ref not in moved and each.traces is not None]
    found = _with_inode(left, came, Likeness.CERTAIN)
    came = [each for each in came if each.ref not in stored]
    found |= _likely(*_rest(left, came, found))
    return found | _with_inode(*_rest(left, came, found), Likeness.ALIKE)


def _rest(
    gone: list[FileNow], new: list[FileNow], found: Mapping[FileRef, FileRef]
) -> tuple[list[FileNow], list[FileNow]]:
    claimed = set(found.values())
    return [each for each in gone if each.ref not in claimed], [each for each in new if each.ref not in found]


def _with_inode(gone: list[FileNow], new: list[FileNow], wanted: Likeness) -> dict[FileRef, FileRef]:
    by_inode: dict[tuple[int, int], list[FileNow]] = {}
    for each in gone:
        if (inode := _inode(each)) is not None:
            by_inode.setdefault(inode, []).append(each)
    pairs = []
    for each in new:
        inode = _inode(each)
        alike = by_inode.get(inode, []) if inode is not None else []
        fitting = [origin.ref for origin in alike if _evidence(origin, each) is wanted]
        pairs += [(renames.distance(old, each.ref), old, each.ref) for old in fitting]
    found: dict[FileRef, FileRef] = {}
    claimed: set[FileRef] = set()
    for _, old, ref in sorted(pairs):
        if ref not in found and old not in claimed:
            found[ref] = old
            claimed.add(old)
    return found


def _likely(gone: list[FileNow], new: list[FileNow]) -> dict[FileRef, FileRef]:
    """Where a directory moved, names are equal beyond the last one: those pairs are sought first."""
    found: dict[FileRef, FileRef] = {}
    for depth in range(DEPTH, 0, -1):
        taken = set(found.values())
        origins = _by_end([each for each in gone if each.ref not in taken], depth)
        for end, candidates in _by_end([each for each in new if each.ref not in found], depth).items():
            if len(candidates) * len(origins.get(end, ())) <= MOST_PAIRS:
                found |= _clear_pairs(origins.get(end, []), candidates)
    return found


def _by_end(files: list[FileNow], depth: int) -> dict[tuple[str, ...], list[FileNow]]:
    found: dict[tuple[str, ...], list[FileNow]] = {}
    for each in files:
        parts = each.ref.path.split("/")
        if len(parts) >= depth:
            found.setdefault(tuple(parts[-depth:]), []).append(each)
    return found


def _clear_pairs(gone: list[FileNow], new: list[FileNow]) -> dict[FileRef, FileRef]:
    """The pairs of which each is clearly the best for the other, again and again until none is left."""
    scores = {
        (each.ref, origin.ref): _score(origin, each)
        for each in new
        for origin in gone
        if _evidence(origin, each) is Likeness.LIKELY
    }
    found: dict[FileRef, FileRef] = {}
    while pairs := _clear(scores):
        found |= pairs
        taken = set(pairs.values())
        scores = {pair: score for pair, score in scores.items() if pair[0] not in pairs and pair[1] not in taken}
    return found


def _clear(scores: dict[tuple[FileRef, FileRef], float]) -> dict[FileRef, FileRef]:
    of_new: dict[FileRef, list[tuple[float, FileRef]]] = {}
    of_gone: dict[FileRef, list[tuple[float, FileRef]]] = {}
    for (ref, origin), score in scores.items():
        of_new.setdefault(ref, []).append((score, origin))
        of_gone.setdefault(origin, []).append((score, ref))
    best = {ref: _best(rated) for ref, rated in of_new.items()}
    back = {origin: _best(rated) for origin, rated in of_gone.items()}
    return {ref: origin for ref, origin in best.items() if origin is not None and back[origin] == ref}


def _best(rated: list[tuple[float, FileRef]]) -> FileRef | None:
    """The best of them, None if another is about as good."""
    (score, ref), *others = sorted(rated, reverse=True)
    return None if others and score - others[0][0] < CLEARLY else ref


def _score(gone: FileNow, new: FileNow) -> float:
    assert gone.traces is not None  # noqa: S101  (the caller chose files that have them)
    assert new.traces is not None  # noqa: S101
    return similarity(gone.traces.sketch, new.traces.sketch)


def _evidence(gone: FileNow, new: FileNow) -> Likeness:
    if gone.traces is None or new.traces is None:
        return Likeness.NONE
    return evidence(gone.ref, gone.traces, new.ref, new.traces)


def _is_same_birth(before: Traces, now: Traces) -> bool | None:
    """Whether both were made at the same moment; None if nobody told. What was made before the other was last read
    under its number was that other.
    """
    if now.born_ns is None:
        return None
    if before.born_ns is not None:
        return before.born_ns == now.born_ns
    return now.born_ns <= before.read_at_s * _NS if before.read_at_s else None


def _is_same_inode(before: Traces, now: Traces) -> bool:
    one, other = before.fingerprint, now.fingerprint
    return one is not None and other is not None and (one.inode, one.device) == (other.inode, other.device)


def _inode(file: FileNow) -> tuple[int, int] | None:
    fingerprint = None if file.traces is None else file.traces.fingerprint
    return None if fingerprint is None else (fingerprint.inode, fingerprint.device)


def _name(ref: FileRef) -> str:
    return ref.path.rpartition("/")[2]
