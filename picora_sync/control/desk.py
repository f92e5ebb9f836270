"""The loop's side of the inbox: what was asked is carried out each turn; what takes longer is answered when over."""

from __future__ import annotations

import logging
from collections.abc import Callable

from picora_sync.control.inbox import Ask, Inbox, stopping
from picora_sync.control.messages import ROUTES, PassProgress, Reload, Reloaded, Request, Rescan, Sync
from picora_sync.control.orders import Orders
from picora_sync.control.passes import Pass, Rescanning
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
        self._errands: list[tuple[Ask, Pass | Rescanning]] = []
        self.reloading = False

    def serve(self) -> None:
        """Carry out what was asked since the last turn."""
        for ask in self._inbox.take():
            try:
                self._begin(ask)
            except PicoraSyncError as error:
                ask.say(error)

    def attend(self, hopeless: Callable[[], None]) -> None:
        """After a turn: answer what is over, and passes that are, by the error that it raises, ``hopeless``."""
        for ask, one in list(self._errands):
            try:
                if isinstance(one, Pass):
                    hopeless()
                if not one.over():
                    continue
                if isinstance(one, Pass):
                    ask.say(PassProgress(live=one.live(self._snapshot())), last=False)
                ask.say(one.answer())
            except PicoraSyncError as error:
                ask.say(error)
            self._errands.remove((ask, one))

    def tell(self, live: Live) -> None:
        """Let those who wait for a pass see how it goes; who waits no longer is not told."""
        self._errands = [(ask, one) for ask, one in self._errands if not ask.abandoned]
        for ask, one in self._errands:
            if isinstance(one, Pass):
                ask.say(PassProgress(live=one.live(live)), last=False)

    def close(self) -> None:
        """The loop has ended: what was begun goes on with the next one, if there is to be one."""
        for ask, _ in self._errands:
            if self.reloading:
                self._inbox.give_back(ask)
            else:
                ask.say(stopping())

    def _begin(self, ask: Ask) -> None:
        method, name = ROUTES[type(ask.request)]
        if method == "POST":
            log.info("asked to %s%s", name, _about(ask.request))
        match ask.request:
            case Sync(wait=wait):
                one = self._make_pass(wait)
                one.begin()
                self._errands.append((ask, one))
            case Rescan(folder=folder):
                self._errands.append((ask, self._orders.look_through(folder)))
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
