"""Lessons 1 to 9: nothing is deleted because of what is only missing, hidden, unreadable or somebody else's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest

from picora_sync.config.model import AccountConfig, Config, Plan
from picora_sync.core.model import FileState
from picora_sync.core.policy import Folder, Settle
from picora_sync.daemon import Daemon
from picora_sync.errors import ConfigError
from picora_sync.index.rows import Seen
from tests.contract import samples
from tests.contract.harness import Service
from tests.lessons.catalogue import Mutation, lesson
from tests.lessons.mirror import DAY_S, HOUR_S, Mirror


@lesson(1, Mutation("picora_sync/disk/root.py", "if found != expected:", "if False:"))
def test_lesson_01_another_disk_at_the_mount_point_deletes_nothing(tmp_path: Path) -> None:
    """Eight of twelve notes seem gone, few enough to need no question: the root's identity alone can tell."""
    with Mirror(tmp_path) as mirror:
        notes = mirror.write_notes(12)
        mirror.quiet()
        before, calls = mirror.held(), mirror.road.changing()
        away = mirror.root.rename(tmp_path / "away")
        mirror.root.mkdir()
        for path in notes[:4]:
            shutil.copy2(away / path, mirror.root)
        mirror.rescan()
        mirror.run(2 * HOUR_S)
        _put_back(mirror, away)
        mirror.run(2 * HOUR_S)
        assert (mirror.held(), mirror.road.changing()) == (before, calls)
        assert set(mirror.states().values()) == {FileState.SYNCED}


@lesson(
    1,
    Mutation(
        "picora_sync/core/guard.py", "if rest & ledger.held or total > limit:", "if rest & ledger.held or total < 0:"
    ),
)
def test_lesson_01_more_deletions_than_the_budget_are_held(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        notes = mirror.write_notes(30)
        mirror.quiet()
        before = mirror.held()
        mirror.remove(*notes[:20])
        mirror.run(2 * DAY_S)
        assert mirror.held() == before
        assert sorted(mirror.on_hold()) == sorted(notes[:20])


@lesson(
    1,
    Mutation(
        "picora_sync/core/guard.py",
        "if len(waiting - ledger.merged) >= ledger.bound:",
        "if len(waiting - ledger.merged) > ledger.bound:",
    ),
)
def test_lesson_01_an_empty_folder_is_held_however_few_its_files_were(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        notes = mirror.write_notes(3)
        mirror.quiet()
        before = mirror.held()
        mirror.remove(*notes)
        mirror.run(2 * DAY_S)
        assert mirror.held() == before
        assert sorted(mirror.on_hold()) == notes


@lesson(3, Mutation("picora_sync/disk/folder.py", "            problem = self.check_root()\n", "            pass\n"))
def test_lesson_03_a_scan_during_which_the_root_went_away_says_and_deletes_nothing(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(10)
        mirror.write_notes(5, "sub/")
        mirror.quiet()
        before, calls = mirror.held(), mirror.road.changing()
        cables: list[Path] = []

        def pull(event: str, args: tuple[object, ...]) -> None:
            if cables and event == "os.scandir" and str(args[0]) == str(mirror.root / "sub"):
                cables.pop().rename(tmp_path / "away")
                mirror.root.mkdir()

        sys.addaudithook(pull)  # stays for good, but does nothing from now on
        cables.append(mirror.root)
        scan = mirror.disk.scan()
        assert cables == []
        assert scan.files == {}
        assert list(scan.failed) == [""]
        _put_back(mirror, tmp_path / "away")
        cables.append(mirror.root)
        mirror.rescan()
        mirror.run(2 * HOUR_S)
        assert cables == []
        _put_back(mirror, tmp_path / "away")
        mirror.run(2 * HOUR_S)
        assert (mirror.held(), mirror.road.changing()) == (before, calls)
        assert set(mirror.states().values()) == {FileState.SYNCED}


def _put_back(mirror: Mirror, away: Path) -> None:
    shutil.rmtree(mirror.root)
    away.rename(mirror.root)


@lesson(
    4,
    Mutation(
        "picora_sync/reconciler/deletion/grace.py",
        "setdefault(ref, self._context.clocks.mono() + after_s)",
        "setdefault(ref, self._context.clocks.mono())",
    ),
)
def test_lesson_04_what_is_back_within_its_grace_was_never_deleted(tmp_path: Path) -> None:
    with Mirror(tmp_path, delete_after_s=300.0) as mirror:
        mirror.write_notes(10)
        vault = mirror.write_notes(3, "vault/")
        mirror.quiet()
        before = mirror.held()
        away = (mirror.root / "vault").rename(tmp_path / "away")
        for path in vault:
            mirror.touch(path)
        mirror.run(250.0)
        away.rename(mirror.root / "vault")
        mirror.rescan()
        mirror.run(DAY_S)
        assert mirror.held() == before


@lesson(5, Mutation("picora_sync/disk/root.py", "mark it again: {keep}", "mark it again."))
def test_lesson_05_a_lost_mark_is_mended_by_the_very_command_that_is_shown(tmp_path: Path) -> None:
    with Mirror(tmp_path, name="Anna's notes $HOME") as mirror:
        mirror.write_notes(3)
        mirror.quiet()
        before = mirror.held()
        shutil.rmtree(mirror.root / ".picora-sync")
        mirror.rescan()
        mirror.run(2 * HOUR_S)
        shown = mirror.watch.live().why
        assert "Nothing is sent or deleted meanwhile." in shown
        command = re.search(r"mkdir .*", shown)
        assert command
        subprocess.run(["/bin/sh", "-c", command[0]], check=True)
        mirror.write("new.md", "# New\n")
        mirror.run(2 * HOUR_S)
        assert before.items() <= mirror.held().items()
        assert set(mirror.states().values()) == {FileState.SYNCED}


class _Listening(WSGIRequestHandler):
    """Writes no log, but remembers the calls that change something."""

    changing: ClassVar[list[str]] = []

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, ARG002  # the standard library's names
        if self.command != "GET":
            self.changing.append(f"{self.command} {self.path}")


@contextmanager
def reachable(service: Service) -> Iterator[str]:
    """The embedded Picora in a thread of this process, at a URL of loopback."""
    with make_server("127.0.0.1", 0, service.app, handler_class=_Listening) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@lesson(
    6,
    Mutation(
        "picora_sync/account.py", "if index.meta(USER) not in (None, account.user_id):", "if not account.user_id:"
    ),
)
def test_lesson_06_an_index_serves_the_account_it_was_made_for_and_no_other(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    for n in range(8):
        (notes / f"{n}.md").write_text(f"text {n}")
    service = Service(tmp_path / "picora")
    other = service.tenant()
    assert other.key
    with reachable(service) as url:
        account = AccountConfig(url, Plan.PRO, None)
        config = Config(
            account, (Folder("notes", str(notes), delete_after_s=0.0, doc_settle=Settle(0.0, 0.0)),), tmp_path / "state"
        )
        with Daemon.open(config, service.account.key, stop=threading.Event()) as daemon:
            daemon.connect()
            daemon.sync(lambda _: None)
        mirrored = list(_Listening.changing)
        (notes / "0.md").unlink()
        (notes / "1.md").write_text("changed")
        with Daemon.open(config, other.key, stop=threading.Event()) as daemon:
            with pytest.raises(ConfigError, match="another account"):
                daemon.connect()
            with pytest.raises(ConfigError, match="another account"):
                daemon.run(lambda _: None)
    service.close()
    assert len(mirrored) == 8
    assert _Listening.changing == mirrored


@lesson(
    6,
    Mutation(
        "picora_sync/folder_watch.py",
        "mark = partial(self._disk.mark_root, known[1] if known else None, self._landmarks())",
        "mark = partial(self._disk.mark_root, None, self._landmarks())",
    ),
)
def test_lesson_06_the_index_of_an_old_installation_deletes_nothing_for_a_new_folder_at_its_place(
    tmp_path: Path,
) -> None:
    """Eight of twelve notes are not in the new one: few enough to need no question."""
    with Mirror(tmp_path) as mirror:
        notes = mirror.write_notes(12)
        mirror.quiet()
        before, calls = mirror.held(), mirror.road.changing()
        mirror.stop()
        mirror.root.rename(tmp_path / "old")
        mirror.root.mkdir()
        for path in notes[:4]:
            shutil.copy2(tmp_path / "old" / path, mirror.root)
        mirror.start()
        mirror.run(2 * HOUR_S)
        assert (mirror.held(), mirror.road.changing()) == (before, calls)
        assert "lost its mark" in mirror.watch.live().why


@lesson(6, Mutation("picora_sync/core/ownership.py", "if not posted.duplicate:", "if True:"))
def test_lesson_06_what_an_earlier_installation_made_is_not_deleted_by_a_new_index(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        notes = mirror.write_notes(12)
        mirror.quiet()
        before = mirror.held()
        mirror.run(DAY_S)
        mirror.stop()
        mirror.lose_index()
        for path in notes[:5]:
            (mirror.root / path).unlink()
        mirror.start()
        mirror.run(2 * DAY_S)  # the first run
        mirror.remove(notes[5])
        mirror.run(2 * DAY_S)
        assert mirror.held() == before


@lesson(
    7,
    Mutation(
        "picora_sync/disk/folder.py",
        "return Ignored(why) if isinstance(below, os.stat_result) else below",
        "return Absent()",
    ),
)
def test_lesson_07_files_that_become_ignored_are_held_as_ignored_and_not_deleted_as_gone(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(18)
        big = mirror.write_notes(12, "big/")
        mirror.quiet()
        before, calls = mirror.held(), mirror.road.changing()
        mirror.write(".picoraignore", "big/\n")
        mirror.run(2 * DAY_S)
        assert sorted(mirror.on_hold()) == sorted(big)
        assert {row.seen for row in mirror.index.files.all() if row.ref.path in big} == {Seen.IGNORED}
        (mirror.root / ".picoraignore").unlink()
        mirror.rescan()
        mirror.run(DAY_S)
        assert (mirror.held(), mirror.road.changing(), mirror.on_hold()) == (before, calls, {})


@lesson(
    8,
    Mutation(
        "picora_sync/disk/folder.py",
        "return Unknown(rules, readable=True) if isinstance(rules, Problem) else rules",
        "return IgnoreRules() if isinstance(rules, Problem) else rules",
    ),
)
def test_lesson_08_an_error_that_a_scan_meets_keeps_all_below_it_from_being_deleted(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(10)
        below = mirror.write_notes(5, "below/")
        mirror.quiet()
        before = mirror.held()
        rules = mirror.root / "below" / ".picoraignore"
        os.mkfifo(rules)  # nobody can know what it would say
        mirror.remove(*below[:3])
        mirror.run(600)
        mirror.rescan()
        mirror.run(2 * DAY_S)
        assert mirror.held() == before
        rules.unlink()
        mirror.rescan()
        mirror.run(DAY_S)
        assert len(mirror.held()) == len(before) - 3


@lesson(8, Mutation("picora_sync/reconciler/audit/repair.py", "if guard.judge(pending, ledger).held:", "if False:"))
def test_lesson_08_an_account_that_looks_empty_changes_nothing(tmp_path: Path) -> None:
    """It costs a one-way mirror no file, but everything would be uploaded once more, audio twice."""
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(12)
        mirror.write("talk.mp3", samples.mp3())
        mirror.quiet()
        before, calls = mirror.held(), mirror.road.changing()
        mirror.road.meddler = _look_empty
        mirror.run(3 * DAY_S)
        assert mirror.road.changing() == calls
        assert all("vanished from Picora" in problem for problem in mirror.problems().values())
        assert len(mirror.problems()) == 13
        mirror.road.meddler = None
        mirror.run(2 * DAY_S)
        assert (mirror.held(), mirror.road.changing(), mirror.problems()) == (before, calls, {})


def _look_empty(request: httpx.Request, carry_out: Callable[[], httpx.Response]) -> httpx.Response:
    """As after a restore from nothing: the key is good, and there is nothing."""
    answer = carry_out()
    if request.method != "GET" or answer.status_code != 200:
        return answer
    if request.url.path in ("/v1/docs", "/v1/media", "/v1/sync/state"):
        body = answer.json()
        empty = {name: [] if isinstance(value, list) else value for name, value in body["data"].items()}
        return httpx.Response(200, json=body | {"data": empty})
    if request.url.path.startswith(("/v1/docs/", "/v1/media/")):
        return httpx.Response(404, json={"success": False, "error": "no such object", "code": "NOT_FOUND"})
    return answer


@lesson(
    9,
    Mutation(
        "picora_sync/disk/faults.py",
        "GONE = frozenset({errno.ENOENT, errno.ENOTDIR})",
        "GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES})",
    ),
)
def test_lesson_09_a_directory_that_cannot_be_read_is_not_empty(unprivileged: Path) -> None:
    with Mirror(unprivileged) as mirror:
        mirror.write_notes(10)
        below = mirror.write_notes(5, "below/")
        mirror.quiet()
        before, calls = mirror.held(), mirror.road.changing()
        (mirror.root / "below").chmod(0)
        for path in below:
            mirror.touch(path)
        mirror.rescan()
        mirror.run(2 * DAY_S)
        assert mirror.held() == before
        assert "may not be read" in mirror.problems()["below"]
        (mirror.root / "below").chmod(0o700)
        mirror.rescan()
        mirror.run(DAY_S)
        assert (mirror.held(), mirror.road.changing()) == (before, calls)
        assert set(mirror.states().values()) == {FileState.SYNCED}
