"""A refused key is read again from its place: a new one there is enough, and the same one is not shown all the time."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
import pytest

from picora_sync.errors import KeyRefused, ServerFault
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.keyed import SAME_KEY_S
from tests.unit.remote.support import BASE, RecordingPacer, VirtualStop

GOOD, BAD, ANOTHER = ("sk_live_" + letter * 32 for letter in "gba")


@dataclass
class Place:
    """Where the key is; ``trouble`` is raised instead."""

    key: str = BAD
    trouble: KeyRefused | None = None
    reads: int = 0
    advice: str = "put it there"

    def read(self) -> str:
        self.reads += 1
        if self.trouble is not None:
            raise self.trouble
        return self.key


@dataclass
class Asked:
    """A client, and the keys that its server was shown."""

    place: Place = field(default_factory=Place)
    shown: list[str] = field(default_factory=list)
    stop: VirtualStop = field(default_factory=VirtualStop)
    good: str = GOOD
    faulty: bool = False
    echo: str = ""

    def __post_init__(self) -> None:
        self.client = PicoraClient(
            BASE,
            self.place.key,
            pacer=RecordingPacer(),
            stop=self.stop,
            source=self.place,
            transport=httpx.MockTransport(self._answer),
            clock=lambda: self.stop.now_s,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.shown.append(request.headers["Authorization"].removeprefix("Bearer "))
        if self.faulty:
            return httpx.Response(500, json={"success": False, "error": "broken"})
        if self.shown[-1] != self.good:
            return httpx.Response(401, json={"success": False, "error": f"no: {self.echo or self.shown[-1]}"})
        return httpx.Response(200, json={"success": True, "data": {"valid": True, "userId": "u", "plan": "pro"}})

    def refused(self) -> KeyRefused:
        with pytest.raises(KeyRefused) as caught:
            self.client.verify()
        return caught.value


def test_a_new_key_in_the_place_of_a_refused_one_is_enough() -> None:
    asked = Asked()
    assert asked.refused().hint == "put it there"
    asked.place.key = GOOD
    assert asked.client.verify().user_id == "u"
    assert asked.shown[0] == BAD
    assert set(asked.shown[1:]) == {GOOD}


def test_a_key_that_is_good_is_not_read_again() -> None:
    asked = Asked(Place(GOOD))
    for _ in range(3):
        asked.client.verify()
    assert asked.place.reads == 0


def test_the_same_key_is_shown_again_after_a_while_since_it_may_have_been_restored() -> None:
    asked = Asked()
    for _ in range(10):
        asked.refused()
        asked.stop.now_s += SAME_KEY_S / 20
    assert len(asked.shown) == 1
    asked.stop.now_s += SAME_KEY_S
    asked.good = BAD
    assert asked.client.verify().user_id == "u"


def test_each_new_key_is_tried_at_once() -> None:
    asked = Asked()
    asked.refused()
    for key in (ANOTHER, BAD, GOOD):
        asked.place.key = key
        if key != GOOD:
            asked.refused()
    asked.client.verify()
    assert list(dict.fromkeys(asked.shown)) == [BAD, ANOTHER, GOOD]


@pytest.mark.parametrize("bad", ["", "two words", "sk_live_\u00e9", "x" * 5000, "line\nbreak"])
def test_what_can_be_no_key_is_not_shown_to_anybody(bad: str) -> None:
    asked = Asked()
    asked.refused()
    asked.place.key = bad
    assert "characters" in asked.refused().message
    assert asked.shown == [BAD]
    asked.place.key = GOOD
    asked.client.verify()


def test_a_place_that_cannot_be_read_is_what_is_told_until_it_can() -> None:
    asked = Asked()
    asked.refused()
    asked.place.trouble = KeyRefused("others can read it", hint="chmod")
    assert (asked.refused().message, asked.refused().hint) == ("others can read it", "chmod")
    assert asked.shown == [BAD]
    asked.place.trouble, asked.place.key = None, GOOD
    asked.client.verify()


def test_other_failures_leave_the_key_alone() -> None:
    asked = Asked(Place(GOOD), faulty=True)
    with pytest.raises(ServerFault):
        asked.client.verify()
    asked.faulty = False
    asked.client.verify()
    assert asked.place.reads == 0


def test_without_a_place_the_key_stays_and_each_question_is_put() -> None:
    asked = Asked()
    client = PicoraClient(
        BASE,
        BAD,
        pacer=RecordingPacer(),
        stop=asked.stop,
        transport=httpx.MockTransport(asked._answer),  # noqa: SLF001
    )
    for _ in range(2):
        with pytest.raises(KeyRefused):
            client.verify()
    assert asked.shown == [BAD, BAD]


def test_neither_the_new_key_nor_the_old_one_is_in_what_a_server_echoes() -> None:
    asked = Asked()
    assert BAD not in asked.refused().message
    asked.place.key = ANOTHER
    assert ANOTHER not in asked.refused().message
    asked.echo, asked.place.key = BAD, "sk_live_" + "c" * 32
    assert BAD not in asked.refused().message


def test_the_key_of_another_account_is_waited_for_as_a_refused_one_is() -> None:
    asked = Asked(Place(GOOD))
    asked.client.verify()
    shown = len(asked.shown)
    asked.client.distrust_key("it is of another account", "use the other key")
    assert (asked.refused().message, asked.refused().hint) == ("it is of another account", "use the other key")
    assert len(asked.shown) == shown
    asked.place.key = asked.good = ANOTHER
    asked.client.verify()
    assert asked.shown[-1] == ANOTHER
