"""pause, resume, rescan, resend, forget, reload: what they say, without a daemon and beside one."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from picora_sync.cli.front import PROGRAM
from picora_sync.cli.program import program
from picora_sync.control.inbox import Inbox
from picora_sync.control.messages import (
    FolderPause,
    FolderScan,
    Forgotten,
    Known,
    Passed,
    Paused,
    Reload,
    Reloaded,
    Reply,
    Rescanned,
    Resending,
)
from picora_sync.control.server import listening
from picora_sync.errors import CommandRefused
from picora_sync.index.lock import InstanceLock
from picora_sync.report import SyncReport

Invoke = Callable[..., Any]


@pytest.fixture
def daemon(mirror: Any) -> Iterator[dict[str, Reply | CommandRefused]]:
    """A running daemon that gives the answers that are put here, by the name of the request."""
    answers: dict[str, Reply | CommandRefused] = {}
    inbox = Inbox()

    def work() -> None:
        for ask in inbox.take():
            ask.say(answers[type(ask.request).__name__])

    inbox.wake = work
    lock = InstanceLock(mirror.state_dir)
    lock.acquire()
    with listening(mirror.state_dir, inbox, os.environ):
        yield answers
    lock.release()


# --- without a daemon -------------------------------------------------------------------------------------------------


def test_a_pause_is_kept_in_the_index_and_status_says_so(mirror: Any, invoke: Invoke) -> None:
    ran = invoke("--config", mirror.config_file, "pause", "notes")
    assert (ran.code, ran.out) == (
        0,
        "notes is paused until `picora-sync resume notes`; what becomes private still does.\n",
    )
    assert mirror.index.paused() == {"notes"}
    assert "notes is paused until `picora-sync resume notes`" in invoke("--config", mirror.config_file, "status").out
    folders = json.loads(invoke("--config", mirror.config_file, "status", "--json").out)["folders"]
    assert {folder["name"]: folder["paused"] for folder in folders} == {"notes": True, "podcast": False}
    ran = invoke("--config", mirror.config_file, "resume")
    assert "notes goes on with the next `picora-sync sync` or `run`." in ran.out
    assert mirror.index.paused() == frozenset()


def test_a_plan_says_for_which_folders_nothing_is_planned(mirror: Any, invoke: Invoke) -> None:
    (mirror.directory / "notes" / "new.md").write_text("hello")
    invoke("--config", mirror.config_file, "pause", "notes")
    ran = invoke("--config", mirror.config_file, "plan", "--json")
    assert json.loads(ran.out)["actions"] == []
    assert ran.err.endswith("Note: notes is paused: nothing of it is sent until `picora-sync resume notes`.\n")


def test_pausing_without_a_name_pauses_all_and_says_it_in_json(mirror: Any, invoke: Invoke) -> None:
    ran = invoke("--config", mirror.config_file, "pause", "--json")
    folders = [{"name": "notes", "paused": True, "until": None}, {"name": "podcast", "paused": True, "until": None}]
    assert json.loads(ran.out) == {"folders": folders, "running": False}


def test_a_pause_may_end_by_itself(mirror: Any, invoke: Invoke) -> None:
    ran = invoke("--config", mirror.config_file, "pause", "notes", "--for", "2h")
    assert re.fullmatch(r"notes is paused until [0-9: -]+ \(in 2 h\), or `picora-sync resume notes`; .*\n", ran.out)
    (until,) = mirror.index.paused_until().values()
    assert abs(until - time.time() - 7200) < 600
    status = invoke("--config", mirror.config_file, "status").out
    assert re.search(r"notes is paused until [0-9: -]+ \(in .*\), or `picora-sync resume notes`", status)
    folders = json.loads(invoke("--config", mirror.config_file, "status", "--json").out)["folders"]
    assert (folders[0]["paused"], folders[0]["paused_until"]) == (True, until)
    mirror.index.pause("notes", time.time() - 1)  # its time is over, and no process has noticed yet
    folders = json.loads(invoke("--config", mirror.config_file, "status", "--json").out)["folders"]
    assert (folders[0]["paused"], folders[0]["paused_until"]) == (False, None)


@pytest.mark.parametrize(
    ("time", "said"),
    [("2", "10s, 5m, 1h or 1d"), ("0", "for more than 0 s"), ("9999d", "10 years at most"), ("", "1h")],
)
def test_a_pause_of_a_time_that_is_none_is_refused(time: str, said: str, mirror: Any, invoke: Invoke) -> None:
    ran = invoke("--config", mirror.config_file, "pause", "--for", time)
    assert (ran.code, said in ran.err, mirror.index.paused()) == (2, True, frozenset())


def test_resending_is_noted_for_the_next_run(mirror: Any, invoke: Invoke) -> None:
    mirror.add("one.md")
    ran = invoke("--config", mirror.config_file, "resend", "notes")
    assert ran.out == "1 file of notes: read again with the next `picora-sync sync` or `run`; what differs is sent.\n"
    assert mirror.index.files.get(mirror.ref("one.md")).hashed_at == 0


def test_a_rescan_without_a_daemon_has_nothing_to_do(mirror: Any, invoke: Invoke) -> None:
    ran = invoke("--config", mirror.config_file, "rescan", "notes")
    assert (ran.code, "No daemon runs" in ran.out) == (0, True)
    assert json.loads(invoke("--config", mirror.config_file, "rescan", "--json").out) == {
        "folders": [],
        "running": False,
    }


def test_reloading_without_a_daemon_is_refused(mirror: Any, invoke: Invoke) -> None:
    ran = invoke("--config", mirror.config_file, "reload")
    assert (ran.code, "Error: no daemon runs" in ran.err, "Hint: " in ran.err) == (1, True, True)


@pytest.mark.parametrize("command", ["pause", "resume", "rescan", "resend", "approve"])
def test_an_unknown_folder_is_a_mistake_in_the_command(command: str, mirror: Any, invoke: Invoke) -> None:
    ran = invoke("--config", mirror.config_file, command, "note")
    assert (ran.code, ran.err) == (2, "Error: there is no folder note\nHint: did you mean notes?\n")


def test_a_folder_that_left_the_configuration_is_forgotten_with_what_it_made(mirror: Any, invoke: Invoke) -> None:
    mirror.add("one.md", "old")
    mirror.index.set_folder("old", "/old", None)
    ran = invoke("--config", mirror.config_file, "forget", "old", "--delete", "--yes")
    assert ran.out == ("Forgot old: 1 file.\nTo be deleted by the next `picora-sync sync` or `run`: 1 object.\n")
    assert [orphan.reason for orphan in mirror.index.objects.orphans()] == ["forgotten"]
    assert mirror.index.folders() == []


@pytest.mark.parametrize("command", [["forget", "old"], ["approve", "notes"]], ids=["forget", "approve"])
def test_where_nobody_can_be_asked_yes_must_be_said(
    command: list[str], mirror: Any, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.add("one.md", "old")
    mirror.index.set_folder("old", "/old", None)
    mirror.add("two.md")
    mirror.hold("two.md")
    with (tmp_path / "empty").open("w+") as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        ran = invoke("--config", mirror.config_file, *command)
    assert (ran.code, "--yes" in ran.err) == (2, True)
    assert mirror.index.folder("old") is not None


@pytest.mark.parametrize(("answer", "forgotten"), [("y", True), ("n", False)], ids=["yes", "no"])
def test_a_person_is_told_what_would_stay_before_it_is_forgotten(
    answer: str, forgotten: bool, mirror: Any, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.add("one.md", "old")
    mirror.index.set_folder("old", "/old", None)
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        ran = invoke("--config", mirror.config_file, "forget", "old")
    os.close(ours)
    assert "Forget 1 file of old, and leave 1 object on Picora?" in ran.out + ran.err
    assert (mirror.index.folder("old") is None) is forgotten


def test_looking_for_what_is_held_before_the_first_run_makes_no_state_directory(tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / "notes").mkdir()
    config = tmp_path / "config.yaml"
    config.write_text("account: {url: 'http://127.0.0.1:9'}\nstate_dir: state\nfolders: [{path: notes}]\n")
    for command in (["approve", "notes"], ["forget", "old", "--yes"]):
        ran = invoke("--config", config, *command)
        assert (ran.code, "there is no index" in ran.err) == (1, True)
    assert not (tmp_path / "state").exists()


# --- beside a daemon --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "answer", "said"),
    [
        pytest.param(
            ["pause", "notes"],
            {"Pause": Paused(folders=(FolderPause(name="notes", paused=True), FolderPause(name="p", paused=False)))},
            "notes is paused until `picora-sync resume notes`; what becomes private still does.\n",
            id="pause",
        ),
        pytest.param(
            ["pause", "notes", "--for", "2h"],
            {"Pause": Paused(folders=(FolderPause(name="notes", paused=True),))},
            "notes is paused until `picora-sync resume notes`; what becomes private still does.\n",
            id="pause for a time",
        ),
        pytest.param(
            ["resume"],
            {"Resume": Paused(folders=(FolderPause(name="notes", paused=False),))},
            "notes goes on.\n",
            id="resume",
        ),
        pytest.param(
            ["rescan"],
            {"Rescan": Rescanned(folders=(FolderScan(name="n", different=1), FolderScan(name="p", different=0)))},
            "n: 1 path to look at\np: nothing new\n",
            id="rescan",
        ),
        pytest.param(
            ["resend", "notes"],
            {"Resend": Resending(folder="notes", files=2)},
            "2 files of notes: read again now; what differs is sent.\n",
            id="resend",
        ),
        pytest.param(
            ["reload"],
            {"Reload": Reloaded(folders=("a", "b"), url="https://p")},
            "The daemon mirrors a, b to https://p from now on.\n",
            id="reload",
        ),
        pytest.param(
            ["forget", "old", "--delete", "--yes"],
            {
                "ShowKnown": Known(folder="old", files=2, objects=2, others=0),
                "Forget": Forgotten(folder="old", files=2, deleting=2),
            },
            "Forgot old: 2 files.\nBeing deleted on Picora: 2 objects.\n",
            id="forget",
        ),
    ],
)
def test_what_the_daemon_answers_is_told(
    command: list[str],
    answer: dict[str, Reply],
    said: str,
    mirror: Any,
    invoke: Invoke,
    daemon: dict[str, Reply | CommandRefused],
) -> None:
    daemon.update(answer)
    ran = invoke("--config", mirror.config_file, *command)
    assert (ran.code, ran.out, ran.err) == (0, said, "")
    document = json.loads(invoke("--config", mirror.config_file, *command, "--json").out)
    assert document["running"] is True


def test_a_folder_that_cannot_be_looked_through_fails_the_command(
    mirror: Any, invoke: Invoke, daemon: dict[str, Reply | CommandRefused]
) -> None:
    daemon["Rescan"] = Rescanned(folders=(FolderScan(name="n", different=0, trouble="/n is not there"),))
    ran = invoke("--config", mirror.config_file, "rescan")
    assert (ran.code, ran.out) == (1, "n: /n is not there\n")


def test_what_the_daemon_refuses_ends_the_command_as_it_says(
    mirror: Any, invoke: Invoke, daemon: dict[str, Reply | CommandRefused]
) -> None:
    daemon["Reload"] = CommandRefused("CONFIG_INVALID", "line 3 is wrong", hint="mend it", exit_code=78)
    ran = invoke("--config", mirror.config_file, "reload")
    assert (ran.code, ran.err) == (78, "Error: line 3 is wrong\nHint: mend it\n")


def test_sync_beside_a_daemon_prints_what_it_came_to(
    mirror: Any, invoke: Invoke, daemon: dict[str, Reply | CommandRefused]
) -> None:
    report = SyncReport(files=3, synced=2, held=1, uploaded=1, requests=4)
    daemon["Sync"] = Passed.of(report)
    ran = invoke("--config", mirror.config_file, "sync", "--json")
    document = json.loads(ran.out)
    assert (ran.code, document["files"], document["held"], document["requests"]) == (1, 3, 1, 4)


def test_a_command_waits_for_a_daemon_that_is_just_starting(mirror: Any, invoke: Invoke) -> None:
    inbox, over = Inbox(), threading.Event()
    inbox.wake = lambda: [ask.say(Reloaded(folders=("a",), url="u")) for ask in inbox.take()]  # type: ignore[assignment,func-returns-value]  # it only says
    lock = InstanceLock(mirror.state_dir)
    lock.acquire()

    def start() -> None:
        over.wait(0.3)
        with listening(mirror.state_dir, inbox, os.environ):
            over.wait(60)

    starting = threading.Thread(target=start)
    starting.start()
    ran = invoke("--config", mirror.config_file, "reload")
    over.set()
    starting.join()
    lock.release()
    assert (ran.code, ran.err) == (0, "")
    with pytest.raises(CommandRefused):
        inbox.put(Reload())


# --- completion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "incomplete", "names"),
    [
        pytest.param(["pause"], "", ["notes", "podcast"], id="all"),
        pytest.param(["approve"], "p", ["podcast"], id="beginning"),
        pytest.param(["forget"], "", ["old"], id="not-configured"),
    ],
)
def test_the_shell_completes_the_names_of_folders(
    arguments: list[str], incomplete: str, names: list[str], mirror: Any
) -> None:
    mirror.index.set_folder("old", "/old", None)
    complete = ShellComplete(program, {}, PROGRAM, "_X")
    found = complete.get_completions(["--config", str(mirror.config_file), *arguments], incomplete)
    assert [item.value for item in found] == names


def test_without_a_configuration_nothing_is_completed(tmp_path: Path) -> None:
    complete = ShellComplete(program, {}, PROGRAM, "_X")
    for command in ("pause", "forget"):
        assert complete.get_completions(["--config", str(tmp_path / "none"), command], "") == []


@pytest.mark.parametrize(
    ("incomplete", "names"),
    [
        ("", ["notes/", "podcast/"]),
        ("notes/", ["notes/a.md", "notes/new, or not.md", "notes/sub/"]),
        ("notes/s", ["notes/sub/"]),
        ("notes/n", ["notes/new, or not.md"]),
        ("x", []),
    ],
)
@pytest.mark.parametrize("command", ["ls", "url", "history"])
def test_the_shell_completes_known_files_a_directory_at_a_time_and_those_on_disk(
    command: str, incomplete: str, names: list[str], mirror: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("a.md", "sub/b.md", "sub/c.md"):
        mirror.add(path)
    for name in ("notes/new, or not.md", "notes/.hidden.md", "notes/picture.png", "other.md"):
        (mirror.directory / name).write_text("on disk")
    monkeypatch.chdir(mirror.directory)
    complete = ShellComplete(program, {}, PROGRAM, "_X")
    found = complete.get_completions(["--config", str(mirror.config_file), command], incomplete)
    assert [item.value for item in found] == names
    assert {item.type for item in found} <= {"path"}


@pytest.mark.parametrize(("command", "kind"), [("url", "file"), ("pause", "dir")])
@pytest.mark.parametrize("incomplete", ["/tm", "./no", "../", "~/No"])
def test_what_can_only_be_a_path_is_left_to_the_shell(command: str, kind: str, incomplete: str, mirror: Any) -> None:
    complete = ShellComplete(program, {}, PROGRAM, "_X")
    found = complete.get_completions(["--config", str(mirror.config_file), command], incomplete)
    assert [(item.type, item.value) for item in found] == [(kind, incomplete)]


# --- folders by where they are ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["pause", "resume", "rescan", "resend", "approve"])
@pytest.mark.parametrize("spelling", ["{0}/notes", "{0}/notes/", "notes/", "./notes", "link"])
def test_a_folder_may_be_named_by_its_path(
    command: str, spelling: str, mirror: Any, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mirror.directory / "link").symlink_to(mirror.directory / "notes")
    monkeypatch.chdir(mirror.directory)
    ran = invoke("--config", mirror.config_file, command, spelling.format(mirror.directory))
    assert (ran.code, ran.err) == (0, "")


def test_a_path_inside_of_a_folder_is_no_folder(mirror: Any, invoke: Invoke) -> None:
    (mirror.directory / "notes" / "sub").mkdir()
    ran = invoke("--config", mirror.config_file, "pause", mirror.directory / "notes" / "sub")
    assert (ran.code, "is inside the folder notes" in ran.err) == (2, True)
    assert mirror.index.paused() == frozenset()


def test_a_forgotten_folder_may_be_named_by_where_it_was(mirror: Any, invoke: Invoke) -> None:
    mirror.add("one.md", "old")
    mirror.index.set_folder("old", "/somewhere/old", None)
    assert "Forgot old: 1 file." in invoke("--config", mirror.config_file, "forget", "/somewhere/old", "--yes").out
