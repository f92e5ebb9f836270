"""What somebody else did to our objects is found by the regular comparison, and put right within the budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picora_sync import errors
from picora_sync.core.comparison import MOST_LOOKS
from picora_sync.core.model import FileRef, Kind, RemoteObject
from picora_sync.core.policy import Folder
from picora_sync.reconciler.audit.drift import AGAIN_S, VERIFIED_AT, Drift
from picora_sync.reconciler.audit.remote_query import Enquiry
from picora_sync.reconciler.audit.repair import VANISHED
from tests.fakes.mirror import Mirror

EVERY_S = 600.0
ROUND_S = EVERY_S + 120.0


class Drifting(Mirror):
    """A mirror that compares itself with the account, as the daemon does."""

    every_s = EVERY_S

    def restart(self) -> None:
        super().restart()
        connection = self.reconciler.connection
        self.drift = Drift(self.reconciler.context, connection, Enquiry(self.picora, self.pool), self.every_s)
        with self.index.transaction():
            self.drift.start()

    def turn(self) -> None:
        self.reconciler.turn()
        with self.index.transaction():
            self.drift.turn(self.reconciler.busy_objects())
        self.pool.run()

    def doc(self, path: str) -> RemoteObject:
        """The object of a file, as Picora has it."""
        row = self.index.files.get(self.ref(path))
        assert row is not None
        assert row.bound is not None
        return self.picora.objects[row.bound]

    def calls_after(self, number: int) -> list[str]:
        return [name for name, _ in self.picora.calls[number:]]


@pytest.fixture
def mirror() -> Drifting:
    """Twenty notes and an audio file, synced."""
    made = Drifting()
    for number in range(20):
        made.write(f"{number}.md", f"note {number}")
    made.write("song.mp3", "sound")
    made.quiet()
    return made


def test_where_nothing_drifted_only_the_lists_are_read(mirror: Drifting) -> None:
    before = len(mirror.picora.calls)
    mirror.run(ROUND_S)
    assert mirror.calls_after(before) == ["listed", "listed"]


def test_what_somebody_made_public_is_private_again(mirror: Drifting) -> None:
    item = mirror.doc("3.md")
    mirror.picora.objects[item.id] = replace(item, public=True)
    mirror.run(ROUND_S)
    assert mirror.picora.objects[item.id].public is False


def test_a_title_and_tags_that_somebody_changed_are_put_right(mirror: Drifting) -> None:
    item = mirror.doc("3.md")
    mirror.picora.objects[item.id] = replace(item, title="Theirs", tags=("x",))
    mirror.run(ROUND_S)
    assert mirror.picora.objects[item.id] == item


@pytest.mark.parametrize("path", ["3.md", "song.mp3"])
def test_what_somebody_deleted_is_made_again_after_two_looks_90_s_apart(mirror: Drifting, path: str) -> None:
    item = mirror.doc(path)
    del mirror.picora.objects[item.id]
    before = len(mirror.picora.mutations())
    while not mirror.picora.count("get"):
        mirror.run(1)
    mirror.run(80)
    assert mirror.picora.mutations()[before:] == []
    mirror.run(20)
    assert mirror.doc(path).sha256 == item.sha256
    assert len(mirror.picora.mutations()[before:]) == 1
    assert [entry.event for entry in mirror.index.objects.history("notes", path)] == [
        "bound",
        "vanished",
        "bound",
    ]


def test_what_comes_back_between_the_looks_is_not_made_again(mirror: Drifting) -> None:
    item = mirror.doc("3.md")
    del mirror.picora.objects[item.id]
    mirror.run(EVERY_S + 30)
    mirror.picora.objects[item.id] = item
    before = len(mirror.picora.mutations())
    mirror.run(ROUND_S)
    assert mirror.picora.mutations()[before:] == []


def test_what_a_list_leaves_out_is_not_gone(mirror: Drifting) -> None:
    mirror.picora.unlisted = {mirror.doc("3.md").id, mirror.doc("song.mp3").id}
    before = len(mirror.picora.calls)
    mirror.run(ROUND_S)
    assert mirror.calls_after(before) == ["listed", "listed", "get", "get"]


def test_objects_of_others_are_left_alone(mirror: Drifting) -> None:
    theirs = mirror.picora.plant(Kind.DOC, "somebody's", public=True)
    mirror.run(2 * ROUND_S)
    assert mirror.picora.objects[theirs.id] == theirs


@pytest.mark.parametrize(
    "error",
    [
        errors.ServerFault("down", status=500),
        errors.NotPicora("a login page"),
        errors.OutcomeUnknown("cut off"),
        errors.RateLimited("slowly", retry_after_s=5.0),
    ],
    ids=["5xx", "no list", "a cut answer", "429"],
)
def test_where_the_list_cannot_be_trusted_nothing_is_concluded(mirror: Drifting, error: errors.RemoteError) -> None:
    del mirror.picora.objects[mirror.doc("3.md").id]
    mirror.picora.fail("listed", error)
    mutations = len(mirror.picora.mutations())
    mirror.run(EVERY_S + 100)
    assert mirror.picora.mutations()[mutations:] == []
    mirror.run(min(AGAIN_S, EVERY_S) + 100)
    assert len(mirror.picora.mutations()[mutations:]) == 1


@pytest.mark.parametrize("look", [1, 2])
def test_a_look_that_fails_concludes_nothing(mirror: Drifting, look: int) -> None:
    del mirror.picora.objects[mirror.doc("3.md").id]
    mutations = len(mirror.picora.mutations())
    if look == 1:
        mirror.picora.fail("get", errors.ServerFault("down", status=500))
    mirror.run(EVERY_S + 30)
    if look == 2:
        mirror.picora.fail("get", errors.ServerFault("down", status=500))
    mirror.run(100)
    assert mirror.picora.mutations()[mutations:] == []


def test_an_account_that_looks_empty_is_not_filled_again(mirror: Drifting) -> None:
    kept = dict(mirror.picora.objects)
    mirror.picora.objects.clear()
    mutations = len(mirror.picora.mutations())
    mirror.run(2 * ROUND_S)
    assert mirror.picora.mutations()[mutations:] == []
    told = mirror.problems()
    assert len(told) == 21
    assert told["3.md"].code == VANISHED
    assert "verify --repair" in told["3.md"].hint

    mirror.picora.objects.update(kept)
    mirror.run(ROUND_S)
    assert mirror.problems() == {}
    assert mirror.picora.mutations()[mutations:] == []


def test_a_slow_stream_of_vanishing_is_held_as_a_whole(mirror: Drifting) -> None:
    mutations = len(mirror.picora.mutations())
    for number in range(0, 18, 3):
        for each in range(number, number + 3):
            del mirror.picora.objects[mirror.doc(f"{each}.md").id]
        mirror.run(ROUND_S)
    assert len(mirror.picora.mutations()[mutations:]) == 9  # the budget is ten
    assert any(problem.code == VANISHED for problem in mirror.problems().values())


def test_what_vanished_and_what_was_removed_share_a_budget(mirror: Drifting) -> None:
    mirror.remove(*(f"{number}.md" for number in range(8)))
    mirror.quiet()
    for number in range(8, 12):
        del mirror.picora.objects[mirror.doc(f"{number}.md").id]
    mutations = len(mirror.picora.mutations())
    mirror.run(ROUND_S)
    assert mirror.picora.mutations()[mutations:] == []


def test_of_many_suspects_only_some_are_looked_at() -> None:
    mirror = Drifting()
    for number in range(MOST_LOOKS + 50):
        mirror.write(f"{number}.md", f"note {number}")
    mirror.quiet()
    mirror.picora.objects.clear()
    before = len(mirror.picora.calls)
    mirror.run(ROUND_S)
    assert mirror.calls_after(before).count("get") == 2 * MOST_LOOKS
    assert len(mirror.problems()) == MOST_LOOKS + 50


def test_a_small_folder_is_not_emptied_and_filled_without_a_word() -> None:
    mirror = Drifting(Folder("notes", "/notes"), Folder("more", "/more"))
    mirror.write("only.md", "one", "more")
    for number in range(5):
        mirror.write(f"{number}.md", f"note {number}")
    mirror.quiet()
    row = mirror.index.files.get(FileRef("more", "only.md"))
    assert row is not None
    del mirror.picora.objects[row.bound or ""]
    mirror.run(ROUND_S)
    assert mirror.problems()["only.md"].code == VANISHED


def test_what_we_change_meanwhile_is_no_drift(mirror: Drifting) -> None:
    mirror.run(EVERY_S - 5)
    item = mirror.doc("3.md")
    mirror.picora.objects[item.id] = replace(item, title="Theirs")
    mirror.drift.turn(())
    mirror.mono_s += 10
    with mirror.index.transaction():
        mirror.drift.turn({item.id})  # asks for the list
    mirror.pool.run()
    with mirror.index.transaction():
        mirror.drift.turn({item.id})
    assert mirror.pool.waiting == 0


def test_the_time_of_the_last_comparison_survives_a_restart(mirror: Drifting) -> None:
    mirror.run(EVERY_S - 60)
    mirror.restart()
    mirror.quiet()
    before = len(mirror.picora.calls)
    mirror.run(120)
    assert mirror.calls_after(before) == ["listed", "listed"]
    mirror.restart()
    mirror.quiet()
    before = len(mirror.picora.calls)
    mirror.run(EVERY_S - 180)
    assert mirror.calls_after(before) == []


def test_a_clock_that_was_set_back_does_not_put_it_off_for_long(mirror: Drifting) -> None:
    mirror.index.set_meta(VERIFIED_AT, repr(mirror.wall() + 1e9))
    mirror.restart()
    mirror.run(ROUND_S)
    assert mirror.picora.count("listed") == 2


def test_it_can_be_turned_off() -> None:
    mirror = Drifting()
    mirror.every_s = float("inf")
    mirror.restart()
    mirror.write("a.md", "a")
    mirror.quiet()
    mirror.run(5000)
    assert mirror.picora.count("listed") == 0


def test_a_mirror_at_rest_has_the_key_verified_after_a_401(mirror: Drifting) -> None:
    mirror.picora.fail("listed", errors.KeyRefused("revoked"))
    mirror.run(EVERY_S + 10)
    assert mirror.reconciler.connection.doubted_since is not None
