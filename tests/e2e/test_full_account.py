"""A full account (design §8): `picora-sync sync` against `picora-sync serve` on the smallest plan, 100 documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Server, picora, wait_until, write_config
from tests.e2e.test_mirror import make_notes, sync

PLACES = 100


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "picora", options=("--no-rate-limits", "--plan", "trial")).start()
    try:
        yield server
    finally:
        server.stop()


def fill(server: Server, places: int) -> None:
    """Somebody else uses them."""
    with server.client() as client:
        for number in range(places):
            body = {"filename": f"{number}.md", "content": f"somebody else's {number}"}
            assert client.post("/v1/docs", json=body).status_code == 201


def test_what_does_not_fit_is_blocked_and_taken_when_room_is_made(tmp_path: Path, small: Server) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, PLACES + 3)
    config = write_config(tmp_path, small, [{"path": str(notes)}])
    report = sync(config)
    assert report["synced"] in (PLACES - 1, PLACES)  # whether somebody works on the last one decides
    assert report["synced"] + report["blocked"] == PLACES + 3
    assert {problem["code"] for problem in report["problems"]} == {"QUOTA_EXCEEDED"}
    blocked = {problem["path"] for problem in report["problems"]}
    removed = [p for p in sorted(notes.rglob("*.md")) if str(p.relative_to(notes)) not in blocked][:4]
    for path in removed:
        path.unlink()
    sync(config)
    wait_until(lambda: sync(config)["blocked"] == 0, 60, "the blocked notes fit now")
    assert len(small.docs()) == PLACES - 1


def test_a_plan_names_what_will_not_fit_before_anything_is_sent(tmp_path: Path, small: Server) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, 3)
    (notes / "large.md").write_text("x" * ((1 << 20) + 1))
    config = write_config(tmp_path, small, [{"path": str(notes)}])
    fill(small, PLACES)
    told = json.loads(picora("plan", "--json", config=config).stdout)
    report = sync(config)
    assert sorted(each["code"] for each in told["blocked"]) == ["DOC_TOO_LARGE", *["QUOTA_EXCEEDED"] * 3]
    assert (told["actions"], told["requests"]["upload"]) == ([], 0)
    assert {each["path"] for each in told["blocked"]} == {each["path"] for each in report["problems"]}


def test_an_edit_on_a_full_account_waits_or_has_the_old_version_deleted_first(tmp_path: Path, small: Server) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("first version")
    config = write_config(tmp_path, small, [{"path": str(notes)}])
    assert sync(config)["blocked"] == 0
    (old,) = small.docs()
    fill(small, PLACES - 1)
    (notes / "a.md").write_text("second version")
    report = sync(config)
    assert (report["blocked"], report["deleted"]) == (1, 0)
    assert "when_full: delete_first" in report["problems"][0]["hint"]
    assert old["id"] in {doc["id"] for doc in small.docs()}

    config = write_config(tmp_path, small, [{"path": str(notes), "when_full": "delete_first"}])
    assert sync(config)["blocked"] == 0
    ids = {doc["id"] for doc in small.docs()}
    assert len(ids) == PLACES
    assert old["id"] not in ids
