"""Somebody who watches the account while everything goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

import httpx

from tests.e2e.harness import Server
from tests.soak.world import SECRET

_SEEN_EVERY_S = 0.3


class Spy:
    """Looks all the time whether something secret is public, or audio is there twice, even for a moment."""

    def __init__(self, server: Server) -> None:
        self.seen: set[str] = set()
        self.looks = 0
        self._server = server
        self._cursor = ""
        self._audio: dict[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.wait(_SEEN_EVERY_S):
            with suppress(httpx.HTTPError, ValueError, KeyError):  # the server was just killed, or its disk is full
                self._look_for_leaks()
                self._look_for_twins()
                self.looks += 1

    def _look_for_leaks(self) -> None:
        for item in (*self._server.docs(), *self._server.audio()):
            if item["title"].startswith(SECRET) and item["isPublic"]:
                self.seen.add(f"{item['id']} “{item['title']}” was public")

    def _look_for_twins(self) -> None:
        """Follow what is made and deleted in the order in which the server did it (contract §12)."""
        with self._server.client() as client:
            more = True
            while more:
                asked = {"type": "audio", "since": self._cursor, "limit": 500}
                state = client.get("/v1/sync/state", params=asked).json()["data"]
                for change in state["changes"]:
                    self._follow(change)
                self._cursor, more = state["nextCursor"] or self._cursor, state["hasMore"]

    def _follow(self, change: Mapping[str, Any]) -> None:
        self._audio.pop(change["id"], None)
        if change["op"] != "upsert":
            return
        twins = [other for other, sha256 in self._audio.items() if sha256 == change["contentHash"]]
        self.seen.update(f"{change['id']} was stored although {other} held the same" for other in twins)
        self._audio[change["id"]] = change["contentHash"]
