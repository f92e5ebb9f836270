"""How a run ended, and what a plan says, for people."""

from __future__ import annotations

import time
from collections.abc import Container, Sequence
from math import inf

from picora_sync.cli.output import line, note, write_table
from picora_sync.cli.visibility import change, headline
from picora_sync.cli.words import count, duration, place, until
from picora_sync.config.model import Config
from picora_sync.core.model import FileRef, Problem
from picora_sync.index import Index
from picora_sync.index.listing import Entry
from picora_sync.report import LEFT, Planned, PlanReport, SyncReport

MOST_PROBLEMS = 20


def print_report(report: SyncReport, opened: Sequence[Entry]) -> None:
    """The numbers, what became public, and the problems."""
    print_numbers(report)
    _print_opened(opened)
    _print_first(report.problems)
    if report.held:
        line("Removals are held: `picora-sync approve FOLDER` shows them")


def print_numbers(report: SyncReport) -> None:
    """How the files stand, and what it took."""
    left = sum(problem.code == LEFT for _, problem in report.problems)
    rest = report.files - report.synced - report.blocked - report.held - left
    states = [
        (report.synced, "synced"),
        (report.blocked, "blocked"),
        (report.held, "held"),
        (left, "left for the next run"),
        (rest, "not finished"),
    ]
    line(f"{count(report.files, 'file')}: " + (", ".join(f"{n} {word}" for n, word in states if n) or "nothing to do"))
    line(
        f"{report.uploaded} uploaded, {report.patched} changed, {report.deleted} deleted, "
        f"{count(report.requests, 'request')}"
    )


def _print_opened(opened: Sequence[Entry]) -> None:
    if opened:
        line(f"Public now, for everybody to read ({count(len(opened), 'file')}):")
    for entry in opened[:MOST_PROBLEMS]:
        line(f"  {entry.ref.folder}/{entry.ref.path}")
        line(f"    {entry.object.url if entry.object else ''}")
    if len(opened) > MOST_PROBLEMS:
        line(f"  and {len(opened) - MOST_PROBLEMS} more: `picora-sync ls --public` lists them")


def print_problems(problems: Sequence[tuple[FileRef, Problem]]) -> None:
    """Each with its file, its sentence and what to do."""
    for ref, problem in problems:
        line(f"{place(ref)}: {problem.message} [{problem.code}]")
        if problem.hint:
            line(f"  Hint: {problem.hint}")


def _print_first(problems: Sequence[tuple[FileRef, Problem]]) -> None:
    print_problems(problems[:MOST_PROBLEMS])
    if len(problems) > MOST_PROBLEMS:
        line(f"and {count(len(problems) - MOST_PROBLEMS, 'more problem')}")


def print_plan(report: PlanReport) -> None:
    """What becomes public, a table of what would be done and why, then what it would take."""
    unclear = dict(report.unclear)
    if report.actions:
        line(headline(report.actions))
        line()
        _table(report.actions, unclear)
    if report.unclear:
        line("Private, because it is unclear whether they are meant to be public:")
        _print_first(report.unclear)
        line()
    if report.held:
        line("Held until approved:")
        _table(report.held, unclear)
    if report.blocked:
        line("Blocked until they, the configuration or the account change:")
        _print_first(report.blocked)
        line()
    if not report.actions:
        line("Nothing else to do." if report.held or report.blocked else "Nothing to do.")
        return
    calls = ", ".join(count(number, f"{tier} request") for tier, number in report.requests.items() if number)
    takes = f", about {duration(report.eta_s)} within the rate limits" if report.eta_s >= 1 else ""
    line(f"{count(len(report.actions), 'action')}: {calls or 'no requests'}{takes}")


def _table(actions: Sequence[Planned], unclear: Container[FileRef]) -> None:
    rows = [
        [
            each.op,
            change(each, unclear=FileRef(each.folder, each.path) in unclear),
            f"{each.folder}/{each.path}",
            each.why,
        ]
        for each in actions
    ]
    write_table(["DOES", "VISIBILITY", "PATH", "WHY"], rows, folded=(2, 3))
    line()


def note_pauses(config: Config, index: Index) -> None:
    """Say on standard error for which folders nothing is sent."""
    for name, end_at in pauses(config, index).items():
        note(f"Note: {name} is paused: nothing of it is sent {until(name, end_at)}.")


def pauses(config: Config, index: Index) -> dict[str, float | None]:
    """The configured folders that are paused, and when that ends by itself (None: it does not)."""
    ends, now = index.paused_until(), time.time()
    names = (folder.name for folder in config.folders if ends.get(folder.name, 0.0) > now)
    return {name: None if ends[name] == inf else ends[name] for name in names}
