"""Who asks too early, or too often, is found out."""

from __future__ import annotations

import httpx
import pytest

from tests.simulation.manners import FIRST_TRIES, Manners

POST = httpx.Request("POST", "http://picora/v1/docs")
PATCH = httpx.Request("PATCH", "http://picora/v1/docs/1")
WAIT = httpx.Response(429, headers={"Retry-After": "7"})


@pytest.mark.parametrize(
    ("request_", "at_s", "wrong"),
    [(POST, 106.0, 1), (POST, 107.0, 0), (PATCH, 101.0, 0)],
    ids=["too early", "in time", "another rate class"],
)
def test_after_a_429_its_rate_class_is_left_alone(request_: httpx.Request, at_s: float, wrong: int) -> None:
    manners = Manners()
    manners.sent(100.0, POST)
    manners.answered(100.0, POST, WAIT)
    manners.sent(at_s, request_)
    assert len(manners.wrong) == wrong


def test_a_new_process_knows_nothing_of_what_an_earlier_one_was_told() -> None:
    manners = Manners()
    manners.answered(100.0, POST, WAIT)
    manners.began()
    manners.sent(101.0, POST)
    assert manners.wrong == []


@pytest.mark.parametrize(("every_s", "patient"), [(1.0, False), (30.0, True)])
def test_while_nothing_answers_it_is_asked_ever_more_seldom(every_s: float, patient: bool) -> None:
    manners = Manners()
    for number in range(4 * FIRST_TRIES):
        manners.refused(number * every_s)
    assert (not manners.wrong) == patient
