"""Each row of design §4, counted in calls to Picora."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.core.backlog import READY
from picora_sync.core.model import Dependency, FileRef, FileState, Kind
from picora_sync.core.policy import Folder, OnDelete, Select
from picora_sync.reconciler.dispatch.bandwidth import Meter
from picora_sync.reconciler.snapshot import describe
from tests.fakes.mirror import NOTES, Mirror

PUBLISHED = "public: true\nhello"
Act = Callable[[Mirror], None]


def _begin(mirror: Mirror) -> None:
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.write("pub.md", PUBLISHED)
    mirror.write("e.mp3", b"sound")
    mirror.quiet()


def _edit_and_move(mirror: Mirror) -> None:
    mirror.disk.move("a.md", "z.md")
    mirror.touch("a.md")
    mirror.write("z.md", "alpha, edited")


def _swap(mirror: Mirror) -> None:
    mirror.disk.move("a.md", "tmp.md")
    mirror.disk.move("b.md", "a.md")
    mirror.disk.move("tmp.md", "b.md")
    for path in ("a.md", "b.md", "tmp.md"):
        mirror.touch(path)


def _revert(mirror: Mirror) -> None:
    mirror.write("a.md", "other")
    mirror.run(5)
    mirror.write("a.md", "alpha")


def _move_back(mirror: Mirror) -> None:
    mirror.move("e.mp3", "f.mp3")
    mirror.run(5)
    mirror.move("f.mp3", "e.mp3")


def _save_as_editors_do(mirror: Mirror) -> None:
    mirror.disk.move("a.md", "a.md~")
    mirror.touch("a.md")
    mirror.run(3)
    mirror.write("a.md", "alpha")


ROWS: dict[str, tuple[Act, list[str]]] = {
    "nothing": (lambda _: None, []),
    "a scan": (lambda m: m.scan(), []),
    "events for nothing": (lambda m: m.touch("a.md"), []),
    "new note": (lambda m: m.write("n.md", "new"), ["post_doc"]),
    "new audio": (lambda m: m.write("n.mp3", b"new"), ["post_audio"]),
    "note edited": (lambda m: m.write("a.md", "new"), ["post_doc", "delete"]),
    "audio replaced": (lambda m: m.write("e.mp3", b"new"), ["post_audio", "delete"]),
    "touched, not changed": (lambda m: m.write("a.md", "alpha"), []),
    "moved, title in the name": (lambda m: m.move("a.md", "d/z.md"), ["patch"]),
    "moved, title in the name, audio": (lambda m: m.move("e.mp3", "z.mp3"), ["patch"]),
    "moved, the name kept": (lambda m: m.move("a.md", "d/a.md"), []),
    "moved and moved back": (_move_back, []),
    "moved and edited": (_edit_and_move, ["post_doc", "delete"]),
    "moved over another": (lambda m: m.move("a.md", "b.md"), ["patch", "delete"]),
    "two files swapped": (_swap, ["patch", "patch"]),
    "edited and reverted while settling": (_revert, []),
    "saved by an editor": (_save_as_editors_do, []),
    "made public": (lambda m: m.write("a.md", "public: true"), ["post_doc", "delete"]),
    "made private": (lambda m: m.write("pub.md", "public: false"), ["patch", "post_doc", "delete"]),
    "deleted": (lambda m: m.remove("a.md"), ["delete"]),
    "two notes deleted": (lambda m: m.remove("a.md", "b.md"), ["delete"]),
    "note and audio deleted": (lambda m: m.remove("a.md", "e.mp3"), ["delete", "delete"]),
    "copied": (lambda m: m.write("n.md", "alpha"), []),
    "audio copied": (lambda m: m.write("n.mp3", b"sound"), []),
}


@pytest.mark.parametrize(("act", "calls"), ROWS.values(), ids=ROWS.keys())
def test_a_change_costs_the_least_number_of_calls(act: Act, calls: list[str]) -> None:
    mirror = Mirror()
    _begin(mirror)
    before = len(mirror.picora.calls)
    act(mirror)
    mirror.quiet()
    assert sorted(name for name, _ in mirror.picora.calls[before:]) == sorted(calls)


@pytest.mark.parametrize(("act", "_calls"), ROWS.values(), ids=ROWS.keys())
def test_after_a_change_nothing_more_is_called(act: Act, _calls: list[str]) -> None:
    mirror = Mirror()
    _begin(mirror)
    act(mirror)
    mirror.quiet()
    before = len(mirror.picora.calls)
    mirror.scan()
    mirror.quiet()
    mirror.restart()
    mirror.quiet()
    assert mirror.picora.calls[before:] == []
    assert set(mirror.states().values()) == {FileState.SYNCED}


CONFIGURED: dict[str, tuple[dict[str, object], list[str]]] = {
    "public": ({"public": True}, ["patch"]),
    "tags": ({"tags": ("vault",)}, ["patch"]),
    "nothing": ({"rescan_s": 60.0}, []),
}


@pytest.mark.parametrize(("changes", "calls"), CONFIGURED.values(), ids=CONFIGURED.keys())
def test_a_changed_configuration_is_patched_only(changes: dict[str, object], calls: list[str]) -> None:
    mirror = Mirror()
    mirror.write("a.md", "alpha")
    mirror.quiet()
    before = len(mirror.picora.calls)
    mirror.configure(**changes)
    mirror.quiet()
    assert [name for name, _ in mirror.picora.calls[before:]] == calls


def test_images_stored_differently_delete_the_private_note_before_the_public_one_is_posted() -> None:
    mirror = Mirror()
    mirror.write("a.md", "data: image")
    mirror.quiet()
    before = len(mirror.picora.calls)
    mirror.configure(public=True)
    mirror.quiet()
    assert mirror.picora.calls[before:] == [("delete", "doc-1"), ("post_doc", "a.md")]
    (item,) = mirror.picora.objects.values()
    assert (item.public, item.rewritten) == (True, True)


def test_a_new_file_is_posted_with_the_wanted_visibility() -> None:
    mirror = Mirror()
    mirror.write("a.md", PUBLISHED)
    mirror.write("b.md", "private")
    mirror.quiet()
    assert {item.title: item.public for item in mirror.picora.objects.values()} == {"a": True, "b": False}


def test_audio_that_came_out_public_is_patched_at_once() -> None:
    mirror = Mirror(Folder("pod", "/pod", public=False))
    mirror.picora.force_public = True
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    assert [name for name, _ in mirror.picora.calls] == ["audio_held", "post_audio", "patch", "get"]
    assert [item.public for item in mirror.picora.objects.values()] == [False]


def test_make_private_goes_out_after_two_seconds_and_long_before_the_note_settles() -> None:
    mirror = Mirror()
    mirror.write("a.md", PUBLISHED)
    mirror.quiet()
    mirror.write("a.md", "public: false\nhello")
    mirror.run(3)
    assert [item.public for item in mirror.picora.objects.values()] == [False]
    assert mirror.picora.count("post_doc") == 1


def test_a_note_made_private_while_its_first_upload_is_under_way_is_hidden_before_it_settles() -> None:
    mirror = Mirror()
    mirror.write("a.md", PUBLISHED)
    mirror.run(9)
    mirror.mono_s += 1
    mirror.reconciler.turn()
    assert mirror.pool.waiting == 1
    mirror.write("a.md", "public: false\nhello")
    mirror.mono_s += 3
    mirror.turn()
    mirror.run(1)
    assert [item.public for item in mirror.picora.objects.values()] == [False]


def test_a_note_made_private_before_its_first_upload_starts_is_not_sent_as_it_was() -> None:
    mirror = Mirror()
    mirror.picora.well = False
    mirror.reconciler.connection.refused = True
    mirror.write("a.md", PUBLISHED)
    mirror.run(11)
    mirror.write("a.md", "public: false\nhello")
    mirror.run(3)
    mirror.reconciler.connection.accepted()
    mirror.quiet()
    assert mirror.picora.count("patch") == 0
    assert [item.public for item in mirror.picora.objects.values()] == [False]


def test_same_content_at_two_paths_is_one_object_until_both_are_deleted() -> None:
    mirror = Mirror()
    for path in ("a.md", "b.md", "other.md"):
        mirror.write(path, "same" if path != "other.md" else "other")
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 2
    mirror.remove("a.md")
    mirror.quiet()
    assert mirror.picora.count("delete") == 0
    mirror.remove("b.md")
    mirror.quiet()
    assert mirror.picora.count("delete") == 1


def test_a_shared_object_is_private_if_any_of_its_files_is() -> None:
    mirror = Mirror(NOTES, Folder("site", "/site", public=True))
    mirror.write("a.md", "same", "site")
    mirror.quiet()
    assert [item.public for item in mirror.picora.objects.values()] == [True]
    mirror.write("a.md", "same", "notes")
    mirror.quiet()
    assert [item.public for item in mirror.picora.objects.values()] == [False]


def test_a_file_moved_to_another_folder_is_no_upload() -> None:
    mirror = Mirror(NOTES, Folder("more", "/more"))
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    before = len(mirror.picora.calls)
    mirror.disks["more"].files["e.mp3"] = mirror.disks["notes"].files.pop("e.mp3")
    mirror.queue.touch(FileRef("notes", "e.mp3"))
    mirror.queue.touch(FileRef("more", "e.mp3"))
    mirror.quiet()
    assert mirror.picora.calls[before:] == []


def test_a_file_moved_while_the_process_was_down_is_no_upload() -> None:
    mirror = Mirror()
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    mirror.disk.move("e.mp3", "d/e.mp3")
    mirror.restart()
    mirror.quiet()
    assert [name for name, _ in mirror.picora.calls] == ["audio_held", "post_audio"]


def test_a_document_that_was_there_before_is_adopted_and_outlives_its_file() -> None:
    mirror = Mirror()
    theirs = mirror.picora.plant(Kind.DOC, "alpha", public=True)
    mirror.mono_s += 60
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.quiet()
    assert mirror.picora.objects[theirs.id].public is False
    assert mirror.picora.objects[theirs.id].title == "a"
    mirror.remove("a.md")
    mirror.quiet()
    assert theirs.id in mirror.picora.objects
    assert mirror.picora.count("delete") == 0


def test_delete_adopted_deletes_what_was_there_before() -> None:
    mirror = Mirror(Folder("notes", "/notes", delete_adopted=True))
    theirs = mirror.picora.plant(Kind.DOC, "alpha")
    mirror.mono_s += 60
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.quiet()
    mirror.remove("a.md")
    mirror.quiet()
    assert theirs.id not in mirror.picora.objects


def test_on_delete_keep_deletes_nothing() -> None:
    mirror = Mirror(Folder("notes", "/notes", on_delete=OnDelete.KEEP))
    mirror.write("a.md", "alpha")
    mirror.write("b.md", "beta")
    mirror.quiet()
    mirror.remove("a.md")
    mirror.quiet()
    assert mirror.picora.count("delete") == 0
    assert len(mirror.picora.objects) == 2


def test_a_replaced_object_is_kept_for_those_who_pinned_its_url() -> None:
    mirror = Mirror(Folder("notes", "/notes", keep_replaced_s=600.0))
    mirror.write("a.md", "public: true\none")
    mirror.quiet()
    mirror.write("a.md", "public: true\ntwo")
    mirror.run(300)
    assert len(mirror.picora.objects) == 2
    mirror.run(400)
    assert len(mirror.picora.objects) == 1


def test_a_replaced_object_is_not_kept_in_public_when_the_file_wants_to_be_private() -> None:
    mirror = Mirror(Folder("notes", "/notes", keep_replaced_s=600.0))
    mirror.write("a.md", "public: true\none")
    mirror.quiet()
    mirror.write("a.md", "public: true\ntwo")
    mirror.quiet()
    mirror.write("a.md", "public: false\nthree")
    mirror.run(30)
    assert not any(item.public for item in mirror.picora.objects.values())


def test_select_published_mirrors_public_notes_and_lets_the_others_go() -> None:
    mirror = Mirror(Folder("notes", "/notes", select=Select.PUBLISHED))
    mirror.write("a.md", "public: true\none")
    mirror.write("b.md", "public: true\ntwo")
    mirror.write("c.md", "three")
    mirror.quiet()
    assert mirror.titles() == ["a", "b"]
    mirror.write("a.md", "one")
    mirror.run(11)
    assert [item.public for item in mirror.picora.objects.values() if item.title == "a"] == [False]
    mirror.quiet()
    assert mirror.titles() == ["b"]


def test_a_note_whose_lookups_lead_elsewhere_is_read_again() -> None:
    mirror = Mirror()
    mirror.content.depends["a.md"] = (Dependency("chart.png"),)
    mirror.write("a.md", "alpha")
    mirror.quiet()
    reads = len(mirror.content.derived)
    mirror.content.outdated.add("a.md")
    mirror.scan()
    mirror.quiet()
    assert mirror.content.derived[reads:] == ["a.md"]


def test_many_files_are_deleted_in_batches() -> None:
    mirror = Mirror()
    for number in range(60):
        mirror.write(f"{number}.md", f"text {number}")
    mirror.quiet()
    for number in range(60):
        mirror.write(f"{number}.md", f"new {number}")
    mirror.quiet()
    assert mirror.picora.count("post_doc") == 120
    assert mirror.picora.count("delete") == 2


def test_a_backfill_of_more_notes_than_are_kept_ready_takes_a_call_each() -> None:
    """Some change, and some vanish, while their uploads are put off."""
    mirror = Mirror()
    number = READY + READY // 2
    for n in range(number):
        mirror.write(f"{n}.md", f"text {n}")
    mirror.mono_s += 60
    mirror.turn()
    assert len(mirror.reconciler.backlog) > READY
    mirror.write(f"{number - 1}.md", "edited")
    mirror.remove(f"{number - 2}.md")
    mirror.quiet()
    assert mirror.picora.count("post_doc") == number - 1
    assert mirror.states() == {f"{n}.md": FileState.SYNCED for n in range(number) if n != number - 2}


def test_what_picora_held_before_is_not_counted_as_uploaded() -> None:
    mirror = Mirror()
    mirror.picora.plant(Kind.DOC, "theirs")
    mirror.mono_s += 60
    mirror.write("a.md", "theirs")
    mirror.write("b.md", "ours")
    mirror.quiet()
    tally = mirror.reconciler.tally
    assert (tally.uploads, tally.uploaded_bytes, len(tally.recent)) == (1, len("ours"), 2)


def test_a_snapshot_tells_how_long_what_settles_and_what_vanished_are_waited_for() -> None:
    mirror = Mirror()
    for path in ("a.md", "b.md"):
        mirror.write(path, path)
    mirror.quiet()
    told = describe(mirror.reconciler, Meter(), lambda _: 0.0, 0, None, ())
    assert (told.settling, told.vanished, told.wait_s) == ((), 0, 0.0)
    mirror.remove("a.md")
    mirror.run(12)
    mirror.write("b.md", "edited")
    mirror.turn()
    told = describe(mirror.reconciler, Meter(), lambda _: 0.0, 0, None, ())
    assert (len(told.settling), told.vanished) == (1, 1)
    grace_s = mirror.policies["notes"].delete_after_s
    assert grace_s - 12 <= told.wait_s <= grace_s
    mirror.mono_s += 5
    assert describe(mirror.reconciler, Meter(), lambda _: 0.0, 0, None, ()).wait_s == told.wait_s - 5
