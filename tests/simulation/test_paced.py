"""Under the real rate limits, in virtual time (design §8; performance budget 4)."""

from __future__ import annotations

from pathlib import Path

from tests.simulation.paced import Paced, first_mirror, replace_all

NOTES = 300


def test_edits_and_deletes_take_no_longer_than_the_limits_make_them_and_meet_no_429(tmp_path: Path) -> None:
    took_s, refused = replace_all(tmp_path, NOTES)
    assert refused == 0
    assert took_s <= 1.02 * (NOTES - 5)


def test_a_first_mirror_takes_as_long_as_was_forecast_and_lets_edits_pass(tmp_path: Path) -> None:
    forecast_s, took_s, waits_s, refused = first_mirror(tmp_path, NOTES, edits=5)
    assert refused == 0
    assert abs(took_s / forecast_s - 1.0) <= 0.05
    assert max(waits_s) <= 3.0


def test_a_note_that_becomes_private_does_not_wait_for_the_hour_to_be_over(tmp_path: Path) -> None:
    paced = Paced(tmp_path)
    paced.write("a.md", "public: true\ntext")
    paced.run(paced.at_rest)
    paced.pacer.prime({"hourly": {"limit": 5000, "remaining": 3, "resetSeconds": 3000}})
    paced.write("new.md", "not urgent")
    paced.write("a.md", "public: false\ntext")
    since = paced.mono_s
    paced.run(lambda: any(method == "PATCH" for _, method in paced.mutations()))
    assert paced.mono_s - since < 10
    paced.run(lambda: paced.mono_s > since + 600)
    assert [method for _, method in paced.mutations()] == ["POST", "PATCH"]
    paced.close()


def test_a_new_note_does_not_wait_for_a_first_mirror(tmp_path: Path) -> None:
    paced = Paced(tmp_path)
    paced.old_notes(NOTES)
    paced.run(lambda: len(paced.sent) > 30)
    paced.write("new.md", "just written")
    since = paced.mono_s
    paced.run(lambda: any(b"just written" in body for *_, body in paced.sent))
    assert paced.mono_s - since < 15
    paced.close()
