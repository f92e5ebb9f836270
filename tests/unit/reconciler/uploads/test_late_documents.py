"""A document that a lost upload would make anew stays until no such upload can arrive any more (decision 0175)."""

from __future__ import annotations

import pytest

from picora_sync.core.model import Kind
from picora_sync.core.policy import Folder
from picora_sync.core.ports import DocUpload
from picora_sync.errors import OutcomeUnknown
from picora_sync.reconciler.uploads.late import LATEST_S
from tests.fakes.mirror import Mirror

OLD, NEW = "public: true\none", "public: false\ntwo"


def mirror_after_an_upload_in_doubt(*, carried_out: bool = False) -> Mirror:
    """The first POST of the note got lost, the second was confirmed."""
    mirror = Mirror(Folder("notes", "/notes"))
    mirror.write("a.md", OLD)
    mirror.picora.fail("post_doc", OutcomeUnknown("time-out"), after=carried_out)
    mirror.quiet()
    assert (mirror.picora.count("post_doc"), len(mirror.picora.of_kind(Kind.DOC))) == (2, 1)
    return mirror


def arrive(mirror: Mirror) -> None:
    """The POST that got lost is carried out."""
    mirror.picora.post_doc(DocUpload("a.md", OLD, "a", (), public=True, rewrite_images=True))


def texts(mirror: Mirror) -> list[str]:
    return sorted(mirror.picora.texts[item.id] for item in mirror.picora.of_kind(Kind.DOC))


def public(mirror: Mirror) -> list[str]:
    return [mirror.picora.texts[item.id] for item in mirror.picora.of_kind(Kind.DOC) if item.public]


@pytest.mark.parametrize("restarts", [False, True], ids=["in the same process", "after a restart"])
def test_nothing_is_left_of_a_replaced_note_whose_lost_upload_arrives(restarts: bool) -> None:
    mirror = mirror_after_an_upload_in_doubt()
    mirror.write("a.md", NEW)
    mirror.run(60)
    if restarts:
        mirror.restart()
        mirror.run(60)
    arrive(mirror)
    mirror.run(2 * LATEST_S)
    assert texts(mirror) == [NEW]


def test_what_wants_private_is_private_meanwhile() -> None:
    mirror = mirror_after_an_upload_in_doubt()
    mirror.write("a.md", NEW)
    mirror.run(60)
    assert (texts(mirror), public(mirror)) == ([NEW, OLD], [])
    arrive(mirror)
    assert public(mirror) == []


def test_the_document_of_a_removed_note_goes_when_the_time_is_over() -> None:
    mirror = mirror_after_an_upload_in_doubt()
    mirror.write("other.md", "it is not the last one")
    mirror.quiet()
    mirror.remove("a.md")
    mirror.run(LATEST_S - 120)
    assert OLD in texts(mirror)
    mirror.run(180)
    assert OLD not in texts(mirror)


def test_a_note_whose_upload_is_in_no_doubt_is_replaced_at_once() -> None:
    mirror = mirror_after_an_upload_in_doubt(carried_out=True)
    mirror.write("a.md", NEW)
    mirror.run(60)
    assert texts(mirror) == [NEW]


def test_the_watch_ends_with_its_time_and_asks_nothing() -> None:
    mirror = mirror_after_an_upload_in_doubt()
    assert [watch.kind for watch in mirror.index.twins.all()] == [Kind.DOC]
    before = len(mirror.picora.calls)
    mirror.run(LATEST_S + 60)
    assert mirror.index.twins.all() == []
    assert len(mirror.picora.calls) == before


def test_a_watch_that_nobody_ended_in_time_ends_with_the_next_process() -> None:
    mirror = mirror_after_an_upload_in_doubt()
    mirror.mono_s += 2 * LATEST_S
    mirror.restart()
    mirror.run(60)
    assert mirror.index.twins.all() == []
