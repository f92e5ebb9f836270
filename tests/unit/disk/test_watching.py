"""A folder's changes are hinted at, whichever way it is watched; what cannot be watched is polled."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from picora_sync.change_queue import ChangeQueue
from picora_sync.core.model import FileRef, Problem
from picora_sync.core.policy import AUDIO_SETTLE, Folder
from picora_sync.disk.folder import FolderDisk
from picora_sync.disk.hints import Hints
from picora_sync.disk.observer_tree import ObserverTree
from picora_sync.disk.watching import FolderWatcher, OpenTree, Tree, WatchState, open_tree
from tests.e2e.harness import wait_until

WAIT_S = 60.0
NOT_UTF8 = os.fsdecode(b"caf\xe9.md")


class Heard:
    """Records hints and states, and lets a test wait for one of them."""

    def __init__(self) -> None:
        self.touched: list[str] = []
        self.rescans: list[str] = []
        self.open: set[str] = set()
        self.states: list[tuple[WatchState, Problem | None]] = []
        self.news = threading.Condition()
        self.gate = threading.Event()
        self.gate.set()

    def touch(self, ref: FileRef) -> None:
        assert ref.folder == "notes"
        self._note(self.touched, ref.path)
        assert self.gate.wait(WAIT_S)

    def written(self, ref: FileRef) -> None:
        with self.news:
            self.open.add(ref.path)

    def closed(self, ref: FileRef) -> None:
        with self.news:
            self.open.discard(ref.path)

    def forget_written(self, folder: str) -> None:
        assert folder == "notes"
        with self.news:
            self.open.clear()
            self.news.notify_all()

    def rescan(self, folder: str, why: str) -> None:
        assert folder == "notes"
        self._note(self.rescans, why)

    def state(self, state: WatchState, problem: Problem | None) -> None:
        self._note(self.states, (state, problem))

    def _note(self, where: list[object], what: object) -> None:
        with self.news:
            where.append(what)
            self.news.notify_all()

    def until(self, holds: Callable[[], object]) -> None:
        with self.news:
            assert self.news.wait_for(holds, WAIT_S), (self.touched, self.rescans, self.states)

    def until_touched(self, *paths: str) -> None:
        self.until(lambda: set(paths) <= set(self.touched))

    def forget(self) -> None:
        with self.news:
            self.touched.clear()
            self.rescans.clear()


Watch = Callable[..., FolderWatcher]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.mkdir()
    return path


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def watch(root: Path, heard: Heard) -> Iterator[Watch]:
    watchers: list[FolderWatcher] = []

    def start(tree: OpenTree = open_tree, *, ignore: tuple[str, ...] = (), follow: bool = False) -> FolderWatcher:
        folder = Folder(name="notes", root=str(root), ignore=ignore, follow_symlinks=follow)
        rules = FolderDisk(folder).why_ignored
        watcher = FolderWatcher(folder, rules, heard, heard.state, poll_s=0.02, tree=tree)
        watchers.append(watcher)
        watcher.start()
        return watcher

    yield start
    heard.gate.set()
    for watcher in watchers:
        watcher.stop()


def by_observer(real_root: str, hints: Hints, *, on_gone: Callable[[], None], **_: object) -> Tree:
    return ObserverTree(real_root, hints, on_gone=on_gone)


# On Linux watchdog's own recursive observer may watch a new directory twice, and then warns of it; elsewhere it cannot.
TWICE = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")
EACH_WAY = pytest.mark.parametrize(
    "tree", [pytest.param(open_tree, id="native"), pytest.param(by_observer, id="observer", marks=TWICE)]
)


@EACH_WAY
@pytest.mark.parametrize("name", ["a.md", "b.MP3", "c.png", "sub/d.md", "a\nb.md", "😀.md", NOT_UTF8])
def test_new_file_is_hinted_at(watch: Watch, heard: Heard, root: Path, tree: OpenTree, name: str) -> None:
    (root / "sub").mkdir()
    watch(tree)
    (root / name).write_text("x")
    heard.until_touched(name)
    assert heard.states == [(WatchState.OK, None)]


def edit(path: Path) -> list[str]:
    path.write_text("changed")
    return ["a.md"]


def save_by_rename(path: Path) -> list[str]:
    other = path.with_name("a.md.tmp")
    other.write_text("changed")
    other.replace(path)
    return ["a.md"]


def rename(path: Path) -> list[str]:
    path.rename(path.with_name("b.md"))
    return ["a.md", "b.md"]


def delete(path: Path) -> list[str]:
    path.unlink()
    return ["a.md"]


@EACH_WAY
@pytest.mark.parametrize("change", [edit, save_by_rename, rename, delete])
def test_change_is_hinted_at_on_both_sides(
    watch: Watch, heard: Heard, root: Path, tree: OpenTree, change: Callable[[Path], list[str]]
) -> None:
    (root / "a.md").write_text("x")
    watch(tree)
    heard.until_touched(*change(root / "a.md"))


@EACH_WAY
def test_files_in_new_directories_are_found(watch: Watch, heard: Heard, root: Path, tree: OpenTree) -> None:
    watch(tree)
    (root / "x" / "y").mkdir(parents=True)
    (root / "x" / "y" / "a.md").write_text("x")
    heard.until(lambda: "x/y/a.md" in heard.touched or heard.rescans)
    heard.forget()
    (root / "x" / "y" / "b.md").write_text("x")
    heard.until_touched("x/y/b.md")


@EACH_WAY
def test_renamed_directory_is_rescanned_and_still_watched(
    watch: Watch, heard: Heard, root: Path, tree: OpenTree
) -> None:
    (root / "old" / "deep").mkdir(parents=True)
    (root / "old" / "deep" / "a.md").write_text("x")
    watch(tree)
    (root / "old").rename(root / "new")
    heard.until(lambda: heard.rescans)
    heard.until(lambda: "new/deep/a.md" in heard.touched or heard.rescans)
    (root / "new" / "deep" / "b.md").write_text("x")
    heard.until_touched("new/deep/b.md")


@EACH_WAY
def test_directory_that_was_moved_in_is_found(
    watch: Watch, heard: Heard, root: Path, tmp_path: Path, tree: OpenTree
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.md").write_text("x")
    watch(tree)
    (tmp_path / "in").rename(root / "in")
    heard.until(lambda: "in/a.md" in heard.touched or heard.rescans)


@EACH_WAY
def test_directory_that_was_moved_out_is_rescanned(
    watch: Watch, heard: Heard, root: Path, tmp_path: Path, tree: OpenTree
) -> None:
    (root / "out").mkdir()
    watch(tree)
    (root / "out").rename(tmp_path / "out")
    heard.until(lambda: heard.rescans)


@EACH_WAY
def test_reading_raises_nothing(watch: Watch, heard: Heard, root: Path, tree: OpenTree) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "a.md").write_text("x")
    watch(tree)
    for _ in range(3):
        (root / "sub" / "a.md").read_text()
        list(root.rglob("*"))
    (root / "end.md").write_text("x")
    heard.until_touched("end.md")
    assert set(heard.touched) == {"end.md"}


@EACH_WAY
def test_what_is_ignored_or_of_no_kind_is_not_hinted_at(watch: Watch, heard: Heard, root: Path, tree: OpenTree) -> None:
    for name in (".git", "drafts", "sub"):
        (root / name / "deep").mkdir(parents=True)
    watch(tree, ignore=("drafts/**",))
    for name in (".git/deep/a.md", "drafts/deep/a.md", "sub/deep/a.txt", "sub/deep/a.md"):
        (root / name).write_text("x")
    heard.until_touched("sub/deep/a.md")
    assert set(heard.touched) == {"sub/deep/a.md"}
    assert not heard.rescans


@EACH_WAY
@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_text("other/\n")], ids=["deleted", "edited"])
def test_changed_ignore_file_has_the_folder_scanned(
    watch: Watch, heard: Heard, root: Path, tree: OpenTree, change: Callable[[Path], object]
) -> None:
    (root / "sub").mkdir()
    (root / "sub" / ".picoraignore").write_text("private/\n")
    watch(tree)
    change(root / "sub" / ".picoraignore")
    heard.until_touched("sub/.picoraignore")
    heard.until(lambda: "the ignore rules changed" in heard.rescans)


@EACH_WAY
def test_deleted_root_is_told_and_watched_again_when_it_is_back(
    watch: Watch, heard: Heard, root: Path, tree: OpenTree
) -> None:
    watcher = watch(tree)
    root.rmdir()
    heard.until(lambda: heard.states[-1][0] is WatchState.MISSING)
    root.mkdir()
    heard.until(lambda: heard.states[-1] == (WatchState.OK, None))
    heard.until(lambda: heard.rescans == ["watching works again"])
    (root / "a.md").write_text("x")
    heard.until_touched("a.md")
    assert watcher.alive


def test_root_that_is_missing_at_the_start_is_watched_when_it_comes(watch: Watch, heard: Heard, root: Path) -> None:
    root.rmdir()
    watch()
    assert [state for state, _ in heard.states] == [WatchState.MISSING]
    root.mkdir()
    heard.until(lambda: heard.states[-1] == (WatchState.OK, None))
    (root / "a.md").write_text("x")
    heard.until_touched("a.md")


@pytest.mark.parametrize(
    ("number", "code", "hint"),
    [
        pytest.param(
            errno.ENOSPC, "WATCH_LIMIT", "sudo sysctl fs.inotify.max_user_watches=", id="too-many-directories"
        ),
        pytest.param(errno.EMFILE, "WATCH_LIMIT", "sudo sysctl fs.inotify.max_user_instances=", id="too-many-programs"),
        pytest.param(errno.EACCES, "PERMISSION_DENIED", "permission", id="forbidden"),
    ],
)
def test_folder_that_cannot_be_watched_is_polled_until_it_can(
    watch: Watch, heard: Heard, root: Path, number: int, code: str, hint: str
) -> None:
    mended = threading.Event()

    def failing(*args: object, **kwargs: object) -> Tree:
        if not mended.is_set():
            raise OSError(number, os.strerror(number))
        return open_tree(*args, **kwargs)  # type: ignore[arg-type]

    watch(failing)
    (state, problem) = heard.states[0]
    assert state is WatchState.POLLING
    assert problem is not None
    assert problem.code == code
    assert hint in problem.hint
    heard.until(lambda: len(heard.rescans) >= 3)
    mended.set()
    heard.until(lambda: heard.states[-1] == (WatchState.OK, None))
    assert len(heard.states) == 2
    (root / "a.md").write_text("x")
    heard.until_touched("a.md")


def test_distrusted_watcher_polls_for_good(watch: Watch, heard: Heard) -> None:
    watcher = watch()
    watcher.distrust("a scan found changes that no event had told")
    heard.until(lambda: len(heard.rescans) >= 3)
    state, problem = heard.states[-1]
    assert state is WatchState.POLLING
    assert problem is not None
    assert problem.code == "WATCH_UNRELIABLE"
    assert watcher.alive


def test_no_hint_comes_after_the_end(watch: Watch, heard: Heard, root: Path) -> None:
    watcher = watch()
    watcher.stop()
    assert not watcher.alive
    (root / "a.md").write_text("x")
    assert not heard.touched


if sys.platform == "linux":
    from watchdog.observers.inotify_c import InotifyFD

    from picora_sync.disk.inotify_tree import InotifyTree

    def test_lost_events_lead_to_a_rescan_and_to_whole_watches(watch: Watch, heard: Heard, root: Path) -> None:
        for name in ("a.md", "b.md"):
            (root / name).write_text("x")
        (root / "old").mkdir()
        watch()
        heard.gate.clear()
        (root / "a.md").write_text("y")
        heard.until(lambda: heard.touched)  # from here on the reader stands still
        limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        for _ in range(limit // 2 + 100):  # two files in turn: equal events in a row count once
            os.utime(root / "a.md")
            os.utime(root / "b.md")
        (root / "old").rename(root / "new")
        (root / "unseen" / "deep").mkdir(parents=True)
        heard.gate.set()
        heard.until(lambda: "more changed at once than the system could report" in heard.rescans)
        (root / "unseen" / "deep" / "c.md").write_text("x")
        (root / "new" / "d.md").write_text("x")
        heard.until_touched("unseen/deep/c.md", "new/d.md")
        assert heard.states == [(WatchState.OK, None)]

    def test_root_that_is_moved_away_is_missing(watch: Watch, heard: Heard, root: Path) -> None:
        watch()
        root.rename(root.with_name("away"))
        heard.until(lambda: heard.states[-1][0] is WatchState.MISSING)

    def test_limit_that_is_reached_later_leads_to_polling(watch: Watch, heard: Heard, root: Path) -> None:
        room = [2]

        class FullFD(InotifyFD):
            def add_callback(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
                if not room[0]:
                    raise OSError(errno.ENOSPC, "full")
                room[0] -= 1
                return super().add_callback(*args, **kwargs)  # type: ignore[arg-type]

        def small(*args: object, **kwargs: object) -> Tree:
            return InotifyTree(*args, **kwargs, open_fd=FullFD)  # type: ignore[arg-type]

        watch(small)
        assert heard.states == [(WatchState.OK, None)]
        (root / "one").mkdir()
        (root / "two").mkdir()
        heard.until(lambda: heard.states[-1][0] is WatchState.POLLING)
        heard.until(lambda: heard.rescans)
        room[0] = 1000
        heard.until(lambda: heard.states[-1] == (WatchState.OK, None))

    def test_directory_that_is_no_longer_ignored_is_watched(watch: Watch, heard: Heard, root: Path) -> None:
        (root / "private" / "deep").mkdir(parents=True)
        (root / ".picoraignore").write_text("private/\n")
        watch()
        (root / ".picoraignore").write_text("other/\n")
        heard.until_touched(".picoraignore")
        (root / "barrier.md").write_text("x")
        heard.until_touched("barrier.md")
        (root / "private" / "deep" / "a.md").write_text("x")
        heard.until_touched("private/deep/a.md")

    def test_directory_that_became_ignored_is_no_longer_watched(watch: Watch, heard: Heard, root: Path) -> None:
        (root / "private").mkdir()
        watch()
        (root / ".picoraignore").write_text("private/\n")
        (root / "barrier.md").write_text("x")
        heard.until_touched("barrier.md")
        (root / "private" / "a.md").write_text("x")
        (root / "end.md").write_text("x")
        heard.until_touched("end.md")
        assert "private/a.md" not in heard.touched

    def test_change_of_a_linked_file_is_hinted_at_under_both_names(watch: Watch, heard: Heard, root: Path) -> None:
        (root / "real").mkdir()
        (root / "link").symlink_to("real")
        watch(follow=True)
        (root / "real" / "a.md").write_text("x")
        heard.until_touched("real/a.md", "link/a.md")
        (root / "b.md").symlink_to("real/a.md")
        heard.until_touched("b.md")
        heard.forget()
        (root / "real" / "a.md").write_text("y")
        heard.until_touched("real/a.md", "link/a.md", "b.md")
        (root / "other").symlink_to("real")
        heard.until(lambda: heard.rescans)

    def test_directory_that_becomes_readable_is_watched(heard: Heard, unprivileged: Path) -> None:
        shut = unprivileged / "shut"
        shut.mkdir(mode=0)
        folder = Folder(name="notes", root=str(unprivileged))
        watcher = FolderWatcher(folder, FolderDisk(folder).why_ignored, heard, heard.state)
        watcher.start()
        try:
            shut.chmod(0o700)
            (shut / "a.md").write_text("x")
            heard.until_touched("shut/a.md")
        finally:
            watcher.stop()

    def test_file_that_is_still_being_written_is_hinted_at(watch: Watch, heard: Heard, root: Path) -> None:
        with (root / "a.md").open("w") as file:
            watch()
            file.write("x")
            file.flush()
            heard.until_touched("a.md")

    def test_directory_that_took_the_place_of_the_root_is_watched_once_renewed(heard: Heard, root: Path) -> None:
        (root.parent / "disk").mkdir()
        link = root.parent / "place"
        link.symlink_to(root)
        folder = Folder(name="notes", root=str(link))
        watcher = FolderWatcher(folder, FolderDisk(folder).why_ignored, heard, heard.state)
        watcher.start()
        try:
            link.unlink()
            link.symlink_to(root.parent / "disk")  # as if a disk were mounted there: no event tells of it
            watcher.renew("another directory is in its place")
            heard.until(lambda: heard.rescans)
            (root.parent / "disk" / "a.md").write_text("x")
            heard.until_touched("a.md")
        finally:
            watcher.stop()


# --- who writes -------------------------------------------------------------------------------------------------------

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only inotify tells when a file is closed")


@ON_LINUX
def test_audio_is_written_to_from_its_first_change_to_its_close(watch: Watch, heard: Heard, root: Path) -> None:
    watch()
    with (root / "talk.wav").open("wb", buffering=0) as file:
        file.write(b"RIFF")
        heard.until(lambda: heard.open == {"talk.wav"})
    heard.until(lambda: heard.open == set())


@ON_LINUX
@pytest.mark.parametrize("name", ["note.md", "chart.png", "talk.tmp"])
def test_of_other_files_nobody_is_told_who_writes(watch: Watch, heard: Heard, root: Path, name: str) -> None:
    watch()
    with (root / name).open("wb", buffering=0) as file, (root / "talk.wav").open("wb", buffering=0) as audio:
        file.write(b"text")
        audio.write(b"RIFF")
        heard.until(lambda: heard.open == {"talk.wav"})


@ON_LINUX
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda path: path.unlink(), id="deleted"),
        pytest.param(lambda path: path.with_name("new.tmp").replace(path), id="replaced"),
    ],
)
def test_a_path_that_is_another_file_now_or_none_is_written_to_by_nobody(
    watch: Watch, heard: Heard, root: Path, end: Callable[[Path], object]
) -> None:
    (root / "new.tmp").write_bytes(b"RIFF")
    watch()
    with (root / "talk.wav").open("wb", buffering=0) as file:
        file.write(b"RIFF")
        heard.until(lambda: heard.open == {"talk.wav"})
        end(root / "talk.wav")
        heard.until(lambda: heard.open == set())


@ON_LINUX
def test_a_link_that_is_followed_is_written_to_with_its_target(watch: Watch, heard: Heard, root: Path) -> None:
    (root / "talk.wav").write_bytes(b"RIFF")
    (root / "link.wav").symlink_to("talk.wav")
    watch(follow=True)
    with (root / "talk.wav").open("ab", buffering=0) as file:
        file.write(b"more")
        heard.until(lambda: heard.open == {"talk.wav", "link.wav"})
    heard.until(lambda: heard.open == set())


@ON_LINUX
def test_watching_that_ends_knows_of_nobody_who_writes(watch: Watch, heard: Heard, root: Path) -> None:
    watcher = watch()
    with (root / "talk.wav").open("wb", buffering=0) as file:
        file.write(b"RIFF")
        heard.until(lambda: heard.open == {"talk.wav"})
        watcher.renew("a disk was mounted")
        heard.until(lambda: heard.open == set())
        heard.until(lambda: "a disk was mounted" in heard.rescans)


def test_events_that_were_missed_may_be_those_of_closing(heard: Heard, root: Path) -> None:
    hints = Hints("notes", str(root), lambda *_, **__: None, heard)
    hints.written("talk.wav")
    hints.missed("more changed at once than the system could report")
    assert (heard.open, len(heard.rescans)) == (set(), 1)


@ON_LINUX
def test_a_file_that_is_renamed_while_it_is_written_to_is_written_to_under_its_new_name(root: Path) -> None:
    queue = ChangeQueue(lambda _: AUDIO_SETTLE, lambda: 0.0)
    folder = Folder(name="notes", root=str(root))
    rules = FolderDisk(folder).why_ignored
    watcher = FolderWatcher(folder, rules, queue, lambda *_: None, on_moved=queue.moved)
    old, new, last = (FileRef("notes", name) for name in ("talk.wav", "best talk.wav", "last.wav"))
    watcher.start()
    with (root / old.path).open("wb", buffering=0) as file:
        file.write(b"RIFF")
        (root / new.path).write_bytes(b"another take")  # which is replaced
        (root / old.path).rename(root / new.path)
        (root / last.path).write_bytes(b"")
        wait_until(lambda: last in queue.settling(), WAIT_S, "the last event")
        assert (queue.is_written(old), queue.is_written(new)) == (False, True)
    wait_until(lambda: not queue.is_written(new), WAIT_S, "its close")
    watcher.stop()
