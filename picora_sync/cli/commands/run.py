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
from picora_sync.cli.unlocking import await_key
from picora_sync.cli.words import count, duration
from picora_sync.config.keys import find_key
from picora_sync.config.model import Config
from picora_sync.daemon import Daemon
from picora_sync.errors import KeyRefused, PicoraSyncError, RemoteError, Stopped
from picora_sync.service.notify import Notifier, from_environ
from picora_sync.summary import Live

log = logging.getLogger(__name__)


@click.command("run", epilog="Example: picora-sync --config ~/.config/picora-sync/config.yaml run")
@click.pass_context
def run_command(ctx: click.Context) -> int:
    """Mirror the configured folders until stopped: the daemon, in the foreground.

    SIGTERM and Ctrl-C end it, SIGHUP has it read its configuration again. Logs go to standard error.
    """
    start_logging(ctx, logging.INFO)
    notifier = from_environ(os.environ)
    config = configuration(ctx)
    with stop_on_signals(reloads=True) as signals:
        while True:
            _mirror(config, notifier, signals.stop)
            if signals.ended_by is not None:
                return OK
            signals.start_again()
            notifier.reloading(time.monotonic())
            config = _reloaded(ctx, config)


def _mirror(config: Config, notifier: Notifier, stop: threading.Event) -> None:
    """Mirror until a signal comes. Raises KeyRefused if the key is wrong from the start: starting again cannot help."""
    key = await_key(partial(find_key, config, os.environ), notifier, stop)
    if key is None:
        return
    with Daemon.open(config, key, stop=stop) as daemon:
        log.info("mirroring %s to %s", count(len(config.folders), "folder"), config.account.url)
        with suppress(Stopped):
            _connect(daemon)
        notifier.ready()
        daemon.run(Herald(notifier).tell)
        notifier.stopping()
        log.info("stopping")


def _connect(daemon: Daemon) -> None:
    """Try once; what may pass is tried again by the loop."""
    try:
        daemon.connect()
    except KeyRefused:
        raise
    except RemoteError as error:
        log.warning("%s; trying again until it answers", error.message)


def _reloaded(ctx: click.Context, before: Config) -> Config:
    """The configuration as it is now, or as it was if that cannot be used."""
    try:
        config = configuration(ctx)
        find_key(config, os.environ)
    except PicoraSyncError as error:
        log.error("still using the configuration from before: %s %s", error.message, error.hint)  # noqa: TRY400  # a sentence for people
        return before
    log.info("read the configuration again")
    return config


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
