"""One list says everything that is wrong; the state of ``status`` follows from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picora_sync.attention import NOT_ASKED, SILENT_S, Scene, gather, state_of
from picora_sync.core.attention import About, Concern, most_pressing
from picora_sync.core.model import FileRef, Fingerprint, Kind, Problem, RemoteObject
from picora_sync.core.plan import Reason
from picora_sync.index import Index
from picora_sync.report import Live

NOW = 1_000_000.0
ONCE = Live(pid=4711, at=NOW - 10, account="ok", trouble="")
DAEMON = replace(ONCE, daemon=True)
WELL = Scene("ok", "", ONCE, running=False, alive=False, now=NOW, shortage="", missing={})
RUNNING = replace(WELL, live=DAEMON, running=True, alive=True)
A = FileRef("notes", "a.md")

CASES = {
    "a pass is over": (WELL, [], "ok"),
    "nothing ever ran": (replace(WELL, live=None, account=NOT_ASKED), ["NOT_ASKED"], "stopped"),
    "it runs": (RUNNING, [], "ok"),
    "it runs, and asks": (replace(RUNNING, account=NOT_ASKED), ["NOT_ASKED"], "ok"),
    "it was stopped": (
        replace(RUNNING, live=replace(DAEMON, ended=True), running=False, alive=False),
        [],
        "stopped",
    ),
    "it died": (replace(RUNNING, running=False, alive=False), ["DAEMON_DIED"], "stopped"),
    "another begins after it died": (replace(RUNNING, alive=False), [], "ok"),
    "it says nothing": (replace(RUNNING, now=NOW + SILENT_S), ["DAEMON_SILENT"], "attention"),
    "somebody else holds the lock": (replace(RUNNING, alive=False, now=NOW + 1e6), [], "ok"),
    "offline": (replace(RUNNING, account="offline"), ["OFFLINE"], "attention"),
    "failing": (replace(RUNNING, account="failing"), ["FAILING"], "attention"),
    "restricted": (replace(RUNNING, account="restricted"), ["KEY_RESTRICTED"], "attention"),
    "was offline": (replace(WELL, account="offline"), ["OFFLINE"], "attention"),
    "refused": (replace(RUNNING, account="refused"), ["KEY_REFUSED"], "attention"),
    "limited": (replace(RUNNING, account="limited"), ["LIMITED"], "attention"),
    "disk full": (replace(RUNNING, shortage="12 KB left"), ["DISK_FULL"], "attention"),
    "disk full, nothing runs": (replace(WELL, shortage="12 KB left"), ["DISK_FULL"], "attention"),
    "a folder is away": (replace(RUNNING, missing={"notes": "/n is not there"}), ["FOLDER_MISSING"], "attention"),
    "it died, and the key is refused": (
        replace(RUNNING, running=False, alive=False, account="refused"),
        ["DAEMON_DIED", "KEY_REFUSED"],
        "attention",
    ),
}


@pytest.mark.parametrize(("scene", "codes", "state"), CASES.values(), ids=CASES.keys())
def test_what_can_be_seen_from_outside(scene: Scene, codes: list[str], state: str) -> None:
    wrong = gather(Index.in_memory(), ["notes"], scene)
    assert [each.problem.code for each in wrong] == codes
    assert state_of(wrong, scene, moving=False) == state
    assert all(each.problem.message for each in wrong)


def test_what_moves_is_at_work_only_while_something_runs() -> None:
    assert state_of([], RUNNING, moving=True) == "working"
    assert state_of([], WELL, moving=True) == "ok"


@pytest.mark.parametrize("scene", [WELL, RUNNING], ids=["nothing runs", "it runs"])
@pytest.mark.parametrize("what", ["blocked", "held", "left", "root", "gap"])
def test_what_the_index_knows_needs_attention_whether_anything_runs_or_not(what: str, scene: Scene) -> None:
    index = Index.in_memory()
    match what:
        case "blocked":
            index.files.block(A, Problem("BAD", "is bad"), Fingerprint(1, 1, 1, 1, 1), 1.0)
        case "held":
            index.holds.hold([A], "many", 1.0)
        case "root":
            index.files.replace_scan_remarks("notes", {}, {"": Problem("ROOT_MISSING", "is away")})
        case "gap":
            index.files.replace_scan_remarks("notes", {}, {"sub": Problem("UNREADABLE", "cannot be read")})
        case _:
            index.objects.store(RemoteObject("x", Kind.DOC, "https://p.example/x", "T", public=True, sha256="H"))
            index.objects.bind(A, index.objects.all()[0], 1.0)
            index.objects.unbind(A, 2.0, Reason.REMOVED)
            assert gather(index, ["notes"], scene) == []
            index.leftovers.refuse(["x"], Problem("SCOPE_MISSING", "may not"), 3.0)
    (told,) = gather(index, ["notes"], scene)
    assert (told.serious, told.url) == (True, "https://p.example/x" if what == "left" else "")
    assert state_of([told], scene, moving=False) == "attention"
    assert gather(index, ["other"], scene) == []


def test_a_note_needs_no_attention() -> None:
    index = Index.in_memory()
    index.files.replace_scan_remarks("notes", {"link": Problem("LINK_LOOP", "leads to where it lies")}, {})
    (told,) = gather(index, ["notes"], RUNNING)
    assert (told.serious, state_of([told], RUNNING, moving=False)) == (False, "ok")


def test_a_folder_that_is_away_is_told_once() -> None:
    index = Index.in_memory()
    index.files.replace_scan_remarks("notes", {}, {"": Problem("ROOT_MISSING", "is away")})
    wrong = gather(index, ["notes"], replace(RUNNING, missing={"notes": "/n is not there"}))
    assert [each.problem.code for each in wrong] == ["ROOT_MISSING"]


def test_the_widest_comes_first() -> None:
    wrong = [Concern(about, A, Problem(about.value, ""), serious=True) for about in About]
    note = Concern(About.FILE, A, Problem("note", ""))
    assert [each.about for each in most_pressing([note, *wrong])] == [*reversed(About)]
