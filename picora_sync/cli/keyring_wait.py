"""Waiting for a keyring that is locked, as it is after a boot until somebody logs in (lesson 19)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from picora_sync.config.keys import Key, KeyringSilent
from picora_sync.service.notify import Notifier

log = logging.getLogger(__name__)

ASK_AGAIN_S = 30.0
"""A watchdog of a minute and more is content with it."""


def await_key(find: Callable[[], Key], notifier: Notifier, stop: threading.Event) -> str | None:
    """The key as soon as it can be had, None if ``stop`` comes first. Raises KeyUnusable if it never can.

    The service manager is told that all is well: it would end, or give up, what is slow to start.
    """
    told = ""
    while True:
        try:
            return find().secret
        except KeyringSilent as locked:
            if locked.message != told:
                told = locked.message
                log.warning("waiting for the key: %s", locked.in_full)
                notifier.ready(f"waiting: {locked.message}")
        notifier.watchdog()
        if stop.wait(ASK_AGAIN_S):
            return None
