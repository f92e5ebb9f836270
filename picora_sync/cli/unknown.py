"""Why nothing is known of a path: outside of every folder, ignored, of another kind, not synced yet, or misspelt."""

from __future__ import annotations

import difflib
import os
import stat
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping

from picora_sync.cli.failures import CommandFailed
from picora_sync.cli.paths import absolute, on_disk, places, roots_of
from picora_sync.cli.settings import MirrorState
from picora_sync.core.model import AUDIO_SUFFIXES, DOC_SUFFIXES, FileRef, kind_of
from picora_sync.core.policy import Folder
from picora_sync.index.listing import Subtree

_MOST_NAMES = 5
_MOST_COMPARED = 10_000
"""Of more files the nearest name is not looked for: it would take seconds."""
_USUAL = "name a file or directory on disk, or FOLDER/PATH as `picora-sync ls` shows it"


def unknown(look: MirrorState, argument: str, known: Iterable[FileRef], cwd: str) -> CommandFailed:
    """The error for a path that stands for no file of which anything is known."""
    refs = list(known)
    for place in dict.fromkeys(places(argument, roots_of(look.config.folders), cwd)):
        folder = next(each for each in look.config.folders if each.name == place.folder)
        if (failed := _there(look, folder, place)) is not None:
            return failed
    if meant := _misspelt(look, argument, refs, cwd):
        return CommandFailed(f"nothing is known of {argument}", hint=f"did you mean {' or '.join(meant)}?")
    path = absolute(argument, cwd)
    if os.path.lexists(path) and not any(on_disk(argument, roots_of(look.config.folders), cwd)):
        return CommandFailed(
            f"{argument} is outside every mirrored folder",
            hint=f"mirrored are {_listed(folder.root for folder in look.config.folders)}; the configuration names them",
        )
    if any(look.index.objects.has_history(place.folder, place.path) for place in _places(look, argument, cwd)):
        return CommandFailed(
            f"{argument} is gone, and nothing of it is on Picora any more",
            hint=f"`picora-sync history {argument}` shows the URLs that it had",
        )
    return CommandFailed(f"nothing is known of {argument}", hint=_USUAL)


def why_ignored(look: MirrorState, ref: FileRef) -> str:
    """The rule, and its line, that leaves a known file out; nothing if none does."""
    folder = next((each for each in look.config.folders if each.name == ref.folder), None)
    return "" if folder is None else _rule(look, folder, ref.path, is_dir=False)


def _places(look: MirrorState, argument: str, cwd: str) -> Collection[Subtree]:
    return dict.fromkeys(places(argument, roots_of(look.config.folders), cwd))


def _there(look: MirrorState, folder: Folder, place: Subtree) -> CommandFailed | None:
    """Why a file or directory that is in a folder is not known."""
    name = f"{folder.name}/{place.path}" if place.path else folder.name
    try:
        mode = os.stat(f"{folder.root}/{place.path}").st_mode  # noqa: PTH116  # as text, like every path here
    except (OSError, ValueError):
        return None
    is_dir = stat.S_ISDIR(mode)
    if rule := _rule(look, folder, place.path, is_dir=is_dir) if place.path else "":
        return CommandFailed(f"{name} is ignored: {rule}", hint="what is ignored is not mirrored, nor what is below it")
    if not is_dir and kind_of(place.path) is None:
        taken = " ".join(sorted(DOC_SUFFIXES | AUDIO_SUFFIXES))
        return CommandFailed(f"{name} is neither a note nor audio that Picora takes", hint=f"it takes {taken}")
    if is_dir and not _holds_any(folder, place.path):
        return CommandFailed(f"{name} holds no notes and no audio", hint="`picora-sync ls` lists what is known")
    when = "the daemon looks at it in a moment" if look.running else "run `picora-sync sync`"
    return CommandFailed(f"{name} is there, and is not synced yet", hint=when)


def _rule(look: MirrorState, folder: Folder, path: str, *, is_dir: bool) -> str:
    from picora_sync.disk.folder import FolderDisk  # noqa: PLC0415  # only where something is unknown

    return FolderDisk(folder, state_paths=[str(look.config.state_dir)]).why_ignored(path, is_dir=is_dir) or ""


def _holds_any(folder: Folder, path: str) -> bool:
    """Whether a note or audio is anywhere below; hidden directories do not count."""
    for _, directories, names in os.walk(f"{folder.root}/{path}"):
        directories[:] = [each for each in directories if not each.startswith(".")]
        if any(kind_of(name) is not None for name in names):
            return True
    return False


def _misspelt(look: MirrorState, argument: str, refs: Collection[FileRef], cwd: str) -> list[str]:
    """The known files of which this is another spelling: of upper and lower case, without its suffix, or nearly so."""
    wanted = {_plain(place.path) for place in _places(look, argument, cwd) if place.path}
    names = {f"{ref.folder}/{ref.path}": _plain(ref.path) for ref in refs}
    same = [name for name, path in names.items() if path in wanted]
    found = same or [name for name, path in names.items() if _without_suffix(path) in wanted]
    return (found or list(_close(wanted, names)))[:_MOST_NAMES]


def _without_suffix(path: str) -> str:
    return path.rpartition(".")[0] if kind_of(path) is not None else path


def _close(wanted: Iterable[str], names: Mapping[str, str]) -> Iterator[str]:
    if len(names) > _MOST_COMPARED:
        return
    by_path = {path.rpartition("/")[2]: name for name, path in names.items()}
    by_path |= {path: name for name, path in names.items()}
    for path in wanted:
        for close in difflib.get_close_matches(path, by_path, n=1, cutoff=0.8):
            yield by_path[close]


def _plain(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _listed(items: Iterable[str]) -> str:
    listed = list(items)
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return ", ".join(listed[:_MOST_NAMES]) + more
