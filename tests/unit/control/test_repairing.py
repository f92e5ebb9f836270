"""What a comparison found is put right, as far as it is still so (docs/control.md, ``repair``)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picora_sync.control.messages import Repair, Repaired, Withheld, Wrong
from picora_sync.control.orders import Orders
from picora_sync.core.model import FileState, Kind, RemoteObject
from tests.fakes.mirror import Mirror


@pytest.fixture
def mirror() -> Mirror:
    mirror = Mirror()
    mirror.write("a.md", "alpha")
    mirror.write("e.mp3", b"sound")
    mirror.quiet()
    return mirror


def the(mirror: Mirror, kind: Kind) -> RemoteObject:
    (item,) = mirror.picora.of_kind(kind)
    return item


def repair(mirror: Mirror, *rows: Wrong, held: tuple[Withheld, ...] = ()) -> Repaired:
    answer = Orders(mirror.reconciler).carry_out(Repair(rows=rows, held=held))
    assert isinstance(answer, Repaired)
    mirror.quiet()
    return answer


def damage(mirror: Mirror, item: RemoteObject) -> None:
    """It holds other bytes than its hash says."""
    mirror.picora.texts[item.id] = "damaged"


def test_what_was_changed_is_set_again(mirror: Mirror) -> None:
    item = the(mirror, Kind.DOC)
    mirror.picora.objects[item.id] = replace(item, title="Theirs", public=True)
    answer = repair(mirror, Wrong(object=item.id, what="changed", title="Theirs", public=True))
    assert answer == Repaired(begun=1, left=())
    assert (the(mirror, Kind.DOC).title, the(mirror, Kind.DOC).public) == ("a", False)


def test_what_is_gone_is_uploaded_again(mirror: Mirror) -> None:
    item = the(mirror, Kind.AUDIO)
    del mirror.picora.objects[item.id]
    assert repair(mirror, Wrong(object=item.id, what="missing")).begun == 1
    assert the(mirror, Kind.AUDIO).sha256 == item.sha256
    assert set(mirror.states().values()) == {FileState.SYNCED}


@pytest.mark.parametrize("kind", list(Kind))
def test_what_holds_other_bytes_is_deleted_and_uploaded_again(mirror: Mirror, kind: Kind) -> None:
    item = the(mirror, kind)
    damage(mirror, item)
    assert repair(mirror, Wrong(object=item.id, what="content")).begun == 1
    assert the(mirror, kind).id != item.id
    assert set(mirror.states().values()) == {FileState.SYNCED}
    if kind is Kind.DOC:
        assert mirror.picora.texts[the(mirror, kind).id] == "alpha"


def test_it_is_finished_by_the_next_process(mirror: Mirror) -> None:
    item = the(mirror, Kind.DOC)
    Orders(mirror.reconciler).carry_out(Repair(rows=(Wrong(object=item.id, what="content"),)))
    mirror.restart()
    mirror.quiet()
    assert the(mirror, Kind.DOC).id != item.id


def test_what_has_changed_since_is_left_alone(mirror: Mirror) -> None:
    old = the(mirror, Kind.DOC)
    mirror.write("a.md", "edited meanwhile")
    mirror.quiet()
    before = len(mirror.picora.mutations())
    answer = repair(mirror, *(Wrong(object=old.id, what=what) for what in ("missing", "content", "changed")))
    assert (answer.begun, len(answer.left)) == (0, 3)
    assert mirror.picora.mutations()[before:] == []


def test_nothing_is_deleted_whose_file_could_not_be_sent_again(mirror: Mirror) -> None:
    mirror.disk.remove("a.md")
    mirror.touch("a.md")
    mirror.run(12)
    item = the(mirror, Kind.DOC)
    answer = Orders(mirror.reconciler).carry_out(Repair(rows=(Wrong(object=item.id, what="content"),)))
    assert isinstance(answer, Repaired)
    assert [each.why for each in answer.left] == ["its file is not there as it was sent"]
    assert item.id in mirror.picora.objects


def test_what_others_made_is_not_deleted() -> None:
    mirror = Mirror()
    theirs = mirror.picora.plant(Kind.DOC, "theirs")
    mirror.write("a.md", "theirs")
    mirror.quiet()
    answer = repair(mirror, Wrong(object=theirs.id, what="content"))
    assert "somebody else" in answer.left[0].why
    assert theirs.id in mirror.picora.objects


def test_what_is_left_to_a_person_is_named_among_the_problems_and_no_more_when_nothing_is(mirror: Mirror) -> None:
    repair(mirror, held=(Withheld(folder="notes", path="a.md", why="1 of the 1 files vanished"),))
    assert mirror.problems()["a.md"].code == "VANISHED"
    repair(mirror)
    assert mirror.problems() == {}
