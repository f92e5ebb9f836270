"""The first line of status: one word, and why; and what it says again and again."""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext

import click
import pytest

from picora_sync.cli.output import write_json
from picora_sync.cli.repeating import repeat
from picora_sync.cli.signals import Signals
from picora_sync.cli.status_view import AccountStanding, FolderStanding, MirrorStatus
from picora_sync.cli.status_words import account_lines, headline
from picora_sync.core.attention import About, Concern
from picora_sync.core.model import FileRef, FileState, Problem

ACCOUNT = AccountStanding("ok", "http://p", "", None)
BIG = Concern(About.FILE, FileRef("notes", "big.md"), Problem("BIG", "it is too large"), blocking=True, serious=True)
ALSO = Concern(About.FILE, FileRef("notes", "b.md"), Problem("BIG", "it is also too large"), serious=True)
HELD = Concern(About.FOLDER, FileRef("notes", ""), Problem("REMOVALS_HELD", "2 removals are held"), serious=True)
DIED = Concern(About.DAEMON, FileRef("", ""), Problem("DAEMON_DIED", "the daemon ended without a word"), serious=True)


def folder(public: int = 0, eta_s: int = 0, *, paused: bool = False, **states: int) -> FolderStanding:
    counts = {state.value: 0 for state in FileState} | states
    return FolderStanding(
        *("notes", "/notes", counts, "ok", "", eta_s, None, None, paused), paused_until=None, public=public
    )


def standing(
    state: str, shown: FolderStanding, wrong: tuple[Concern, ...] = (), *, running: bool = True, at: float | None = None
) -> MirrorStatus:
    account = AccountStanding("ok", "http://p", "", at)
    return MirrorStatus(state, running, 1 if running else None, (shown,), account, "", len(wrong), wrong)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (standing("ok", folder(3, synced=5, ignored=2)), "OK: 5 files mirrored, 3 of them public"),
        (standing("ok", folder(0, synced=1)), "OK: 1 file mirrored, none of them public"),
        (standing("ok", folder()), "OK: there is nothing to mirror"),
        (
            standing("ok", folder(0, synced=5), running=False),
            "OK: 5 files mirrored, none of them public, as of the last `sync`",
        ),
        (standing("ok", folder(0, synced=5, paused=True)), "OK: 5 files mirrored, none of them public; notes paused"),
        (
            standing("working", folder(0, 65, synced=5, uploading=1, queued=2, settling=3)),
            "WORKING: 1 uploading, 2 queued, 3 settling of 11 files, about 1 min 5 s left",
        ),
        (standing("attention", folder(), (BIG,)), "ATTENTION: notes/big.md: it is too large"),
        (standing("attention", folder(), (BIG, ALSO)), "ATTENTION: 2 files, such as notes/big.md: it is too large"),
        (
            standing("attention", folder(), (HELD, BIG, ALSO)),
            "ATTENTION: notes: 2 removals are held (and 2 other problems)",
        ),
        (standing("stopped", folder(), (DIED,), running=False), "STOPPED: the daemon ended without a word"),
        (standing("stopped", folder(), running=False), "STOPPED: nothing was mirrored yet"),
        (standing("stopped", folder(), running=False, at=0.0), "STOPPED: no daemon runs; the last one was at work "),
    ],
)
def test_the_first_line_is_one_word_and_why(now: MirrorStatus, said: str) -> None:
    assert headline(now).startswith(said)
    assert (headline(now) == said) is not said.endswith("at work ")


@pytest.mark.parametrize(
    ("used", "limit", "bar"),
    [
        (0, 10, "[....................]  0 of 10"),
        (10, 10, f"[{'#' * 20}]  10 of 10"),
        (11, 10, f"[{'#' * 20}]  11 of 10"),
        (0, 0, f"[{'#' * 20}]  0 of 0"),
        (5, 10, f"[{'#' * 10}{'.' * 10}]  5 of 10"),
    ],
)
def test_a_quota_is_a_bar_and_two_numbers(used: int, limit: int, bar: str) -> None:
    account = AccountStanding("ok", "http://p", "", None, quotas={"doc": {"limit": limit, "used": used}})
    assert list(account_lines(account))[1] == f"  documents  {bar}"


def test_audio_is_told_in_bytes_and_trouble_in_a_line_of_its_own() -> None:
    quotas = {"audio": {"limit": 2048, "used": 1024}}
    told = list(account_lines(AccountStanding("offline", "http://p", "no network", None, quotas=quotas)))
    assert told[1] == "  no network"
    assert told[2].endswith("1.0 KB of 2.0 KB")


class Screen(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_what_is_shown_again_is_in_one_place_on_a_terminal_and_a_line_a_change_elsewhere(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", (Screen if terminal else io.TextIOWrapper)(written, encoding="utf-8"))
    monkeypatch.setenv("TERM", "xterm")
    pages, heard = iter(["a\nb", "a\nb", "c"]), Signals()

    def show(whole: bool) -> None:
        assert whole is terminal
        page = next(pages)
        write_json(7) if page == "c" else click.echo(page if whole else page[:1])
        if page == "c":
            heard.stop.set()

    assert repeat(show, 0.0, lambda: nullcontext(heard)) == 0
    sys.stdout.flush()
    home, end, rest = "\x1b[H", "\x1b[K\n", "\x1b[J"
    seen = f"{home}a{end}b{end}{rest}{home}7{end}{rest}" if terminal else "a\n7\n"
    assert written.getvalue().decode() == seen
