"""The asking side: a command beside a running daemon."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from picora_sync.control import address
from picora_sync.control.messages import (
    ROUTES,
    VERSION,
    A,
    DaemonInfo,
    Passed,
    PassProgress,
    Request,
    Sync,
    answer_of,
    document,
    error_of,
)
from picora_sync.errors import DaemonSilent
from picora_sync.report import Live, SyncReport

ANSWER_WITHIN_S = 60.0
"""A daemon says something within this time: an answer, or that it is busy."""

_STATUS = "`picora-sync status` shows what was done; run the command again if it was not"


class ControlClient:
    """A connection to the daemon of a state directory. Use it as a context manager."""

    def __init__(self, socket: str, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        transport = httpx.HTTPTransport(uds=socket)
        timeout = httpx.Timeout(answer_within_s)
        self._http = httpx.Client(transport=transport, base_url="http://daemon", timeout=timeout, trust_env=False)

    @classmethod
    def find(cls, state_dir: Path) -> ControlClient | None:
        """The daemon of this directory, None if none listens. Raises DaemonSilent if somebody else's does."""
        socket = address.find(state_dir)
        return None if socket is None or not address.answers(socket) else cls(socket)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def program(self) -> str:
        """Which picora-sync answers. Raises as :meth:`ask`."""
        with _in_words():
            return answer_of(DaemonInfo, _object(self._http.get("/v1/").text)).program

    def ask(self, request: Request, kind: type[A]) -> A:
        """Ask, and wait for the answer.

        Raises CommandRefused with what the daemon says, or DaemonSilent if it says nothing.
        """
        with _in_words():
            reply = self._http.send(self._http.build_request(*_wire(request), **_content(request)))
        return answer_of(kind, _object(reply.text))

    def sync(self, request: Sync, on_live: Callable[[Live], None]) -> SyncReport:
        """Ask for a pass, and wait for its end. Raises as :meth:`ask`."""
        with _in_words(), self._http.stream(*_wire(request), **_content(request)) as reply:
            for line in reply.iter_lines():
                if not line:
                    continue  # a sign of life
                said = _object(line)
                if "live" not in said:
                    return answer_of(Passed, said).report()
                on_live(answer_of(PassProgress, said).live)
        raise _gone()


def _wire(request: Request) -> tuple[str, str]:
    method, name = ROUTES[type(request)]
    return method, f"/v{VERSION}/{name}"


def _content(request: Request) -> dict[str, Any]:
    if ROUTES[type(request)][0] == "GET":
        return {"params": document(request)}
    return {"content": json.dumps(document(request)).encode(), "headers": {"Content-Type": "application/json"}}


def _object(text: str) -> dict[str, Any]:
    """An answer; raises what it says if it is an error."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise DaemonSilent("what listens at the control socket is no picora-sync", hint=_STATUS) from error
    refused = error_of(found)
    if refused is not None:
        raise refused
    if not isinstance(found, dict):
        raise DaemonSilent("what listens at the control socket is no picora-sync", hint=_STATUS)
    return found


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        raise DaemonSilent("the daemon says nothing", hint=_STATUS) from error
    except httpx.TransportError as error:
        raise _gone() from error


def _gone() -> DaemonSilent:
    return DaemonSilent("the daemon ended before it answered", hint=_STATUS)
