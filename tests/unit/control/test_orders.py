"""What commands do to a mirror (design §5, §6.4, §9)."""

from __future__ import annotations

from functools import partial

import pytest

from picora_sync.control.messages import (
    Approve,
    Approved,
    FolderScan,
    Held,
    Pause,
    Paused,
    Reload,
    RemovalRow,
    Rescanned,
    Resend,
    Resending,
    Resume,
    ShowHeld,
)
from picora_sync.control.orders import Orders
from picora_sync.core.model import FileState
from picora_sync.core.policy import Folder
from picora_sync.errors import CommandRefused
from tests.fakes.mirror import Mirror

PUBLIC = Folder("notes", "/notes", public=True)
OTHER = Folder("Podcast", "/podcast")


def held(*folders: Folder) -> tuple[Mirror, Orders]:
    """A mirror of thirty notes, twelve of which were removed: too many at once."""
    mirror = Mirror(*folders)
    for number in range(30):
        mirror.write(f"{number}.md", f"text {number}")
    mirror.quiet()
    mirror.remove(*(f"{number}.md" for number in range(12)))
    mirror.quiet()
    assert list(mirror.states().values()).count(FileState.HELD) == 12
    return mirror, Orders(mirror.reconciler)


def shown(orders: Orders) -> tuple[RemovalRow, ...]:
    answer = orders.carry_out(ShowHeld(folder="notes"))
    assert isinstance(answer, Held)
    return tuple(RemovalRow(path=row.path, object=row.object) for row in answer.rows)


def approve(orders: Orders, rows: tuple[RemovalRow, ...], *, keep: bool = False) -> Approved:
    answer = orders.carry_out(Approve(folder="notes", rows=rows, keep=keep))
    assert isinstance(answer, Approved)
    return answer


def test_what_is_held_is_shown_with_the_object_that_would_be_deleted() -> None:
    mirror, orders = held()
    answer = orders.carry_out(ShowHeld(folder="notes"))
    assert isinstance(answer, Held)
    first = answer.rows[0]
    item = mirror.picora.objects[first.object or ""]
    assert (first.path, item.title, first.url) == ("0.md", "0", item.url)
    assert "would be deleted within 24 hours" in first.why


def test_exactly_the_rows_that_were_shown_are_removed() -> None:
    mirror, orders = held()
    answer = approve(orders, shown(orders)[:5])
    assert (answer.approved, answer.refused) == (5, ())
    mirror.quiet()
    assert len(mirror.picora.objects) == 25
    assert len(shown(orders)) == 7


@pytest.mark.parametrize(
    ("row", "why"),
    [
        pytest.param(RemovalRow(path="0.md", object="another"), "something else than was shown", id="another-object"),
        pytest.param(RemovalRow(path="0.md"), "something else than was shown", id="no-object-shown"),
        pytest.param(RemovalRow(path="20.md", object="x"), "not held any more", id="a-file-that-is-there"),
        pytest.param(RemovalRow(path="never.md"), "not held any more", id="a-file-that-never-was"),
    ],
)
def test_a_row_that_is_not_what_was_shown_is_left_alone(row: RemovalRow, why: str) -> None:
    mirror, orders = held()
    answer = approve(orders, (row, *shown(orders)[1:]))
    assert answer.approved == 11
    assert [(each.path, why in each.why) for each in answer.refused] == [(row.path, True)]
    mirror.quiet()
    assert mirror.states()["0.md"] is FileState.HELD


def test_a_file_that_came_back_between_showing_and_approving_stays() -> None:
    mirror, orders = held()
    rows = shown(orders)
    mirror.write("0.md", "text 0")
    mirror.quiet()
    answer = approve(orders, rows)
    assert [each.path for each in answer.refused] == ["0.md"]
    mirror.quiet()
    assert mirror.states()["0.md"] is FileState.SYNCED
    assert len(mirror.picora.objects) == 19


def test_keeping_forgets_the_files_and_leaves_the_objects_alone_for_good() -> None:
    mirror, orders = held()
    assert approve(orders, shown(orders), keep=True).kept == 12
    mirror.quiet()
    mirror.restart()
    mirror.quiet()
    assert len(mirror.picora.objects) == 30
    assert len(mirror.states()) == 18


def test_what_was_held_for_what_it_turned_into_stays_known_and_is_sent_as_new() -> None:
    mirror = Mirror()
    for number in range(30):
        mirror.write(f"{number}.md", f"text {number}")
    mirror.quiet()
    for number in range(30):
        mirror.write(f"{number}.md", "all the same")
    mirror.quiet()
    orders = Orders(mirror.reconciler)
    assert approve(orders, shown(orders), keep=True).kept == 30
    assert len(list(mirror.index.files.all("notes"))) == 30
    mirror.restart()  # as after a command that ran without a daemon
    mirror.quiet()
    assert set(mirror.states().values()) == {FileState.SYNCED}
    assert len(mirror.picora.objects) == 31


def test_keeping_leaves_nothing_public_that_wants_to_be_private() -> None:
    mirror, orders = held(PUBLIC)
    rows = shown(orders)
    with mirror.index.transaction():
        mirror.index.files.wants_private(mirror.ref("0.md"))
    answer = approve(orders, rows, keep=True)
    assert (answer.kept, [each.path for each in answer.refused]) == (11, ["0.md"])
    assert "confirmed" in answer.refused[0].why


def test_approved_removals_of_a_paused_folder_wait_until_it_is_resumed() -> None:
    mirror, orders = held()
    orders.carry_out(Pause(folder="notes"))
    assert approve(orders, shown(orders)).paused
    mirror.run(600)
    assert len(mirror.picora.objects) == 30
    orders.carry_out(Resume(folder="notes"))
    mirror.quiet()
    assert len(mirror.picora.objects) == 18


@pytest.mark.parametrize(
    ("folder", "after"),
    [
        pytest.param("Podcast", {"notes": False, "Podcast": True}, id="one"),
        pytest.param(None, {"notes": True, "Podcast": True}, id="all"),
    ],
)
def test_pausing_and_resuming_say_how_each_folder_is(folder: str | None, after: dict[str, bool]) -> None:
    orders = Orders(Mirror(PUBLIC, OTHER).reconciler)
    for request, expected in ((Pause(folder=folder), after), (Resume(folder=folder), dict.fromkeys(after, False))):
        answer = orders.carry_out(request)
        assert isinstance(answer, Paused)
        assert {each.name: each.paused for each in answer.folders} == expected


def test_a_rescan_finds_at_once_what_no_event_told_of() -> None:
    mirror = Mirror(PUBLIC, OTHER)
    mirror.quiet()
    mirror.disk.write("unseen.md", b"unseen")
    rescan = Orders(mirror.reconciler).look_through(None)
    assert not rescan.over()
    mirror.turn()
    assert rescan.over()
    assert rescan.answer() == Rescanned(
        folders=(FolderScan(name="notes", different=1), FolderScan(name="Podcast", different=0))
    )
    mirror.quiet()
    assert mirror.titles() == ["unseen"]


def test_a_rescan_says_what_could_not_be_looked_through() -> None:
    mirror = Mirror(PUBLIC)
    mirror.quiet()
    mirror.disk.missing_root = True
    rescan = Orders(mirror.reconciler).look_through("notes")
    mirror.turn()
    assert rescan.answer().folders[0].trouble


def test_resending_reads_every_file_again_and_sends_nothing_that_is_the_same() -> None:
    mirror = Mirror(PUBLIC)
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.run(600)
    mirror.content.derived.clear()
    mirror.scan()
    mirror.quiet()
    assert mirror.content.derived == []
    answer = Orders(mirror.reconciler).carry_out(Resend(folder="notes"))
    assert answer == Resending(folder="notes", files=2)
    mirror.quiet()
    assert sorted(mirror.content.derived) == ["a.md", "b.md"]
    assert mirror.picora.count("post_doc") == 2


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("note", "did you mean notes?", id="nearly"),
        pytest.param("podcast", "did you mean Podcast?", id="case"),
        pytest.param("zzz", "one of: notes, Podcast", id="nothing-like-it"),
    ],
)
def test_an_unknown_folder_is_refused_with_the_nearest_name(name: str, hint: str) -> None:
    orders = Orders(Mirror(PUBLIC, OTHER).reconciler)
    requests = (Pause(folder=name), Resume(folder=name), Resend(folder=name), ShowHeld(folder=name))
    tries = [partial(orders.carry_out, each) for each in (*requests, Approve(folder=name, rows=()))]
    for each in (*tries, partial(orders.look_through, name)):
        with pytest.raises(CommandRefused) as raised:
            each()
        assert (raised.value.code, raised.value.hint, raised.value.exit_code) == ("UNKNOWN_FOLDER", hint, 2)


def test_what_needs_a_loop_is_refused_without_one() -> None:
    with pytest.raises(CommandRefused, match="no daemon runs"):
        Orders(Mirror(PUBLIC).reconciler).carry_out(Reload())
