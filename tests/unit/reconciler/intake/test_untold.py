"""Changes that a scan finds and that no event told of: the watcher cannot be relied on (design §3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.change_queue import REGULAR_SCAN
from tests.fakes.disk import UNREADABLE
from tests.fakes.mirror import Mirror


def synced() -> Mirror:
    mirror = Mirror()
    mirror.write("a.md", "text a")
    mirror.write("b.md", "text b")
    mirror.quiet()
    return mirror


def scan(mirror: Mirror, why: str = REGULAR_SCAN) -> None:
    mirror.queue.rescan("notes", why)
    mirror.quiet()


UNTOLD: dict[str, Callable[[Mirror], None]] = {
    "a changed file": lambda mirror: mirror.disk.write("a.md", b"other text"),
    "a new file": lambda mirror: mirror.disk.write("c.md", b"text c"),
}


@pytest.mark.parametrize("change", UNTOLD.values(), ids=UNTOLD.keys())
def test_what_no_event_told_of_is_noticed_by_a_regular_scan(change: Callable[[Mirror], None]) -> None:
    mirror = synced()
    change(mirror)
    mirror.run(120)
    scan(mirror)
    assert mirror.reconciler.context.untold.keys() == {"notes"}


def test_what_events_told_of_is_no_reason_to_doubt_them() -> None:
    mirror = synced()
    mirror.write("a.md", "other text")
    mirror.run(120)
    mirror.disk.write("b.md", b"still being told of")
    scan(mirror)
    assert not mirror.reconciler.context.untold


def test_a_file_that_is_known_to_be_changing_is_no_reason_to_doubt() -> None:
    mirror = synced()
    mirror.content.moving.add("a.md")
    mirror.write("a.md", "never at rest")
    mirror.run(120)
    mirror.queue.rescan("notes", REGULAR_SCAN)
    mirror.turn()
    assert not mirror.reconciler.context.untold


@pytest.mark.parametrize("why", ["start", "more changed at once than the system could report", "the clock jumped"])
def test_a_scan_for_a_reason_is_expected_to_find_changes(why: str) -> None:
    mirror = synced()
    mirror.disk.write("a.md", b"other text")
    mirror.run(120)
    mirror.queue.rescan("notes", REGULAR_SCAN)
    scan(mirror, why)
    assert not mirror.reconciler.context.untold


def test_the_first_scan_of_a_process_is_expected_to_find_changes() -> None:
    mirror = synced()
    mirror.disk.write("a.md", b"other text")
    mirror.mono_s += 120
    mirror.restart()
    mirror.queue.take_rescans()
    scan(mirror)
    assert not mirror.reconciler.context.untold


def test_a_file_that_can_be_read_again_was_not_changed() -> None:
    mirror = synced()
    mirror.disk.broken["a.md"] = UNREADABLE
    mirror.touch("a.md")
    mirror.quiet()
    del mirror.disk.broken["a.md"]
    mirror.run(120)
    scan(mirror)
    assert not mirror.reconciler.context.untold
