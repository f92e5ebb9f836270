"""Which test stands for which lesson or promise, and which line of the product is the protection that it checks.

Lessons are what other tools learned; promises (docs/promises.md) have protections that no lesson speaks of.
``make lessons`` changes these lines, one at a time, in a copy of the project, and shows that the test then fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

ROOT = Path(__file__).parents[2]
LESSONS = frozenset(f"lesson {number:02}" for number in range(1, 21))

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
class Taught:
    """``test`` (a pytest node) must fail under each of the mutations. ``by`` names the lesson or promise."""

    by: str
    test: str
    mutations: tuple[Mutation, ...]

    @property
    def name(self) -> str:
        """The name of the test's function."""
        return self.test.rpartition("::")[2]


TAUGHT: list[Taught] = []
"""Filled while the test modules are imported."""

_Decorator = Callable[[Callable[_P, _R]], Callable[_P, _R]]


def lesson(number: int, *mutations: Mutation) -> _Decorator[_P, _R]:
    """This test stands for that lesson, and fails without any of these lines."""
    return _entering(f"lesson {number:02}", mutations)


def promise(number: int, *mutations: Mutation) -> _Decorator[_P, _R]:
    """This test holds us to that promise, and fails without any of these lines."""
    return _entering(f"promise {number:02}", mutations)


def _entering(by: str, mutations: tuple[Mutation, ...]) -> _Decorator[_P, _R]:
    def enter(test: Callable[_P, _R]) -> Callable[_P, _R]:
        file = Path(test.__code__.co_filename).relative_to(ROOT)
        TAUGHT.append(Taught(by, f"{file}::{test.__name__}", mutations))
        return test

    return enter
