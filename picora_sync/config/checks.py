"""What can only be judged across keys: names and folders that meet, times that contradict each other."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from picora_sync.config.findings import Mistake, Position
from picora_sync.config.sections import FolderSection, SettleTimes
from picora_sync.core.ignore import IgnoreRules, list_fault
from picora_sync.core.policy import Folder
from picora_sync.core.tags import MAX_TAGS
from picora_sync.workers import in_time

Positions = Mapping[tuple[str | int, ...], Position]


@dataclass(frozen=True, slots=True)
class Located:
    """A folder, where its name and its path stand in the file, and its root with symbolic links resolved."""

    folder: Folder
    name_place: Position
    path_place: Position
    real_root: Path


def locate(folder: Folder, number: int, places: Positions) -> Located:
    """The folder with its places; ``number`` is its position in the file."""
    path_place = places["folders", number, "path"]
    name_place = places.get(("folders", number, "name"), path_place)
    real_root = in_time(folder.root, os.path.realpath, folder.root)  # a server that went away is no fault of the file
    return Located(folder, name_place, path_place, Path(real_root))


def check_folder(section: FolderSection, number: int, places: Positions) -> Iterator[Mistake]:
    """What is wrong within one folder's section."""
    where = ("folders", number)
    if len(section.tags) > MAX_TAGS:
        message = f"{len(section.tags)} tags are more than Picora takes"
        yield Mistake(places[*where, "tags"], message, f"keep {MAX_TAGS} at most")
    too_much = list_fault(section.ignore)
    if too_much:
        yield Mistake(
            places[*where, "ignore"], f"the ignore list is too long: {too_much}", "name whole folders instead"
        )
    if section.rescan is not None and section.rescan < 1:
        yield Mistake(places[*where, "rescan"], "looking through the folder without pause", "write 1m or more")
    if section.settle is not None:
        settle = section.settle
        yield from _check_times(settle, (*where, "settle"), places)
        for kind, times in (("notes", settle.notes), ("audio", settle.audio)):
            if times is not None:
                yield from _check_times(times, (*where, "settle", kind), places)


def check_together(folders: Sequence[Located]) -> Iterator[Mistake]:
    """What is wrong between folders: two of one name, one directory twice, one inside the other (design §5)."""
    names: dict[str, Located] = {}
    for each in folders:
        first = names.setdefault(each.folder.name.casefold(), each)
        if first is not each:
            message = f"two folders are called '{each.folder.name}'"
            yield Mistake(each.name_place, message, f"the other is in line {first.name_place.line}: give one a name:")
    for one, other in itertools.combinations(folders, 2):
        if one.real_root == other.real_root:
            message = f"{other.folder.root} is mirrored twice"
            yield Mistake(other.path_place, message, f"the other is in line {one.path_place.line}: keep one")
        elif one.real_root.is_relative_to(other.real_root):
            yield from _check_nested(one, other)
        elif other.real_root.is_relative_to(one.real_root):
            yield from _check_nested(other, one)


def _check_nested(inner: Located, outer: Located) -> Iterator[Mistake]:
    path = inner.real_root.relative_to(outer.real_root).as_posix()
    if list_fault(outer.folder.ignore):
        return  # that is reported already
    if IgnoreRules.of(outer.folder.ignore).why_ignored(path, is_dir=True) is None:
        message = f"folder '{inner.folder.name}' lies inside folder '{outer.folder.name}'"
        hint = f"add \"/{path}/\" to the ignore: list of '{outer.folder.name}', or leave one of them out"
        yield Mistake(inner.path_place, message, hint)


def _check_times(times: SettleTimes, where: tuple[str | int, ...], places: Positions) -> Iterator[Mistake]:
    if times.quiet is not None and times.at_most is not None and times.at_most < times.quiet:
        message = f"at_most ({times.at_most}) is shorter than quiet ({times.quiet})"
        yield Mistake(places[*where, "at_most"], message, "at_most must be the longer one")
