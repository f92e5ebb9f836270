"""The promises hold in every chapter of the simulation, and in the seeds that once broke one there."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.simulation.chapters import CHAPTERS, everything, scenario
from tests.simulation.mutants import MUTANTS, ROOT, Mutant, found_by, mutated
from tests.simulation.simulate import shown, simulate

FIRST = int(os.environ.get("SIMULATE_FROM", "0"))
SEEDS = int(os.environ.get("SIMULATE_CHAPTER_SEEDS", "25"))
NAMES = [name for name in CHAPTERS if name]
FEWEST = int(os.environ.get("SIMULATE_CHAPTER_FEWEST", "10"))
"""After so many seeds of a chapter no more are run, once each of its troubles has occurred; ``make hunt`` runs more."""
ENOUGH = 25
"""In so many seeds of a chapter each of its troubles occurs."""
PROMISES = range(1, 11)
REGRESSIONS: dict[str, tuple[str, int]] = {
    "a title that changed back while nobody knew of its PATCH": ("configuration", 157),
    "a document of others, when the machine's clock stood in 1973": ("clocks", 0),
    "two notes that swap names while one of them cannot be read": ("disks", 5),
    "a held note whose place could not be read for a moment": ("disks", 50),
    "two notes that swap names while every third read fails": ("disks", 100073),
    "two notes that swapped names before a start that cannot read one of them": ("disks", 302),
    "what others deleted, and then made themselves": ("others", 100091),
    "audio that grew while the index was rebuilt": ("loss", 7),
    "an index whose broken table definitions SQLite quotes": ("loss", 100005),
    "a file that nobody could look at while it held what was deleted": ("configuration", 100028),
    "what others deleted is missed while the loop sleeps": ("others", 100009),
    "a note that was emptied before anybody knew that it had been uploaded": ("answers", 400098),
    "audio that was uploaded after the copy of the index was made": ("older", 6),
    "audio that a lost index knew": ("bereft", 0),
    "a half copied sound whose twin arrives after it was replaced": ("answers", 22),
    "a new name that is told late, and another sound at the old one": ("events", 100142),
    "a blank note of which a new index knows nothing": ("loss", 100137),
    "what is recorded under an empty mount point": ("races", 100144),
    "another disk over a directory that holds nothing": ("mounts", 100130),
    "a note that becomes private beside an equal one that is typed on": ("privacy", 100003),
    "audio that others deleted, beyond the budget": ("others", 15),
    "a note whose lost upload arrives after its document was replaced": ("answers", 27),
    "a note that was removed before its upload was confirmed": ("people", 100120),
    "a note that became the same as one whose document others deleted": ("others", 400007),
    "a folder that is mirrored no more, and an index that is lost": ("everything", 100137),
    "a note that went to another folder, and was saved anew, before it was missed": ("moves", 16),
    "a note that went from a folder that keeps everything to where it is not published": ("moves", 940075),
    "a note that was made private after the index was copied": ("older", 940063),
    "notes that moved while the mark of their root was lost": ("mounts", 960012),
    "a removed note whose text another one holds, which is never taken": ("hoard", 960012),
    "a note that got another inode and another name while nothing ran": ("privacy", 930034),
}
"""Chapters and seeds by what they are about."""


def _check(chapter: str, seed: int, tally: Counter[str] | None = None) -> None:
    plan = scenario(seed, chapter)
    failure = simulate(plan, tally)
    assert failure is None, f"{shown(plan, failure)}\nmake simulate SEEDS=1 FROM={seed} CHAPTER={chapter} shortens it"


@pytest.mark.parametrize("chapter", NAMES)
def test_promises_hold_in_the_chapter_and_all_of_its_troubles_occur(chapter: str) -> None:
    tally: Counter[str] = Counter()
    rare = SEEDS < ENOUGH or chapter == everything.NAME
    for seed in range(FIRST, FIRST + SEEDS):
        _check(chapter, seed, tally)
        if seed + 1 - FIRST >= FEWEST and (rare or CHAPTERS[chapter].weights.keys() <= tally.keys()):
            break
    assert rare or CHAPTERS[chapter].weights.keys() <= tally.keys(), "a trouble that never occurs"


@pytest.mark.parametrize(("chapter", "seed"), REGRESSIONS.values(), ids=REGRESSIONS.keys())
def test_what_a_chapter_found_stays_mended(chapter: str, seed: int) -> None:
    _check(chapter, seed)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_mutants_still_fit_the_product(mutant: Mutant) -> None:
    source = (ROOT / "picora_sync" / mutant.file).read_text()
    assert mutated(mutant, source) != source


@pytest.mark.parametrize("promise", PROMISES)
def test_each_promise_is_broken_by_two_mutants_at_least(promise: int) -> None:
    assert sum(mutant.promise == promise for mutant in MUTANTS) >= 2


@pytest.mark.parametrize("promise", PROMISES)
def test_the_simulator_finds_the_first_mutant_of_each_promise(promise: int) -> None:
    assert found_by(next(mutant for mutant in MUTANTS if mutant.promise == promise)) is not None
