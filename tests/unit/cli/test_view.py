"""Pictures of a running mirror, as plain lines and on a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from picora_sync.cli.live_model import Observer, Picture, progress, waiting
from picora_sync.cli.live_view import Latest, ListArea, LiveView, render
from picora_sync.cli.view import PlainView, Screen
from picora_sync.core.model import FileRef, FileState
from picora_sync.core.plan import Reason
from picora_sync.core.ports import Change
from picora_sync.report import FolderLive, Live, Transfer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def observer(mirror: Any, clock: Clock) -> Observer:
    return Observer(mirror.index, -1, clock)


def on_terminal(picture: Any, columns: int = 100, lines: int = 8) -> str:
    latest = Latest()
    latest.learn(picture)
    stream = io.StringIO()
    console = Console(file=stream, width=columns, force_terminal=False, markup=False, emoji=False, highlight=False)
    console.print(render(picture, "Mirroring", latest, ListArea(columns, lines)))
    return stream.getvalue()


def test_a_picture_counts_the_states_of_each_folder(mirror: Any, observer: Observer, live: Callable[..., Live]) -> None:
    mirror.add("one.md")
    mirror.add("two.md")
    mirror.block("big.md")
    picture = observer.picture(
        live(
            folders=[FolderLive("notes", "/n", "ok"), FolderLive("podcast", "/p", "missing")],
            settling=[FileRef("notes", "one.md"), FileRef("podcast", "new.mp3")],
        )
    )
    assert picture.states["notes"] == {FileState.SETTLING: 1, FileState.SYNCED: 1, FileState.BLOCKED: 1}
    assert picture.states["podcast"] == {FileState.SETTLING: 1}
    assert [each.problem.code for each in picture.problems] == ["NOTE_TOO_LARGE"]


def test_progress_counts_what_is_done_under_way_and_waiting(observer: Observer, live: Callable[..., Live]) -> None:
    transfer = Transfer(FileRef("podcast", "a.mp3"), 1000, 400)
    picture = observer.picture(
        live(uploads=2, uploaded_bytes=100, transfers=[transfer], waiting_uploads=3, waiting_bytes=50, eta_s=90)
    )
    assert (picture.done, picture.total, picture.done_bytes, picture.total_bytes) == (2, 6, 500, 1150)
    assert progress(picture) == "2 of 6 files, 500 B of 1.1 KB, 1 min 30 s left"


@pytest.mark.parametrize(
    ("settling", "vanished", "said"),
    [
        (0, 0, ""),
        (1, 0, "waiting 28 s for 1 file to settle"),
        (0, 2, "waiting 28 s for 2 vanished files to come back"),
        (2, 1, "waiting 28 s for 2 files to settle and 1 vanished file to come back"),
    ],
)
def test_what_is_waited_for_and_how_long_is_told_in_words(
    settling: int, vanished: int, said: str, observer: Observer, clock: Clock, live: Callable[..., Live]
) -> None:
    refs = [FileRef("notes", f"{number}.md") for number in range(settling)]
    picture = observer.picture(live(settling=refs, vanished=vanished, wait_s=27.6))
    assert waiting(picture) == said
    assert said in on_terminal(picture)
    stream = io.StringIO()
    view = PlainView(stream, clock)
    clock.now += 5
    view.show(picture)
    assert stream.getvalue() == (f"{said}\n" if said else "")


def test_the_rate_is_that_of_the_last_seconds(observer: Observer, clock: Clock, live: Callable[..., Live]) -> None:
    rates = []
    for sent in (0, 1000, 2000, 2000, 2000, 2000, 2000, 2000, 2000, 1500):
        rates.append(observer.picture(live(uploaded_bytes=sent)).rate_bytes_s)
        clock.now += 1
    assert rates[:3] == [0.0, 1000.0, 1000.0]
    assert rates[-1] == 0.0


def test_the_index_is_not_counted_again_at_once(
    mirror: Any, observer: Observer, clock: Clock, live: Callable[..., Live]
) -> None:
    assert not observer.picture(live()).changed
    mirror.add("one.md")
    assert not observer.picture(live()).changed
    clock.now += 1
    assert [entry.ref.path for entry in observer.picture(live()).changed] == ["one.md"]
    mirror.add("two.md")
    assert [entry.ref.path for entry in observer.picture(live(), exact=True).changed] == ["two.md"]
    assert not observer.picture(live(), exact=True).changed


def test_what_moves_or_is_still_on_picora_is_told_when_it_came_to_rest(
    mirror: Any, observer: Observer, live: Callable[..., Live]
) -> None:
    ref = FileRef("notes", "one.md")
    item = mirror.add("one.md")
    assert not observer.picture(live(settling=[ref]), exact=True).changed
    assert [entry.ref for entry in observer.picture(live(), exact=True).changed] == [ref]
    with mirror.index.transaction():
        mirror.index.objects.unbind(ref, 2.0, Reason.REMOVED)
        mirror.index.files.forget(ref)
    assert not observer.picture(live(), exact=True).gone
    with mirror.index.transaction():
        mirror.index.objects.deleted(item.id, ref, 3.0)
    picture = observer.picture(live(), exact=True)
    assert (picture.changed, picture.gone) == ([], [ref])
    assert not observer.picture(live(), exact=True).gone


def test_a_file_that_changed_again_is_one_line_more_and_one_that_was_only_read_is_none(
    mirror: Any, observer: Observer, live: Callable[..., Live]
) -> None:
    item = mirror.add("one.md")
    observer.picture(live(), exact=True)
    with mirror.index.transaction():
        mirror.index.files.rederive(FileRef("notes", "one.md"))
        mirror.index.objects.store(item)
    assert not observer.picture(live(), exact=True).changed
    with mirror.index.transaction():
        mirror.index.objects.patched(item.id, Change(public=False))
    assert len(observer.picture(live(), exact=True).changed) == 0


def test_plain_lines_tell_each_file_once_with_its_url_or_its_problem(
    mirror: Any, observer: Observer, clock: Clock, live: Callable[..., Live]
) -> None:
    stream = io.StringIO()
    view = PlainView(stream, clock)
    mirror.add("on\ne.md")
    mirror.block("big.md")
    view.show(observer.picture(live()))
    view.show(observer.picture(live()))
    assert stream.getvalue().splitlines() == [
        "blocked  notes/big.md  the note is too large",
        "synced   notes/on\\ne.md  public  https://p.example/1",
    ]


def test_plain_lines_tell_what_changed_since_the_start_only(
    mirror: Any, clock: Clock, live: Callable[..., Live]
) -> None:
    mirror.add("one.md")
    mirror.add("two.md")
    stream = io.StringIO()
    view, observer = PlainView(stream, clock), Observer(mirror.index, mirror.index.states.last_change(), clock)
    with mirror.index.transaction():
        mirror.index.files.forget(FileRef("notes", "two.md"))
    mirror.add("three.md")
    view.show(observer.picture(live(), exact=True))
    assert stream.getvalue().splitlines() == [
        "gone     notes/two.md",
        "synced   notes/three.md  public  https://p.example/3",
    ]


def test_plain_lines_tell_trouble_with_the_account_and_its_end(
    observer: Observer, clock: Clock, live: Callable[..., Live]
) -> None:
    stream = io.StringIO()
    view = PlainView(stream, clock)
    for account, trouble in (("ok", ""), ("offline", "no connection"), ("offline", "no connection"), ("ok", "")):
        view.show(observer.picture(live(account=account, trouble=trouble)))
    assert stream.getvalue().splitlines() == ["account: offline no connection", "account: ok"]


def test_plain_lines_tell_the_progress_from_time_to_time(
    observer: Observer, clock: Clock, live: Callable[..., Live]
) -> None:
    stream = io.StringIO()
    view = PlainView(stream, clock)
    for done in range(20):
        view.show(observer.picture(live(uploads=done, waiting_uploads=20 - done)))
        clock.now += 1
    assert [line.split(",")[0] for line in stream.getvalue().splitlines()] == [
        "5 of 20 files",
        "10 of 20 files",
        "15 of 20 files",
    ]


def test_the_terminal_shows_folders_progress_transfers_urls_and_problems(
    mirror: Any, observer: Observer, live: Callable[..., Live]
) -> None:
    mirror.add("one[red].md")
    mirror.block("big.md")
    text = on_terminal(
        observer.picture(
            live(
                account="limited",
                trouble="no room left",
                folders=[FolderLive("notes", "/n", "polling", "a network drive")],
                transfers=[Transfer(FileRef("podcast", "ep\x1b.mp3"), 2048, 1024)],
                waiting_uploads=1,
            )
        )
    )
    for wanted in (
        "limited  no room left",
        "polling a network drive",
        "0 of 2 files",
        "1.0 KB of 2.0 KB",
        "podcast/ep\\x1b.mp3",
        "one[red].md",
        "https://p.example/1",
        "notes/big.md: the note is too large",
    ):
        assert wanted in text
    assert "\x1b" not in text


def test_on_a_narrow_terminal_the_url_stays_whole(mirror: Any, observer: Observer, live: Callable[..., Live]) -> None:
    mirror.add(f"{'long ' * 30}.md")
    assert "https://p.example/1\n" in on_terminal(observer.picture(live()), columns=60)


def test_on_a_very_narrow_terminal_the_path_stands_above_its_url(
    mirror: Any, observer: Observer, live: Callable[..., Live]
) -> None:
    mirror.add("one.md")
    lines = [line.rstrip() for line in on_terminal(observer.picture(live()), columns=30).splitlines()]
    assert lines[lines.index("Latest") :][:3] == ["Latest", "  public  one.md", "  https://p.example/1"]


def test_only_the_largest_transfers_are_shown(observer: Observer, live: Callable[..., Live]) -> None:
    transfers = [Transfer(FileRef("podcast", f"{size}.mp3"), size, 0) for size in range(1, 11)]
    text = on_terminal(observer.picture(live(transfers=transfers)))
    assert "podcast/10.mp3" in text
    assert "podcast/1.mp3" not in text
    assert "and 6 smaller ones" in text


def test_more_problems_than_fit_are_counted(mirror: Any, observer: Observer, live: Callable[..., Live]) -> None:
    for number in range(10):
        mirror.block(f"{number}.md")
    text = on_terminal(observer.picture(live()), lines=4)
    assert "and 6 more problems" in text


def test_the_latest_urls_come_first_and_gone_files_leave(
    mirror: Any, observer: Observer, live: Callable[..., Live]
) -> None:
    latest = Latest()
    mirror.add("b.md")
    latest.learn(observer.picture(live(), exact=True))
    mirror.add("a.md")
    latest.learn(observer.picture(live(), exact=True))
    assert [entry.ref.path for entry in latest] == ["a.md", "b.md"]
    with mirror.index.transaction():
        mirror.index.files.forget(FileRef("notes", "b.md"))
    latest.learn(observer.picture(live(), exact=True))
    assert [entry.ref.path for entry in latest] == ["a.md"]


def test_a_live_view_draws_and_ends(mirror: Any, observer: Observer, live: Callable[..., Live]) -> None:
    mirror.add("one.md")
    stream = io.StringIO()
    view = LiveView(stream, "Mirroring", passing=False)
    view.show(observer.picture(live()))
    view.close()
    assert "https://p.example/1" in stream.getvalue()


def test_a_screen_remembers_the_last_snapshot_and_ends_with_an_exact_picture(
    mirror: Any, observer: Observer, clock: Clock, live: Callable[..., Live]
) -> None:
    stream = io.StringIO()
    screen = Screen(PlainView(stream, clock), observer)
    screen.finish()
    screen.show(live(uploads=1))
    mirror.add("one.md")
    screen.finish()
    assert screen.last == live(uploads=1)
    assert stream.getvalue() == "synced   notes/one.md  public  https://p.example/1\n"
    assert [entry.ref.path for entry in screen.opened] == ["one.md"]


def test_a_screen_knows_in_the_end_what_became_public(mirror: Any, live: Callable[..., Live]) -> None:
    mirror.add("was.md")
    opened = mirror.add("opened.md", public=False)
    screen = Screen(None, Observer(mirror.index, mirror.index.states.last_change()))
    mirror.add("new.md")
    mirror.add("private.md", public=False)
    with mirror.index.transaction():
        mirror.index.objects.patched(opened.id, Change(public=True))
    screen.show(live())
    screen.finish()
    assert [entry.ref.path for entry in screen.opened] == ["new.md", "opened.md"]


def test_for_nobody_nothing_is_counted(mirror: Any, live: Callable[..., Live]) -> None:
    class Untouched(Observer):
        def picture(self, live: Live, *, exact: bool = False) -> Picture:
            raise AssertionError(live, exact)

    screen = Screen(None, Untouched(mirror.index, 0))
    screen.show(live())
    screen.finish()
    assert screen.last == live()
