from collections.abc import Iterator

import pytest

from picora_sync.core.model import FileRef
from picora_sync.errors import Stopped
from picora_sync.reconciler.dispatch.bandwidth import Meter, Throttle

REF = FileRef("f", "a.mp3")


class File:
    """A file of two blocks."""

    size_bytes = 3000

    def blocks(self) -> Iterator[bytes]:
        yield b"x" * 2000
        yield b"y" * 1000

    def confirm(self) -> None: ...

    def close(self) -> None: ...


class Time:
    """A clock that waiting moves on."""

    def __init__(self, *, ending: bool = False) -> None:
        self.now = 100.0
        self.ending = ending

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.ending


def test_the_meter_counts_what_was_taken() -> None:
    meter = Meter()
    file = meter.watch(REF, File())
    blocks = file.blocks()
    next(blocks)
    assert meter.sent_bytes(REF) == 0  # handed out, not yet taken further
    next(blocks)
    assert meter.sent_bytes(REF) == 2000
    file.close()
    assert meter.sent_bytes(REF) == 0


def test_a_throttle_spreads_the_bytes_over_time() -> None:
    time = Time()
    meter = Meter(Throttle(1000, lambda: time.now, time.wait))
    pieces = list(meter.watch(REF, File()).blocks())
    assert b"".join(pieces) == b"x" * 2000 + b"y" * 1000
    assert max(map(len, pieces)) == 250
    assert time.now == pytest.approx(100 + (3000 - 250) / 1000)


def test_two_uploads_share_one_bandwidth() -> None:
    time = Time()
    throttle = Throttle(1000, lambda: time.now, time.wait)
    for _ in range(2):
        list(Meter(throttle).watch(REF, File()).blocks())
    assert time.now == pytest.approx(100 + (6000 - 250) / 1000)


def test_waiting_ends_when_the_program_does() -> None:
    time = Time(ending=True)
    meter = Meter(Throttle(1000, lambda: time.now, time.wait))
    with pytest.raises(Stopped):
        list(meter.watch(REF, File()).blocks())
