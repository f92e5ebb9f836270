"""Promise 8, where a program writes an episode for hours, with pauses longer than the quiet time."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from picora_sync.core.model import FileRef, FileState
from picora_sync.disk.folder import FolderDisk
from picora_sync.disk.lease import is_written
from picora_sync.disk.watching import FolderWatcher
from tests.contract import samples
from tests.e2e.harness import wait_until
from tests.lessons.catalogue import Mutation, promise
from tests.lessons.mirror import HOUR_S, NAME, Mirror

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="leases and the events of closing are Linux's")
TALK = "talk.mp3"
WAIT_S = 60.0


class _NoLeases(FolderDisk):
    """A folder on a file system, or of an owner, where no lease is given."""

    def is_written(self, path: str) -> bool | None:  # noqa: ARG002  (of no file)
        return None


@ON_LINUX
@promise(
    8,
    Mutation(
        "picora_sync/reconciler/intake/open_files.py", "by_lease = unit.disk.is_written(ref.path)", "by_lease = None"
    ),
    Mutation("picora_sync/disk/folder.py", "lease.is_written(", "None and lease.is_written("),
)
def test_promise_08_a_recording_is_not_sent_while_its_recorder_has_it_open_and_pauses(tmp_path: Path) -> None:
    """No event told of anything, as after a restart: only the lease knows."""
    half, rest = samples.mp3(), samples.mp3(frames=20)
    with Mirror(tmp_path) as mirror:
        mirror.quiet()
        with (mirror.root / TALK).open("wb", buffering=0) as recorder:
            if is_written(str(mirror.root / TALK)) is None:
                pytest.skip("this system gives no leases here")
            recorder.write(half)
            mirror.touch(TALK)
            mirror.run(2 * HOUR_S)
            assert mirror.held() == {}
            recorder.write(rest)
        mirror.touch(TALK)
        mirror.run(HOUR_S)
        assert [item.sha256 for item in mirror.held().values()] == [hashlib.sha256(half + rest).hexdigest()]
        assert mirror.states() == {TALK: FileState.SYNCED}


@ON_LINUX
@promise(
    8,
    Mutation("picora_sync/disk/inotify_tree.py", "            self._hints.written(path)\n", "            pass\n"),
    Mutation(
        "picora_sync/reconciler/intake/open_files.py",
        "return self._context.queue.is_written(ref) if by_lease is None else by_lease",
        "return bool(by_lease)",
    ),
)
def test_promise_08_a_recording_of_which_no_close_was_told_is_not_sent_where_no_lease_is_given(tmp_path: Path) -> None:
    half, rest = samples.mp3(), samples.mp3(frames=20)
    with Mirror(tmp_path, disk=_NoLeases) as mirror:
        mirror.quiet()
        watcher = FolderWatcher(mirror.policy, mirror.disk.why_ignored, mirror.queue, lambda *_: None)
        watcher.start()
        with (mirror.root / TALK).open("wb", buffering=0) as recorder:
            recorder.write(half)
            wait_until(lambda: FileRef(NAME, TALK) in mirror.queue.settling(), WAIT_S, "its event")
            _catch_up(mirror)
            mirror.run(2 * HOUR_S)
            assert mirror.held() == {}
            recorder.write(rest)
        _catch_up(mirror)
        mirror.run(HOUR_S)
        watcher.stop()
        assert [item.sha256 for item in mirror.held().values()] == [hashlib.sha256(half + rest).hexdigest()]
        assert mirror.states() == {TALK: FileState.SYNCED}


def _catch_up(mirror: Mirror) -> None:
    """Wait until all events so far were taken: they come in order."""
    name = f"mark {sum(1 for _ in mirror.root.iterdir())}.png"
    (mirror.root / name).write_bytes(b"")
    wait_until(lambda: FileRef(NAME, name) in mirror.queue.settling(), WAIT_S, "the events before this one")
