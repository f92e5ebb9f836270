from __future__ import annotations

import pytest

from picora_sync.cli.documents import plan_document, sync_document
from picora_sync.cli.summaries import MOST_PROBLEMS, print_plan, print_report
from picora_sync.core.model import FileRef, Problem
from picora_sync.summary import LEFT, Planned, PlanReport, SyncReport

ACTIONS = [Planned("upload", "notes", "a.md", "new"), Planned("delete", "notes", "b.md", "deleted from the folder")]
HELD = [Planned("delete", "notes", "c.md", "too many at once")]
REQUESTS = {"upload": 1, "mutation": 1, "read": 0}


def test_a_plan_says_what_why_and_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(PlanReport(ACTIONS, HELD, REQUESTS, 61.0))
    assert capsys.readouterr().out.splitlines() == [
        "DOES    PATH        WHY",
        "upload  notes/a.md  new",
        "delete  notes/b.md  deleted from the folder",
        "",
        "Held until approved:",
        "DOES    PATH        WHY",
        "delete  notes/c.md  too many at once",
        "",
        "2 actions: 1 upload request, 1 mutation request, about 1 min 1 s within the rate limits",
    ]


def test_an_empty_plan_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(PlanReport())
    print_plan(PlanReport(held=HELD))
    out = capsys.readouterr().out.splitlines()
    assert (out[0], out[-1]) == ("Nothing to do.", "Nothing else to do.")


def test_the_plan_document_has_the_fields_of_the_design() -> None:
    blocked = [(FileRef("notes", "d.md"), Problem("CODE", "message", "hint"))]
    assert plan_document(PlanReport(ACTIONS[:1], HELD, REQUESTS, 61.4, blocked)) == {
        "actions": [{"op": "upload", "folder": "notes", "path": "a.md", "why": "new"}],
        "held": [{"op": "delete", "folder": "notes", "path": "c.md", "why": "too many at once"}],
        "requests": REQUESTS,
        "eta_s": 61,
        "blocked": [{"folder": "notes", "path": "d.md", "code": "CODE", "message": "message", "hint": "hint"}],
    }


def test_a_plan_says_what_is_blocked_and_what_to_do_about_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(PlanReport(blocked=[(FileRef("notes", "d.md"), Problem("CODE", "it is too much", "have less"))]))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "notes/d.md: it is too much [CODE]",
        "  Hint: have less",
        "",
        "Nothing else to do.",
    ]


def test_the_sync_document_has_the_fields_of_the_design() -> None:
    problem = (FileRef("notes", "a.md"), Problem("CODE", "message", "hint"))
    assert sync_document(SyncReport(8, 1, 2, 3, 4, 5, 6, 7, [problem], 8)) == {
        "files": 8,
        "synced": 1,
        "blocked": 2,
        "held": 3,
        "uploaded": 4,
        "patched": 5,
        "deleted": 6,
        "requests": 7,
        "problems": [{"folder": "notes", "path": "a.md", "code": "CODE", "message": "message", "hint": "hint"}],
    }


def test_a_report_counts_what_is_left_and_shows_the_first_problems(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [(FileRef("notes", f"{number}.md"), Problem("CODE", "odd", "")) for number in range(MOST_PROBLEMS + 2)]
    print_report(SyncReport(files=9, synced=5, blocked=1, held=1, uploaded=4, requests=1, problems=problems))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "9 files: 5 synced, 1 blocked, 1 held, 2 not finished",
        "4 uploaded, 0 changed, 0 deleted, 1 request",
        "notes/0.md: odd [CODE]",
    ]
    print_report(SyncReport(files=3, synced=1, problems=[(FileRef("notes", "a.md"), Problem(LEFT, "still changes"))]))
    assert capsys.readouterr().out.startswith("3 files: 1 synced, 1 left for the next run, 1 not finished\n")
    assert lines[-2:] == ["and 2 more problems", "Removals are held: `picora-sync approve FOLDER` shows them"]
