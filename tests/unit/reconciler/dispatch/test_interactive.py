"""Who counts as being worked on: their uploads go before the backfill, as long as they are few (design §8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.reconciler.intake.inspect import FEW
from tests.fakes.mirror import Mirror

MANY = FEW + 5


def mirror_with_notes() -> Mirror:
    mirror = Mirror()
    for number in range(MANY):
        mirror.write(f"{number}.md", f"text {number}")
    mirror.quiet()
    return mirror


def write_again(mirror: Mirror) -> None:
    for number in range(MANY):
        mirror.write(f"{number}.md", f"text {number}")


def edit(mirror: Mirror) -> None:
    for number in range(MANY):
        mirror.write(f"{number}.md", f"edited {number}")


def rename(mirror: Mirror) -> None:
    for number in range(MANY):
        mirror.move(f"{number}.md", f"new {number}.md")


def come_and_go(mirror: Mirror) -> None:
    mirror.picora.up = False
    for number in range(MANY):
        mirror.write("draft.md", f"draft {number}")
        mirror.run(12)
        mirror.remove("draft.md")
        mirror.run(12)
    mirror.picora.up = True


@pytest.mark.parametrize("happen", [write_again, edit, rename, come_and_go], ids=lambda happen: happen.__name__)
def test_when_all_is_done_nothing_is_being_worked_on(happen: Callable[[Mirror], None]) -> None:
    mirror = mirror_with_notes()
    happen(mirror)
    mirror.quiet()
    assert mirror.reconciler.context.interactive == set()


def test_a_new_note_goes_before_the_backfill_although_many_were_written_again_before() -> None:
    mirror = mirror_with_notes()
    write_again(mirror)
    mirror.quiet()
    mirror.picora.up = False
    for number in range(MANY):
        mirror.disk.write(f"old {number}.md", f"old {number}".encode())
        mirror.disk.age(f"old {number}.md", 1e6)
    mirror.scan()
    mirror.run(20)
    before = len(mirror.picora.calls)
    mirror.write("zz.md", "written just now")
    mirror.run(20)
    mirror.picora.up = True
    mirror.quiet()
    posted = [name for method, name in mirror.picora.calls[before:] if method == "post_doc"]
    assert posted.index("zz.md") < MANY // 2
