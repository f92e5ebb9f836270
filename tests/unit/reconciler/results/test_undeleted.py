"""What Picora refuses to delete is listed, with its URL and the reason, until a DELETE of it was confirmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from picora_sync.control.passes import Pass
from picora_sync.core.model import FileState, Kind
from picora_sync.core.policy import OnDelete
from picora_sync.errors import (
    NotPicora,
    OutcomeUnknown,
    PicoraSyncError,
    PlanRequired,
    QuotaExceeded,
    Rejected,
    ScopeMissing,
    ServerFault,
)
from picora_sync.index.listing import old_versions
from picora_sync.index.notices import concerns
from picora_sync.report import SyncReport
from tests.fakes.mirror import NOTES, Mirror
from tests.fakes.picora import Fault

Refuse = Callable[[], PicoraSyncError]
REFUSALS: dict[str, Refuse] = {
    "scope": lambda: ScopeMissing("the key may not delete", hint="make another", status=403),
    "plan": lambda: PlanRequired("no plan", status=403),
    "quota": lambda: QuotaExceeded("too much", status=403),
    "409": lambda: Rejected("in use", status=409, api_code="CONFLICT"),
    "423": lambda: Rejected("locked", status=423),
    "451": lambda: Rejected("withheld", status=451),
    "5xx": lambda: ServerFault("broken", status=500),
    "404 of a proxy": lambda: NotPicora("no such page", status=404),
    "no answer": lambda: OutcomeUnknown("time-out"),
}


def mirrored(*paths: str) -> Mirror:
    mirror = Mirror(replace(NOTES, public=True))
    for path in paths:
        mirror.write(path, f"content of {path}")
    mirror.quiet()
    return mirror


def refusing(refuse: Refuse) -> Callable[[str], Fault | None]:
    return lambda method: Fault("delete", refuse()) if method == "delete" else None


def report(mirror: Mirror) -> SyncReport:
    return Pass(mirror.reconciler, lambda: 0).report()


@pytest.mark.parametrize("kind", ["md", "mp3"])
@pytest.mark.parametrize("refuse", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refused_deletion_is_told_in_every_process_until_it_is_confirmed(refuse: Refuse, kind: str) -> None:
    mirror = mirrored(f"a.{kind}", f"b.{kind}", "c.md")
    url = next(item.url for item in mirror.picora.objects.values() if item.title == "a")
    mirror.picora.chaos = refusing(refuse)
    mirror.remove(f"a.{kind}")
    mirror.run(2 * 3600)
    for _ in range(3):
        (told,) = [each for each in concerns(mirror.index, ["notes"]) if each.url]
        assert (told.ref.path, told.url, told.public, told.serious) == (f"a.{kind}", url, True, True)
        assert url in told.problem.message
        assert "PUBLIC" in told.problem.message
        assert mirror.states()[f"a.{kind}"] is FileState.BLOCKED
        done = report(mirror)
        assert (done.left, done.blocked, done.deleted) == (1, 1, 0)
        mirror.restart()
        mirror.run(2 * 3600)
    before = mirror.picora.count("delete")
    mirror.run(24 * 3600)
    assert 20 <= mirror.picora.count("delete") - before <= 60  # hourly, and once more where nobody knows
    mirror.picora.chaos = lambda _: None
    mirror.run(3700)
    assert "a" not in mirror.titles()
    assert (mirror.left(), mirror.states().keys()) == ({}, {f"b.{kind}", "c.md"})
    assert mirror.index.objects.history()[-1].event == "deleted"


@pytest.mark.parametrize("refuse", REFUSALS.values(), ids=REFUSALS.keys())
def test_an_old_version_that_stays_is_told_beside_the_new_one(refuse: Refuse) -> None:
    mirror = mirrored("a.md", "b.md")
    old = next(item for item in mirror.picora.objects.values() if item.title == "a")
    mirror.picora.chaos = refusing(refuse)
    mirror.write("a.md", "new")
    mirror.run(2 * 3600)
    assert mirror.states()["a.md"] is FileState.SYNCED
    (told,) = [each for each in concerns(mirror.index, ["notes"]) if each.url]
    assert (told.url, told.public) == (old.url, True)
    assert report(mirror).left == 1
    assert [entry.object.url for entry in old_versions(mirror.index) if entry.object] == [old.url]


@pytest.mark.parametrize("refuse", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_public_old_version_that_cannot_be_deleted_is_made_private_with_its_note(refuse: Refuse) -> None:
    """Promise 4 does not depend on a right to delete."""
    mirror = mirrored("a.md", "b.md")
    mirror.picora.chaos = refusing(refuse)
    mirror.write("a.md", "new")
    mirror.run(2 * 3600)
    assert sum(bool(item.public) for item in mirror.picora.objects.values()) == 3
    mirror.write("a.md", "public: false")
    mirror.run(60)
    public = [item.title for item in mirror.picora.objects.values() if item.public]
    assert public == ["b"]


def test_making_it_private_is_tried_until_it_works() -> None:
    mirror = mirrored("a.md", "b.md")
    mirror.picora.chaos = lambda method: (
        Fault(method, Rejected("no", status=422)) if method in ("delete", "patch") else None
    )
    mirror.write("a.md", "new")
    mirror.run(600)
    mirror.write("a.md", "public: false")
    mirror.run(3600)
    mirror.picora.chaos = refusing(REFUSALS["scope"])
    mirror.run(300)
    assert [item.title for item in mirror.picora.objects.values() if item.public] == ["b"]


@pytest.mark.parametrize("kind", ["md", "mp3"])
def test_one_object_that_is_refused_keeps_no_other_of_its_batch(kind: str) -> None:
    mirror = mirrored(*(f"{name}.{kind}" for name in "abcdefgh"), *(f"{n}.md" for n in range(40)))
    stuck = next(item.id for item in mirror.picora.objects.values() if item.title == "c")
    mirror.picora.refused_ids = {stuck}
    for name in "abcdef":
        mirror.remove(f"{name}.{kind}")
    mirror.run(1800)
    assert mirror.left() == {f"c.{kind}": "CONFLICT"}
    assert {"a", "b", "d", "e", "f"}.isdisjoint(mirror.titles())
    assert mirror.picora.count("delete") <= 8


def test_what_comes_while_the_key_may_not_delete_is_told_too() -> None:
    mirror = mirrored(*(f"{n}.md" for n in range(70)))
    mirror.picora.chaos = refusing(REFUSALS["scope"])
    mirror.remove("0.md")
    mirror.run(120)
    before = mirror.picora.count("delete")
    mirror.remove("1.md")
    mirror.write("2.md", "another")
    mirror.run(600)
    assert mirror.picora.count("delete") == before
    assert mirror.left() == dict.fromkeys(("0.md", "1.md", "2.md"), "SCOPE_MISSING")


def test_a_file_that_comes_back_has_its_object_again_and_nothing_is_left() -> None:
    mirror = mirrored("a.md", "b.md")
    mirror.picora.chaos = refusing(REFUSALS["scope"])
    mirror.remove("a.md")
    mirror.run(600)
    mirror.write("a.md", "content of a.md")
    mirror.run(60)
    assert (mirror.left(), mirror.states()["a.md"], mirror.picora.count("post_doc")) == ({}, FileState.SYNCED, 2)


def test_whoever_asks_for_a_pass_need_not_wait_an_hour() -> None:
    mirror = mirrored("a.md", "b.md")
    mirror.picora.chaos = refusing(REFUSALS["scope"])
    mirror.remove("a.md")
    mirror.run(600)
    mirror.picora.chaos = lambda _: None
    one = Pass(mirror.reconciler, lambda: 0)
    one.begin()
    mirror.run(30)
    assert (one.report().deleted, one.report().left, mirror.titles()) == (1, 0, ["b"])


def test_what_stays_on_purpose_is_nothing_that_is_left() -> None:
    mirror = mirrored("a.md", "b.md")
    mirror.configure(on_delete=OnDelete.KEEP)
    theirs = mirror.picora.plant(Kind.DOC, "same", title="theirs")
    mirror.write("c.md", "same")
    mirror.quiet()
    mirror.remove("a.md")
    mirror.remove("c.md")
    mirror.run(600)
    assert theirs.id in mirror.picora.objects
    assert (mirror.left(), mirror.states().keys(), report(mirror).left) == ({}, {"b.md"}, 0)


def test_a_version_that_is_kept_for_a_while_is_nothing_that_is_left() -> None:
    mirror = mirrored("a.md", "b.md")
    mirror.configure(keep_replaced_s=86_400.0)
    mirror.write("a.md", "new")
    mirror.run(3600)
    assert len(mirror.picora.objects) == 3
    assert (mirror.left(), set(mirror.states().values())) == ({}, {FileState.SYNCED})


def test_a_folder_that_is_configured_no_more_leaves_its_objects_on_purpose() -> None:
    mirror = mirrored("a.md", "b.md")
    mirror.picora.chaos = refusing(REFUSALS["scope"])
    mirror.remove("a.md")
    mirror.run(600)
    assert [each.ref.path for each in concerns(mirror.index, ["other"]) if each.url] == []
