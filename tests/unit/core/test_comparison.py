"""What a list says of the objects we know raises suspicion, and only where something differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picora_sync.core.comparison import Mismatch, compare, difference
from picora_sync.core.model import Kind, RemoteObject
from picora_sync.core.ports import Change

DOC = RemoteObject("d", Kind.DOC, "u", "Title", ("a", "b"), public=False, sha256="s")
AUDIO = RemoteObject("x", Kind.AUDIO, "u", "Song", public=True)
FOREIGN = RemoteObject("f", Kind.DOC, "u", "Theirs")


@pytest.mark.parametrize(
    ("listed", "suspects", "others"),
    [
        pytest.param([DOC, AUDIO], [], 0, id="all as it was"),
        pytest.param([], [DOC, AUDIO], 0, id="an empty account"),
        pytest.param([AUDIO, FOREIGN], [DOC], 1, id="one is not listed"),
        pytest.param([replace(DOC, title="New"), AUDIO], [DOC], 0, id="another title"),
        pytest.param([replace(DOC, public=True), AUDIO], [DOC], 0, id="public"),
        pytest.param([replace(DOC, tags=("a",)), AUDIO], [DOC], 0, id="fewer tags"),
        pytest.param([DOC, AUDIO, FOREIGN, replace(FOREIGN, id="g")], [], 2, id="others are counted"),
    ],
)
def test_what_is_suspect(listed: list[RemoteObject], suspects: list[RemoteObject], others: int) -> None:
    found = compare([DOC, AUDIO], {item.id: item for item in listed})
    assert (list(found.suspects), found.others) == (suspects, others)


def test_our_objects_that_wait_for_their_deletion_are_no_strangers() -> None:
    assert compare([DOC], {item.id: item for item in (DOC, FOREIGN)}, also={"f"}).others == 0


def test_a_finding_says_what_changed() -> None:
    assert Mismatch(DOC, replace(DOC, title="T")).change == Change("T")
    assert not Mismatch(DOC, None).change


@pytest.mark.parametrize(
    ("seen", "change"),
    [
        pytest.param(replace(DOC, title="  Title "), Change(), id="blanks around the title"),
        pytest.param(replace(DOC, title=""), Change(), id="a list without titles"),
        pytest.param(replace(DOC, tags=("b", "a")), Change(), id="tags in another order"),
        pytest.param(replace(DOC, public=None), Change(), id="a list without visibility"),
        pytest.param(replace(DOC, url="other", size_bytes=7), Change(), id="what no PATCH changes"),
        pytest.param(
            replace(DOC, title="T", tags=(), public=True), Change("T", (), public=True), id="everything at once"
        ),
    ],
)
def test_what_counts_as_changed(seen: RemoteObject, change: Change) -> None:
    assert difference(DOC, seen) == change


def test_an_equal_title_in_another_unicode_form_is_no_change() -> None:
    assert not difference(replace(DOC, title="Ca\u0301fe"), replace(DOC, title="C\u00e1fe"))


def test_while_our_own_change_is_under_way_nothing_is_suspected_of_it() -> None:
    unknown = replace(DOC, title=None, tags=None, public=None)
    assert not difference(unknown, replace(DOC, title="T", tags=("t",), public=True))
