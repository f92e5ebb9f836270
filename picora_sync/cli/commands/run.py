"""``run``: the daemon, in the foreground, for systemd and launchd."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import click

from picora_sync.attention import NOT_ASKED, Scene, gather
from picora_sync.cli.disk_full import await_room, free_bytes, shortage
from picora_sync.cli.failures import OK
from picora_sync.cli.keyring_wait import await_key
from picora_sync.cli.logs import start_logging
from picora_sync.cli.settings import configuration
from picora_sync.cli.signals import stop_on_signals
from picora_sync.cli.words import count, duration
from picora_sync.config.keys import KeyPlace, find_key
from picora_sync.config.model import Config
from picora_sync.control.inbox import Inbox
from picora_sync.control.messages import Reload, Reloaded
from picora_sync.control.server import listening
from picora_sync.core.attention import Concern, most_pressing
from picora_sync.core.model import Problem
from picora_sync.daemon import Daemon
from picora_sync.errors import (
    CommandRefused,
    ConfigError,
    IndexUnwritable,
    KeyRefused,
    PicoraSyncError,
    RemoteError,
    Stopped,
)
from picora_sync.index.notices import HELD
from picora_sync.report import Live
from picora_sync.service.notify import Notifier, from_environ
from picora_sync.state_dir import Home

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
"""What is wrong is looked up this often at most."""
_SHARE = 20
"""And takes at most one part in so many of the loop's time."""


@click.command("run", epilog="Example: picora-sync --config ~/.config/picora-sync/config.yaml run")
@click.pass_context
def run_command(ctx: click.Context) -> int:
    """Mirror the configured folders until stopped: the daemon, in the foreground.

    SIGTERM and Ctrl-C end it, SIGHUP or `reload` has it read its configuration again. Logs go to standard error.
    """
    start_logging(ctx, logging.INFO)
    notifier = from_environ(os.environ)
    config = configuration(ctx)
    inbox = Inbox()
    with stop_on_signals(reloads=True) as signals, Home.open(config.state_dir) as home:
        signals.hang_up = partial(_ask_for_reload, inbox)
        with listening(home.path, inbox, os.environ):
            key = await_key(partial(find_key, config, os.environ), notifier, signals.stop)
            following = None if key is None else (config, key)
            before: tuple[Config, str] | None = None
            while following is not None:
                now, connect = following, _connect if before is None else _connect_again
                try:
                    following = _mirror(Rereading(ctx, now[0], notifier), now, home, inbox, signals.stop, connect)
                except (ConfigError, KeyRefused) as error:
                    if before is None:
                        raise
                    _tell_refusal(error)
                    following, before = before, None
                except IndexUnwritable as error:  # as after a crash, the index tells where to go on
                    signals.start_again()
                    free = partial(free_bytes, home.path)
                    following = now if await_room(home.index, free, error, notifier, signals.stop) else None
                else:
                    before = now
                signals.start_again()
    return OK


def _ask_for_reload(inbox: Inbox) -> None:
    with suppress(CommandRefused):  # the daemon is ending
        inbox.put(Reload())


def _tell_refusal(error: PicoraSyncError) -> None:
    first, *more = error.in_full.split("\n")
    log.error("still using the configuration from before: %s", first)
    for line in more:  # one record each: a line break in a record could forge another, and is shown as "\\n"
        log.error("%s", line)


def _mirror(
    reading: Rereading,
    following: tuple[Config, str],
    home: Home,
    inbox: Inbox,
    stop: threading.Event,
    connect: Callable[[Daemon], None],
) -> tuple[Config, str] | None:
    """Mirror with this configuration and key until a signal comes, or until others are to be followed: those.

    Raises ConfigError, and what ``connect`` raises.
    """
    (config, key), notifier = following, reading.notifier
    with Daemon(config, key, home, stop, KeyPlace(config, os.environ)) as daemon:
        log.info("mirroring %s to %s", count(len(config.folders), "folder"), config.account.url)
        with suppress(Stopped):
            connect(daemon)
        notifier.ready()
        again = daemon.run(Herald(notifier, partial(_wrong, config, home)).tell, inbox, reading.reread)
        if not again:
            notifier.stopping()
            log.info("stopping")
    return reading.found if again else None


class Rereading:
    """Reads the configuration again; what cannot be used changes nothing."""

    def __init__(self, ctx: click.Context, now: Config, notifier: Notifier) -> None:
        self.found: tuple[Config, str] | None = None
        self.notifier = notifier
        self._ctx = ctx
        self._now = now

    def reread(self) -> Reloaded:
        """Raises ConfigError, after which the configuration from before is still followed."""
        self.notifier.reloading(time.monotonic())
        try:
            config = configuration(self._ctx)
            key = find_key(config, os.environ).secret
            if config.state_dir != self._now.state_dir:
                raise ConfigError(
                    f"state_dir cannot change from {self._now.state_dir} while the daemon runs",
                    hint="put it back, or restart the daemon",
                )
        except PicoraSyncError as error:
            _tell_refusal(error)
            self.notifier.ready()
            raise
        log.info("read the configuration again")
        self.found = (config, key)
        return Reloaded(folders=tuple(folder.name for folder in config.folders), url=config.account.url)


def _connect(daemon: Daemon) -> None:
    """Try once; what may pass is tried again by the loop, a refused key among it: another may be put in its place."""
    try:
        daemon.connect()
    except RemoteError as error:
        log.warning("trying again: %s", error.in_full)


def _connect_again(daemon: Daemon) -> None:
    """The same with a configuration that was read again. Raises KeyRefused: the one from before may have a good key."""
    try:
        daemon.connect()
    except KeyRefused:
        raise
    except RemoteError as error:
        log.warning("trying again: %s", error.in_full)


def _wrong(config: Config, home: Home, live: Live) -> list[Concern]:
    """What somebody must see to, as the loop's thread sees it."""
    missing = {folder.name: folder.why for folder in live.folders if folder.watch == "missing"}
    now, room = time.time(), shortage(home.path)
    scene = Scene(live.account, live.trouble, live, running=True, alive=True, now=now, shortage=room, missing=missing)
    return most_pressing(gather(home.index, [folder.name for folder in config.folders], scene))


class Herald:
    """Tells the service manager and the log how the mirror is, when that changes. ``wrong`` lists what somebody must
    see to; it is asked so seldom that it takes a small part of the loop's time.
    """

    def __init__(
        self,
        notifier: Notifier,
        wrong: Callable[[Live], Sequence[Concern]] = lambda _: (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notifier = notifier
        self._ask = wrong
        self._clock = clock
        self._ask_at = float("-inf")
        self._wrong: Sequence[Concern] = ()
        self._held: dict[str, Problem] = {}
        self._told: set[str] = set()
        self._status = ""
        self._account = ""

    def tell(self, live: Live) -> None:
        """Called by the loop: that it is, is the sign of life the watchdog waits for."""
        self._notifier.watchdog()
        self._look(live)
        status = _status(live, self._wrong)
        if status != self._status:
            self._status = status
            self._notifier.status(status)
        if live.account != self._account:
            self._account = live.account
            level = logging.INFO if live.account in ("ok", NOT_ASKED) else logging.WARNING
            log.log(level, "account: %s", live.account)

    def _look(self, live: Live) -> None:
        now = self._clock()
        if now < self._ask_at:
            return
        self._wrong = self._ask(live)
        self._ask_at = now + max(LOOK_EVERY_S, _SHARE * (self._clock() - now))
        held = {each.ref.folder: each.problem for each in self._wrong if each.problem.code == HELD}
        self._told &= held.keys()
        for folder, problem in held.items():
            if folder not in self._told and self._held.get(folder) == problem:  # all of them are held by now
                self._told.add(folder)
                log.warning("%s: %s", folder, problem.in_full)
        self._held = held


def _status(live: Live, wrong: Sequence[Concern]) -> str:
    """What is wrong first, in a sentence, then what is under way."""
    waiting = live.waiting_uploads + len(live.transfers)
    if live.trouble and live.account not in ("ok", NOT_ASKED):
        return f"{live.account}: {live.trouble}"
    parts = [_first(wrong)] if wrong else []
    if waiting:
        parts.append(f"{count(waiting, 'file')} to upload, {duration(live.eta_s)} left")
    else:
        parts.append(f"watching {count(len(live.folders), 'folder')}")
    return "; ".join(parts)


def _first(wrong: Sequence[Concern]) -> str:
    first = wrong[0]
    place = f"{first.ref.folder}/{first.ref.path}".rstrip("/")
    more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return (
        f"attention: {place}: {first.problem.message}{more}" if place else f"attention: {first.problem.message}{more}"
    )
