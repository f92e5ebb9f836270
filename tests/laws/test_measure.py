"""The measuring of the law can fail, in each of its three ways."""

from __future__ import annotations

import pytest

from tests.laws import measure
from tests.laws.measure import check_law


def _linear(text: str) -> int:
    return sum(1 for character in text if character == "a")


def _quadratic(text: str) -> int:
    return sum(text.count("b") for _ in range(len(text) // 10))


def _hungry(text: str) -> int:
    return len(b"x" * (len(text) * 1000))


def test_what_is_linear_passes() -> None:
    check_law(lambda size: "a" * size, _linear, 2_000_000)


def test_what_is_quadratic_is_found() -> None:
    with pytest.raises(AssertionError, match=r"times as long|are allowed"):
        check_law(lambda size: "a" * size, _quadratic, 60_000)


def test_what_takes_too_much_memory_is_found() -> None:
    with pytest.raises(AssertionError, match="bytes of memory"):
        check_law(lambda size: "a" * size, _hungry, 100_000)


def test_what_does_not_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LONGEST_S", 1)
    with pytest.raises(measure.TooLong):
        check_law(lambda size: size, lambda _: [None for _ in iter(int, 1)], 1)
