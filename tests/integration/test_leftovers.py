"""Bytes without a row, left by requests that could not even tidy up: the next start collects them, on both backends."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from picora_sync.server.app import create_app
from picora_sync.server.check import check
from picora_sync.server.errors import StorageUnavailable
from picora_sync.server.library.upkeep import SHARED_GRACE_S
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.prepared import Line
from tests.contract import samples
from tests.fakes import mortal

LATER_S = 10**10
"""After the grace of whatever the tests store, which has the machine's own time."""

UPLOADS: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "image": mortal.upload_image,
    "audio with cover": mortal.upload_audio,
    "document with image": lambda client: mortal.upload_doc(client, f"![a]({samples.data_uri(samples.png())})"),
    "large document": lambda client: mortal.upload_doc(client, mortal.LARGE),
}


@pytest.fixture(scope="module", params=["sqlite", "postgres+s3"])
def library(request: pytest.FixtureRequest) -> Callable[[], dict[str, str]]:
    """Settings of an empty library."""
    fresh: Callable[[], dict[str, str]] = request.getfixturevalue("both").fresh if request.param != "sqlite" else dict
    return fresh


@pytest.fixture
def settings(library: Callable[[], dict[str, str]], tmp_path: Path) -> ServerSettings:
    return replace(mortal.settings_of(tmp_path / "data"), **library())  # type: ignore[arg-type]  # a table of keywords


@dataclass
class Outage:
    """From a chosen use of the store on, neither rows can be written nor bytes removed; bytes can still be stored."""

    after_puts: int = 0
    away: bool = False

    def count(self) -> None:
        self.after_puts -= 1
        self.away = self.away or self.after_puts == 0

    def refuse(self, *_: Any) -> None:
        if self.away:
            raise OperationalError("", None, ConnectionError("away"))

    def refusing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method of a line that refuses, too."""

        def refuse(*words: Any) -> Any:
            if self.away:
                raise StorageUnavailable("away")
            return method(*words)

        return refuse


class _Blobs(Blobs):
    """A store that suffers from it."""

    def __init__(self, settings: ServerSettings, outage: Outage) -> None:
        super().__init__(settings.data, settings.storage)
        self._outage = outage

    def put(self, key: str, content: bytes | Path) -> None:
        super().put(key, content)
        self._outage.count()

    def delete(self, key: str) -> None:
        if self._outage.away:
            raise StorageUnavailable("away")
        super().delete(key)


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outage]:
    """None as long as ``after_puts`` is 0."""
    made = Outage()
    for name in ("first", "all", "run", "run_many", "command"):
        monkeypatch.setattr(Line, name, made.refusing(getattr(Line, name)))
    event.listen(Engine, "before_cursor_execute", made.refuse)
    yield made
    event.remove(Engine, "before_cursor_execute", made.refuse)


@contextmanager
def serving(settings: ServerSettings, outage: Outage) -> Iterator[httpx.Client]:
    """After the grace for what other servers store, as the clock says."""
    blobs = _Blobs(settings, outage)
    with (
        closing(create_app(settings, clock=lambda: LATER_S, blobs=blobs)) as app,
        mortal.client_of(app) as client,
    ):
        yield client


def kinds(settings: ServerSettings) -> set[str]:
    return {problem.kind for problem in check(settings, lambda: LATER_S).problems}


@pytest.mark.parametrize("kind", UPLOADS)
def test_what_a_502_left_without_a_row_is_gone_after_the_next_start(
    settings: ServerSettings, outage: Outage, kind: str
) -> None:
    with serving(settings, outage) as client:
        outage.after_puts = 1
        assert UPLOADS[kind](client).status_code == 502
        outage.away = False
        assert counts(client) == [0, 0, 0]
    assert kinds(settings) == {"leftover"}
    with serving(settings, outage) as client:
        assert kinds(settings) == set()
        assert UPLOADS[kind](client).status_code == 201
    assert kinds(settings) == set()


def test_images_of_a_document_that_failed_are_whole_and_the_repeated_upload_uses_them(
    settings: ServerSettings, outage: Outage
) -> None:
    content = f"![a]({samples.data_uri(samples.png())})\n{mortal.LARGE}"
    with serving(settings, outage) as client:
        outage.after_puts = 2
        assert mortal.upload_doc(client, content).status_code == 502
        outage.away = False
    with serving(settings, outage) as client:
        kept = client.get("/v1/images").json()["data"]["items"]
        assert [client.get(image["url"]).status_code for image in kept] == [200]
        assert mortal.upload_doc(client, content).status_code == 201
        assert counts(client) == [0, 1, 1]
    assert kinds(settings) == set()


def counts(client: httpx.Client) -> list[int]:
    usage = client.get("/v1/user/me/usage").json()["data"]
    return [usage[kind]["totalCount"] for kind in ("audio", "images", "docs")]


def test_young_bytes_in_a_shared_store_may_belong_to_another_server(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    settings = replace(mortal.settings_of(tmp_path / "data"), storage=f"file://{tmp_path / 'shared'}")
    blobs = Blobs(settings.data, settings.storage)
    blobs.put("images/orphan", b"bytes")
    half = tmp_path / "shared" / "incoming" / "half"
    half.write_bytes(b"half")
    stored_s = half.stat().st_mtime

    def start(later_s: float) -> tuple[int, bool]:
        create_app(settings, clock=lambda: stored_s + later_s).close()
        return len(list(blobs.stored())), half.exists()

    assert start(SHARED_GRACE_S - 60) == (1, True)
    assert start(SHARED_GRACE_S + 60) == (0, False)
