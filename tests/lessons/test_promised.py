"""Protections that no lesson speaks of: each keeps a promise (docs/promises.md), and is one line."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import cast

import httpx

from picora_sync.content.folder import FolderContent
from picora_sync.core.model import FileState, Kind
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Derived, Presence, Present
from picora_sync.disk.folder import FolderDisk
from tests.contract import samples
from tests.fakes.mirror import Mirror as Model
from tests.fakes.older import OlderContent
from tests.fakes.vault import VaultOnDisk
from tests.lessons.catalogue import Mutation, promise
from tests.lessons.mirror import DAY_S, HOUR_S, Mirror
from tests.property.test_comments import a_note

CarryOut = Callable[[], httpx.Response]

LISTS = ("/v1/sync/state", "/v1/media")


@promise(
    1,
    Mutation(
        "picora_sync/remote/deletion.py", "query = HARD if kind is Kind.DOC else {}", "query: dict[str, str] = {}"
    ),
)
def test_promise_01_an_edit_that_is_undone_is_on_picora_though_it_keeps_a_trash(tmp_path: Path) -> None:
    """The live service keeps what is deleted softly, and names it when the same content is sent again."""
    with Mirror(tmp_path, soft_delete=True) as mirror:
        mirror.write_notes(5)
        mirror.quiet()
        first = (mirror.root / "note 0.md").read_text()
        for text in ("# Edited\n", first, "# Edited\n", first):
            mirror.write("note 0.md", text)
            mirror.run(HOUR_S)
            assert set(mirror.states().values()) == {FileState.SYNCED}
            assert len(mirror.held()) == 5
        calls = len(mirror.road.changing())
        mirror.run(2 * HOUR_S)
        assert len(mirror.road.changing()) == calls
        assert mirror.trashed() == 0


@promise(
    1,
    Mutation(
        "picora_sync/reconciler/results/failure.py",
        "leftovers.refuse((delete.object_id for delete in deletes)",
        "leftovers.refuse(()",
    ),
)
def test_promise_01_what_picora_refuses_to_delete_is_never_called_done(tmp_path: Path) -> None:
    """A key without the right to delete: what is left stands among the problems, over restarts, until it is gone."""
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(5)
        mirror.quiet()

        def refuse(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            if request.method != "DELETE":
                return carry_out()
            return httpx.Response(403, json={"success": False, "error": "no", "code": "INSUFFICIENT_SCOPE"})

        mirror.road.meddler = refuse
        mirror.remove("note 0.md")
        mirror.write("note 1.md", "# Edited\n")
        for _ in range(3):
            mirror.run(2 * HOUR_S)
            assert mirror.left() == {"note 0.md": "SCOPE_MISSING", "note 1.md": "SCOPE_MISSING"}
            assert len(mirror.held()) == 6
            mirror.stop()
            mirror.start()
        mirror.road.meddler = None
        mirror.run(2 * HOUR_S)
        assert (mirror.left(), len(mirror.held())) == ({}, 4)


def test_promise_01_what_a_service_never_purges_is_blocked_and_said_once(tmp_path: Path) -> None:
    with Mirror(tmp_path, soft_delete=True, purge=False) as mirror:
        mirror.write_notes(5)
        mirror.quiet()
        first = (mirror.root / "note 0.md").read_text()
        mirror.write("note 0.md", "# Edited\n")
        mirror.quiet()
        mirror.write("note 0.md", first)
        mirror.run(HOUR_S)
        assert mirror.states()["note 0.md"] is FileState.BLOCKED
        assert "does not give out" in mirror.problems()["note 0.md"]
        assert len(mirror.held()) == 5
        calls = len(mirror.road.changing())
        mirror.run(2 * DAY_S)
        assert len(mirror.road.changing()) == calls
        mirror.write("note 0.md", "# Another way\n")
        mirror.quiet()
        assert set(mirror.states().values()) == {FileState.SYNCED}
        assert len(mirror.held()) == 5


@promise(2, Mutation("picora_sync/core/planner.py", "if content in self._view.busy:", "if False:"))
def test_promise_02_what_comes_back_while_it_is_deleted_is_sent_when_that_has_ended(tmp_path: Path) -> None:
    """Sent earlier, it would be said to be there already, and then be deleted."""
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(5)
        mirror.quiet()
        text = (mirror.root / "note 0.md").read_text()
        meanwhile: list[list[str]] = []

        def be_slow(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            if request.method == "DELETE" and not meanwhile:
                before = len(mirror.road.changing())
                mirror.write("note 0.md", text)
                mirror.run(60.0)
                meanwhile.append(mirror.road.changing()[before:])
            return carry_out()

        mirror.road.meddler = be_slow
        mirror.remove("note 0.md")
        mirror.run(2 * HOUR_S)
        assert meanwhile == [[]]
        assert set(mirror.states().values()) == {FileState.SYNCED}
        assert len(mirror.held()) == 5


@promise(
    3, Mutation("picora_sync/remote/failures.py", "case status if envelope is None:", "case 0 if envelope is None:")
)
def test_promise_03_a_404_of_somebody_in_between_says_nothing_about_what_picora_holds(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        mirror.write("talk.mp3", samples.mp3())
        mirror.write_notes(3)
        mirror.quiet()
        before = mirror.held()
        mirror.road.meddler = lambda *_: httpx.Response(404, html="<html>No such page in this hotel</html>")
        mirror.move("talk.mp3", "speech.mp3")
        mirror.remove("note 0.md")
        mirror.run(HOUR_S)
        assert mirror.held() == before
        mirror.road.meddler = None
        mirror.run(DAY_S)
        assert mirror.road.changing().count("POST /v1/audio") == 1
        assert sorted(item.title for item in mirror.held().values()) == ["note 1.md", "note 2.md", "speech"]


@promise(3, Mutation("picora_sync/reconciler/uploads/unconfirmed.py", "LAG_S = 90.0", "LAG_S = 0.0"))
def test_promise_03_audio_is_not_sent_again_while_the_lists_may_lack_it(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        made_at: list[float] = []

        def lag(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            answer = carry_out()
            if request.url.path == "/v1/audio" and not made_at:
                made_at.append(mirror.mono_s)
                raise httpx.ReadError("reset")
            if request.url.path in LISTS and made_at and mirror.mono_s < made_at[0] + 75.0:
                return httpx.Response(200, json=_emptied(answer.json()))
            return answer

        mirror.road.meddler = lag
        mirror.write("talk.mp3", samples.mp3())
        mirror.run(HOUR_S)
        assert made_at
        assert mirror.road.changing().count("POST /v1/audio") == 1
        assert mirror.states() == {"talk.mp3": FileState.SYNCED}


@promise(
    3, Mutation("picora_sync/remote/exchange.py", "raise error if body.whole else _cut(error)", "raise _cut(error)")
)
def test_promise_03_audio_whose_closing_boundary_may_have_arrived_is_looked_for(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:

        def lose(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            answer = carry_out()
            if request.url.path == "/v1/audio" and mirror.road.changing().count("POST /v1/audio") == 1:
                raise httpx.WriteError("reset")
            return answer

        mirror.road.meddler = lose
        mirror.write("talk.mp3", samples.mp3())
        mirror.run(HOUR_S)
        assert mirror.road.changing().count("POST /v1/audio") == 1
        assert len(mirror.held()) == 1


@promise(
    8,
    Mutation("picora_sync/remote/exchange.py", "raise error if body.whole else _cut(error)", "raise error"),
)
def test_promise_08_an_upload_that_was_cut_off_is_sent_again_within_seconds(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        cut: list[float] = []

        def break_off(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            if request.url.path == "/v1/audio" and len(cut) < 2:
                next(iter(cast("Iterable[bytes]", request.stream)))
                cut.append(mirror.mono_s)
                raise httpx.WriteError("reset")
            return carry_out()

        mirror.road.meddler = break_off
        mirror.write("talk.mp3", samples.mp3())
        mirror.run(60.0)
        assert len(cut) == 2
        sent_at = [at for at, call in mirror.road.calls if call == "POST /v1/audio"]
        assert sent_at[-1] - sent_at[0] < 10.0
        assert mirror.states() == {"talk.mp3": FileState.SYNCED}
        assert len(mirror.held()) == 1


@promise(3, Mutation("picora_sync/reconciler/results/success.py", "if outcome.perhaps_more:", "if False:"))
def test_promise_03_an_upload_that_arrives_after_it_was_given_up_is_collected(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        late: list[CarryOut] = []

        def delay(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            if request.url.path == "/v1/audio" and not late:
                request.read()
                late.append(carry_out)
                raise httpx.ReadTimeout("no answer")
            return carry_out()

        mirror.road.meddler = delay
        mirror.write("talk.mp3", samples.mp3())
        mirror.run(200.0)
        assert len(mirror.held()) == 1
        late[0]()
        assert len(mirror.held()) == 2
        mirror.run(DAY_S)
        assert [item.kind for item in mirror.held().values()] == [Kind.AUDIO]
        assert mirror.states() == {"talk.mp3": FileState.SYNCED}


@promise(4, Mutation("picora_sync/index/objects.py", "FROM intent ORDER BY public", "FROM intent ORDER BY public DESC"))
def test_promise_04_after_a_crash_the_upload_that_wants_private_is_settled_first(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        sent: list[bool] = []

        def listen(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            if request.url.path == "/v1/docs" and request.method == "POST":
                sent.append(bool(json.loads(request.read())["isPublic"]))
            return carry_out()

        mirror.road.meddler = listen
        mirror.write("a.md", "---\npublic: true\n---\nfor all\n")
        mirror.write("b.md", "for me\n")
        mirror.die_sending(2)
        mirror.quiet()
        assert sent == [False, True]


@promise(
    4,
    Mutation(
        "picora_sync/core/planner.py", "all(wish.public for wish in wishes)", "any(wish.public for wish in wishes)"
    ),
    Mutation("picora_sync/core/planner.py", "title=wishes[0].title", "title=wishes[-1].title"),
    Mutation("picora_sync/core/planner.py", "merge_tags(wish.tags for wish in wishes)", "merge_tags([wishes[0].tags])"),
)
def test_promise_04_what_files_share_is_private_if_one_of_them_is_and_bears_the_oldest_title_and_all_tags() -> None:
    mirror = Model(Folder("open", "/open", public=True, tags=("one",)), Folder("closed", "/closed", tags=("two",)))
    mirror.write("a.md", "text", folder="open")
    mirror.quiet()
    assert [item.public for item in mirror.picora.objects.values()] == [True]
    mirror.write("b.md", "text", folder="closed")
    mirror.quiet()
    (shared,) = mirror.picora.objects.values()
    assert (shared.public, shared.title, shared.tags) == (False, "a", ("one", "two"))
    mirror.disks["closed"].remove("b.md")
    mirror.scan()
    mirror.quiet()
    (left,) = mirror.picora.objects.values()
    assert (left.public, left.title, left.tags) == (True, "a", ("one",))


@promise(
    4,
    Mutation(
        "picora_sync/content/frontmatter.py",
        "return Frontmatter(problem=of_start(",
        "return Frontmatter(problem=None and of_start(",
    ),
    Mutation("picora_sync/content/visibility.py", "if front.problem is not None:", "if False:"),
)
def test_promise_04_a_note_whose_frontmatter_cannot_be_read_is_not_published(tmp_path: Path) -> None:
    with Mirror(tmp_path, public=True) as mirror:
        mirror.write("a.md", "\n---\npublish:false\n---\nfor me\n")
        mirror.write("b.md", "---\npublish: false\n\nfor me, too\n")
        mirror.write("c.md", "---\n\nfor all\n")
        mirror.quiet()
        assert {item.title: item.public for item in mirror.held().values()} == {"a": False, "b": False, "c": True}
        assert mirror.problems().keys() == {"a.md", "b.md"}


@promise(
    4,
    Mutation("picora_sync/reconciler/intake/recall.py", "if unit.content.wants_private(ref.path):", "if False:"),
)
def test_promise_04_what_an_older_version_published_is_private_before_anything_else_is_sent(tmp_path: Path) -> None:
    with Mirror(tmp_path, public=True) as mirror:
        mirror.stop()
        mirror.make_content = OlderContent
        mirror.start()
        mirror.write("a.md", "---\npublish:false\n---\nfor me\n")
        mirror.quiet()
        mirror.index.set_meta("judgement:notes", "1")
        mirror.stop()
        (mirror.root / "b.md").write_text("for all")
        mirror.make_content = FolderContent
        mirror.road.calls.clear()
        mirror.start()
        mirror.quiet()
        assert {item.title: item.public for item in mirror.held().values()} == {"a": False, "b": True}
        assert [call.split("/")[0] for call in mirror.road.changing()] == ["PATCH ", "POST "]


@promise(9, Mutation("picora_sync/index/store.py", '"PRAGMA synchronous = FULL"', '"PRAGMA synchronous = NORMAL"'))
def test_promise_09_an_upload_that_the_power_failed_under_is_remembered(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        cut: list[str] = []

        def lose_answer(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            answer = carry_out()
            if request.url.path == "/v1/audio" and not cut:
                cut.append(request.url.path)
                raise httpx.ReadError("reset")
            return answer

        mirror.write_notes(3)
        mirror.quiet()
        mirror.road.meddler = lose_answer
        mirror.write("talk.mp3", samples.mp3())
        while not cut:
            mirror.run(1.0)
        mirror.cut_power()
        mirror.run(DAY_S)
        assert mirror.road.changing().count("POST /v1/audio") == 1
        assert mirror.states()["talk.mp3"] is FileState.SYNCED
        mirror.remove("talk.mp3")
        mirror.run(DAY_S)
        assert len(mirror.held()) == 3  # the audio is known to be ours, and goes with its file


def _emptied(body: dict[str, object]) -> dict[str, object]:
    """A list as a server tells it that has not heard of anything yet."""
    data = body["data"]
    assert isinstance(data, dict)
    return body | {"data": {name: [] if isinstance(value, list) else value for name, value in data.items()}}


class _DiskThatTellsBirths(FolderDisk):
    """What is in ``new`` was made when the rest was, or later, whatever inode it has."""

    new_ns = 1

    def look(self, path: str) -> Presence:
        found = super().look(path)
        born_ns = self.new_ns if path.startswith("new/") else 1
        return replace(found, born_ns=born_ns) if isinstance(found, Present) else found


class _DiskOfReusedInodes(_DiskThatTellsBirths):
    new_ns = 2


WORDS = "on a subject of its own, with words that no other note has: w{0} x{0} y{0} z{0}"


def write_old(mirror: Mirror) -> list[str]:
    """A folder of 40 notes beside 12 others; returns their names."""
    mirror.write_notes(12)
    for number in range(40):
        mirror.write(f"old/{number}.md", WORDS.format(number))
    return [f"old/{number}.md" for number in range(40)]


def move_and_edit(mirror: Mirror, number: int) -> None:
    """It is moved, and so many of its notes are edited."""
    (mirror.root / "old").rename(mirror.root / "new")
    for n in range(number):
        mirror.write(f"new/{n}.md", f"{WORDS.format(n)}, and a link")


@promise(
    6, Mutation("picora_sync/reconciler/deletion/grace.py", "return succession.carry(view, pairs)", "return view, []")
)
def test_promise_06_a_folder_that_is_moved_with_edits_is_not_held(tmp_path: Path) -> None:
    """The editor writes new files and renames them over the old ones, so that no inode tells."""
    with Mirror(tmp_path) as mirror:
        write_old(mirror)
        mirror.quiet()
        move_and_edit(mirror, 0)
        for number in range(15):
            mirror.write("saving.tmp", f"{WORDS.format(number)}, and a link")
            (mirror.root / "saving.tmp").replace(mirror.root / f"new/{number}.md")
        mirror.rescan()
        mirror.run(2 * HOUR_S)
        assert mirror.on_hold() == {}
        assert set(mirror.states().values()) == {FileState.SYNCED}
        assert len(mirror.held()) == 52


@promise(
    6,
    Mutation(
        "picora_sync/reconciler/deletion/grace.py",
        "if heir is not None and heir.bound not in (None, row.bound):",
        "if False:",
    ),
)
def test_promise_06_what_was_uploaded_under_its_new_name_before_the_old_one_was_missed_is_not_held(
    tmp_path: Path,
) -> None:
    with Mirror(tmp_path, disk=_DiskThatTellsBirths) as mirror:
        write_old(mirror)
        mirror.quiet()
        move_and_edit(mirror, 15)
        mirror.run(60.0)
        mirror.rescan()
        mirror.run(2 * HOUR_S)
        assert mirror.on_hold() == {}
        assert set(mirror.states().values()) == {FileState.SYNCED}
        assert len(mirror.held()) == 52


@promise(
    6,
    Mutation(
        "picora_sync/core/succession.py",
        "return before.born_ns == now.born_ns",
        "return True",
    ),
)
def test_promise_06_notes_made_on_the_inodes_of_deleted_ones_are_others(tmp_path: Path) -> None:
    """Here they are the same inodes, and the file system says that they were used again."""
    with Mirror(tmp_path, disk=_DiskOfReusedInodes) as mirror:
        old = write_old(mirror)
        mirror.quiet()
        (mirror.root / "old").rename(mirror.root / "new")
        for number in range(40):
            mirror.write(f"new/{number}.md", f"Nothing like it {number + 100}. " * 5)
        mirror.rescan()
        mirror.run(2 * DAY_S)
        assert sorted(mirror.on_hold()) == sorted(old)
        assert len(mirror.held()) == 92


@promise(6, Mutation("picora_sync/core/guard.py", "if rest & ledger.held or total > limit:", "if total > limit:"))
def test_promise_06_a_folder_that_grew_and_a_day_that_passed_release_nothing(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        notes = mirror.write_notes(30)
        mirror.quiet()
        mirror.remove(*notes[:12])
        mirror.run(2 * HOUR_S)
        assert sorted(mirror.on_hold()) == sorted(notes[:12])
        mirror.write_notes(60, "more/")
        mirror.run(2 * DAY_S)
        mirror.stop()
        mirror.start()
        mirror.run(2 * HOUR_S)
        assert sorted(mirror.on_hold()) == sorted(notes[:12])
        assert len(mirror.held()) == 90


@promise(4, Mutation("picora_sync/remote/client.py", 'log.debug("not told: %s", error.message)', "raise"))
def test_promise_04_a_key_that_may_not_see_its_usage_makes_private(tmp_path: Path) -> None:
    """The published description lets only sessions ask for it (contract §13): such a key meets this every time."""
    with Mirror(tmp_path) as mirror:
        mirror.write("a.md", "---\npublic: true\n---\nshown\n")
        mirror.write("talk.mp3", samples.mp3())
        mirror.quiet()
        told = {"success": False, "error": "no session", "code": "UNAUTHORIZED"}
        aside = ("/v1/user/me/usage", "/v1/user/me/rate-limits", "/v1/sync/state")
        mirror.road.meddler = lambda request, carry_out: (
            httpx.Response(401, json=told) if request.url.path in aside else carry_out()
        )
        mirror.stop()
        mirror.start()
        mirror.ask_for_account()
        mirror.write("a.md", "hidden\n")
        mirror.run(5.0)
        assert [item.public for item in mirror.held().values() if item.kind is Kind.DOC] == [False]
        mirror.write("speech.mp3", samples.mp3(salt=b"other"))
        mirror.quiet()
        assert len(mirror.held()) == 3


@promise(
    4,
    Mutation("picora_sync/content/comments.py", "[*editor.hidden, *view.hidden, ", "[*editor.hidden, "),
    Mutation("picora_sync/content/comments.py", "[*editor.hidden, *view.hidden, ", "[*view.hidden, "),
    Mutation("picora_sync/content/terrain.py", "if _is_code(self.data, start, end) else self.spans", "if True else []"),
    Mutation("picora_sync/content/note.py", "said = strip_value(said)", "pass"),
    Mutation("picora_sync/content/note.py", "return stripped.text + transform", "return head + transform"),
    Mutation("picora_sync/content/note.py", "return strip_path(path) if folder.obsidian else path", "return path"),
)
def test_promise_04_nothing_that_is_sent_holds_a_comment(tmp_path: Path) -> None:
    """In the text, the title, the tags and the name, for a note and for those that embed it."""
    rng = random.Random(4)  # noqa: S311  # a repeatable choice
    vault = VaultOnDisk(tmp_path)
    head = "---\ntitle: a %%SECRET%%\ntags: [a, '%%SECRET%%b', 'c %%SECRET%%']\n---\n"
    vault.write("whole.md", "![[note]]")
    vault.write("part.md", "![[note#Head]]")
    scalar = "---\ninfo: |\n  %%\n  SECRET\n  %%\n---\n"
    vault.write("named %%SECRET%%.md", f"{scalar}![[note]]")
    for _ in range(150):
        vault.write("note.md", rng.choice([head, scalar, "", "# %%SECRET%% Title\n\n"]) + "# Head\n\n" + a_note(rng))
        for path in ("note.md", "whole.md", "part.md", "named %%SECRET%%.md"):
            derived = vault.derive(path, public=True)
            assert isinstance(derived, Derived)
            told = (derived.text, derived.wanted.title, derived.wanted.tags, derived.wanted.filename)
            assert "SECRET" not in repr(told), (path, (tmp_path / "note.md").read_text())


@promise(10, Mutation("picora_sync/remote/exchange.py", "cut, scrub=self._scrub)", "cut)"))
def test_promise_10_the_key_that_a_server_gives_back_is_not_stored(tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        keys: set[str] = set()

        def give_back(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            if request.method != "POST":
                return carry_out()
            key = request.headers["authorization"].removeprefix("Bearer ")
            keys.add(key)
            said = f"not accepted: {'.'.join(key[at : at + 8] for at in range(0, len(key), 8))} {key[8:]}"
            return httpx.Response(422, json={"success": False, "error": said})

        mirror.road.meddler = give_back
        mirror.write("a.md", b"text")
        mirror.run(60.0)
        (key,) = keys
        kept = b"".join(file.read_bytes() for file in tmp_path.glob("index.db*"))
        assert b"not accepted" in kept
        assert key[8:].encode() not in kept
