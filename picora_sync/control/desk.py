"""The loop's side of the inbox: each turn, what was asked is carried out, and passes that end are answered."""

from __future__ import annotations

import logging
from collections.abc import Callable

from picora_sync.control.inbox import Ask, Inbox, stopping
from picora_sync.control.messages import PLACES, Passed, Progress, Reload, Reloaded, Request, Sync
from picora_sync.control.orders import Orders
from picora_sync.control.passes import Pass
from picora_sync.errors import CommandRefused, PicoraSyncError
from picora_sync.report import Live

log = logging.getLogger(__name__)

Reread = Callable[[], Reloaded]
"""Reads the configuration again; raises if it cannot be used."""


class Desk:
    """Used by the loop's thread only. ``reloading`` tells that a new configuration was read: the loop ends for it."""

    def __init__(
        self,
        inbox: Inbox,
        orders: Orders,
        make_pass: Callable[[bool], Pass],
        snapshot: Callable[[], Live],
        reread: Reread | None,
    ) -> None:
        self._inbox = inbox
        self._orders = orders
        self._make_pass = make_pass
        self._snapshot = snapshot
        self._reread = reread
        self._passes: list[tuple[Ask, Pass]] = []
        self.reloading = False

    def serve(self) -> None:
        """Carry out what was asked since the last turn."""
        for ask in self._inbox.take():
            try:
                self._begin(ask)
            except PicoraSyncError as error:
                ask.say(error)

    def attend(self, hopeless: Callable[[], None]) -> None:
        """After a turn: answer the passes that are over, or, with the error it raises, that are ``hopeless``."""
        for ask, one in list(self._passes):
            try:
                hopeless()
                if not one.over():
                    continue
                ask.say(Progress(live=one.live(self._snapshot())), last=False)
                ask.say(Passed.of(one.report()))
            except PicoraSyncError as error:
                ask.say(error)
            self._passes.remove((ask, one))

    def tell(self, live: Live) -> None:
        """Let those who wait for a pass see how it goes; who waits no longer is not told."""
        self._passes = [(ask, one) for ask, one in self._passes if not ask.abandoned]
        for ask, one in self._passes:
            ask.say(Progress(live=one.live(live)), last=False)

    def close(self) -> None:
        """The loop has ended: a pass goes on with the next one, if there is to be one."""
        for ask, _ in self._passes:
            if self.reloading:
                self._inbox.give_back(ask)
            else:
                ask.say(stopping())

    def _begin(self, ask: Ask) -> None:
        method, name = PLACES[type(ask.request)]
        if method == "POST":
            log.info("asked to %s%s", name, _about(ask.request))
        match ask.request:
            case Sync(wait=wait):
                one = self._make_pass(wait)
                one.begin()
                self._passes.append((ask, one))
            case Reload():
                if self._reread is None:
                    raise CommandRefused("NO_CONFIGURATION", "this mirror was started without a configuration file")
                ask.say(self._reread())
                self.reloading = True
            case _:
                ask.say(self._orders.carry_out(ask.request))


def _about(request: Request) -> str:
    """`` notes``, `` all folders``, or nothing for what is about none."""
    if not hasattr(request, "folder"):
        return ""
    return " all folders" if request.folder is None else f" {request.folder}"
