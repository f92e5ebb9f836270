"""A server that is killed at a chosen step of one request: at every use of its store, statement and commit.

As a program it kills one server per step, each on a copy of the same data directory, until a request survives.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event
from sqlalchemy.pool import Pool

from picora_sync.server.app import create_app
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store.blobs import Blobs, Incoming
from tests.contract import samples

KEY = "sk_live_" + "m" * 32
LARGE, OLD = "x" * 300_000, "y" * 300_000
_MOST_STEPS = 60

Act = Callable[[httpx.Client], httpx.Response]


def upload_audio(client: httpx.Client) -> httpx.Response:
    with_cover = samples.mp3(samples.apic(samples.png(), "image/png"))
    return client.post("/v1/audio", files={"file": ("a.mp3", with_cover, "audio/mpeg")})


def upload_image(client: httpx.Client, salt: bytes = b"new") -> httpx.Response:
    return client.post("/v1/images", files={"file": ("a.png", samples.png(salt), "image/png")})


def upload_doc(client: httpx.Client, content: str) -> httpx.Response:
    return client.post("/v1/docs", json={"filename": "a.md", "content": content, "tags": ["one"]})


def _delete(kind: str) -> Act:
    return lambda client: client.delete(f"/v1/{kind}/{_first(client, kind)}")


def _first(client: httpx.Client, kind: str) -> str:
    path = "/v1/media?type=audio" if kind == "audio" else f"/v1/{kind}"
    items = client.get(path).json()["data"]["items"]
    return str(max(items, key=lambda item: item["sizeBytes"])["id"])


def _empty_library(client: httpx.Client) -> httpx.Response:
    ids = [item["id"] for item in client.get("/v1/docs").json()["data"]["items"]]
    return client.request("DELETE", "/v1/docs", json={"ids": ids})


def fill(client: httpx.Client) -> None:
    """One thing of each kind, so that there is something to delete."""
    made = [upload_audio(client), upload_image(client, b"old"), upload_doc(client, "# Old\n"), upload_doc(client, OLD)]
    assert [each.status_code for each in made] == [201] * 4


ACTS: dict[str, Act] = {
    "audio-with-cover": upload_audio,
    "image": upload_image,
    "small-document": lambda client: upload_doc(client, "# Small\n"),
    "large-document": lambda client: upload_doc(client, LARGE),
    "document-with-image": lambda client: upload_doc(client, f"![a]({samples.data_uri(samples.png())})\n{LARGE}"),
    "delete-audio": _delete("audio"),
    "delete-image": _delete("images"),
    "delete-document": _delete("docs"),
    "delete-documents": _empty_library,
}


class Fate:
    """Counts steps, and kills this process at one of them."""

    def __init__(self, fatal_step: int) -> None:
        self._left = fatal_step
        self.armed = False

    def step(self, *_args: Any, **_kwargs: Any) -> None:
        if not self.armed:
            return
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def hear(self, statement: str) -> None:
        """SQLite says every statement before it runs it, and every commit; those of its triggers are comments."""
        if not statement.startswith("-- ") and "name_index_" not in statement and "data_version" not in statement:
            self.step()


class MortalBlobs(Blobs):
    """Dies before or after any use of the store."""

    def __init__(self, data: Path, fate: Fate) -> None:
        super().__init__(data)
        self._fate = fate

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        with super().incoming() as incoming:
            self._fate.step()
            yield incoming
            self._fate.step()

    def put(self, key: str, content: bytes | Path) -> None:
        self._fate.step()
        super().put(key, content)
        self._fate.step()

    def delete(self, key: str) -> None:
        self._fate.step()
        super().delete(key)
        self._fate.step()


def client_of(app: Any) -> httpx.Client:
    transport = httpx.WSGITransport(app=app)
    return httpx.Client(transport=transport, base_url="http://testserver", headers={"Authorization": f"Bearer {KEY}"})


def settings_of(data: Path) -> ServerSettings:
    return ServerSettings(data=data, key=KEY, rate_limits=False)


def _live(data: Path, act: Act, fatal_step: int) -> None:
    fate = Fate(fatal_step)
    event.listen(Pool, "connect", lambda connection, _: connection.set_trace_callback(fate.hear))
    app = create_app(settings_of(data), blobs=MortalBlobs(data, fate))
    with client_of(app) as client:
        fate.armed = True
        assert act(client).is_success


def _kill_at_each_step(base: Path, act: Act) -> list[str]:
    """The directories of servers that were killed, in the order of their steps."""
    killed: list[str] = []
    for fatal_step in range(_MOST_STEPS):
        data = base.with_name(f"{base.name}-{fatal_step}")
        shutil.copytree(base, data)
        child = os.fork()
        if child == 0:
            try:
                _live(data, act, fatal_step)
            finally:
                os._exit(0 if sys.exc_info()[0] is None else 1)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, "the request failed"
            return killed
        killed.append(str(data))
    raise AssertionError(f"over {_MOST_STEPS} steps")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_kill_at_each_step(Path(sys.argv[1]), ACTS[sys.argv[2]])))
