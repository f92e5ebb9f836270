"""Lessons 10 to 13 and 15 to 17: what is sent is whole, sent once, seldom enough, and recognised again."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from pathlib import Path

import httpx

from picora_sync.core.model import FileState, Kind
from picora_sync.core.policy import Settle
from tests.contract import samples
from tests.lessons.catalogue import Mutation, lesson
from tests.lessons.mirror import DAY_S, HOUR_S, Mirror

CarryOut = Callable[[], httpx.Response]


@lesson(
    10,
    Mutation(
        "picora_sync/disk/reading.py",
        "        _require_same(self._fd, self._path, self._expected.fingerprint)\n",
        "        pass\n",
    ),
)
def test_lesson_10_a_file_that_grows_while_it_is_sent_is_never_stored_half(tmp_path: Path) -> None:
    """All bytes that were hashed are sent, and are right; only another look at the file tells that there are more."""
    half, rest = samples.mp3(), samples.mp3(frames=20)
    with Mirror(tmp_path) as mirror:
        stored: list[set[str]] = []

        def grow(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            if request.method == "POST" and not stored:
                with (mirror.root / "talk.mp3").open("ab") as file:
                    file.write(rest)
                mirror.touch("talk.mp3")
                stored.append(set())
            try:
                return carry_out()
            finally:
                if stored:
                    stored.append({item.sha256 for item in mirror.held().values()})

        mirror.road.meddler = grow
        mirror.write("talk.mp3", half)
        mirror.run(HOUR_S)
        assert len(stored) > 1, "it did not grow while it was sent"
        assert set().union(*stored) == {sha256(half + rest)}
        assert mirror.states() == {"talk.mp3": FileState.SYNCED}


@lesson(
    11,
    Mutation("picora_sync/core/settle.py", "quiet_s = self.last_s + self.policy.quiet_s", "quiet_s = self.last_s"),
    Mutation(
        "picora_sync/core/settle.py",
        "min(quiet_s, self.first_s + self.policy.at_most_s)",
        "max(quiet_s, self.first_s + self.policy.at_most_s)",
    ),
)
def test_lesson_11_a_note_saved_every_other_second_is_sent_every_five_minutes(tmp_path: Path) -> None:
    with Mirror(tmp_path, doc_settle=Settle(quiet_s=10.0, at_most_s=300.0)) as mirror:
        for second in range(0, 1200, 2):
            mirror.write("essay.md", f"# Essay\n\n{'word ' * second}\n")
            mirror.run(2.0)
        assert 3 <= mirror.road.changing().count("POST /v1/docs") <= 4


@lesson(
    12, Mutation("picora_sync/reconciler/deletion/grace.py", "match unit.disk.look(row.ref.path):", "match Absent():")
)
def test_lesson_12_a_note_that_is_back_before_its_delete_is_seen_although_nothing_told_of_it(tmp_path: Path) -> None:
    """As vim saves: the old file becomes a backup, and the new one is written in its place."""
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(10)
        mirror.write("plan.md", "# Plan\n")
        mirror.quiet()
        before = mirror.held()
        mirror.move("plan.md", "plan.md~")
        mirror.run(20.0)
        (mirror.root / "plan.md").write_text("# Plan\n")  # its event is lost
        (mirror.root / "plan.md~").unlink()
        mirror.run(2 * HOUR_S)
        assert mirror.held() == before


@lesson(
    13, Mutation("picora_sync/core/planner.py", "moves = renames.match(view.files)", "moves = dict[FileRef, FileRef]()")
)
def test_lesson_13_what_was_renamed_while_nothing_ran_is_neither_sent_nor_deleted_nor_held(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        for n in range(20):
            mirror.write(f"old/{n}.md", f"---\ntitle: Note {n}\n---\ntext {n}\n")
        mirror.quiet()
        before, calls = mirror.held(), mirror.road.changing()
        mirror.stop()
        (mirror.root / "old").rename(mirror.root / "new")
        mirror.start()
        mirror.run(2 * DAY_S)
        assert (mirror.held(), mirror.road.changing(), mirror.on_hold()) == (before, calls, {})
        assert mirror.states() == {f"new/{n}.md": FileState.SYNCED for n in range(20)}


@lesson(15, Mutation("picora_sync/core/titles.py", 'unicodedata.normalize("NFC", _SURROGATES', '"".join(_SURROGATES'))
def test_lesson_15_a_name_in_another_unicode_form_is_the_same_name(tmp_path: Path) -> None:
    """A Mac gives names back decomposed: nothing is sent for that, and the file is opened by the name it really has."""
    composed, decomposed = (unicodedata.normalize(form, "Übung.md") for form in ("NFC", "NFD"))
    assert composed != decomposed
    with Mirror(tmp_path) as mirror:
        mirror.write(composed, "text\n")
        mirror.quiet()
        before, calls = mirror.held(), mirror.road.changing()
        for old, new in ((composed, decomposed), (decomposed, composed), (composed, decomposed)):
            mirror.move(old, new)
            mirror.run(HOUR_S)
        assert (mirror.held(), mirror.road.changing()) == (before, calls)
        mirror.write(decomposed, "other text\n")
        mirror.quiet()
        assert [item.sha256 for item in mirror.held().values()] == [sha256(b"other text\n")]


@lesson(
    15,
    Mutation(
        "picora_sync/core/planner.py",
        "title=wish.title if wish.title != item.title else None",
        "title=wish.title if wish.title.lower() != (item.title or '').lower() else None",
    ),
)
def test_lesson_15_a_name_in_another_case_changes_the_title_once(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        mirror.write("plan.md", "text\n")
        mirror.quiet()
        before, calls = mirror.held(), mirror.road.changing()
        mirror.move("plan.md", "PLAN.md")
        mirror.run(DAY_S)
        assert mirror.held().keys() == before.keys()
        assert [call.split("/")[0] for call in mirror.road.changing()[len(calls) :]] == ["PATCH "]


@lesson(16, Mutation("picora_sync/executor.py", "if job.posted_before else ()", "if False else ()"))
def test_lesson_16_audio_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        lost: list[str] = []

        def lose_answer(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            answer = carry_out()
            if request.url.path == "/v1/audio" and not lost:
                lost.append(request.url.path)
                raise httpx.ReadError("reset")
            return answer

        mirror.road.meddler = lose_answer
        mirror.write("talk.mp3", samples.mp3())
        mirror.run(HOUR_S)
        assert lost
        assert mirror.road.changing().count("POST /v1/audio") == 1
        assert [item.kind for item in mirror.held().values()] == [Kind.AUDIO]
        assert mirror.states() == {"talk.mp3": FileState.SYNCED}


RETRY_AFTER_S = 45.0


@lesson(17, Mutation("picora_sync/core/pacing.py", "delay_s = rates.refused_for_s", "delay_s = 0.0"))
def test_lesson_17_after_a_429_nothing_of_its_kind_goes_out_before_retry_after(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        refused_at: list[float] = []
        too_early: list[str] = []

        def refuse(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            if request.method != "POST":
                return carry_out()
            if refused_at and mirror.mono_s < refused_at[-1] + RETRY_AFTER_S:
                too_early.append(f"{request.url.path} {mirror.mono_s - refused_at[-1]:.0f} s after a 429")
            if len(refused_at) == 6:
                return carry_out()
            refused_at.append(mirror.mono_s)
            return httpx.Response(429, headers={"Retry-After": f"{RETRY_AFTER_S:.0f}"}, json={"success": False})

        mirror.road.meddler = refuse
        mirror.write_notes(8)
        mirror.run(HOUR_S)
        assert len(refused_at) == 6
        assert too_early == []
        assert set(mirror.states().values()) == {FileState.SYNCED}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
