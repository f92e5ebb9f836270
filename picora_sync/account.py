"""The account a mirror belongs to: asked for until Picora answers, and bound to the index for good (design §7, §8)."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TypeVar

from picora_sync.config.model import Config
from picora_sync.core.failure_policy import GOOD_KEY
from picora_sync.core.model import Account, PlanLimits, Problem, Tier
from picora_sync.core.ports import Changes, KeySource
from picora_sync.errors import ConfigError, KeyRefused, OutcomeUnknown, RemoteError, Stopped, Unreachable
from picora_sync.index import Index
from picora_sync.reconciler.dispatch.gates import Connection
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.limits import limits_of_plan
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.workers import Background

log = logging.getLogger(__name__)

VERIFY_AGAIN_S = 30.0
"""This often it is looked whether there is another key in the place of a refused one."""
REFRESH_S = 3600.0
"""The account is asked for this often although all is well: the key may be refused by now, or the plan be another."""
FULL_S = 600.0
"""While something waits for room it is asked this often: somebody may have made some, or bought a larger plan."""
BUSY_S = 60.0
"""If the rate limits do not allow it now, it is put off for so long."""
LATER_S = 300.0
"""An hourly question that got no answer is put again after this."""
LIMITS, TOLD, USER, BASE = "limits", "told_limits", "user_id", "base_url"
"""The meta keys of what the plan allows, of what the server itself said of that, and of whose account it is at which
address.
"""
OFFLINE_LIMIT_S = 60.0
"""One pass gives up after this long without Picora; the daemon never does."""
FAILING_LIMIT_S = 240.0
"""And after so long in which Picora answered nothing but errors: by then, what fails by itself is blocked."""
_LATER = "run the same command again later"

Asked = TypeVar("Asked")


class AccountWatch:
    """Keeps the connection verified, beside the loop; called by the loop's thread only. ``limits`` is what the plan
    allows.

    ``/v1/auth/verify`` alone says whether the key is good. What the account uses and how often it may be asked is asked
    for after that; where the server does not tell, what is known of it holds (decision 0231).
    """

    def __init__(
        self,
        client: PicoraClient,
        pacer: ThreadPacer,
        connection: Connection,
        index: Index,
        changes: Changes,
        config: Config,
        mono: Callable[[], float],
        background: Background,
    ) -> None:
        self.limits = known_limits(index, config)
        self.told: Account | None = None
        self._client = client
        self._pacer = pacer
        self._connection = connection
        self._index = index
        self._changes = changes
        self._config = config
        self._mono = mono
        self._background = background
        self._answers: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._asking = False
        self._verify_at = 0.0
        self._asked_at = float("-inf")
        self._untold = False

    def connect(self) -> Account:
        """Learn whose account this is, and what its plan allows; nothing is sent before. This waits for Picora.

        Raises the RemoteError that kept us from it, or ConfigError if the index belongs to another account.
        """
        account = self._client.verify()
        self._recognise(account)
        account = self._client.with_usage(account)
        self._heed(account)
        self._pacer.prime(self._client.rate_limits())
        return account

    def keep_connected(self) -> None:
        """Take in what was answered; ask again, when it is time, what is not known. Raises ConfigError, as above."""
        self._take_in()
        if self._asking or not self._is_due():
            return
        if not self._is_urgent() and self._pacer.wait_s(Tier.READ):
            self._verify_at = self._mono() + BUSY_S  # others need the calls more
            return
        self._ask(self._client.verify, self._verified)
        self._take_in()

    def next_due(self) -> float | None:
        """When :meth:`keep_connected` has something to do; None while it waits for an answer, which wakes the loop."""
        if not self._answers.empty():
            return self._mono()
        if self._asking:
            return None
        return self._verify_at if self._is_urgent() else max(self._verify_at, self._refresh_at())

    def _is_due(self) -> bool:
        now = self._mono()
        return now >= self._verify_at and (self._is_urgent() or now >= self._refresh_at())

    def _is_urgent(self) -> bool:
        """Whether not everything can be sent before Picora has answered."""
        connection = self._connection
        in_doubt = connection.doubted_since is not None or connection.offline_since is not None
        return in_doubt or connection.refused or not connection.verified

    def _refresh_at(self) -> float:
        return self._asked_at + (FULL_S if self._connection.quota.short else REFRESH_S)

    # --- questions and answers --------------------------------------------------------------------------------------

    def _ask(self, question: Callable[[], Asked], then: Callable[[Asked], None]) -> None:
        """Have a thread ask this; what is to be done about the answer is done by the loop."""

        def work() -> Callable[[], None]:
            try:
                return partial(then, question())
            except Stopped:
                return lambda: None  # the loop sees it, too
            except RemoteError as error:
                return partial(self._failed, error)
            except BaseException as error:  # noqa: BLE001  (a bug must end the process, not this thread only)
                return partial(_raise, error)

        self._asking = True
        self._background.start("account", work, self._answers.put)

    def _take_in(self) -> None:
        while not self._answers.empty():
            self._asking = False
            self._answers.get()()

    def _verified(self, account: Account) -> None:
        was_urgent = self._is_urgent()
        try:
            self._recognise(account)
        except ConfigError as another:
            if self._asked_at == float("-inf"):
                raise  # nothing was mirrored yet: whoever started this is told
            self._failed(self._client.distrust_key(another.message, another.hint))
            return
        if was_urgent:
            log.info("connected to %s", account.base_url)
        self._ask(partial(self._client.with_usage, account), self._informed)

    def _informed(self, account: Account) -> None:
        self._heed(account)
        self._ask(self._client.rate_limits, self._pacer.prime)

    def _failed(self, error: RemoteError) -> None:
        """Whose account it is stays known, unless the key is refused: whether Picora is there, other calls find out."""
        connection, now, refused = self._connection, self._mono(), isinstance(error, KeyRefused)
        trouble = Problem(error.code, error.message, error.hint)
        if refused or connection.refused or not connection.verified:
            if connection.trouble != trouble:
                log.error("%s", error.in_full)
            connection.unverified(now, error)
        elif not self._is_urgent():
            log.info("the account is asked for again later: %s", error.message)
            if isinstance(error, Unreachable | OutcomeUnknown):
                connection.doubt(now, trouble)
            self._verify_at = now + LATER_S
            return
        self._verify_at = now + (VERIFY_AGAIN_S if refused else connection.pause_s())

    # --- what is learned --------------------------------------------------------------------------------------------

    def _recognise(self, account: Account) -> None:
        self._claim(account)
        self._asked_at = self._mono()
        self._connection.recognised()

    def give_up_if_hopeless(self) -> None:
        """Raise KeyRefused or Unreachable if one pass cannot come to its end: Picora is not there, or has answered
        nothing but errors for minutes.
        """
        connection, now = self._connection, self._mono()
        trouble = connection.trouble or Problem("UNREACHABLE", "Picora does not answer")
        if connection.refused:
            raise KeyRefused(trouble.message, hint=trouble.hint)
        silent = [at for at in (connection.offline_since, connection.doubted_since) if at is not None]
        if silent and now - min(silent) > OFFLINE_LIMIT_S:
            raise Unreachable(trouble.message, hint=trouble.hint or _LATER)
        failing = connection.failing(now)
        if failing is not None and failing[0] > FAILING_LIMIT_S:
            hint = GOOD_KEY if failing[1].code == KeyRefused.code else failing[1].hint  # ``verify`` says it is good
            raise Unreachable(failing[1].message, hint=hint or _LATER)

    def _heed(self, account: Account) -> None:
        """Where the plan allows something else than when the index last heard of it, judge anew what it kept out."""
        self.limits, self.told = limits_for(account, self._index), account
        if account.usage_told:
            self._connection.quota.learn(account.quotas, self._mono())
        elif not self._untold:
            log.info("Picora does not tell this key what its account uses; the limits are those known of its plan")
        self._untold = not account.usage_told
        self._connection.accepted()
        with self._index.transaction():
            now = json.dumps(asdict(self.limits))
            if account.usage_told:
                self._index.set_meta(TOLD, json.dumps([account.plan, asdict(self.limits)]))
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


def client_of(
    config: Config, key: str, pacer: ThreadPacer, stop: threading.Event, source: KeySource | None = None
) -> PicoraClient:
    """The client for the configured account."""
    return PicoraClient(config.account.url, key, pacer=pacer, stop=stop, plan=config.account.plan, source=source)


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


def limits_for(account: Account, index: Index) -> PlanLimits:
    """What the account allows: in the server's own words, or in those that it used for the same plan before; else as
    its plan, or the configured one, does.
    """
    if not account.usage_told:
        with suppress(ValueError, TypeError):
            plan, told = json.loads(index.meta(TOLD) or "")
            if account.plan in ("", plan):
                return PlanLimits(**told)
    return account.limits


def _raise(error: BaseException) -> None:
    raise error
