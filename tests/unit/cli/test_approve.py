from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from picora_sync.core.model import Fingerprint, Problem
from picora_sync.index.lock import InstanceLock
from picora_sync.index.rows import Seen
from picora_sync.reconciler.intake.open_files import STILL_OPEN


def test_approve_shows_the_rows_and_approves_exactly_those(mirror: Any, invoke: Callable[..., Any]) -> None:
    for path in ("one.md", "two.md", "other.mp3"):
        mirror.add(path, "podcast" if path.endswith("mp3") else "notes")
    mirror.hold("one.md", "two.md")
    mirror.hold("other.mp3", folder="podcast")
    ran = invoke("--config", mirror.config_file, "approve", "notes", "--yes")
    assert ran.code == 0
    assert "one.md  too many at once" in ran.out
    assert "Approved 2 removals" in ran.out
    assert [(ref.path, approved) for ref, _, approved in mirror.index.holds.held()] == [
        ("one.md", True),
        ("two.md", True),
        ("other.mp3", False),
    ]


def test_keep_forgets_the_files_and_leaves_their_objects_alone(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("one.md")
    mirror.index.files.see(mirror.ref("one.md"), Seen.MISSING)
    mirror.hold("one.md")
    ran = invoke("--config", mirror.config_file, "approve", "notes", "--keep", "--yes")
    assert "Forgot 1 file" in ran.out
    assert mirror.index.holds.held() == []
    assert mirror.index.files.get(mirror.ref("one.md")) is None
    assert mirror.index.objects.all() == []
    assert mirror.index.objects.orphans() == []


def test_keep_leaves_an_object_that_another_file_shares_to_it(mirror: Any, invoke: Callable[..., Any]) -> None:
    item = mirror.add("one.md")
    mirror.add("two.md")
    with mirror.index.transaction():
        mirror.index.objects.bind(mirror.ref("two.md"), item, 1.0)
    mirror.hold("one.md")
    invoke("--config", mirror.config_file, "approve", "notes", "--keep", "--yes")
    assert [row.ref.path for row in mirror.index.files.bound_to([item.id])] == ["two.md"]


def test_nothing_held_is_no_error(mirror: Any, invoke: Callable[..., Any]) -> None:
    ran = invoke("--config", mirror.config_file, "approve", "notes")
    assert (ran.code, ran.out) == (0, "Nothing of notes is held.\n")


def test_where_nobody_can_be_asked_nothing_is_approved(
    mirror: Any, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    mirror.add("one.md")
    mirror.hold("one.md")
    ran = invoke("--config", mirror.config_file, "approve", "notes")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert not any(approved for _, _, approved in mirror.index.holds.held())


@pytest.mark.parametrize(("answer", "approved"), [("y", True), ("n", False), ("", False)], ids=["yes", "no", "enter"])
def test_a_person_at_a_terminal_is_asked(
    answer: str, approved: bool, mirror: Any, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.add("one.md")
    mirror.hold("one.md")
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        ran = invoke("--config", mirror.config_file, "approve", "notes")
    os.close(ours)
    assert ran.code == 0
    assert "Remove from Picora 1 file?" in ran.out + ran.err
    assert [each[2] for each in mirror.index.holds.held()] == [approved]


def test_an_unknown_folder_is_refused_with_the_known_ones(mirror: Any, invoke: Callable[..., Any]) -> None:
    ran = invoke("--config", mirror.config_file, "approve", "vault")
    assert ran.code == 2
    assert "one of: notes, podcast" in ran.err


def test_beside_a_process_that_takes_no_commands_it_is_refused(mirror: Any, invoke: Callable[..., Any]) -> None:
    lock = InstanceLock(mirror.state_dir)
    lock.acquire()
    ran = invoke("--config", mirror.config_file, "approve", "notes")
    lock.release()
    assert ran.code == 73
    assert "takes no commands" in ran.err


def test_held_files_are_listed_as_held(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("one.md")
    mirror.hold("one.md")
    (entry,) = json.loads(invoke("--config", mirror.config_file, "ls", "--json").out)
    assert entry["state"] == "held"


def test_as_json_without_a_yes_they_are_only_shown(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("one.md")
    mirror.hold("one.md")
    ran = invoke("--config", mirror.config_file, "approve", "notes", "--json")
    assert ran.code == 1
    shown = json.loads(ran.out)
    assert ([row["path"] for row in shown["rows"]], shown["approved"]) == (["one.md"], 0)
    assert [each[2] for each in mirror.index.holds.held()] == [False]


def test_audio_that_was_left_open_is_shown_and_sent_as_it_is(mirror: Any, invoke: Callable[..., Any]) -> None:
    item = mirror.add("talk.mp3", "podcast")
    problem = Problem(STILL_OPEN, "another program has it open", "close it")
    mirror.index.files.block(mirror.ref("talk.mp3", "podcast"), problem, Fingerprint(5, 1, 1, 1, 1), 1.0)
    shown = invoke("--config", mirror.config_file, "approve", "podcast", "--json")
    assert shown.code == 1
    assert [row["path"] for row in json.loads(shown.out)["open"]] == ["talk.mp3"]
    kept = invoke("--config", mirror.config_file, "approve", "podcast", "--keep", "--yes")
    assert "Nothing of podcast is held" in kept.out
    ran = invoke("--config", mirror.config_file, "approve", "podcast", "--yes")
    assert ran.code == 0
    assert "another program has it open" in ran.out
    assert "Approved 1 open file, to be sent unchanged, with the next `picora-sync sync` or `run`." in ran.out
    row = mirror.index.files.get(mirror.ref("talk.mp3", "podcast"))
    assert (row.blocked, row.bound) == (None, item.id)
