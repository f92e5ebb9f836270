"""A budget without limits, as a server has that does not count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from picora_sync.core.model import Rank, Tier


class FreeBudget:
    """Implements ``Budget``."""

    def take(self, _tier: Tier, _rank: Rank) -> float:
        return 0.0

    def give_back(self, _tier: Tier) -> None:
        return

    @contextmanager
    def lend(self, _tier: Tier) -> Iterator[None]:
        yield
