"""``run``: the daemon, in the foreground, for systemd and launchd."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from functools import partial

import click

from picora_sync.cli.failures import OK
from picora_sync.cli.logs import start_logging
from picora_sync.cli.settings import configuration
from picora_sync.cli.signals import stop_on_signals
from picora_sync.cli.stalling import await_room, free_bytes
from picora_sync.cli.unlocking import await_key
from picora_sync.cli.words import count, duration
from picora_sync.config.keys import find_key
from picora_sync.config.model import Config
from picora_sync.control.inbox import Inbox
from picora_sync.control.messages import Reload, Reloaded
from picora_sync.control.server import listening
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
from picora_sync.home import Home
from picora_sync.service.notify import Notifier, from_environ
from picora_sync.summary import Live

log = logging.getLogger(__name__)


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
                now = following
                try:
                    following = _mirror(Rereading(ctx, now[0], notifier), now, home, inbox, signals.stop)
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
    log.error("still using the configuration from before: %s %s", error.message, error.hint)


def _mirror(
    reading: Rereading, following: tuple[Config, str], home: Home, inbox: Inbox, stop: threading.Event
) -> tuple[Config, str] | None:
    """Mirror with this configuration and key until a signal comes, or until others are to be followed: those.

    Raises KeyRefused or ConfigError if Picora takes them not: starting again cannot help.
    """
    (config, key), notifier = following, reading.notifier
    with Daemon(config, key, home, stop) as daemon:
        log.info("mirroring %s to %s", count(len(config.folders), "folder"), config.account.url)
        with suppress(Stopped):
            _connect(daemon)
        notifier.ready()
        again = daemon.run(Herald(notifier).tell, inbox, reading.reread)
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
    """Try once; what may pass is tried again by the loop."""
    try:
        daemon.connect()
    except KeyRefused:
        raise
    except RemoteError as error:
        log.warning("%s; trying again until it answers", error.message)


class Herald:
    """Tells the service manager and the log how the mirror is, when that changes."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._status = ""
        self._account = ""

    def tell(self, live: Live) -> None:
        """Called by the loop: that it is, is the sign of life the watchdog waits for."""
        self._notifier.watchdog()
        status = _status(live)
        if status != self._status:
            self._status = status
            self._notifier.status(status)
        if live.account != self._account:
            self._account = live.account
            log.log(logging.INFO if live.account == "ok" else logging.WARNING, "account: %s", live.account)


def _status(live: Live) -> str:
    waiting = live.waiting_uploads + len(live.transfers)
    if live.trouble and live.account != "ok":
        return f"{live.account}: {live.trouble}"
    if waiting:
        return f"{count(waiting, 'file')} to upload, {duration(live.eta_s)} left"
    return f"watching {count(len(live.folders), 'folder')}"
