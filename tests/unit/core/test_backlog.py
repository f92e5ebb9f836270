"""What waits goes out in order, once, and comes back when it is time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.backlog import SMALL_BYTES, Backlog, Lane
from picora_sync.core.model import FileRef, Kind, Metadata, Rank, Tier, Wanted
from picora_sync.core.plan import Delete, Patch, Upload
from picora_sync.core.ports import Change

META = Metadata("T", (), public=False)


def ref(path: str) -> FileRef:
    return FileRef("notes", path)


def upload(path: str, content: str = "", size: int = 10, also: tuple[str, ...] = ()) -> Upload:
    kind = Kind.AUDIO if path.endswith(".mp3") else Kind.DOC
    wanted = Wanted(kind, content or path, size, path, "T")
    return Upload(ref(path), wanted, META, "new", also=tuple(map(ref, also)))


def patch(object_id: str, *, public: bool | None = None, title: str | None = "T") -> Patch:
    return Patch(object_id, Kind.DOC, Change(title=title, public=public), ref("p.md"), "changed")


def delete(object_id: str, kind: Kind = Kind.DOC) -> Delete:
    return Delete(object_id, kind, ref("gone.md"), "removed")


def drain(backlog: Backlog, lane: Lane) -> list[str]:
    taken = []
    while (action := backlog.take(lane)) is not None:
        taken.append(action.ref.path if isinstance(action, Upload) else action.object_id)
    return taken


def test_each_kind_has_its_lane() -> None:
    backlog = Backlog()
    for action in (upload("a.md"), upload("b.mp3"), patch("x")):
        backlog.put(action)
    assert [drain(backlog, lane) for lane in (Lane.DOC, Lane.AUDIO, Lane.PATCH)] == [["a.md"], ["b.mp3"], ["x"]]
    assert len(backlog) == 0


def test_small_files_keep_their_order_and_large_ones_follow_by_size() -> None:
    backlog = Backlog()
    for path, size in {"huge.md": 9 * SMALL_BYTES, "b.md": 20, "big.md": 2 * SMALL_BYTES, "a.md": 10}.items():
        backlog.put(upload(path, size=size))
    assert drain(backlog, Lane.DOC) == ["b.md", "a.md", "big.md", "huge.md"]


def test_what_a_person_works_on_goes_first() -> None:
    backlog = Backlog()
    backlog.put(upload("a.md"), Rank.BACKFILL)
    backlog.put(upload("b.md", size=9 * SMALL_BYTES), Rank.INTERACTIVE)
    assert drain(backlog, Lane.DOC) == ["b.md", "a.md"]


def test_make_private_goes_before_everything_of_its_lane() -> None:
    backlog = Backlog()
    backlog.put(patch("x"), Rank.INTERACTIVE)
    backlog.put(patch("y", public=True), Rank.INTERACTIVE)
    backlog.put(patch("z", public=False))
    assert drain(backlog, Lane.PATCH) == ["z", "x", "y"]


def test_a_later_action_about_the_same_thing_replaces_the_earlier() -> None:
    backlog = Backlog()
    backlog.put(upload("a.md", "A"))
    backlog.put(upload("b.md", "A"))
    backlog.put(patch("x", title="old"))
    backlog.put(patch("x", title="new"))
    assert len(backlog) == 2
    assert drain(backlog, Lane.DOC) == ["b.md"]
    taken = backlog.take(Lane.PATCH)
    assert isinstance(taken, Patch)
    assert taken.change.title == "new"


def test_peek_leaves_it_there() -> None:
    backlog = Backlog()
    assert backlog.peek(Lane.DOC) is None
    backlog.put(upload("a.md"))
    assert backlog.peek(Lane.DOC) == backlog.peek(Lane.DOC) == upload("a.md")
    assert drain(backlog, Lane.DOC) == ["a.md"]


@pytest.mark.parametrize(("kind", "most"), [(Kind.DOC, 50), (Kind.AUDIO, 100)])
def test_deletes_are_taken_in_batches(kind: Kind, most: int) -> None:
    backlog = Backlog()
    for number in range(most + 1):
        backlog.put(delete(str(number), kind))
    assert backlog.deletes(kind) == most + 1
    assert [len(backlog.take_deletes(kind)) for _ in range(3)] == [most, 1, 0]


def test_parked_work_comes_back_when_its_time_has_come() -> None:
    backlog = Backlog()
    backlog.park(upload("late.md"), 20.0)
    backlog.park(upload("soon.md"), 10.0)
    backlog.park(delete("x"), 15.0)
    assert (backlog.next_release(), len(backlog), backlog.parked_deletes()) == (10.0, 3, {"x"})
    backlog.release(9.0)
    assert drain(backlog, Lane.DOC) == []
    backlog.release(15.0)
    assert (drain(backlog, Lane.DOC), backlog.deletes(Kind.DOC)) == (["soon.md"], 1)
    backlog.release(99.0)
    assert (drain(backlog, Lane.DOC), backlog.next_release()) == (["late.md"], None)


def test_withdraw_drops_what_is_about_a_file_and_names_its_companions() -> None:
    backlog = Backlog()
    backlog.put(upload("a.md", also=("b.md",)))
    backlog.put(upload("c.md"))
    assert backlog.withdraw([ref("b.md")], []) == {ref("a.md")}
    assert drain(backlog, Lane.DOC) == ["c.md"]


def test_withdraw_drops_what_is_about_an_object() -> None:
    backlog = Backlog()
    backlog.put(patch("x"))
    backlog.put(patch("y"))
    backlog.put(delete("x"))
    backlog.park(delete("x"), 5.0)
    backlog.park(patch("x"), 5.0)
    assert backlog.withdraw([], ["x"]) == set()
    assert drain(backlog, Lane.PATCH) == ["y"]
    assert len(backlog) == 0


def test_withdraw_drops_parked_uploads() -> None:
    backlog = Backlog()
    backlog.park(upload("a.md", also=("b.md",)), 5.0)
    backlog.park(upload("c.md"), 1.0)
    backlog.park(upload("d.md"), 2.0)
    assert backlog.withdraw([ref("a.md"), ref("c.md")], []) == {ref("b.md")}
    assert backlog.next_release() == 2.0


def test_requests_names_all_that_waits() -> None:
    backlog = Backlog()
    waiting = [upload("a.md"), patch("x"), delete("y")]
    for action in waiting:
        backlog.put(action)
    backlog.park(upload("b.md"), 5.0)
    assert set(backlog.requests()) == {*waiting, upload("b.md")}


def test_counts_are_those_of_the_least_requests() -> None:
    backlog = Backlog()
    backlog.put(upload("a.md", size=7))
    backlog.park(upload("b.mp3", size=5), 1.0)
    backlog.put(patch("x"))
    for number in range(51):
        backlog.put(delete(str(number)))
    backlog.park(delete("s", Kind.AUDIO), 1.0)
    counts = backlog.counts()
    assert (counts.uploads, counts.upload_bytes) == (2, 12)
    assert counts.requests == {Tier.UPLOAD: 2, Tier.MUTATION: 1 + 2 + 1}


STEP = st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from(("put", "take", "withdraw")))


@given(st.lists(STEP))
def test_the_counts_are_right_after_anything(steps: list[tuple[str, str, str]]) -> None:
    backlog = Backlog()
    for path, content, what in steps:
        match what:
            case "put":
                backlog.put(upload(f"{path}.md", content, size=len(steps)))
                backlog.put(patch(content))
            case "take":
                backlog.take(Lane.DOC)
            case _:
                backlog.withdraw([ref(f"{path}.md")], [content])
    waiting = list(backlog.requests())
    uploads = [action for action in waiting if isinstance(action, Upload)]
    counts = backlog.counts()
    assert (counts.uploads, counts.upload_bytes) == (len(uploads), sum(each.wanted.size_bytes for each in uploads))
    assert counts.requests == {Tier.UPLOAD: len(uploads), Tier.MUTATION: len(waiting) - len(uploads)}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.booleans())))
def test_after_withdrawing_everything_nothing_is_left(steps: list[tuple[str, str, bool]]) -> None:
    backlog = Backlog()
    for path, content, park in steps:
        action = upload(f"{path}.md", content, also=("other.md",))
        if park:
            backlog.park(action, 1.0)
        else:
            backlog.put(action)
    backlog.withdraw([ref(f"{path}.md") for path in "abc"], [])
    assert len(backlog) == 0
    assert drain(backlog, Lane.DOC) == []


def test_of_many_notes_most_are_put_off_and_given_back_to_be_planned_when_half_of_the_ready_ones_are_gone() -> None:
    backlog = Backlog(ready=4)
    for n in range(10):
        backlog.put(upload(f"{n}.md", size=100))
    assert len(backlog) == 10
    assert (backlog.counts().uploads, backlog.counts().upload_bytes) == (10, 1000)
    assert not backlog.may_recall()
    assert backlog.recall() == set()
    assert [backlog.take(Lane.DOC) for _ in range(2)] == [upload("0.md", size=100), upload("1.md", size=100)]
    assert backlog.may_recall()
    assert backlog.recall() == {ref("4.md"), ref("5.md")}
    assert len(backlog) == 6


@pytest.mark.parametrize(
    "action",
    [upload("a.mp3"), patch("x"), delete("y")],
    ids=lambda action: type(action).__name__,
)
def test_only_notes_are_put_off(action: Upload | Patch | Delete) -> None:
    backlog = Backlog(ready=0)
    backlog.put(action)
    assert not backlog.may_recall()
    assert len(backlog) == 1


def test_what_a_person_works_on_is_never_put_off() -> None:
    backlog = Backlog(ready=1)
    backlog.put(upload("a.md"))
    backlog.put(upload("b.md"), Rank.INTERACTIVE)
    assert drain(backlog, Lane.DOC) == ["b.md", "a.md"]


def test_all_files_of_an_upload_that_was_put_off_are_given_back() -> None:
    backlog = Backlog(ready=1)
    backlog.put(upload("a.md"))
    backlog.put(upload("b.md", also=("c.md",)))
    assert backlog.counts().uploads == 2
    backlog.take(Lane.DOC)
    backlog.withdraw([ref("b.md")], [])
    assert backlog.recall() == {ref("c.md")}


def test_an_upload_that_is_planned_again_takes_its_own_room() -> None:
    backlog = Backlog(ready=1)
    backlog.put(upload("a.md"))
    backlog.put(upload("a.md", size=20))
    assert drain(backlog, Lane.DOC) == ["a.md"]
    assert not backlog.may_recall()
