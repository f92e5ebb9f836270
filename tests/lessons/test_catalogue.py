"""Each lesson has a test that names the line it stands for; ``make lessons`` shows that it fails without that line."""

from __future__ import annotations

import pytest

from tests.lessons import test_deleting, test_promised, test_recording, test_running, test_sending
from tests.lessons.catalogue import LESSONS, ROOT, TAUGHT, Taught

MODULES = (test_deleting, test_sending, test_running, test_promised, test_recording)
"""Importing them fills the list."""


def test_no_lesson_is_left_out() -> None:
    assert {taught.by for taught in TAUGHT} >= LESSONS


@pytest.mark.parametrize("taught", TAUGHT, ids=lambda taught: taught.name)
def test_each_protection_is_one_line_that_is_still_there(taught: Taught) -> None:
    assert taught.name.startswith(f"test_{taught.by.replace(' ', '_')}_")
    assert taught.mutations
    for mutation in taught.mutations:
        assert mutation.old != mutation.new
        assert "\n" not in mutation.old.rstrip("\n")
        assert mutation.found(ROOT) == 1, (
            f"{mutation.path}: the line moved or changed: name the new one in {taught.test}"
        )
