"""Everything: the troubles of all other chapters, one upon the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.simulation.chapters.chapter import Chapter

if TYPE_CHECKING:
    from tests.simulation.acts import Deed
    from tests.simulation.world import World

NAME = "everything"


def mix(chapters: Sequence[Chapter]) -> Chapter:
    """A chapter with all that these have."""
    weights = {name: weight for chapter in chapters for name, weight in chapter.weights.items()}
    deeds: dict[str, Deed] = {name: deed for chapter in chapters for name, deed in chapter.deeds.items()}

    def begin(world: World) -> None:
        for chapter in chapters:
            chapter.begin(world)

    def heal(world: World) -> None:
        for chapter in chapters:
            chapter.heal(world)

    return Chapter(
        NAME,
        weights,
        deeds,
        heal,
        begin,
        mild=frozenset[str]().union(*(chapter.mild for chapter in chapters)),
        verify_s=min(chapter.verify_s for chapter in chapters),
        numbers=(10, 20, 40),
        soft_delete=True,
    )
