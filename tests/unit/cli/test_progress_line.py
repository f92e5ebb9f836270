"""How far a long command has come is told in a sentence, not too often."""

from __future__ import annotations

import io

import pytest

from picora_sync.cli.progress_line import TELL_EVERY_S, PlainSteps, sentence
from picora_sync.report import Progress


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        pytest.param(Progress("listing audio"), "listing audio", id="at the beginning"),
        pytest.param(Progress("listing audio", 120), "listing audio: 120 so far", id="nobody knows how many"),
        pytest.param(Progress("comparing", 3, 20, 0.2), "comparing: 3 of 20", id="soon done"),
        pytest.param(Progress("comparing", 3, 2000, 200.0), "comparing: 3 of 2000, 3 min 20 s left", id="a long one"),
    ],
)
def test_a_sentence(progress: Progress, said: str) -> None:
    assert sentence(progress) == said


def test_each_stage_is_told_at_once_and_its_progress_now_and_then() -> None:
    now_s, stream = 0.0, io.StringIO()
    steps = PlainSteps(stream, lambda: now_s)
    for number in range(10):
        steps.tell(Progress("reading", number, 10))
        now_s += TELL_EVERY_S / 4
    steps.tell(Progress("comparing", 0, 2))
    assert stream.getvalue().splitlines() == [
        "reading: 0 of 10",
        "reading: 4 of 10",
        "reading: 8 of 10",
        "comparing: 0 of 2",
    ]
