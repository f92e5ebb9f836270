"""What an older version of the judgement let out is called back, and nothing else is sent for it (decision 0212)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from picora_sync.content.folder import FolderContent
from picora_sync.core.model import FileState, Problem
from picora_sync.core.policy import Folder, Select
from picora_sync.index import Index
from picora_sync.reconciler.intake import recall
from picora_sync.reconciler.planning.dry_run import forecast
from tests.fakes.mirror import Mirror as FakeMirror
from tests.fakes.older import OlderContent
from tests.lessons.mirror import NAME, Mirror

UNCLEAR = "---\npublish:false\n---\nSECRET"
KNOWN = f"judgement:{NAME}"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with Mirror(tmp_path, public=True) as made:
        yield made


def published(mirror: Mirror, **notes: str) -> None:
    """Have an older version publish these notes, and stop it."""
    mirror.stop()
    mirror.make_content = OlderContent
    mirror.start()
    for name, text in notes.items():
        mirror.write(f"{name}.md", text)
    mirror.quiet()
    assert visibility(mirror) == dict.fromkeys(notes, True)
    mirror.index._connection.execute("DELETE FROM meta WHERE key = ?", (KNOWN,))  # noqa: SLF001  (it knew no such key)
    mirror.stop()
    mirror.make_content = FolderContent
    mirror.road.calls.clear()


def visibility(mirror: Mirror) -> dict[str, bool | None]:
    return {item.title: item.public for item in mirror.held().values()}


def texts(mirror: Mirror) -> dict[str, str]:
    return {item.title: mirror.client.stored(object_id).text for object_id, item in mirror.held().items()}


def changing(mirror: Mirror) -> list[str]:
    return [call.split(" ")[0] for call in mirror.road.changing()]


def test_a_note_that_is_unclear_now_is_made_private_before_anything_else_and_nothing_is_sent(mirror: Mirror) -> None:
    published(mirror, a=UNCLEAR, b="plain [[link]]", c="more")
    (mirror.root / "new.md").write_text("written meanwhile")
    mirror.start()
    mirror.quiet()
    assert changing(mirror) == ["PATCH", "POST"]
    assert visibility(mirror) == {"a": False, "b": True, "c": True, "new": True}
    assert texts(mirror)["b"] == "plain [[link]]", "that it would be sent otherwise now is no reason to send it"
    assert mirror.index.meta(KNOWN) == str(recall.JUDGEMENT)
    assert "VISIBILITY_UNCLEAR" in {problem.code for _, problem, _ in mirror.index.files.problems()}
    mirror.stop()
    mirror.start()
    mirror.quiet()
    assert len(changing(mirror)) == 2, "once"


def test_a_note_that_held_a_comment_is_private_until_it_was_sent_without_it(mirror: Mirror) -> None:
    published(mirror, a="told %%SECRET%% all", b="`%%` is told", c="plain")
    seen: list[tuple[str, dict[str, bool | None]]] = []

    def look(request: httpx.Request, carry_out: Callable[[], httpx.Response]) -> httpx.Response:
        if request.method != "GET":
            seen.append((request.method, visibility(mirror)))
        return carry_out()

    mirror.road.meddler = look
    mirror.start()
    mirror.quiet()
    assert [method for method, _ in seen] == ["PATCH", "POST", "DELETE"]
    assert seen[1][1] == {"a": False, "b": True, "c": True}
    assert visibility(mirror) == {"a": True, "b": True, "c": True}
    assert texts(mirror) == {"a": "told  all", "b": "`%%` is told", "c": "plain"}


def test_an_old_version_with_a_comment_does_not_stay_public_for_those_who_pinned_it(tmp_path: Path) -> None:
    with Mirror(tmp_path, public=True, keep_replaced_s=1e6) as mirror:
        published(mirror, a="told %%SECRET%% all")
        mirror.start()
        mirror.run(3600.0)
        held = {mirror.client.stored(key).text: item.public for key, item in mirror.held().items()}
        assert held == {"told  all": True, "told %%SECRET%% all": False}


def test_a_note_that_shows_an_unclear_one_is_private_until_it_was_sent_without_it(mirror: Mirror) -> None:
    published(mirror, a="see\n\n![[b]]\n", b=UNCLEAR)
    mirror.start()
    mirror.quiet()
    assert changing(mirror)[:2] == ["PATCH", "PATCH"]
    assert visibility(mirror) == {"a": True, "b": False}
    assert "SECRET" not in texts(mirror)["a"]


def test_a_note_that_was_named_with_a_comment_is_private_until_it_is_named_without_it(mirror: Mirror) -> None:
    published(mirror, **{"a %%SECRET%%": "text", "b": "text of b"})
    mirror.start()
    mirror.quiet()
    assert set(changing(mirror)) == {"PATCH"}, "no text is sent again"
    assert visibility(mirror) == {"a": True, "b": True}


def test_notes_of_a_vault_sent_byte_for_byte_keep_their_comments(tmp_path: Path) -> None:
    with Mirror(tmp_path, public=True, obsidian=False) as mirror:
        published(mirror, a="told %%all%%", b=UNCLEAR)
        mirror.start()
        mirror.quiet()
        assert changing(mirror) == ["PATCH"]
        assert visibility(mirror) == {"a": True, "b": False}


def test_a_published_note_that_is_unclear_now_is_kept_and_private(tmp_path: Path) -> None:
    with Mirror(tmp_path, select=Select.PUBLISHED) as mirror:
        published(mirror, a="---\npublish: true\nPublic:false\n---\nx")
        mirror.start()
        mirror.quiet()
        assert changing(mirror) == ["PATCH"]
        assert visibility(mirror) == {"a": False}
        assert mirror.states() == {"a.md": FileState.SYNCED}


def test_what_was_interrupted_goes_on_at_the_next_start(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    published(mirror, a=UNCLEAR, b=UNCLEAR + "2", c=UNCLEAR + "3")
    monkeypatch.setattr(recall, "SLICE_S", -1.0)  # one note a turn
    mirror.start()
    mirror.reconciler.turn()
    assert mirror.index.meta(KNOWN) is None
    mirror.stop()  # nothing was sent
    mirror.start()
    mirror.quiet()
    assert changing(mirror) == ["PATCH"] * 3
    assert visibility(mirror) == {"a": False, "b": False, "c": False}
    assert mirror.index.meta(KNOWN) == str(recall.JUDGEMENT)


def test_while_picora_is_away_files_are_looked_at_and_the_calling_back_comes_first_later(mirror: Mirror) -> None:
    published(mirror, a=UNCLEAR)
    (mirror.root / "new.md").write_text("written meanwhile")
    mirror.road.meddler = lambda *_: httpx.Response(503, text="away")
    mirror.start()
    mirror.run(120.0)
    assert mirror.states()["new.md"] is FileState.QUEUED
    mirror.road.meddler = None
    mirror.road.calls.clear()
    mirror.quiet()
    assert changing(mirror) == ["PATCH", "POST"]


def test_one_that_picora_refuses_to_make_private_holds_nothing_up_for_long(mirror: Mirror) -> None:
    published(mirror, a=UNCLEAR)
    (mirror.root / "new.md").write_text("written meanwhile")

    def refuse(request: httpx.Request, carry_out: Callable[[], httpx.Response]) -> httpx.Response:
        if request.method == "PATCH":
            return httpx.Response(500, json={"success": False, "error": "no", "code": "INTERNAL"})
        return carry_out()

    mirror.road.meddler = refuse
    mirror.start()
    mirror.run(10 * recall.WAIT_S)
    assert visibility(mirror) == {"a": True, "new": True}


def test_a_folder_that_is_away_is_called_back_when_it_returns(mirror: Mirror, tmp_path: Path) -> None:
    published(mirror, a=UNCLEAR)
    away = tmp_path / "away"
    mirror.root.rename(away)
    mirror.start()
    mirror.run(60.0)
    assert (changing(mirror), mirror.index.meta(KNOWN)) == ([], None)
    away.rename(mirror.root)
    mirror.run(3600.0)
    assert changing(mirror) == ["PATCH"]
    assert visibility(mirror) == {"a": False}


def test_a_note_that_cannot_be_read_is_judged_when_it_can(mirror: Mirror) -> None:
    published(mirror, a=UNCLEAR)
    note = mirror.root / "a.md"
    aside = note.with_name("a.aside")
    note.rename(aside)
    note.symlink_to("a.md")  # a link in a circle can be looked at, and not be read
    mirror.start()
    mirror.run(60.0)
    note.unlink()
    aside.rename(note)
    mirror.rescan()
    mirror.run(3600.0)
    assert visibility(mirror) == {"a": False}


def test_a_plan_shows_what_would_be_called_back(mirror: Mirror) -> None:
    published(mirror, a=UNCLEAR, b="plain")
    mirror.start()
    copy = mirror.index.copy_in_memory()
    context = mirror.reconciler.context
    report = forecast(copy, context.units.values(), context.clocks, lambda _: 0.0)
    assert [(each.op, each.path) for each in report.actions] == [("patch", "a.md")]
    assert mirror.index.meta(KNOWN) is None


def test_a_new_folder_has_nothing_to_be_called_back(mirror: Mirror) -> None:
    mirror.write("a.md", UNCLEAR)
    mirror.quiet()
    assert changing(mirror) == ["POST"]
    assert mirror.index.meta(KNOWN) == str(recall.JUDGEMENT)


def test_the_version_moves_and_ends_with_its_folder(tmp_path: Path) -> None:
    index = Index.open(tmp_path / "index.db")
    with index.transaction():
        index.set_folder("one", "/one", None)
        index.set_meta("judgement:one", "2")
        index.rename_folder("one", "two")
    assert (index.meta("judgement:one"), index.meta("judgement:two")) == (None, "2")
    with index.transaction():
        index.forget_folder("two")
    assert index.meta("judgement:two") is None
    index.close()


def test_a_read_that_hangs_holds_nothing_up_for_long_and_is_tried_by_the_next_process() -> None:
    fake = FakeMirror(Folder(NAME, "/notes", public=True))
    fake.write("a.md", "told %%SECRET%%")
    fake.quiet()
    fake.index.set_meta(KNOWN, "1")
    fake.restart()
    fake.background.hanging = {"recall"}
    fake.turn()
    assert fake.reconciler.calling_back()
    assert fake.reconciler.context.paused
    fake.run(2 * recall.WAIT_S)
    assert not fake.reconciler.calling_back()
    assert not fake.reconciler.context.paused
    assert fake.index.meta(KNOWN) == "1"
    fake.restart()
    fake.quiet()
    assert fake.index.meta(KNOWN) == str(recall.JUDGEMENT)


def test_what_vanished_says_nothing_and_what_cannot_be_looked_at_is_derived_when_it_can() -> None:
    fake = FakeMirror(Folder(NAME, "/notes", public=True))
    for name in ("a.md", "b.md", "c.md"):
        fake.write(name, f"{name} %%SECRET%%")
    fake.quiet()
    fake.index.set_meta(KNOWN, "1")
    fake.disk.remove("a.md")
    fake.disk.broken["b.md"] = Problem("UNREADABLE", "it cannot be read")
    fake.restart()
    fake.run(3.0)
    row = fake.index.files.get(fake.ref("b.md"))
    assert row is not None
    assert row.hashed_at == 0
    assert fake.index.meta(KNOWN) == str(recall.JUDGEMENT)
    assert fake.picora.count("patch") == 0
