"""Command and daemon over a real unix socket: what is said, what is refused, and who goes away."""

from __future__ import annotations

import logging
import os
import socket
import stat
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from picora_sync.control import address
from picora_sync.control.client import ControlClient
from picora_sync.control.inbox import Ask, Inbox
from picora_sync.control.messages import (
    Approve,
    Approved,
    Held,
    HeldRow,
    Passed,
    PassProgress,
    Pause,
    Paused,
    RemovalRow,
    ShowHeld,
    Sync,
)
from picora_sync.control.server import CallLimits, _is_allowed, listening
from picora_sync.core.model import FileRef, Problem
from picora_sync.errors import CommandRefused, DaemonSilent
from picora_sync.report import FolderLive, Live, SyncReport

WITHIN_S = 60.0
LIMITS = CallLimits()
DONE = Approved(folder="n", approved=2, kept=0, refused=(), paused=False)
NOTHING = Paused(folders=())
REPORT = SyncReport(files=2, synced=1, blocked=1, problems=[(FileRef("n", "a\udcff.md"), Problem("C", "m", "h"))])
LIVE = Live(pid=1, at=2.0, account="ok", trouble="", folders=[FolderLive("n", "/n", "ok")], uploads=3)


@dataclass
class Loop:
    """A loop's thread that answers as it is told, and remembers what it was asked."""

    state_dir: Path
    inbox: Inbox = field(default_factory=Inbox)
    asked: list[Ask] = field(default_factory=list)
    answer: Callable[[Ask], None] = lambda ask: ask.say(NOTHING)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def work(self) -> None:
        """Called by the inbox's wake, in the thread that put the request."""
        for ask in self.inbox.take():
            self.asked.append(ask)
            self.answer(ask)
            self.arrived.release()

    @property
    def client(self) -> ControlClient:
        found = ControlClient.find(self.state_dir)
        assert found is not None
        return found

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(transport=httpx.HTTPTransport(uds=self.socket), base_url="http://daemon")

    @property
    def socket(self) -> str:
        found = address.find(self.state_dir)
        assert found is not None
        return found


@contextmanager
def running(state_dir: Path, limits: CallLimits = LIMITS, *, takes: bool = True) -> Iterator[Loop]:
    loop = Loop(state_dir)
    if takes:
        loop.inbox.wake = loop.work
    with listening(state_dir, loop.inbox, os.environ, limits):
        yield loop


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    with running(tmp_path) as made:
        yield made


# --- what is said -----------------------------------------------------------------------------------------------------


def test_requests_and_answers_arrive_as_they_are_names_that_are_no_utf8_included(loop: Loop) -> None:
    held = Held(
        folder="n", rows=(HeldRow(path="a\udcff\n.md", why="so", object="o1", url="u"), HeldRow(path="b", why=""))
    )
    loop.answer = lambda ask: ask.say(held if isinstance(ask.request, ShowHeld) else DONE)
    rows = tuple(RemovalRow(path=row.path, object=row.object) for row in held.rows)
    with loop.client as client:
        assert client.ask(ShowHeld(folder="n & m=ö"), Held) == held
        assert client.ask(Approve(folder="n", rows=rows, keep=True), Approved) == DONE
    assert [ask.request for ask in loop.asked] == [
        ShowHeld(folder="n & m=ö"),
        Approve(folder="n", rows=rows, keep=True),
    ]


def test_a_refusal_arrives_with_its_hint_and_exit_code(loop: Loop) -> None:
    loop.answer = lambda ask: ask.say(CommandRefused("UNKNOWN_FOLDER", "no such folder", hint="try n", exit_code=2))
    with loop.client as client, pytest.raises(CommandRefused) as raised:
        client.ask(Pause(folder="m"), Paused)
    error = raised.value
    assert (error.code, error.message, error.hint, error.exit_code) == ("UNKNOWN_FOLDER", "no such folder", "try n", 2)


def test_a_pass_tells_how_it_goes_and_then_what_it_came_to(tmp_path: Path) -> None:
    def answer(ask: Ask) -> None:
        ask.say(PassProgress(live=LIVE), last=False)
        threading.Timer(0.2, ask.say, [Passed.of(REPORT)]).start()

    seen: list[Live] = []
    with running(tmp_path, CallLimits(sign_of_life_s=0.05)) as loop:
        loop.answer = answer
        with loop.client as client:
            assert client.sync(Sync(wait=False), seen.append) == REPORT
    assert [(live.uploads, live.folders) for live in seen] == [(3, [FolderLive("n", "/n", "ok")])]
    assert loop.asked[0].request == Sync(wait=False)


def test_a_pass_that_is_over_at_once_needs_no_progress(loop: Loop) -> None:
    loop.answer = lambda ask: ask.say(Passed.of(REPORT))
    with loop.client as client:
        assert client.sync(Sync(), lambda _: None) == REPORT


@pytest.mark.parametrize("late", [False, True], ids=["at once", "after progress"])
def test_a_pass_that_cannot_end_raises_what_keeps_it_from_that(late: bool, loop: Loop) -> None:
    def answer(ask: Ask) -> None:
        if late:
            ask.say(PassProgress(live=LIVE), last=False)
        ask.say(CommandRefused("UNREACHABLE", "no way to Picora", exit_code=69))

    loop.answer = answer
    with loop.client as client, pytest.raises(CommandRefused, match="no way") as raised:
        client.sync(Sync(), lambda _: None)
    assert raised.value.exit_code == 69


def test_the_loop_learns_that_nobody_waits_any_more(tmp_path: Path) -> None:
    with running(tmp_path, CallLimits(sign_of_life_s=0.01)) as loop:
        loop.answer = lambda ask: ask.say(PassProgress(live=LIVE), last=False)
        with loop.client as client, pytest.raises(KeyboardInterrupt):
            client.sync(Sync(), interrupted)
        pause = threading.Event()
        assert any(loop.asked[0].abandoned or pause.wait(0.05) for _ in range(int(WITHIN_S / 0.05))), "abandoned"


def interrupted(_: Live) -> None:
    raise KeyboardInterrupt


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        pytest.param("POST", "/v1/frobnicate", "{}", 404, "UNKNOWN_COMMAND", id="newer command"),
        pytest.param("GET", "/v1/pause", "", 404, "UNKNOWN_COMMAND", id="other method"),
        pytest.param("POST", "/v2/pause", "{}", 404, "UNKNOWN_VERSION", id="newer protocol"),
        pytest.param("GET", "/", "", 404, "UNKNOWN_VERSION", id="a browser's habit"),
        pytest.param("POST", "/v1/pause", "{", 422, "BAD_REQUEST", id="no JSON"),
        pytest.param("POST", "/v1/pause", "[" * 100_000, 422, "BAD_REQUEST", id="deep JSON"),
        pytest.param("POST", "/v1/pause", "[]", 422, "BAD_REQUEST", id="no object"),
        pytest.param("POST", "/v1/pause", '{"folder": 1}', 422, "BAD_REQUEST", id="wrong type"),
        pytest.param("POST", "/v1/pause", '{"forever": true}', 422, "BAD_REQUEST", id="newer field"),
        pytest.param("POST", "/v1/resend", "{}", 422, "BAD_REQUEST", id="missing field"),
        pytest.param("GET", "/v1/approve", "", 422, "BAD_REQUEST", id="missing in the query"),
        pytest.param("POST", "/v1/pause", " " * 2000, 413, "TOO_LARGE", id="too large"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_a_sentence(
    method: str, path: str, body: str, status: int, code: str, tmp_path: Path
) -> None:
    with running(tmp_path, CallLimits(body_bytes=200_000 if code != "TOO_LARGE" else 1000)) as loop, loop.http as http:
        reply = http.request(method, path, content=body)
        assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
        assert reply.json()["error"]["message"]
    assert loop.asked == []


def test_a_body_of_unknown_length_is_refused(loop: Loop) -> None:
    with loop.http as http:
        reply = http.post("/v1/pause", content=iter([b"{}"]))
    assert (reply.status_code, reply.json()["error"]["message"]) == (422, "the request says no Content-Length")


def test_who_answers_is_told(loop: Loop) -> None:
    with loop.http as http:
        about = http.get("/v1/").json()
    assert (about["version"], about["pid"]) == (1, os.getpid())
    assert about["program"].startswith("picora-sync/")


def test_a_loop_that_is_busy_gets_the_request_taken_back(tmp_path: Path) -> None:
    with running(tmp_path, CallLimits(take_s=0.05), takes=False) as loop:
        with loop.client as client, pytest.raises(CommandRefused, match="busy") as raised:
            client.ask(Pause(), Paused)
        assert raised.value.code == "BUSY"
        assert loop.inbox.take() == []


def test_more_calls_than_can_be_answered_are_refused(tmp_path: Path) -> None:
    with running(tmp_path, CallLimits(calls=1)) as loop:
        loop.answer = lambda _: None
        # Without looking whether anybody listens: that is a call, too, and may not be over yet.
        with ControlClient(loop.socket) as first, ControlClient(loop.socket) as second:
            waiting = threading.Thread(target=first.ask, args=(Pause(), Paused))
            waiting.start()
            assert loop.arrived.acquire(timeout=WITHIN_S)
            with pytest.raises(CommandRefused, match="under way"):
                second.ask(Pause(), Paused)
            loop.asked[0].say(NOTHING)
            waiting.join(WITHIN_S)


def test_who_is_refused_hears_it_even_if_their_request_was_not_read(tmp_path: Path) -> None:
    with running(tmp_path, CallLimits(body_bytes=1000)) as loop, socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(WITHIN_S)
        caller.connect(loop.socket)
        caller.sendall(b"POST /v1/pause HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b" " * 100_000)
        answer = b"".join(iter(lambda: caller.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.0 413 ")
    assert b"TOO_LARGE" in answer


@pytest.mark.parametrize(
    "sent", [b"", b"POST /v1/pause HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"], ids=["nothing", "half"]
)
def test_who_does_not_send_their_request_is_cut_off(sent: bytes, tmp_path: Path) -> None:
    with running(tmp_path, CallLimits(read_s=0.2)) as loop, socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(WITHIN_S)
        caller.connect(loop.socket)
        caller.sendall(sent)
        while caller.recv(4096):
            pass
        assert loop.asked == []


def test_those_who_wait_when_the_daemon_ends_are_told_so(tmp_path: Path) -> None:
    refused: list[CommandRefused] = []

    def wait(client: ControlClient) -> None:
        try:
            client.ask(Pause(), Paused)
        except CommandRefused as error:
            refused.append(error)

    arrived = threading.Event()
    with running(tmp_path, takes=False) as loop:
        loop.inbox.wake = arrived.set
        with loop.client as client:
            waiting = threading.Thread(target=wait, args=[client])
            waiting.start()
            assert arrived.wait(WITHIN_S)
            loop.inbox.close()
            waiting.join(WITHIN_S)
    assert [error.code for error in refused] == ["STOPPING"]
    with pytest.raises(CommandRefused, match="stopping"):
        loop.inbox.put(Pause())


@dataclass
class Peer:
    uid: int

    def getsockopt(self, *_: int) -> bytes:
        return struct.pack("3i", 1, self.uid, 1)


def test_only_the_owner_and_root_may_ask() -> None:
    owner: Any = Peer(os.geteuid())
    root: Any = Peer(0)
    stranger: Any = Peer(os.geteuid() + 1)
    assert (_is_allowed(owner), _is_allowed(root), _is_allowed(stranger)) == (True, True, False)


# --- where it is ------------------------------------------------------------------------------------------------------


def test_the_socket_is_its_owners_alone_and_goes_with_the_daemon(tmp_path: Path) -> None:
    with running(tmp_path) as loop:
        assert stat.S_IMODE(Path(loop.socket).stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_a_socket_that_a_killed_daemon_left_is_nobody_and_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / address.NAME))
    assert ControlClient.find(tmp_path) is None
    with running(tmp_path) as loop, loop.client as client:
        assert client.ask(Pause(), Paused) == NOTHING


def test_a_path_that_is_too_long_is_reached_through_a_link_to_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with running(deep) as loop:
        assert (deep / address.NAME).is_symlink()
        short = Path(loop.socket).parent
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
        with loop.client as client:
            assert client.ask(Pause(), Paused) == NOTHING
    assert not short.exists()
    assert list(deep.iterdir()) == []


def test_the_short_directory_of_a_killed_daemon_is_cleared(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    before = Path(address.choose(deep, {}))
    with running(deep) as loop:
        assert Path(loop.socket) != before
        assert not before.parent.exists()


def test_the_runtime_directory_is_taken_where_there_is_one(tmp_path: Path) -> None:
    deep, runtime = tmp_path / ("d" * 100), tmp_path / "r"
    deep.mkdir()
    runtime.mkdir()
    chosen = address.choose(deep, {"XDG_RUNTIME_DIR": str(runtime)})
    fits = len(os.fsencode(runtime / "picora-sync-12345678" / address.NAME)) <= address.LONGEST_BYTES
    assert chosen.startswith(str(runtime)) is fits
    address.remove(deep)


def test_without_a_socket_the_daemon_runs_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / address.NAME).mkdir()
    with running(tmp_path):
        assert "commands cannot reach this daemon" in caplog.text


def test_something_else_in_the_place_of_the_socket_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / address.NAME).write_text("hello")
    with pytest.raises(DaemonSilent, match="no socket of yours"):
        ControlClient.find(tmp_path)


def test_nobody_is_found_where_nothing_ever_ran(tmp_path: Path) -> None:
    assert ControlClient.find(tmp_path / "none") is None


# --- a daemon that is none, or ends -----------------------------------------------------------------------------------


@contextmanager
def other_daemon(state_dir: Path, reply: bytes) -> Iterator[ControlClient]:
    """Somebody who reads a request, says this, and hangs up."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address.choose(state_dir, {}))
    listener.listen()

    def answer() -> None:
        listener.settimeout(WITHIN_S)
        for _ in range(2):  # the first only looks whether anybody listens
            caller, _address = listener.accept()
            with caller:
                if caller.recv(65536):
                    caller.sendall(reply)

    thread = threading.Thread(target=answer)
    thread.start()
    client = ControlClient.find(state_dir)
    assert client is not None
    with client, listener:
        yield client
        thread.join(WITHIN_S)


def http(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        pytest.param(b"", "ended before it answered", id="nothing"),
        pytest.param(CUT_OFF, "ended before it answered", id="half an answer"),
        pytest.param(http("<html>"), "no picora-sync", id="no JSON"),
        pytest.param(http("[]"), "no picora-sync", id="no object"),
        pytest.param(http('{"error": "odd"}'), "answered something else", id="another answer"),
        pytest.param(http('{"folders": 1}'), "answered something else", id="another type"),
    ],
)
def test_an_answer_that_is_none_is_told_apart(reply: bytes, said: str, tmp_path: Path) -> None:
    with other_daemon(tmp_path, reply) as client, pytest.raises((DaemonSilent, CommandRefused), match=said) as raised:
        client.ask(Pause(), Paused)
    assert raised.value.hint


@pytest.mark.parametrize(
    "reply",
    [CUT_OFF, http("\n")],
    ids=["cut off", "ends without a report"],
)
def test_a_daemon_that_ends_during_a_pass_is_told_of(reply: bytes, tmp_path: Path) -> None:
    with other_daemon(tmp_path, reply) as client, pytest.raises(DaemonSilent, match="ended before it answered"):
        client.sync(Sync(), lambda _: None)


def test_a_field_that_a_newer_daemon_adds_is_passed_over(tmp_path: Path) -> None:
    with other_daemon(tmp_path, http('{"folders": [{"name": "n", "paused": true, "since": 1}], "more": 2}')) as client:
        assert [each.name for each in client.ask(Pause(), Paused).folders] == ["n"]


def test_a_daemon_that_says_nothing_is_not_waited_for_without_end(tmp_path: Path) -> None:
    with running(tmp_path) as loop:
        loop.answer = lambda _: None
        with (
            ControlClient(loop.socket, answer_within_s=0.1) as client,
            pytest.raises(DaemonSilent, match="says nothing"),
        ):
            client.ask(Pause(), Paused)
        assert loop.arrived.acquire(timeout=WITHIN_S)
        loop.asked[0].say(NOTHING)
