"""Which vanished file became which new one (design §4 "Renames")."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from picora_sync.core.model import FileRef
from picora_sync.core.view import FileNow, Standing


def match(files: Iterable[FileNow]) -> dict[FileRef, FileRef]:
    """New file → the vanished file that it was; each vanished file is claimed once.

    First the same content under the same (device, inode), then the same content; among several the nearest path wins.
    The inode alone proves nothing: file systems give a freed one to the next file that is made.
    """
    listed = sorted(files, key=lambda file: file.ref)
    vanished = [file for file in listed if file.standing is Standing.MISSING and file.bound is not None]
    appeared = [file for file in listed if file.standing is Standing.PRESENT]
    found: dict[FileRef, FileRef] = {}
    for key in (_same_inode_and_content, _same_content):
        _claim(vanished, appeared, key, found)
    return found


def _claim(
    vanished: list[FileNow],
    appeared: list[FileNow],
    key: Callable[[FileNow], Hashable],
    found: dict[FileRef, FileRef],
) -> None:
    claimed = set(found.values())
    sources: dict[Hashable, list[FileNow]] = {}
    for file in vanished:
        if file.ref not in claimed and (value := key(file)) is not None:
            sources.setdefault(value, []).append(file)
    for file in appeared:
        value = key(file)
        candidates = sources.get(value, []) if value is not None and file.ref not in found else []
        candidates = [origin for origin in candidates if origin.bound != file.bound]
        if candidates:
            nearest = min(candidates, key=lambda origin: distance(origin.ref, file.ref))
            sources[value].remove(nearest)
            found[file.ref] = nearest.ref


def _same_inode_and_content(file: FileNow) -> Hashable:
    if file.fingerprint is None or file.wanted is None:
        return None
    return (file.fingerprint.device, file.fingerprint.inode, file.wanted.kind, file.wanted.sha256)


def _same_content(file: FileNow) -> Hashable:
    return None if file.wanted is None else (file.wanted.kind, file.wanted.sha256)


def distance(one: FileRef, other: FileRef) -> tuple[bool, int, bool, str]:
    """How far two paths are apart: other folder, differing directories, other name; the path breaks ties."""
    a, b = one.path.split("/"), other.path.split("/")
    shared = 0
    for left, right in zip(a[:-1], b[:-1], strict=False):
        if left != right:
            break
        shared += 1
    return (one.folder != other.folder, len(a) + len(b) - 2 - 2 * shared, a[-1] != b[-1], one.path)
