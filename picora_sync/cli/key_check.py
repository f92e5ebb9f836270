"""Whose key it is, and what it may do, asked at once and in words."""

from __future__ import annotations

import time

from picora_sync.account import client_of
from picora_sync.cli.signals import stop_on_signals
from picora_sync.config.model import Config
from picora_sync.core.model import Account
from picora_sync.core.pacing import Pacing
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.remote.permissions import Permissions

SCOPES_UNTOLD = "what the key may do, Picora does not tell: a refused call names the scope that is missing"
NARROW = {
    "read": "Note: with this key nothing can be uploaded or made private. Make one with the scope read_write_delete.",
    "read_write": "Note: with this key, what you delete here stays on Picora, and so do the old versions of notes that "
    "you edit. Make one with the scope read_write_delete.",
}
"""What a scope that is not enough means."""


def ask_account(config: Config, key: str) -> tuple[Account, Permissions]:
    """Whose key it is, and what it may do; nothing is changed. Raises the RemoteError that kept us from knowing."""
    with stop_on_signals() as signals:
        pacer = ThreadPacer(Pacing(), time.monotonic, signals.stop)
        with client_of(config, key, pacer, signals.stop) as client:
            return client.with_usage(client.verify(once=True)), client.permissions()


def described(account: Account, may: Permissions) -> str:
    """``user u1, plan pro; the key's scope is read_write``."""
    plan = f"plan {account.plan}" if account.plan else "a plan that it does not tell"
    scope = f"the key's scope is {may.scope}" if may.scope else SCOPES_UNTOLD
    return f"user {account.user_id}, {plan}; {scope}"
