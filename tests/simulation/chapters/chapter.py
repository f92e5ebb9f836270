"""What a chapter consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.acts import Deed

if TYPE_CHECKING:
    from tests.simulation.world import World


def _nothing(_: World) -> None:
    pass


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True)
class Chapter:
    """``weights`` are the acts it adds and how often, ``deeds`` carry them out (and what follows from them), ``heal``
    ends what would keep the remote from becoming equal. ``begin`` comes before the first run. Index
    and account are compared each ``verify_s`` seconds. ``mild`` are those acts that keep no daemon from its work, and
    ``without`` what the scenario would have besides. ``numbers``: one of these is how many acts it adds to a seed.
    Of the files for which it ``knows_moves`` none is held that only moved, however it was edited.
    ``soft_delete`` and ``purge`` are settings of the server.
    """

    name: str
    weights: Mapping[str, int] = field(default_factory=dict)
    deeds: Mapping[str, Deed] = field(default_factory=dict)
    heal: Callable[[World], None] = _nothing
    begin: Callable[[World], None] = _nothing
    mild: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    verify_s: float = 24 * 3600.0
    numbers: tuple[int, ...] = (1, 2, 3, 6, 10)
    soft_delete: bool = False
    purge: bool = True
    knows_moves: Callable[[str], bool] = _never


NONE = Chapter("")
