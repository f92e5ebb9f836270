"""The time-and-memory law of promise 10, and how it is measured.

Whatever a person puts into a folder, and whatever a server answers, costs time and memory that grow linearly with its
size: twice the input takes at most ``RATIO`` times the time, no megabyte takes longer than ``S_PER_MB``, and the peak
stays below ``BASE_BYTES`` and ``BYTES_PER_BYTE`` for each byte of input.
"""

from __future__ import annotations

import gc
import os
import pickle
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

RATIO = 2.5
S_PER_MB = 2.0
BASE_BYTES = 64 << 20
BYTES_PER_BYTE = 100
NOISE_S = 0.1
"""A run that is shorter says nothing about how the time grows."""
LONGEST_S = 60
"""A run that takes longer is ended, and breaks the law whatever its size."""
ROUNDS = 4
TRIES = 3
"""How often a run that took too long is repeated: a busy machine makes it slower, never quicker."""

Input = TypeVar("Input")


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds of the processor, and how far the resident memory rose."""

    cpu_s: float
    peak_bytes: int


class TooLong(AssertionError):
    """A run was ended after ``LONGEST_S``."""


def cost_of(work: Callable[[], object]) -> Cost:
    """What the work costs in a process of its own. What it raises counts as done: a refusal is an answer."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(LONGEST_S)
            os.write(writing, pickle.dumps(_measured(work)))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    if not told:
        raise TooLong(f"no end after {LONGEST_S} s, or the process died")
    return Cost(*pickle.loads(told))  # noqa: S301  (from our own child)


def _measured(work: Callable[[], object]) -> tuple[float, int]:
    sys.settrace(None)  # what measures the coverage of tests is no part of the cost,
    gc.freeze()  # nor are the objects of the tests that ran before in this process
    before_bytes, began_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, time.process_time()
    with suppress(Exception):  # whether it is the right refusal is another test's question
        work()
    after_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return time.process_time() - began_s, after_bytes - before_bytes


def check_law(make: Callable[[int], Input], work: Callable[[Input], object], size_bytes: int) -> None:
    """``work`` keeps the law on what ``make`` gives for ``size_bytes``, and for twice as many."""
    for _ in range(ROUNDS - 1):
        with suppress(AssertionError):  # a busy machine bends a round, and what breaks the law breaks it each time
            _check_once(make, work, size_bytes)
            return
    _check_once(make, work, size_bytes)


def _check_once(make: Callable[[int], Input], work: Callable[[Input], object], size_bytes: int) -> None:
    """The larger input alone, if it tells enough."""
    twice = _cost(make, work, 2 * size_bytes)
    if twice.cpu_s <= NOISE_S and twice.peak_bytes <= _most_bytes(size_bytes):
        return
    # Only a slow run of the smaller one could hide a growth: the quicker of two counts.
    once = min((_cost(make, work, size_bytes) for _ in range(2)), key=lambda cost: cost.cpu_s)
    if twice.cpu_s > NOISE_S:
        grew = twice.cpu_s / max(once.cpu_s, NOISE_S / RATIO)
        assert grew <= RATIO, f"twice {size_bytes:,} bytes take {grew:.1f} times as long ({twice.cpu_s:.2f} s)"


def _cost(make: Callable[[int], Input], work: Callable[[Input], object], size_bytes: int) -> Cost:
    """What one run costs, which is no more than its size allows."""
    value = make(size_bytes)
    cost = cost_of(lambda: work(value))
    most_s = NOISE_S + S_PER_MB * size_bytes / (1 << 20)
    assert cost.cpu_s <= most_s, f"{size_bytes:,} bytes take {cost.cpu_s:.2f} s; {most_s:.2f} s are allowed"
    most_bytes = _most_bytes(size_bytes)
    assert cost.peak_bytes <= most_bytes, f"{size_bytes:,} bytes take {cost.peak_bytes:,} bytes of memory"
    return cost


def _most_bytes(size_bytes: int) -> int:
    return BASE_BYTES + BYTES_PER_BYTE * size_bytes
