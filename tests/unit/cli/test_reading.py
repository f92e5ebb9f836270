"""ls, url, problems, history, status: on a real index, with and without a running daemon."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from picora_sync.core.model import FileRef, Kind, Problem, RemoteObject
from picora_sync.core.plan import Reason
from picora_sync.index.lock import InstanceLock
from picora_sync.report import INDEX_NAME, LIVE_NAME, FolderLive, Live, Transfer

NOW = 1_700_000_000.0
ACCOUNT: dict[str, Any] = {"plan": "pro", "quotas": {"doc": (1000, 412)}, "budget": {"read": (300, 290)}}
UNCLEAR = Problem(
    "VISIBILITY_UNCLEAR", "line 2: “public” is neither true nor false, so the note is private", "write it"
)


@pytest.fixture
def running(mirror: Any) -> Iterator[None]:
    """Somebody holds the lock."""
    lock = InstanceLock(mirror.state_dir)
    lock.acquire()
    yield
    lock.release()


def test_ls_json_has_the_fields_of_the_design(mirror: Any, invoke: Callable[..., Any]) -> None:
    item = mirror.add("a/one.md")
    ran = invoke("--config", mirror.config_file, "ls", "--json")
    assert ran.code == 0
    assert json.loads(ran.out) == [
        {
            "folder": "notes",
            "path": "a/one.md",
            "state": "synced",
            "kind": "doc",
            "id": item.id,
            "url": item.url,
            "title": "Title 1",
            "public": True,
            "unclear": False,
            "tags": ["one", "two"],
            "sha256": f"{1:064x}",
        }
    ]


def test_ls_json_of_a_file_without_object_has_nulls_and_is_not_public(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.block("big.md")
    (entry,) = json.loads(invoke("--config", mirror.config_file, "ls", "--json").out)
    assert (entry["state"], entry["public"], entry["tags"]) == ("blocked", False, [])
    assert [entry[name] for name in ("id", "url", "title", "sha256")] == [None] * 4


def test_ls_shows_state_path_title_visibility_and_url_in_one_line(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("one.md", public=False)
    heading, row = invoke("--config", mirror.config_file, "ls").out.splitlines()
    assert heading.split() == ["STATE", "PATH", "TITLE", "VISIBILITY", "URL"]
    assert row.split() == ["queued", "notes/one.md", "Title", "1", "private", "https://p.example/1"]


@pytest.mark.parametrize(
    ("argument", "paths"),
    [
        pytest.param("notes", ["a/one.md", "two.md"], id="folder"),
        pytest.param("notes/a", ["a/one.md"], id="folder-and-directory"),
        pytest.param("notes/a/one.md", ["a/one.md"], id="folder-and-path"),
        pytest.param("two.md", ["two.md"], id="path-in-any-folder"),
        pytest.param("{}/notes/a", ["a/one.md"], id="on-disk"),
        pytest.param("{}/podcast", ["three.mp3"], id="root-on-disk"),
    ],
)
def test_ls_takes_a_path_in_the_ways_people_write_it(
    argument: str, paths: list[str], mirror: Any, invoke: Callable[..., Any]
) -> None:
    mirror.add("a/one.md")
    mirror.add("two.md")
    mirror.add("three.mp3", "podcast")
    ran = invoke("--config", mirror.config_file, "ls", "--json", argument.format(mirror.directory))
    assert [entry["path"] for entry in json.loads(ran.out)] == paths


def test_ls_of_an_unknown_path_says_what_may_be_named(mirror: Any, invoke: Callable[..., Any]) -> None:
    ran = invoke("--config", mirror.config_file, "ls", "nowhere.md")
    assert (ran.code, ran.out) == (1, "")
    assert "nothing is known of nowhere.md" in ran.err
    assert "FOLDER/PATH" in ran.err


def test_names_that_could_steer_the_terminal_are_escaped_in_text_and_json(
    mirror: Any, invoke: Callable[..., Any]
) -> None:
    mirror.add("a\n\x1b[31m[bold]b\udcff.md", title="x\x07y")
    text = invoke("--config", mirror.config_file, "ls").out
    assert "notes/a\\n\\x1b[31m[bold]b\\xff.md" in text
    assert "x\\x07y" in text
    document = invoke("--config", mirror.config_file, "ls", "--json").out
    assert json.loads(document)[0]["path"] == "a\n\x1b[31m[bold]b\\udcff.md"
    assert "\x1b" not in document


def test_an_index_that_is_not_there_yet_is_empty(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.index.close()
    (mirror.state_dir / "index.sqlite").unlink()
    assert invoke("--config", mirror.config_file, "ls", "--json").out == "[]\n"
    assert "No file is known yet" in invoke("--config", mirror.config_file, "ls").out
    assert "Picora was not asked yet" in invoke("--config", mirror.config_file, "problems").out
    assert "Nothing was sent yet" in invoke("--config", mirror.config_file, "history").out


def test_an_index_that_is_no_index_is_an_error(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.index.close()
    (mirror.state_dir / "index.sqlite").write_bytes(b"this is no database, and long enough to be read as one" * 20)
    ran = invoke("--config", mirror.config_file, "ls")
    assert ran.code == 1
    assert "cannot be read" in ran.err


def test_url_prints_the_url_alone(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("one.md")
    assert invoke("--config", mirror.config_file, "url", "notes/one.md").out == "https://p.example/1\n"
    assert json.loads(invoke("--config", mirror.config_file, "url", "one.md", "--json").out)["id"] == "id1"


@pytest.mark.parametrize(
    ("public", "unclear", "note"),
    [
        pytest.param(True, False, "", id="public"),
        pytest.param(False, False, "Private: nobody can open this URL without a key", id="private"),
        pytest.param(False, True, "line 2: “public” is neither true nor false", id="unclear"),
        pytest.param(None, False, "Others may be able to open this URL", id="unknown"),
    ],
)
def test_url_says_beside_it_who_cannot_open_it(
    public: bool | None, unclear: bool, note: str, mirror: Any, invoke: Callable[..., Any]
) -> None:
    mirror.add("one.md", public=public)
    if unclear:
        mirror.remark("one.md", UNCLEAR)
    ran = invoke("--config", mirror.config_file, "url", "one.md")
    assert (ran.code, ran.out) == (0, "https://p.example/1\n")
    assert note in ran.err if note else not ran.err


def test_ls_says_that_a_note_is_private_because_it_is_unclear(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("one.md", public=False)
    mirror.remark("one.md", UNCLEAR)
    assert "private (unclear)" in invoke("--config", mirror.config_file, "ls").out
    assert json.loads(invoke("--config", mirror.config_file, "ls", "--json").out)[0]["unclear"] is True


def test_ls_public_lists_all_that_the_world_may_be_able_to_read(mirror: Any, invoke: Callable[..., Any]) -> None:
    assert "No file is known yet" in invoke("--config", mirror.config_file, "ls", "--public").out
    mirror.add("private.md", public=False)
    assert "Nothing is public" in invoke("--config", mirror.config_file, "ls", "--public").out
    mirror.add("public.md")
    mirror.add("unknown.md", public=None)
    replaced = mirror.add("edited.md")
    doomed = mirror.add("gone.md")
    with mirror.index.transaction():  # an old version that is kept, and one whose deletion is not confirmed
        new = RemoteObject("new", Kind.DOC, "https://p.example/new", "One", public=False, sha256="n")
        mirror.index.objects.store(new)
        mirror.index.objects.bind(FileRef("notes", "edited.md"), new, NOW + 7)
        mirror.index.objects.unbind(FileRef("notes", "gone.md"), NOW + 8, Reason.REMOVED)
        mirror.index.objects.doom([doomed.id])
        mirror.index.files.forget(FileRef("notes", "gone.md"))
    listed = json.loads(invoke("--config", mirror.config_file, "ls", "--public", "--json").out)
    assert {each["url"] for each in listed} == {
        *("https://p.example/2", "https://p.example/3", replaced.url, doomed.url),
    }
    assert [each["url"] for each in listed if each["path"] == "edited.md"] == [replaced.url]
    (one,) = json.loads(invoke("--config", mirror.config_file, "ls", "--public", "--json", "public.md").out)
    assert (one["path"], one["public"]) == ("public.md", True)


def test_history_says_who_can_open_a_url_today(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("public.md")
    mirror.add("private.md", public=False)
    mirror.add("gone.md")
    with mirror.index.transaction():
        mirror.index.objects.deleted("id3", FileRef("notes", "gone.md"), NOW + 9)
    rows = [row.split() for row in invoke("--config", mirror.config_file, "history").out.splitlines()]
    assert [row[4] for row in rows[1:]] == ["public", "private", "-", "-"]
    shown = json.loads(invoke("--config", mirror.config_file, "history", "--public", "--json").out)
    assert [(each["path"], each["public"]) for each in shown] == [("public.md", True)]
    assert "Nothing of it is public" in invoke("--config", mirror.config_file, "history", "gone.md", "--public").out


def test_url_of_a_blocked_file_says_why_there_is_none(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.block("big.md")
    ran = invoke("--config", mirror.config_file, "url", "big.md")
    assert (ran.code, ran.out) == (1, "")
    assert "the note is too large" in ran.err
    assert "make it shorter" in ran.err


def test_url_of_a_directory_is_refused(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("a/one.md")
    mirror.add("a/two.md")
    ran = invoke("--config", mirror.config_file, "url", "notes/a")
    assert (ran.code, ran.out) == (1, "")
    assert "stands for 2 files" in ran.err


def test_problems_tells_code_sentence_and_hint(
    mirror: Any, live: Callable[..., Live], invoke: Callable[..., Any]
) -> None:
    live().write(mirror.state_dir / LIVE_NAME)
    assert "No problems" in invoke("--config", mirror.config_file, "problems").out
    mirror.block("big.md")
    assert json.loads(invoke("--config", mirror.config_file, "problems", "--json").out) == [
        {
            "folder": "notes",
            "path": "big.md",
            "code": "NOTE_TOO_LARGE",
            "message": "the note is too large",
            "hint": "make it shorter",
            "blocking": True,
            "serious": True,
            "about": "file",
            "url": None,
            "public": None,
        }
    ]
    text = invoke("--config", mirror.config_file, "problems").out
    assert "blocked  notes/big.md" in text
    assert "Hint: make it shorter" in text


def test_problems_says_once_what_is_the_same_of_many(
    mirror: Any, live: Callable[..., Live], invoke: Callable[..., Any]
) -> None:
    live().write(mirror.state_dir / LIVE_NAME)
    for number in range(162):
        mirror.add(f"{number:03}.md")
        mirror.remark(f"{number:03}.md", Problem("NOT_IN_APPLE_PODCASTS", "Apple does not list it", "convert it"))
    mirror.block("big.md")
    text = invoke("--config", mirror.config_file, "problems").out
    assert text.splitlines() == [
        "blocked  notes/big.md",
        "         the note is too large [NOTE_TOO_LARGE]",
        "         Hint: make it shorter",
        "note     notes/000.md and 161 more: notes/001.md, notes/002.md, notes/003.md, …",
        "         Apple does not list it [NOT_IN_APPLE_PODCASTS]",
        "         Hint: convert it",
    ]
    assert invoke("--config", mirror.config_file, "problems", "--all").out.count("Apple does not list it") == 162
    assert len(json.loads(invoke("--config", mirror.config_file, "problems", "--json").out)) == 163


def test_problems_and_status_name_held_removals(
    mirror: Any, live: Callable[..., Live], invoke: Callable[..., Any]
) -> None:
    live().write(mirror.state_dir / LIVE_NAME)
    mirror.add("one.md")
    mirror.hold("one.md")
    text = invoke("--config", mirror.config_file, "problems").out
    assert "1 removal is held" in text
    assert "picora-sync approve notes" in text
    assert "1 problem" in invoke("--config", mirror.config_file, "status").out


def test_problems_names_once_what_picora_does_not_take(
    mirror: Any, live: Callable[..., Live], invoke: Callable[..., Any]
) -> None:
    live().write(mirror.state_dir / LIVE_NAME)
    mirror.index.set_untaken("notes", {".opus": 162, ".mp4": 1})
    mirror.index.set_untaken("elsewhere", {".opus": 1})
    (told,) = json.loads(invoke("--config", mirror.config_file, "problems", "--json").out)
    assert (told["code"], told["message"], told["serious"]) == (
        *("KINDS_NOT_TAKEN", "not mirrored: 1 .mp4, 162 .opus"),
        False,
    )
    assert invoke("--config", mirror.config_file, "status").code == 0
    mirror.index.set_untaken("notes", {})
    assert "No problems" in invoke("--config", mirror.config_file, "problems").out


def test_history_remembers_the_urls_of_files_that_are_gone(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("one.md")
    with mirror.index.transaction():
        mirror.index.objects.unbind(FileRef("notes", "one.md"), NOW + 5, Reason.REMOVED)
        mirror.index.files.forget(FileRef("notes", "one.md"))
    mirror.add("other.md")
    events = json.loads(invoke("--config", mirror.config_file, "history", "one.md", "--json").out)
    assert events == [
        {
            "folder": "notes",
            "path": "one.md",
            "at": NOW + 1,
            "event": "bound",
            "id": "id1",
            "url": "https://p.example/1",
            "public": True,
            "old_id": None,
            "old_url": None,
        },
        {
            "folder": "notes",
            "path": "one.md",
            "at": NOW + 5,
            "event": "removed",
            "id": "id1",
            "url": "https://p.example/1",
            "public": True,
            "old_id": None,
            "old_url": None,
        },
    ]
    assert len(invoke("--config", mirror.config_file, "history").out.splitlines()) == 4


def test_history_names_what_was_replaced(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.add("one.md")
    with mirror.index.transaction():
        item = RemoteObject("new", Kind.DOC, "https://p.example/new", "One", sha256="n")
        mirror.index.objects.store(item)
        mirror.index.objects.bind(FileRef("notes", "one.md"), item, NOW + 7)
    last = json.loads(invoke("--config", mirror.config_file, "history", "--json").out)[-1]
    assert (last["event"], last["id"], last["old_id"], last["old_url"]) == (
        *("replaced", "new", "id1"),
        "https://p.example/1",
    )
    assert "https://p.example/1" in invoke("--config", mirror.config_file, "history").out.splitlines()[-1]


def test_status_without_a_daemon_tells_the_index_and_the_last_known_account(
    mirror: Any, live: Callable[..., Live], invoke: Callable[..., Any]
) -> None:
    mirror.add("one.md")
    live(
        account="limited", trouble="quota", settling=[FileRef("notes", "one.md")], accepted_at=NOW - 60, **ACCOUNT
    ).write(mirror.state_dir / LIVE_NAME)
    document = json.loads(invoke("--config", mirror.config_file, "status", "--json").out)
    assert (document["running"], document["pid"]) == (False, None)
    assert document["account"] == {
        "state": "limited",
        "url": "http://127.0.0.1:9",
        "trouble": "quota",
        "checked_at": NOW,
        "accepted_at": NOW - 60,
        "plan": "pro",
        "quotas": {"doc": {"limit": 1000, "used": 412}},
        "budget": {"read": {"limit": 300, "left": 290}},
    }
    notes = document["folders"][0]
    assert (notes["name"], notes["path"]) == ("notes", str(mirror.directory / "notes"))
    assert notes["states"]["synced"] == 1
    assert (notes["watch"], notes["eta_s"], notes["scanned_at"], notes["next_scan_at"]) == ("ok", 0, None, None)
    assert (notes["public"], notes["changed_at"]) == (1, NOW + 1)
    text = invoke("--config", mirror.config_file, "status").out
    assert "limited, plan pro, key last accepted" in text
    assert "documents  [########............]  412 of 1,000" in text
    assert "requests   290 of 300 read a minute left" in text


def test_status_does_not_take_another_account_for_the_configured_one(
    mirror: Any, live: Callable[..., Live], invoke: Callable[..., Any]
) -> None:
    with mirror.index.transaction():
        mirror.index.set_meta("base_url", "http://127.0.0.1:8")
    live(account="ok", accepted_at=NOW).write(mirror.state_dir / LIVE_NAME)
    account = json.loads(invoke("--config", mirror.config_file, "status", "--json").out)["account"]
    assert (account["state"], account["accepted_at"]) == ("not asked yet", None)
    assert "http://127.0.0.1:8" in account["trouble"]


def test_status_before_anything_ran(mirror: Any, invoke: Callable[..., Any]) -> None:
    (mirror.directory / "podcast").rmdir()
    document = json.loads(invoke("--config", mirror.config_file, "status", "--json").out)
    assert document["account"]["state"] == "not asked yet"
    assert [folder["watch"] for folder in document["folders"]] == ["ok", "missing"]
    text = invoke("--config", mirror.config_file, "status").out
    assert "Not running" in text
    assert "not asked yet, key last accepted never" in text


@pytest.mark.usefixtures("running")
def test_status_of_a_running_daemon_tells_what_is_under_way(
    mirror: Any, live: Callable[..., Live], invoke: Callable[..., Any]
) -> None:
    for path in ("one.md", "two.md", "three.md"):
        mirror.add(path)
    mirror.index.set_folder("notes", str(mirror.directory / "notes"), "id")
    mirror.index.folder_scanned("notes", NOW)
    mirror.block("big.md")
    mirror.hold("three.md")
    live(
        settling=[FileRef("notes", "one.md")],
        transfers=[Transfer(FileRef("notes", "two.md"), 10, 5)],
        folders=[FolderLive("notes", "/x", "polling", "too many files to watch")],
        eta_s=61.4,
    ).write(mirror.state_dir / LIVE_NAME)
    document = json.loads(invoke("--config", mirror.config_file, "status", "--json").out)
    assert (document["running"], document["pid"], document["account"]["state"]) == (True, 4711, "ok")
    notes, podcast = document["folders"]
    assert {state: number for state, number in notes["states"].items() if number} == {
        "settling": 1,
        "uploading": 1,
        "held": 1,
        "blocked": 1,
    }
    assert (notes["watch"], notes["eta_s"], notes["next_scan_at"]) == ("polling", 61, NOW + 3600)
    assert podcast["eta_s"] == 0
    text = invoke("--config", mirror.config_file, "status").out
    assert "Running (process 4711)" in text
    assert "1 min 1 s left" in text
    assert "notes: too many files to watch" in text
    assert "picora-sync approve notes" in text
    assert "2 problems: " in text


@pytest.mark.usefixtures("running")
def test_plan_works_beside_a_daemon_and_changes_nothing(mirror: Any, invoke: Callable[..., Any]) -> None:
    (mirror.directory / "notes" / "new.md").write_text("hello")
    before = (mirror.state_dir / INDEX_NAME).read_bytes()
    ran = invoke("--config", mirror.config_file, "plan", "--json")
    assert (ran.code, [action["path"] for action in json.loads(ran.out)["actions"]]) == (0, ["new.md"])
    assert (mirror.state_dir / INDEX_NAME).read_bytes() == before


def test_plan_before_the_first_run_makes_no_state_directory(tmp_path: Path, invoke: Callable[..., Any]) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "new.md").write_text("hello")
    config = tmp_path / "config.yaml"
    config.write_text("account: {url: 'http://127.0.0.1:9'}\nstate_dir: state\nfolders: [{path: notes}]\n")
    ran = invoke("--config", config, "plan", "--json")
    assert [action["path"] for action in json.loads(ran.out)["actions"]] == ["new.md"]
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", ["status", "ls", "problems", "history", "plan"])
def test_a_damaged_index_is_told_in_a_sentence(command: str, mirror: Any, invoke: Callable[..., Any]) -> None:
    for number in range(50):
        mirror.add(f"{number}.md")
    mirror.index.close()
    path = mirror.directory / "state" / INDEX_NAME
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))
    told = invoke("--config", mirror.config_file, command)
    assert told.code == 1
    assert "damaged" in told.err
    assert "picora-sync sync" in told.err
