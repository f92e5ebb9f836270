"""A process that is to end does not wait for a long file, and loses nothing of it."""

from __future__ import annotations

from picora_sync.core.model import FileState
from picora_sync.errors import Stopped
from tests.fakes.mirror import Mirror


def stop() -> None:
    raise Stopped


def test_a_file_whose_reading_was_stopped_is_read_when_somebody_reads_again() -> None:
    mirror = Mirror()

    def stop() -> None:
        mirror.content.slow.clear()
        raise Stopped

    mirror.content.slow["a.mp3"] = stop
    mirror.write("a.mp3", "sound")
    mirror.run(20)
    assert mirror.content.derived == ["a.mp3", "a.mp3"]
    mirror.quiet()
    assert mirror.states()["a.mp3"] is FileState.SYNCED


def test_a_scan_that_was_stopped_leaves_everything_to_the_next_process() -> None:
    mirror = Mirror()
    mirror.write("a.md", "a")
    mirror.quiet()
    calls = len(mirror.picora.calls)
    mirror.disk.on_scan = stop
    mirror.disk.files.clear()
    mirror.scan()
    mirror.run(3600)
    assert mirror.picora.calls[calls:] == []
    mirror.write("b.md", "b")
    mirror.disk.on_scan = lambda: None
    mirror.restart()
    mirror.quiet()
    assert mirror.titles() == ["b"]
