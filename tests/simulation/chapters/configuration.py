"""The configuration changes while the daemon is down: what files want, and which folders there are.

Changed settings are heard, renamed and moved folders keep what is theirs, and a folder that was taken out leaves
everything on Picora: also what it shares with others, also what was to be deleted when it went.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from picora_sync.core.policy import Folder, OnDelete, Select, TitleFrom
from tests.simulation.acts import Deed
from tests.simulation.chapters.chapter import Chapter
from tests.simulation.timeline import Act

if TYPE_CHECKING:
    from tests.simulation.world import World

SETTINGS: Mapping[str, tuple[object, ...]] = {
    "public": (None, True, False),
    "tags": ((), ("vault",), ("vault", "x"), tuple(f"t{n}" for n in range(4))),
    "title": tuple(TitleFrom),
    "ignore": ((), ("o/",), ("a.md",), ("/d/deep/", "*.flac")),
    "select": tuple(Select),
    "on_delete": tuple(OnDelete),
    "delete_after_s": (0.0, 30.0, 300.0),
    "keep_replaced_s": (0.0, 600.0),
}
MOST_FOLDERS = 3


Change = Callable[["World", Act], None]


def set_(world: World, act: Act) -> None:
    """Another value for one setting of a folder."""
    name, values = list(SETTINGS.items())[act.a % len(SETTINGS)]
    value = values[act.b % len(values)]
    world.note(f"  {name}: {value}")
    folder = _folder(world, act)
    world.folders.configure(folder.name, replace(folder, **{name: value}))


def rename_folder(world: World, act: Act) -> None:
    """The folder gets another name."""
    folder = _folder(world, act)
    new = f"{folder.name[:7]}.{act.a}"
    world.folders.configure(folder.name, replace(folder, name=new))
    world.promises.renamed(folder.name, new)


def relocate(world: World, act: Act) -> None:
    """The folder moves to another place, and the configuration follows."""
    folder = _folder(world, act)
    tree = world.folders.trees[folder.name]
    if tree.reachable:
        tree.relocate(tree.root.with_name(f"{tree.root.name[:7]}-{act.a}"))
        world.folders.configure(folder.name, replace(folder, root=str(tree.root)))


def take_out(world: World, act: Act) -> None:
    """A folder is mirrored no more; what it has on Picora stays."""
    if len(world.folders.policies) > 1:
        name = _folder(world, act).name
        world.folders.take_out(name)
        world.promises.taken_out(name)


def take_in(world: World, act: Act) -> None:
    """A folder comes back, or a new one is added."""
    if world.folders.taken_out:
        name = next(iter(world.folders.taken_out))
        world.folders.take_in(name)
        world.promises.taken_in(name)
    elif len(world.folders.policies) < MOST_FOLDERS:
        folder = Folder(f"folder{len(world.folders.policies)}", "", public=(None, True, False)[act.a % 3])
        world.folders.add(folder)
        for number in range(act.b % 4):
            world.folders.trees[folder.name].write(act.a + number, act.b + number)


def _folder(world: World, act: Act) -> Folder:
    return world.folders.policies[act.folder % len(world.folders.policies)]


CHANGES: Mapping[str, Change] = {
    "set": set_,
    "rename_folder": rename_folder,
    "relocate": relocate,
    "take_out": take_out,
    "take_in": take_in,
}


def _while_down(change: Change) -> Deed:
    return lambda world, act: world.while_down(lambda: change(world, act))


CHAPTER = Chapter(
    "configuration",
    weights={"set": 10, "rename_folder": 2, "relocate": 2, "take_out": 2, "take_in": 3},
    deeds={name: _while_down(change) for name, change in CHANGES.items()},
)
