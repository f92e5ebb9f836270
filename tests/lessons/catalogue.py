"""Which test stands for which lesson, and which line of the product is the protection that it checks.

``make lessons`` changes these lines, one at a time, in a copy of the project, and shows that the test then fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

ROOT = Path(__file__).parents[2]
NUMBERS = range(1, 21)

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Mutation:
    """One line of one file without its protection: ``old``, which stands there exactly once, becomes ``new``."""

    path: str
    old: str
    new: str

    def found(self, root: Path = ROOT) -> int:
        """How often the old text stands there."""
        return (root / self.path).read_text(encoding="utf-8").count(self.old)

    def apply(self, root: Path) -> None:
        """Take the protection out; raises ValueError if it is not there, or if what is left is no Python."""
        if self.found(root) != 1:
            raise ValueError(f"{self.path} does not hold exactly once: {self.old.strip()}")
        file = root / self.path
        changed = file.read_text(encoding="utf-8").replace(self.old, self.new)
        compile(changed, self.path, "exec")
        file.write_text(changed, encoding="utf-8")


@dataclass(frozen=True)
class Lesson:
    """``test`` (a pytest node) must fail under each of the mutations."""

    number: int
    test: str
    mutations: tuple[Mutation, ...]


LESSONS: list[Lesson] = []
"""Filled while the test modules are imported."""


def lesson(number: int, *mutations: Mutation) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """This test stands for that lesson, and fails without any of these lines."""

    def enter(test: Callable[_P, _R]) -> Callable[_P, _R]:
        file = Path(test.__code__.co_filename).relative_to(ROOT)
        LESSONS.append(Lesson(number, f"{file}::{test.__name__}", mutations))
        return test

    return enter
