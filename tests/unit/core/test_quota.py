"""What an account still takes, as far as that is known (design §8)."""

from __future__ import annotations

from picora_sync.core.model import Kind, Quota
from picora_sync.core.quota import ASK_AGAIN_S, QuotaLedger


def room_with(kind: Kind, limit: int, used: int) -> QuotaLedger:
    room = QuotaLedger()
    room.learn({kind: Quota(limit, used)}, now=0.0)
    return room


def test_nothing_is_known_before_anything_was_heard() -> None:
    assert QuotaLedger().left(Kind.DOC) is None
    assert QuotaLedger().next_due() is None


def test_documents_are_counted_and_audio_is_measured() -> None:
    room = room_with(Kind.DOC, limit=10, used=4)
    room.learn({Kind.AUDIO: Quota(1000, 100)}, now=0.0)
    room.stored(Kind.DOC, 5000)
    room.stored(Kind.AUDIO, 300)
    assert (room.left(Kind.DOC), room.left(Kind.AUDIO)) == (5, 600)


def test_an_account_over_its_limit_has_nothing_left() -> None:
    assert room_with(Kind.AUDIO, limit=10, used=12).left(Kind.AUDIO) == 0


def test_whether_no_document_fits_is_found_out_by_sending_one_since_picora_may_hold_it_already() -> None:
    room = room_with(Kind.DOC, limit=10, used=10)
    assert room.left(Kind.DOC) is None
    room.refused(Kind.DOC, 500, now=1.0)
    room.learn({Kind.DOC: Quota(10, 10)}, now=2.0)
    assert room.left(Kind.DOC) == 0


def test_what_was_refused_tells_how_much_is_left_at_most() -> None:
    room = room_with(Kind.AUDIO, limit=1000, used=0)
    room.refused(Kind.AUDIO, 700, now=0.0)
    assert room.left(Kind.AUDIO) == 699
    room.refused(Kind.AUDIO, 800, now=0.0)
    assert room.left(Kind.AUDIO) == 699


def test_a_deletion_makes_room_for_what_waits() -> None:
    room = QuotaLedger()
    room.refused(Kind.DOC, 500, now=0.0)
    assert room.take_grown(1.0) == frozenset()
    room.freed(Kind.DOC, 99)
    assert room.next_due() == float("-inf")
    assert room.take_grown(1.0) == {Kind.DOC}
    assert room.short == frozenset()
    assert room.left(Kind.DOC) == 1


def test_a_deletion_is_no_news_if_nothing_waits() -> None:
    room = room_with(Kind.DOC, limit=10, used=4)
    room.freed(Kind.DOC, 99)
    assert room.take_grown(0.0) == frozenset()


def test_one_version_in_place_of_another_is_no_news() -> None:
    room = room_with(Kind.AUDIO, limit=1000, used=900)
    room.withheld(Kind.AUDIO, now=0.0)
    room.replaced(Kind.AUDIO, old_bytes=300, new_bytes=350)
    assert room.left(Kind.AUDIO) == 50
    assert room.take_grown(1.0) == frozenset()


def test_a_larger_plan_is_room_for_what_waits() -> None:
    room = room_with(Kind.AUDIO, limit=100, used=100)
    room.withheld(Kind.AUDIO, now=0.0)
    room.learn({Kind.AUDIO: Quota(100, 100)}, now=600.0)
    assert room.take_grown(600.0) == frozenset()
    room.learn({Kind.AUDIO: Quota(1000, 100)}, now=1200.0)
    assert room.take_grown(1200.0) == {Kind.AUDIO}


def test_without_news_something_is_tried_after_an_hour() -> None:
    room = QuotaLedger()
    room.refused(Kind.DOC, 500, now=10.0)
    assert room.next_due() == 10.0 + ASK_AGAIN_S
    assert room.take_grown(10.0 + ASK_AGAIN_S) == {Kind.DOC}
    assert room.left(Kind.DOC) is None
