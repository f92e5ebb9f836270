"""Lessons 2, 14 and 18 to 20: what a daemon that runs for months must notice, say, survive and not waste."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from picora_sync.cli.keyring_wait import await_key
from picora_sync.config.keys import Key, KeyringSilent
from picora_sync.core.model import FileRef, FileState
from picora_sync.disk.watching import FolderWatcher
from picora_sync.errors import IndexDamaged
from picora_sync.reconciler.dispatch.gates import AccountState
from picora_sync.service.notify import Notifier
from tests.e2e.harness import Server, picora, wait_until, write_config
from tests.lessons.catalogue import Mutation, lesson
from tests.lessons.mirror import HOUR_S, Mirror

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
WAIT_S = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "picora")
    server.start()
    yield server
    server.stop()


@lesson(
    2,
    Mutation(
        "picora_sync/cli/commands/sync.py", "report.left or report.gaps or missing or left", "report.left or left"
    ),
)
def test_lesson_02_a_missing_folder_is_told_by_exit_code_and_sentence_and_takes_nothing_with_it(
    tmp_path: Path, server: Server
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    for name in "abc":
        (notes / f"{name}.md").write_text(f"# {name}\n")
    config = write_config(tmp_path, server, [{"path": str(notes)}])
    assert picora("sync", config=config).returncode == 0
    notes.rename(tmp_path / "away")
    done = picora("sync", config=config)
    assert done.returncode == 1, done.stderr
    assert "ROOT_MISSING" in done.stdout + done.stderr
    assert len(server.docs()) == 3


class _StandingStill:
    """The mirror's queue behind a door: the thread that reads events waits while it is closed."""

    def __init__(self, mirror: Mirror) -> None:
        self._queue = mirror.queue
        self.waiting = threading.Event()
        self.door = threading.Event()
        self.door.set()
        self.touched: list[str] = []

    def touch(self, ref: FileRef) -> None:
        self.touched.append(ref.path)
        self.waiting.set()
        assert self.door.wait(WAIT_S)
        self._queue.touch(ref)

    def written(self, ref: FileRef) -> None:
        self._queue.written(ref)

    def closed(self, ref: FileRef) -> None:
        self._queue.closed(ref)

    def forget_written(self, folder: str) -> None:
        self._queue.forget_written(folder)

    def rescan(self, folder: str, why: str) -> None:
        self._queue.rescan(folder, why)


@contextmanager
def _watched(mirror: Mirror) -> Iterator[_StandingStill]:
    heard = _StandingStill(mirror)
    watcher = FolderWatcher(mirror.policy, mirror.disk.why_ignored, heard, lambda *_: None)
    watcher.start()
    yield heard
    watcher.stop()


@ON_LINUX
@lesson(
    14,
    Mutation(
        "picora_sync/disk/inotify_tree.py",
        'self._hints.missed("more changed at once than the system could report")',
        "pass",
    ),
)
def test_lesson_14_files_whose_events_did_not_fit_into_the_queue_arrive_all_the_same(tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(2)
        mirror.quiet()
        with _watched(mirror) as heard:
            heard.door.clear()
            (mirror.root / "note 0.md").write_text("# Changed\n")
            assert heard.waiting.wait(WAIT_S)  # from here on nobody takes events
            for _ in range(limit // 2 + 100):  # two files in turn: equal events in a row count once
                os.utime(mirror.root / "note 0.md")
                os.utime(mirror.root / "note 1.md")
            (mirror.root / "unheard.md").write_text("# Unheard\n")
            heard.door.set()
            wait_until(lambda: _is_heard(mirror.root / "last.md", heard), WAIT_S, "events come again")
        mirror.quiet()
        assert "unheard.md" not in heard.touched
        assert mirror.states()["unheard.md"] is FileState.SYNCED


def _is_heard(file: Path, heard: _StandingStill) -> bool:
    """Write it once more, since the queue may still be full, and say whether any of its events came."""
    file.write_text("# Last\n")
    return file.name in heard.touched


@ON_LINUX
@lesson(
    14,
    Mutation(
        "picora_sync/disk/inotify_tree.py",
        "    | InotifyConstants.IN_MODIFY\n",
        "    | InotifyConstants.IN_ALL_EVENTS\n",
    ),
)
def test_lesson_14_looking_through_a_folder_causes_no_events(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(20, "sub/")
        mirror.quiet()
        with _watched(mirror) as heard:
            for path in mirror.disk.scan().files:
                (mirror.root / path).read_bytes()
            (mirror.root / "last.md").write_text("# Last\n")
            wait_until(lambda: "last.md" in heard.touched, WAIT_S, "an event came")
        assert set(heard.touched) == {"last.md"}


@lesson(
    18,
    Mutation("picora_sync/index/safety.py", 'if answers == ["ok"]:', "if answers:"),
    Mutation("picora_sync/index/safety.py", "if aside is not None:", "if False:"),
)
def test_lesson_18_a_damaged_index_is_put_aside_told_and_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(50)
        mirror.quiet()
        mirror.stop()
        before = mirror.held()
        spoil_an_index(mirror.index_file)
        for _ in range(2):
            with pytest.raises(IndexDamaged, match="damaged") as raised:
                mirror.start()
            assert "picora-sync rebuild" in raised.value.hint
        assert not mirror.index_file.exists()
        assert mirror.held() == before


LEAF_OF_INDEX = 0x0A
"""What such a page begins with (SQLite's file format, 1.6); its number of entries is at 3, their places from 8 on."""


def spoil_an_index(file: Path) -> None:
    """Let two entries of a page be one, as a failing disk might: every byte can be read, but what they say is wrong."""
    data = bytearray(file.read_bytes())
    page_bytes = int.from_bytes(data[16:18], "big")
    leaf = next(
        at
        for at in range(page_bytes, len(data), page_bytes)
        if data[at] == LEAF_OF_INDEX and data[at + 4] > 1 and b"note 1" in data[at : at + page_bytes]
    )
    data[leaf + 10 : leaf + 12] = data[leaf + 8 : leaf + 10]
    file.write_bytes(data)


class _Nights(threading.Event):
    """A wait that ends at once; too many of them mean that nobody came."""

    waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout
        self.waits += 1
        assert self.waits < 10
        return self.is_set()


@lesson(
    19,
    Mutation(
        "picora_sync/cli/keyring_wait.py", "except KeyringSilent as locked:", "except ZeroDivisionError as locked:"
    ),
)
def test_lesson_19_a_keyring_that_is_locked_at_boot_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def find() -> Key:
        tries.append(len(tries))
        if len(tries) < 4:
            raise KeyringSilent("the keyring did not answer: KeyringLocked", hint="unlock it")
        return Key("sk_live_x", "the keyring")

    with caplog.at_level(logging.WARNING):
        assert await_key(find, Notifier(), _Nights()) == "sk_live_x"
    assert [record.message for record in caplog.records] == [
        "waiting for the key: the keyring did not answer: KeyringLocked. Unlock it"
    ]


@lesson(19, Mutation("picora_sync/errors.py", "exit_code = 77", "exit_code = 0"))
def test_lesson_19_without_any_key_the_daemon_ends_with_its_own_code(tmp_path: Path, server: Server) -> None:
    (tmp_path / "notes").mkdir()
    config = write_config(tmp_path, server, [{"path": str(tmp_path / "notes")}])
    (tmp_path / "key").unlink()
    done = picora("run", config=config)
    assert done.returncode == 77
    assert "no API key" in done.stderr


@lesson(19, Mutation("picora_sync/remote/pacer.py", "if status in _SUCCESS:", "if status:"))
def test_lesson_19_a_refused_key_makes_the_time_of_its_last_success_stand_still(tmp_path: Path) -> None:
    """What ``status`` shows: a mirror that nobody asks anything looks well, and its key may have been revoked."""
    with Mirror(tmp_path) as mirror:
        assert mirror.accepted_s_ago() is None
        mirror.write("a.md", "# A\n")
        mirror.quiet()
        assert mirror.accepted_s_ago() == pytest.approx(0.0, abs=1.0)
        mirror.road.meddler = lambda *_: httpx.Response(401, json={"success": False, "code": "UNAUTHORIZED"})
        mirror.write("a.md", "# B\n")
        before = mirror.mono_s
        mirror.run(HOUR_S)
        assert mirror.reconciler.connection.state is not AccountState.OK  # whether it is refused, only verify says
        assert mirror.accepted_s_ago() == pytest.approx(mirror.mono_s - before, abs=1.0)


@ON_LINUX
@lesson(
    20,
    Mutation("picora_sync/disk/inotify_tree.py", "(directory and self._hints.skips(directory)) or not", "not"),
)
def test_lesson_20_ignored_directories_are_not_watched(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        for directory in (".obsidian/plugins/deep", "drafts/2026/old", "kept/below"):
            (mirror.root / directory).mkdir(parents=True)
        (mirror.root / ".picoraignore").write_text("drafts/\n")
        before = _watches()
        with _watched(mirror):
            assert _watches() - before == len(["the root", "kept", "kept/below"])


def _watches() -> int:
    """How many directories this process watches, as the kernel has it."""
    found = 0
    for info in Path("/proc/self/fdinfo").iterdir():
        try:
            found += info.read_text().count("inotify wd:")
        except OSError:
            continue  # closed meanwhile
    return found
