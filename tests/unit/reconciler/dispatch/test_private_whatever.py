"""Making private depends on nothing but its own call (promise 4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.core.model import FileState, Problem
from picora_sync.errors import (
    KeyRefused,
    NotPicora,
    OutcomeUnknown,
    PlanRequired,
    QuotaExceeded,
    RateLimited,
    ScopeMissing,
    ServerFault,
    Unreachable,
)
from tests.fakes.mirror import Mirror

PUBLIC = "public: true\n"
REFUSALS = [
    KeyRefused("refused", status=401),
    NotPicora("a page"),
    OutcomeUnknown("silence"),
    PlanRequired("no plan"),
    QuotaExceeded("full", meta={"type": "doc_count"}),
    RateLimited("too often", retry_after_s=600.0),
    ScopeMissing("no scope"),
    ServerFault("a fault"),
    Unreachable("no way"),
]


@pytest.fixture
def mirror() -> Mirror:
    mirror = Mirror()
    mirror.write("a.md", f"{PUBLIC}a")
    mirror.write("gone.md", "gone")
    mirror.write("talk.mp3", b"sound")
    mirror.quiet()
    return mirror


def _is_public(mirror: Mirror) -> bool:
    return next(item.public for item in mirror.picora.objects.values() if item.title == "a") is True


@pytest.mark.parametrize("call", ["post_doc", "post_audio", "delete", "find_audio", "audio_held"])
@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_note_turns_private_while_every_other_call_fails(mirror: Mirror, call: str, error: Exception) -> None:
    mirror.picora.fail(call, error, times=1_000_000)
    mirror.remove("gone.md")
    mirror.write("new.md", "new")
    mirror.write("new.mp3", b"other")
    mirror.run(60)
    mirror.write("a.md", "a, private")
    mirror.run(4)
    assert not _is_public(mirror)


def _health_fails(mirror: Mirror) -> None:
    mirror.picora.well = False
    mirror.reconciler.connection.doubt(mirror.mono_s, Problem("UNREACHABLE", "silence"))


def _key_in_doubt(mirror: Mirror) -> None:
    mirror.reconciler.connection.doubt_key(mirror.mono_s, Problem("KEY_REFUSED", "refused"))


def _not_informed(mirror: Mirror) -> None:
    mirror.reconciler.connection.informed = False


@pytest.mark.parametrize("trouble", [_health_fails, _key_in_doubt, _not_informed])
def test_a_note_turns_private_whatever_is_known_of_the_rest(mirror: Mirror, trouble: Callable[[Mirror], None]) -> None:
    trouble(mirror)
    mirror.run(30)
    mirror.write("a.md", "a, private")
    mirror.run(4)
    assert not _is_public(mirror)


def test_while_nothing_answers_it_is_tried_from_time_to_time(mirror: Mirror) -> None:
    mirror.picora.up = mirror.picora.well = False
    mirror.write("a.md", "a, private")
    mirror.run(600)
    tried = [call for call in mirror.picora.calls if call[0] == "patch"]
    assert 10 < len(tried) < 40
    mirror.picora.up = True  # but not /health
    mirror.run(31)
    assert not _is_public(mirror)
    mirror.picora.well = True
    mirror.quiet()
    assert set(mirror.states().values()) == {FileState.SYNCED}
