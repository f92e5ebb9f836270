"""The account a mirror belongs to: asked for until Picora answers, and bound to the index for good (design §7, §8)."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict

from picora_sync.config.model import Config
from picora_sync.core.model import Account, PlanLimits, Problem, Tier
from picora_sync.core.ports import Changes
from picora_sync.errors import ConfigError, KeyRefused, RemoteError, Stopped, Unreachable
from picora_sync.index import Index
from picora_sync.reconciler.connection import Connection
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.limits import limits_of_plan
from picora_sync.remote.pacer import ThreadPacer

log = logging.getLogger(__name__)

VERIFY_AGAIN_S = 600.0
"""A refused key is tried again this often: it may have been restored."""
REFRESH_S = 3600.0
"""The account is asked for this often although all is well: the key may be refused by now, or the plan be another."""
FULL_S = 600.0
"""While something waits for room it is asked this often: somebody may have made some, or bought a larger plan."""
BUSY_S = 60.0
"""If the rate limits do not allow it now, it is put off for so long."""
LIMITS, USER, BASE = "limits", "user_id", "base_url"
"""The meta keys of what the plan allows, and of whose account it is at which address."""
OFFLINE_LIMIT_S = 60.0
"""One pass gives up after this long without Picora; the daemon never does."""


class AccountWatch:
    """Keeps the connection verified; called by the loop's thread only. ``limits`` is what the plan allows."""

    def __init__(
        self,
        client: PicoraClient,
        pacer: ThreadPacer,
        connection: Connection,
        index: Index,
        changes: Changes,
        config: Config,
        mono: Callable[[], float],
    ) -> None:
        self.limits = known_limits(index, config)
        self._client = client
        self._pacer = pacer
        self._connection = connection
        self._index = index
        self._changes = changes
        self._config = config
        self._mono = mono
        self._verify_at = 0.0
        self._asked_at = float("-inf")

    def connect(self) -> Account:
        """Learn whose account this is, and what its plan allows; nothing is sent before.

        Raises the RemoteError that kept us from it, or ConfigError if the index belongs to another account.
        """
        account = self._client.verify()
        self._claim(account)
        self._heed(account.limits)
        self._connection.room.learn(account.quotas, self._mono())
        self._asked_at = self._mono()
        try:
            self._pacer.prime(self._client.rate_limits())
        except RemoteError as error:
            log.info("the rate limits are not known: %s", error.message)
        self._connection.accepted()
        return account

    def keep_connected(self) -> None:
        """Try again, when it is time, what did not work before."""
        connection, now = self._connection, self._mono()
        was_verified = connection.verified and not connection.refused
        if (was_verified and now < self._refresh_at()) or now < self._verify_at:
            return
        if was_verified and self._pacer.wait_s(Tier.READ):
            self._verify_at = now + BUSY_S  # nothing may keep the loop waiting for that
            return
        try:
            account = self.connect()
            if not was_verified:
                log.info("connected to %s", account.base_url)
        except Stopped:
            return  # the loop sees it, too
        except RemoteError as error:
            refused = isinstance(error, KeyRefused)
            trouble = Problem(error.code, error.message, error.hint)
            if connection.trouble != trouble:
                log.error("%s %s", error.message, error.hint)  # noqa: TRY400  (a sentence for people, no traceback)
            connection.unverified(now, trouble, refused=refused)
            self._verify_at = now + (VERIFY_AGAIN_S if refused else connection.pause_s())

    def next_due(self) -> float | None:
        """When :meth:`keep_connected` has something to do."""
        return max(self._verify_at, self._refresh_at()) if self._connection.verified else self._verify_at

    def _refresh_at(self) -> float:
        return self._asked_at + (FULL_S if self._connection.room.short else REFRESH_S)

    def give_up_if_hopeless(self) -> None:
        """Raise KeyRefused or Unreachable if one pass cannot come to its end."""
        connection = self._connection
        trouble = connection.trouble or Problem("UNREACHABLE", "Picora does not answer")
        if connection.refused:
            raise KeyRefused(trouble.message, hint=trouble.hint)
        since = connection.offline_since
        if since is not None and self._mono() - since > OFFLINE_LIMIT_S:
            raise Unreachable(trouble.message, hint=trouble.hint or "run the same command again later")

    def _heed(self, limits: PlanLimits) -> None:
        """Where the plan allows something else than when the index last heard of it, judge anew what it kept out."""
        self.limits = limits
        with self._index.transaction():
            now = json.dumps(asdict(limits))
            if self._index.meta(LIMITS) != now:
                self._index.set_meta(LIMITS, now)
                for ref in self._index.files.rederive_limited():
                    self._changes.touch(ref)

    def _claim(self, account: Account) -> None:
        """Bind the index to the account, or refuse: ids of one account mean nothing in another (lesson 6)."""
        with self._index.transaction():
            refuse_another(account, self._index, self._config)
            self._index.set_meta(USER, account.user_id)
            base = self._index.meta(BASE)
            if base is not None and base != account.base_url:
                self._index.objects.rebase(base, account.base_url)
            self._index.set_meta(BASE, account.base_url)


def client_of(config: Config, key: str, pacer: ThreadPacer, stop: threading.Event) -> PicoraClient:
    """The client for the configured account."""
    return PicoraClient(config.account.url, key, pacer=pacer, stop=stop, plan=config.account.plan)


def refuse_another(account: Account, index: Index, config: Config) -> None:
    """Raises ConfigError if the index belongs to another account than this one."""
    if index.meta(USER) not in (None, account.user_id):
        raise ConfigError(
            f"the index in {config.state_dir} belongs to another account ({index.meta(BASE)})",
            hint="use the key of that account, or give this account its own state_dir",
        )


def known_limits(index: Index, config: Config) -> PlanLimits:
    """What the account told last of its limits; before it was asked, those of the configured plan (design §5)."""
    with suppress(ValueError, TypeError):  # of an older picora-sync
        return PlanLimits(**json.loads(index.meta(LIMITS) or ""))
    return limits_of_plan(config.account.plan or "")
