"""The pipeline meets a server that answers nonsense for a while: it stays calm, says so, and converges afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from picora_sync.core.model import FileState
from tests.contract import samples
from tests.lessons.mirror import DAY_S, HOUR_S, Mirror
from tests.unit.remote.test_garble import TROUBLE, garbled, places

CarryOut = Callable[[], httpx.Response]

NONSENSE_S = 1800.0
MOST_CALLS = 900
"""In that half hour, for six changed files: each may be tried again every minute."""
LIES = {"duplicate", "createdAt", "created_at"}
"""What no client can see through, if it is wrong."""
PAGES = (
    (301, b"", {"location": "/elsewhere"}),
    (308, b"", {"location": "https://127.0.0.1:1/"}),
    (200, b"<html>Sign in</html>", {}),
    (200, b"", {}),
    (204, b"", {}),
    (200, b"[" * 5000, {}),
    (200, b"\xff\xfe\x00", {}),
    (201, b'{"success":true}', {}),
    (200, b'{"success":false,"code":"A\\ud800","error":"\\ud800"}', {}),
    (429, b'{"success":false,"meta":{"retryAfterSec":1e999}}', {}),
    (500, b"", {"retry-after": "nan"}),
    (299, b"null", {"content-encoding": "gzip, gzip"}),
)


class Nonsense:
    """Answers a page, or what the server said with nonsense in one place; half of it is carried out."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311  (a test that can be repeated)

    def __call__(self, request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
        request.read()
        answer = carry_out() if self._rng.random() < 0.6 else None
        if answer is None or "json" not in answer.headers.get("content-type", "") or self._rng.random() < 0.3:
            status, body, headers = self._rng.choice(PAGES)
            return httpx.Response(status, content=b"" if "content-encoding" in headers else body, headers=headers)
        value = answer.json()
        place = self._rng.choice([each for each in places(value) if not LIES & set(each)])
        text = garbled(value, place, self._rng.choice(list(TROUBLE.values())))
        return httpx.Response(answer.status_code, content=text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("seed", range(12))
def test_the_pipeline_survives_nonsense_and_then_converges(seed: int, tmp_path: Path) -> None:
    with Mirror(tmp_path) as mirror:
        mirror.write_notes(3)
        mirror.write("old.mp3", samples.mp3(frames=7))
        mirror.quiet()
        mirror.road.meddler = Nonsense(seed)
        before = len(mirror.road.calls)
        mirror.write("new.md", b"new")
        mirror.write("new.mp3", samples.mp3(frames=9))
        mirror.move("note 1.md", "moved.md")
        mirror.write("note 2.md", b"edited")
        mirror.remove("note 0.md")
        mirror.run(NONSENSE_S)
        assert len(mirror.road.calls) - before < MOST_CALLS
        mirror.road.meddler = None
        mirror.run(DAY_S + HOUR_S)
        assert set(mirror.states().values()) == {FileState.SYNCED}
        held = sorted(item.title for item in mirror.held().values())
        assert len(held) == 5, held
        calls = len(mirror.road.changing())
        mirror.run(DAY_S)
        assert len(mirror.road.changing()) == calls


@pytest.mark.parametrize("page", PAGES, ids=[f"{status} {body[:20]!r}" for status, body, _ in PAGES])
def test_the_same_nonsense_again_and_again_is_a_problem_or_offline(
    page: tuple[int, bytes, dict[str, str]], tmp_path: Path
) -> None:
    status, body, headers = page
    with Mirror(tmp_path) as mirror:

        def answer(request: httpx.Request, carry_out: CarryOut) -> httpx.Response:
            if request.url.path == "/health":
                return carry_out()
            return httpx.Response(status, content=b"" if "content-encoding" in headers else body, headers=headers)

        mirror.road.meddler = answer
        mirror.write("new.md", b"new")
        mirror.write("new.mp3", samples.mp3())
        mirror.run(HOUR_S)
        assert mirror.index.files.problems()
        assert len(mirror.road.calls) < MOST_CALLS
