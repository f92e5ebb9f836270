from __future__ import annotations

import pytest

from picora_sync.cli.documents import plan_document, sync_document
from picora_sync.cli.summaries import MOST_PROBLEMS, print_plan, print_report
from picora_sync.cli.visibility import change, headline
from picora_sync.core.model import FileRef, FileState, Kind, Problem, RemoteObject
from picora_sync.index.listing import Entry
from picora_sync.report import LEFT, Planned, PlanReport, SyncReport

ACTIONS = [
    Planned("upload", "notes", "a.md", "new", public_after=True),
    Planned("delete", "notes", "b.md", "deleted from the folder", public_before=False),
]
HELD = [Planned("delete", "notes", "c.md", "too many at once", public_before=True)]
REQUESTS = {"upload": 1, "mutation": 1, "read": 0}


def test_a_plan_says_what_why_and_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(PlanReport(ACTIONS, HELD, REQUESTS, 61.0))
    assert capsys.readouterr().out.splitlines() == [
        "Makes 1 note public.",
        "",
        "DOES    VISIBILITY      PATH        WHY",
        "upload  new, public     notes/a.md  new",
        "delete  private → gone  notes/b.md  deleted from the folder",
        "",
        "Held until approved:",
        "DOES    VISIBILITY     PATH        WHY",
        "delete  public → gone  notes/c.md  too many at once",
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
        "actions": [
            {
                "op": "upload",
                "folder": "notes",
                "path": "a.md",
                "why": "new",
                "public_before": None,
                "public_after": True,
            }
        ],
        "held": [
            {
                "op": "delete",
                "folder": "notes",
                "path": "c.md",
                "why": "too many at once",
                "public_before": True,
                "public_after": None,
            }
        ],
        "requests": REQUESTS,
        "eta_s": 61,
        "blocked": [{"folder": "notes", "path": "d.md", "code": "CODE", "message": "message", "hint": "hint"}],
        "unclear": [],
    }


@pytest.mark.parametrize(
    ("op", "before", "after", "unclear", "cell"),
    [
        ("upload", None, True, False, "new, public"),
        ("upload", None, False, False, "new, private"),
        ("upload", None, False, True, "new, private (unclear)"),
        ("rebind", None, True, False, "new, public"),
        ("replace", False, True, False, "private → PUBLIC"),
        ("replace", True, True, False, "public"),
        ("patch", True, False, False, "public → private"),
        ("patch", True, False, True, "public → private (unclear)"),
        ("patch", None, True, False, "unknown → PUBLIC"),
        ("patch", None, False, False, "unknown → private"),
        ("delete", True, None, False, "public → gone"),
        ("delete", None, None, False, "unknown → gone"),
    ],
)
def test_a_planned_change_of_visibility_in_words(
    op: str, before: bool | None, after: bool | None, unclear: bool, cell: str
) -> None:
    assert change(Planned(op, "notes", "a.md", "why", before, after), unclear=unclear) == cell


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ([], "Makes nothing public."),
        ([("a.md", None, False), ("b.md", True, True), ("c.md", True, None)], "Makes nothing public."),
        ([("a.md", None, True), ("a.md", False, True), ("b.mp3", None, True)], "Makes 1 note and 1 audio file public."),
        ([("a.md", True, False), ("b.md", False, True)], "Makes 1 note public, 1 note private."),
    ],
)
def test_the_first_line_of_a_plan_counts_what_it_opens_and_closes(
    seen: list[tuple[str, bool | None, bool | None]], said: str
) -> None:
    assert headline([Planned("patch", "notes", path, "why", *public) for path, *public in seen]) == said


def test_a_plan_names_notes_that_are_private_because_they_are_unclear(capsys: pytest.CaptureFixture[str]) -> None:
    unclear = [(FileRef("notes", "a.md"), Problem("VISIBILITY_UNCLEAR", "line 2 is odd", "mend it"))]
    print_plan(PlanReport([Planned("upload", "notes", "a.md", "new", public_after=False)], unclear=unclear))
    told = capsys.readouterr().out.splitlines()
    assert "upload  new, private (unclear)  notes/a.md  new" in told
    assert "notes/a.md: line 2 is odd [VISIBILITY_UNCLEAR]" in told
    assert plan_document(PlanReport(unclear=unclear))["unclear"] == [
        {"folder": "notes", "path": "a.md", "code": "VISIBILITY_UNCLEAR", "message": "line 2 is odd", "hint": "mend it"}
    ]


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
        "made_public": [],
    }


def test_a_report_names_what_became_public(capsys: pytest.CaptureFixture[str]) -> None:
    opened = [_public(f"{number}.md") for number in range(MOST_PROBLEMS + 2)]
    print_report(SyncReport(files=30, synced=30), opened)
    told = capsys.readouterr().out.splitlines()[2:]
    assert told[:3] == ["Public now, for everybody to read (22 files):", "  notes/0.md", "    https://p.example/0.md"]
    assert told[-1] == "  and 2 more: `picora-sync ls --public` lists them"
    assert sync_document(SyncReport(), opened[:1])["made_public"] == [
        {"folder": "notes", "path": "0.md", "url": "https://p.example/0.md"}
    ]


def _public(path: str) -> Entry:
    item = RemoteObject(path, Kind.DOC, f"https://p.example/{path}", "Title", public=True)
    return Entry(FileRef("notes", path), FileState.SYNCED, Kind.DOC, item, None, None)


def test_a_report_counts_what_is_left_and_shows_the_first_problems(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [(FileRef("notes", f"{number}.md"), Problem("CODE", "odd", "")) for number in range(MOST_PROBLEMS + 2)]
    print_report(SyncReport(files=9, synced=5, blocked=1, held=1, uploaded=4, requests=1, problems=problems), [])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "9 files: 5 synced, 1 blocked, 1 held, 2 not finished",
        "4 uploaded, 0 changed, 0 deleted, 1 request",
        "notes/0.md: odd [CODE]",
    ]
    print_report(
        SyncReport(files=3, synced=1, problems=[(FileRef("notes", "a.md"), Problem(LEFT, "still changes"))]), []
    )
    assert capsys.readouterr().out.startswith("3 files: 1 synced, 1 left for the next run, 1 not finished\n")
    assert lines[-2:] == ["and 2 more problems", "Removals are held: `picora-sync approve FOLDER` shows them"]
