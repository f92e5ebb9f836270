"""One folder on a real (memory) file system, and what a person does to it; time stamps are of the virtual clock.

The inode change time cannot be set, so it stays the real one, far in the past of the virtual clock: it tells changes
apart, but never how long ago they were.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from picora_sync.core.model import Kind, kind_of
from picora_sync.reconciler.context import Clocks
from tests.simulation.inodes import Inodes
from tests.simulation.line import DIRECTORIES, NOTES, RULE, RULES, SOUNDS, Line
from tests.simulation.matter import EMPTY, PICTURE, PICTURES, Matter, matter
from tests.simulation.sight import Sight

KNOWN_AFTER_S = 2 * 3600.0
"""A file that was there for so long has been seen, whatever went wrong meanwhile."""


class Tree:
    """``lines`` are the files that exist, by path, whether the root is mounted or not; ``stood`` is all that ever
    stood at a path, or at the path that the file there came from: what a blocked file may keep. ``keeps`` tells that
    the remote objects of removed files are, or were at some time, left behind. Of the next reads, every third of
    ``flaky`` fails, the last time at ``flaked_at``. ``disks`` are the mount points below the root as they are now;
    ``displaced`` is the one that is not as it should be. ``inodes`` are the numbers that files seem to have, if those
    are not the real ones. ``given`` is what files held that went to another folder: here they were removed.
    """

    def __init__(self, name: str, root: Path, clocks: Clocks, told: Callable[[str, str], None]) -> None:
        self.name = name
        self.root = root
        self.away = root.with_name(f"{root.name}.away")
        self.lines: dict[str, Line] = {}
        self.dead: list[Line] = []
        self.stood: dict[str, list[Matter]] = {}
        self.links: dict[str, str] = {}
        self.unreadable: set[str] = set()
        self.locked: set[str] = set()
        self.picture: bytes | None = None
        self.ruled = False
        self.mounted = True
        self.keeps = False
        self.errno = errno.EACCES
        self.flaky = 0
        self.flaked_at = float("-inf")
        self.disks: set[str] = set()
        self.displaced: str | None = None
        self.lost_mark = ""
        self.sight = Sight()
        self.inodes: Inodes | None = None
        self.on_sending: Callable[[str], None] | None = None
        self._wall, self._mono = clocks.wall, clocks.mono
        self._tell_of = told
        self.told = 0
        self.given: list[Matter] = []
        root.mkdir(parents=True)

    @property
    def reachable(self) -> bool:
        """Whether everything is where it belongs."""
        return self.mounted and self.displaced is None

    @property
    def is_sound(self) -> bool:
        """Whether everything can be read."""
        return self.reachable and not (self.unreadable or self.locked or self.flaky or self.lost_mark)

    def choose(self, number: int) -> str | None:
        """An existing file."""
        paths = sorted(self.lines, key=os.fsencode)
        return paths[number % len(paths)] if paths else None

    def error(self) -> OSError:
        """What the system says where nothing can be read."""
        return OSError(self.errno, os.strerror(self.errno))

    def flakes(self) -> bool:
        """Whether this very read fails."""
        self.flaky = max(0, self.flaky - 1)
        if self.flaky % 3 != 1:
            return False
        self.flaked_at = self._mono()
        return True

    def hide(self) -> None:
        """The root is not where it should be."""
        self.mounted = False
        self.sight.lose("", self._mono())

    def show(self) -> None:
        """It is again."""
        self.mounted = True
        self.sight.regain(self._mono())

    def sending(self, path: str) -> None:
        """This file is being sent: now is the moment for what waited for that."""
        waiting, self.on_sending = self.on_sending, None
        if waiting is not None and self.mounted and path in self.lines:
            waiting(path)

    def everything(self) -> list[Line]:
        """All files that are or were."""
        return [*self.lines.values(), *self.dead]

    # --- what people do ---------------------------------------------------------------------------------------------

    def write(self, spot: int, number: int) -> None:
        """Write a file in place."""
        self._put(self._place(spot), number, over=False)

    def save(self, spot: int, number: int) -> None:
        """Save as editors do: a temporary file, renamed over."""
        self._put(self._place(spot), number, over=True)

    def edit(self, pick: int, number: int) -> None:
        """Give an existing file other content."""
        if (path := self.choose(pick)) is not None:
            self._put(path, number, over=number % 2 == 0)

    def restore(self, pick: int, back: int) -> None:
        """Give a file the content it had before, with the time stamp it had then. Nobody wants back half a file."""
        path = self.choose(pick)
        history = [] if path is None else [(at, old) for at, old in self.lines[path].history if not old.torn]
        if path is not None and history:
            at, old = history[-1 - back % len(history)]
            self._store(path, old, mtime_s=at + self._wall() - self._mono())

    def append(self, pick: int, times: int) -> None:
        if (path := self.choose(pick)) is not None:
            self._store(path, self.lines[path].now.grown(times))

    def truncate(self, pick: int, wholly: int) -> None:
        if (path := self.choose(pick)) is not None:
            now = self.lines[path].now
            self._store(path, now.shrunk() if wholly % 3 else EMPTY[now.kind])

    def copy_slowly(self, spot: int, number: int) -> None:
        """The first half of an audio file; :meth:`finish_copy` brings the rest."""
        path = SOUNDS[spot % len(SOUNDS)]
        whole = matter(Kind.AUDIO, number)
        half = replace(whole, data=whole.data[: len(whole.data) // 2 + spot % 50], torn=True)
        if self.may_stand(path):
            self._store(path, half)

    def finish_copy(self, spot: int, number: int) -> None:
        path = SOUNDS[spot % len(SOUNDS)]
        if path in self.lines and self.lines[path].now.torn:
            self._store(path, matter(Kind.AUDIO, number))

    def remove(self, pick: int, _: int = 0) -> None:
        if (path := self.choose(pick)) is not None:
            self.take_away(path)

    def take_away(self, path: str) -> None:
        """Remove this file."""
        self.file(path).unlink()
        self._forget(path)

    def take_away_if_there(self, path: str) -> None:
        """Remove it, unless somebody was quicker, or nobody can get at it."""
        if self.reachable and path in self.lines:
            self.take_away(path)

    def give(self, pick: int, other: Tree) -> bool:
        """Move a file to another folder, where its name is free; whether it is."""
        path = self.choose(pick)
        return path is not None and self.hand_over(path, other)

    def hand_over(self, path: str, other: Tree) -> bool:
        """Move this file there."""
        if path in self.unreadable or path in other.lines or path in other.links:
            return False
        if not other.may_stand(path):
            return False
        other.file(path).parent.mkdir(parents=True, exist_ok=True)
        self.file(path).rename(other.file(path))
        other.lines[path] = self.lines.pop(path).moved(self._mono())
        other.stood[path] = [*other.stood.get(path, ()), *self.stood.get(path, ())]
        other.lines[path].unknown = True
        self.given += [matter for _, matter in other.lines[path].history]
        other._take_name(path)
        self._tell(path)
        other._tell(path)
        return True

    def put_back(self, path: str, content: Matter) -> None:
        """Restore it from a backup; not to where another disk is mounted, since it would vanish with that."""
        if self.reachable and self.may_stand(path):
            self._store(path, content)

    def save_over(self, path: str, content: Matter) -> None:
        """Save this as editors do: a temporary file, renamed over."""
        if self.reachable and self.may_stand(path):
            self._store(path, content, over=True)

    def remove_many(self, pick: int, count: int) -> None:
        for _ in range(count):
            self.remove(pick)

    def move(self, pick: int, spot: int) -> None:
        """Move a file to another name of the same kind, perhaps over another file."""
        path = self.choose(pick)
        if path is not None:
            names = NOTES if kind_of(path) is Kind.DOC else SOUNDS
            self.rename(path, names[spot % len(names)])

    def change_case(self, pick: int, _: int = 0) -> None:
        if (path := self.choose(pick)) is not None:
            head, slash, name = path.rpartition("/")
            self.rename(path, head + slash + name.swapcase())

    def swap(self, one: int, other: int) -> None:
        a, b = self.choose(one), self.choose(other)
        if a is None or b is None or a == b or kind_of(a) is not kind_of(b) or self.unreadable & {a, b}:
            return
        spare = self.file("swapping.tmp")
        self.file(a).rename(spare)
        self.file(b).rename(self.file(a))
        spare.rename(self.file(b))
        self.lines[a], self.lines[b] = self.lines[b].moved(self._mono()), self.lines[a].moved(self._mono())
        self._came(a, b)
        self._came(b, a)
        self.lines[a].unknown = self.lines[b].unknown = True
        self._tell(a, b)

    def move_directory(self, one: int, other: int) -> None:
        self.rename_directory(DIRECTORIES[one % len(DIRECTORIES)], DIRECTORIES[other % len(DIRECTORIES)])

    def rename_directory(self, old: str, new: str) -> bool:
        """Give a directory another name; whether that could be done."""
        source, target = self.file(old), self.file(new)
        if not source.is_dir() or target.exists() or f"{new}/".startswith(f"{old}/") or not self.may_stand(new):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        for path in [path for path in self.lines if path.startswith(f"{old}/")]:
            self.lines[new + path[len(old) :]] = self.lines.pop(path).moved(self._mono())
            self._came(path, new + path[len(old) :])
            if path in self.unreadable:
                self.unreadable.remove(path)
                self.unreadable.add(new + path[len(old) :])
        for path in [path for path in self.links if path.startswith(f"{old}/")]:
            self.links[new + path[len(old) :]] = self.links.pop(path)
        self._told(self.name, "")
        return True

    def directory_to_file(self, pick: int, number: int) -> None:
        """A directory goes, and a file stands where it was."""
        directory = "box.md" if pick % 2 else DIRECTORIES[pick % len(DIRECTORIES)]
        if not self.file(directory).is_dir():
            return
        shutil.rmtree(self.file(directory))
        for path in [path for path in self.lines if path.startswith(f"{directory}/")]:
            self._forget(path, tell=False)
        for path in [path for path in self.links if path.startswith(f"{directory}/")]:
            del self.links[path]
        self._told(self.name, "")
        if directory == "box.md":
            self._put(directory, number, over=False)
        else:
            self.file(directory).write_bytes(b"no directory any more")

    def touch(self, pick: int, _: int = 0) -> None:
        if (path := self.choose(pick)) is not None:
            os.utime(self.file(path), (self._wall(), self._wall()))
            self._tell(path)

    def link(self, spot: int, pick: int) -> None:
        """A symbolic link: never followed."""
        path, target = self._place(spot), self.choose(pick)
        if target is not None and path != target and path not in self.lines and self.may_stand(path):
            full = self.file(path)
            full.parent.mkdir(parents=True, exist_ok=True)
            full.unlink(missing_ok=True)
            full.symlink_to(self.file(target))
            self.links[path] = target
            self._tell(path)

    def lock(self, pick: int, _: int = 0) -> None:
        """No right to read it (chmod; injected, since tests may run as root)."""
        if (path := self.choose(pick)) is not None:
            self.unreadable.add(path)
            self._tell(path)

    def lock_directory(self, pick: int, _: int = 0) -> None:
        """No right to enter it."""
        self.locked.add(DIRECTORIES[pick % len(DIRECTORIES)])
        self._told(self.name, "")

    def unlock(self, *_: int) -> None:
        freed, self.unreadable = self.unreadable, set()
        for path in sorted(freed, key=os.fsencode):
            self._tell(path)
        if self.locked:
            self.locked.clear()
            self._told(self.name, "")

    def draw(self, number: int, _: int = 0) -> None:
        """Another picture, or none."""
        self.picture = (*PICTURES, None)[number % 3]
        full = self.file(PICTURE)
        full.unlink(missing_ok=True)
        if self.picture is not None:
            full.write_bytes(self.picture)
            os.utime(full, (self._wall(), self._wall()))
        self._tell(PICTURE)

    def rule(self, number: int, _: int = 0) -> None:
        """A rule that leaves a directory out comes or goes."""
        self.ruled = number % 2 == 0
        full = self.file(RULES)
        full.write_text(RULE) if self.ruled else full.unlink(missing_ok=True)
        self.selected_anew(RULE)
        self._tell(RULES)

    def selected_anew(self, below: str = "") -> None:
        """Which of these files are mirrored may have changed: they count as new ones."""
        for path, line in self.lines.items():
            if path.startswith(below):
                line.since = self._mono()

    def relocate(self, root: Path) -> None:
        """Move the whole folder."""
        self.root.rename(root)
        self.root, self.away = root, root.with_name(f"{root.name}.away")

    def unmount(self, empty: int, _: int = 0) -> None:
        """The root goes away; perhaps an empty mount point stays."""
        if self.mounted:
            self.hide()
            self.root.rename(self.away)
            if empty % 2:
                self.root.mkdir()

    def mount(self, *_: int) -> None:
        if not self.mounted and self.away.exists():
            if self.root.exists():
                shutil.rmtree(self.root)
            self.away.rename(self.root)
            self.show()
            self._told(self.name, "")

    def displace(self, directory: str, *, disk: bool) -> bool:
        """Another disk is mounted over this directory, or its own was unmounted: what was in it is out of sight.
        Whether that can be.
        """
        possible = self.reachable and self.file(directory).is_dir()
        if possible:
            self.displaced = directory
            self.sight.lose(f"{directory}/", self._mono())
            self.disks ^= {directory}
            self.file(directory).rename(self.away)
            self.file(directory).mkdir()
            below = [line for path, line in self.lines.items() if path.startswith(f"{directory}/")]
            # Over a directory of which nothing is known yet a disk may be mounted, and its files are mirrored.
            if disk and any(line.now.sendable and self._mono() - line.since > KNOWN_AFTER_S for line in below):
                (self.file(directory) / "a.md").write_text("On another disk.\n")
            self._told(self.name, "")
        return possible

    def put_in_place(self, *_: int) -> None:
        """And all is as it was."""
        if self.displaced is not None:
            shutil.rmtree(self.file(self.displaced))
            self.away.rename(self.file(self.displaced))
            self.disks ^= {self.displaced}
            self.displaced = None
            self.sight.regain(self._mono())
            self._told(self.name, "")

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _place(self, spot: int) -> str:
        names = (*NOTES, *SOUNDS)
        return names[spot % len(names)]

    def _put(self, path: str, number: int, *, over: bool) -> None:
        kind = kind_of(path)
        assert kind is not None
        if self.may_stand(path):
            self._store(path, matter(kind, number), over=over)

    def may_stand(self, path: str) -> bool:
        """Whether a file can be made there: no directory in its place, no file above it."""
        full = self.file(path)
        above = [self.file(path[:n]) for n, c in enumerate(path) if c == "/"]
        return not full.is_dir() and all(each.is_dir() or not os.path.lexists(each) for each in above)

    def _store(self, path: str, content: Matter, *, over: bool = False, mtime_s: float | None = None) -> None:
        full = self.file(path)
        full.parent.mkdir(parents=True, exist_ok=True)
        if self.links.pop(path, None) is not None:
            full.unlink()
        if path not in self.lines:
            self._take_name(path)
        elif over:
            self.lines[path].unknown = self.lines[path].unknown or self.lines[path].has_moved
        written = full.with_name("saving.tmp") if over else full
        written.write_bytes(content.data)
        at = self._wall() if mtime_s is None else mtime_s
        os.utime(written, (at, at))
        if over:
            written.replace(full)
            self.unreadable.discard(path)
        line = self.lines.setdefault(path, Line(self._mono()))
        line.history.append((self._mono(), content))
        if line.has_moved:
            line.since = self._mono()
        if over:
            line.saved_over_at = self._mono()
        self._tell(path)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, perhaps that of another file, where that can be."""
        if old == new or not self.may_stand(new):
            return
        self.file(new).parent.mkdir(parents=True, exist_ok=True)
        self.file(old).rename(self.file(new))
        self.links.pop(new, None)
        self.unreadable.discard(new)
        if old in self.unreadable:
            self.unreadable.remove(old)
            self.unreadable.add(new)
        if new in self.lines:
            self.lines[new].overwritten = True
            self._bury(self.lines[new])
        self.lines[new] = self.lines.pop(old).moved(self._mono())
        self._came(old, new)
        self._tell(old, new)

    def _came(self, old: str, new: str) -> None:
        self.stood[new] = [*self.stood.get(new, ()), *self.stood.get(old, ())]
        self.lines[new].former.add(old)
        self._take_name(new)

    def _take_name(self, path: str) -> None:
        """From now on another file has this name than those that had it."""
        for line in self.lines.values():
            line.unknown = line.unknown or path in line.former
        for line in self.dead:
            line.overwritten = line.overwritten or line.died_as == path

    def _forget(self, path: str, *, tell: bool = True) -> None:
        self.lines[path].died_as = path
        self._bury(self.lines.pop(path))
        self.unreadable.discard(path)
        if tell:
            self._tell(path)

    def _bury(self, line: Line) -> None:
        line.died_at = self._mono()
        self.dead.append(line)

    def _tell(self, *paths: str) -> None:
        for path in paths:
            if path in self.lines:
                self.stood.setdefault(path, []).append(self.lines[path].now)
            self._told(self.name, path)

    def _told(self, name: str, path: str) -> None:
        self.told += 1
        self._tell_of(name, path)

    def file(self, path: str) -> Path:
        return self.root / path
