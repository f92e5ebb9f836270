"""Each lesson has a test that names the line it stands for; ``make lessons`` shows that it fails without that line."""

from __future__ import annotations

import pytest

from tests.lessons import test_deleting, test_running, test_sending
from tests.lessons.catalogue import LESSONS, NUMBERS, ROOT, Lesson

MODULES = (test_deleting, test_sending, test_running)
"""Importing them fills the list."""


def test_no_lesson_is_left_out() -> None:
    assert {lesson.number for lesson in LESSONS} == set(NUMBERS)


@pytest.mark.parametrize("taught", LESSONS, ids=lambda taught: taught.test.rpartition("::")[2])
def test_each_protection_is_one_line_that_is_still_there(taught: Lesson) -> None:
    assert f"test_lesson_{taught.number:02}_" in taught.test
    assert taught.mutations
    for mutation in taught.mutations:
        assert mutation.old != mutation.new
        assert "\n" not in mutation.old.rstrip("\n")
        assert mutation.found(ROOT) == 1, (
            f"{mutation.path}: the line moved or changed: name the new one in {taught.test}"
        )
