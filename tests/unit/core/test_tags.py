"""Tags are read leniently and never give the server a reason to refuse them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.tags import merge_tags, parse_tags


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ("one, two three", ("one", "two", "three")),
        ("#one,##two", ("one", "two")),
        (["a b", "#c", "d,e"], ("a b", "c", "d", "e")),
        (["", " ", "#", ","], ()),
        ("nested/tag", ("nested/tag",)),
        (["e\u0301", "x\ny"], ("\u00e9", "x y")),
    ],
    ids=["string", "hashes", "list", "empty ones", "nested", "cleaned"],
)
def test_a_value_is_split_as_its_form_says(value: str | Sequence[str], tags: tuple[str, ...]) -> None:
    assert parse_tags(value) == tags


def test_tags_are_merged_without_regard_to_case_and_the_first_spelling_wins() -> None:
    assert merge_tags([["Go", "rust"], ["GO", "Zig"]]) == (("Go", "rust", "Zig"), None)


def test_the_eleventh_tag_is_left_out_with_a_remark() -> None:
    tags, problem = merge_tags([[f"t{n}" for n in range(11)]])
    assert tags == tuple(f"t{n}" for n in range(10))
    assert problem is not None
    assert (problem.code, problem.message) == ("TAGS_DROPPED", "1 tag left out: “t10”")


def test_a_tag_that_is_too_long_takes_no_place() -> None:
    tags, problem = merge_tags([["x" * 33, "y" * 32]])
    assert tags == ("y" * 32,)
    assert problem is not None


def test_a_remark_on_many_tags_stays_short() -> None:
    _, problem = merge_tags([["x" * 1000 + str(n) for n in range(1000)]])
    assert problem is not None
    assert problem.message.startswith("1000 tags left out")
    assert len(problem.message) < 300


@given(st.lists(st.lists(st.text(st.characters(codec=None)))))
def test_any_tags_become_tags_that_the_server_takes(groups: list[list[str]]) -> None:
    tags, _ = merge_tags(groups)
    assert len(tags) <= 10
    assert len({tag.casefold() for tag in tags}) == len(tags)
    for tag in tags:
        assert 1 <= len(tag.encode().decode()) <= 32
        assert "," not in tag
        assert tag == tag.strip()
