"""A keyring that is locked is waited for, until a signal comes."""

from __future__ import annotations

import threading

import pytest

from picora_sync.cli.keyring_wait import await_key
from picora_sync.config.keys import Key, KeyringSilent, KeyUnusable
from picora_sync.service.notify import Notifier


def locked() -> Key:
    raise KeyringSilent("the keyring is locked", hint="unlock it")


def test_a_signal_ends_the_wait() -> None:
    stop = threading.Event()
    stop.set()
    assert await_key(locked, Notifier(), stop) is None


def test_a_key_that_can_never_be_had_is_not_waited_for() -> None:
    def find() -> Key:
        raise KeyUnusable("no API key was found", hint="supply one")

    with pytest.raises(KeyUnusable):
        await_key(find, Notifier(), threading.Event())
