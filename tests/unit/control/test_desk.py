"""The loop's side: requests are carried out between turns, passes are answered when they are over."""

from __future__ import annotations

import pytest

from picora_sync.control.desk import Desk, Reread
from picora_sync.control.inbox import Ask, Inbox
from picora_sync.control.messages import Passed, PassProgress, Pause, Paused, Reload, Reloaded, Request, Resend, Sync
from picora_sync.control.orders import Orders
from picora_sync.control.passes import Pass
from picora_sync.core.policy import Folder, Settle
from picora_sync.errors import ConfigError, PicoraSyncError, Unreachable
from picora_sync.report import LEFT, Live
from tests.fakes.mirror import Mirror

LIVE = Live(pid=1, at=0.0, account="ok", trouble="", uploads=10, requests=100)


class Loop:
    """The daemon's loop over a mirror in memory, one turn a second."""

    def __init__(self, *policies: Folder, reread: Reread | None = None) -> None:
        self.mirror = Mirror(*policies)
        self.mirror.quiet()
        self.inbox = Inbox()
        self.hopeless: PicoraSyncError | None = None
        self.desk = Desk(self.inbox, Orders(self.mirror.reconciler), self._make_pass, lambda: LIVE, reread)

    def _make_pass(self, wait: bool) -> Pass:
        return Pass(self.mirror.reconciler, lambda: len(self.mirror.picora.calls), wait=wait)

    def put(self, request: Request) -> Ask:
        ask = self.inbox.put(request)
        self.desk.serve()
        return ask

    def turn(self) -> None:
        self.desk.serve()
        self.mirror.turn()
        self.desk.tell(LIVE)
        self.desk.attend(self._give_up)
        self.mirror.mono_s += 1

    def until_answered(self, ask: Ask, turns: int = 1000) -> object:
        for _ in range(turns):
            self.turn()
            while (said := ask.hear(0)) is not None:
                if said[1]:
                    return said[0]
        raise AssertionError(f"no answer within {turns} turns")

    def _give_up(self) -> None:
        if self.hopeless is not None:
            raise self.hopeless


def test_a_request_is_answered_in_the_turn_that_takes_it() -> None:
    loop = Loop()
    ask = loop.put(Pause(folder="notes"))
    said = ask.hear(0)
    assert said is not None
    assert isinstance(said[0], Paused)
    assert loop.mirror.index.paused() == {"notes"}


def test_a_refusal_is_an_answer_and_the_next_request_is_carried_out() -> None:
    loop = Loop()
    refused, done = loop.inbox.put(Resend(folder="none")), loop.inbox.put(Resend(folder="notes"))
    loop.desk.serve()
    answers = [ask.hear(0) for ask in (refused, done)]
    assert [isinstance(said[0], PicoraSyncError) for said in answers if said] == [True, False]


def test_a_pass_finds_what_no_event_told_of_and_ends_when_it_is_on_picora() -> None:
    loop = Loop()
    loop.mirror.disk.write("unseen.md", b"unseen")
    report = loop.until_answered(loop.put(Sync()))
    assert isinstance(report, Passed)
    assert (report.files, report.synced, report.uploaded) == (1, 1, 1)
    assert loop.mirror.titles() == ["unseen"]


def test_a_pass_that_does_not_wait_leaves_what_settles() -> None:
    loop = Loop()
    loop.mirror.write("new.md", "new")
    report = loop.until_answered(loop.put(Sync(wait=False)), turns=2)
    assert isinstance(report, Passed)
    assert (report.files, report.synced, report.uploaded) == (1, 0, 0)


def test_a_pass_counts_from_its_own_beginning() -> None:
    loop = Loop()
    loop.mirror.write("early.md", "early")
    loop.mirror.quiet()
    loop.mirror.write("late.md", "late")
    report = loop.until_answered(loop.put(Sync()))
    assert isinstance(report, Passed)
    assert (report.files, report.uploaded, report.requests) == (2, 1, 1)


def test_its_progress_counts_from_there_too() -> None:
    loop = Loop()
    loop.mirror.write("early.md", "early")
    loop.mirror.quiet()
    loop.mirror.write("late.md", "late")
    ask = loop.put(Sync())
    loop.turn()
    said = ask.hear(0)
    assert said is not None
    progress = said[0]
    assert isinstance(progress, PassProgress)
    assert (progress.live.uploads, progress.live.requests) == (9, 99)


def test_a_file_that_is_written_to_without_end_keeps_no_pass_waiting() -> None:
    settle = Settle(quiet_s=10.0, at_most_s=180.0)
    loop = Loop(Folder("notes", "/notes", doc_settle=settle, audio_settle=settle, delete_after_s=30.0))
    ask = loop.put(Sync())
    for second in range(400):
        loop.mirror.write("diary.md", f"line {second}")
        loop.turn()
        while (said := ask.hear(0)) is not None:
            if said[1]:
                assert isinstance(said[0], Passed)
                assert said[0].uploaded >= 1
                return
    pytest.fail("still waiting")


def test_a_pass_that_cannot_end_says_why_and_is_over() -> None:
    loop = Loop()
    loop.mirror.picora.up = False
    loop.mirror.write("new.md", "new")
    ask = loop.put(Sync())
    loop.turn()
    loop.hopeless = Unreachable("no way to Picora")
    answer = loop.until_answered(ask)
    assert answer is loop.hopeless


def test_who_waits_no_longer_is_not_told_any_more() -> None:
    loop = Loop()
    loop.mirror.write("new.md", "new")
    ask = loop.put(Sync())
    ask.abandoned = True
    loop.mirror.quiet()
    loop.turn()
    assert ask.hear(0) is None
    assert loop.mirror.titles() == ["new"]


def test_a_new_configuration_ends_the_loop_and_a_pass_goes_on_with_the_next_one() -> None:
    loop = Loop(reread=lambda: Reloaded(folders=("notes",), url="u"))
    loop.mirror.write("new.md", "new")
    waiting = loop.put(Sync())
    ask = loop.put(Reload())
    said = ask.hear(0)
    assert said is not None
    assert said[0] == Reloaded(folders=("notes",), url="u")
    assert loop.desk.reloading
    loop.desk.close()
    assert loop.inbox.take() == [waiting]


def test_a_configuration_that_cannot_be_used_is_refused_and_the_loop_goes_on() -> None:
    error = ConfigError("line 3 is wrong", hint="mend it")

    def reread() -> Reloaded:
        raise error

    loop = Loop(reread=reread)
    said = loop.put(Reload()).hear(0)
    assert said == (error, True)
    assert not loop.desk.reloading


def test_a_mirror_without_a_configuration_file_reads_none() -> None:
    said = Loop().put(Reload()).hear(0)
    assert said is not None
    assert "without a configuration file" in str(said[0])


def test_a_pass_is_told_when_the_daemon_ends() -> None:
    loop = Loop()
    loop.mirror.write("new.md", "new")
    ask = loop.put(Sync())
    loop.desk.close()
    said = ask.hear(0)
    assert said is not None
    assert "stopping" in str(said[0])


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (Pause(folder="notes"), "asked to pause notes"),
        (Pause(), "asked to pause all folders"),
        (Sync(), "asked to sync"),
    ],
    ids=["a folder", "all folders", "no folder"],
)
def test_the_log_says_what_was_asked(request_: Request, told: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="picora_sync.control.desk"):
        Loop().put(request_)
    assert caplog.messages == [told]


def test_a_pass_that_does_not_wait_names_what_it_left_and_one_that_waits_leaves_nothing() -> None:
    loop = Loop(Folder("notes", "/notes", doc_settle=Settle(quiet_s=50.0, at_most_s=100.0)))
    for name in ("gone.md", "kept.md"):
        loop.mirror.write(name, name)
    loop.mirror.quiet()
    loop.mirror.write("new.md", "new")
    loop.mirror.remove("gone.md")
    loop.mirror.run(60)
    loop.mirror.write("kept.md", "still written to")
    hasty = loop.until_answered(loop.put(Sync(wait=False)))
    assert isinstance(hasty, Passed)
    told = {each.path: each.message for each in hasty.problems if each.code == LEFT}
    assert told == {
        "gone.md": "gone.md just vanished, and may turn up elsewhere",
        "kept.md": "kept.md still changes",
    }
    patient = loop.until_answered(loop.put(Sync(wait=True)))
    assert isinstance(patient, Passed)
    assert patient.problems == ()
