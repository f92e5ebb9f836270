"""The key that ``serve`` makes at its first start, kept so that a restart still knows it.

The database holds only hashes. Without ``--key`` the generated key is therefore written to ``data/key``, readable by
its owner alone, and read from there at the next start.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from picora_sync.server.accounts import bootstrap, is_revoked
from picora_sync.server.errors import ServerError
from picora_sync.server.private_directory import keep_private, open_own
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store import ids

NAME = "key"


@dataclass(frozen=True)
class UsableKey:
    """A key in clear text; whether it was made just now."""

    text: str
    is_new: bool = False


def usable_key(settings: ServerSettings) -> UsableKey:
    """A key that the server accepts: the given one, the kept one, or a new one.

    A kept key that was revoked is replaced by a new one.

    Raises:
        ServerError: the given key was revoked, or the file is a symbolic link.
    """
    keep_private(settings.data)
    known = settings.key or _read(settings)
    revoked = known is not None and is_revoked(settings, known)
    if settings.key is not None and revoked:
        raise ServerError("This key was revoked", hint="Give another one, or none: then one is made.")
    key = UsableKey(_write(settings), is_new=True) if known is None or revoked else UsableKey(known)
    bootstrap(replace(settings, key=key.text))
    return key


def _read(settings: ServerSettings) -> str | None:
    try:
        with os.fdopen(open_own(settings.data / NAME, os.O_RDONLY), encoding="utf-8") as file:
            return file.read().strip() or None
    except FileNotFoundError:
        return None


def _write(settings: ServerSettings) -> str:
    key = ids.new_key()
    descriptor = open_own(settings.data / NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(descriptor)
    return key
