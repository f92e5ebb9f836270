"""Whose an object is does not hang on the local clock: intents carry the server's time."""

from __future__ import annotations

import pytest

from picora_sync.core.model import Kind
from picora_sync.errors import OutcomeUnknown
from picora_sync.reconciler.uploads.late import LATEST_S
from tests.fakes.mirror import Mirror

HOUR_S = 3600.0


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_our_lost_upload_is_ours_whatever_the_local_clock_says(jump_s: float) -> None:
    mirror = Mirror()
    server_s = mirror.wall
    mirror.jumped_s = jump_s
    mirror.picora.wall = lambda: server_s() - jump_s
    mirror.write("a.md", "one")
    mirror.write("keep.md", "two")
    mirror.picora.fail("post_doc", OutcomeUnknown("reset"), after=True, times=3)
    mirror.quiet()
    mirror.remove("a.md")
    mirror.run(LATEST_S + HOUR_S)  # as long as one of the lost uploads may still arrive, its document stays
    assert mirror.titles() == ["keep"]


def test_what_others_upload_just_before_we_do_is_not_ours() -> None:
    mirror = Mirror()
    theirs = []

    def somebody_is_quicker(method: str) -> None:
        if method == "post_doc" and not theirs:
            theirs.append(mirror.picora.plant(Kind.DOC, "one"))

    mirror.write("a.md", "one")
    mirror.picora.chaos = somebody_is_quicker
    mirror.quiet()
    mirror.write("keep.md", "two")
    mirror.quiet()
    mirror.remove("a.md")
    mirror.quiet()
    assert theirs[0].id in mirror.picora.objects


def test_a_server_that_tells_no_time_is_taken_to_agree_with_the_local_clock() -> None:
    mirror = Mirror()
    mirror.picora.tells_time = False
    mirror.write("a.md", "one")
    mirror.picora.fail("post_doc", OutcomeUnknown("reset"), after=True)
    mirror.quiet()
    assert [item.ours for item in mirror.index.objects.all()] == [True]
