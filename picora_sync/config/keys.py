"""Where the API key comes from (design §10). It is no part of the configuration and never printed."""

from __future__ import annotations

import importlib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from picora_sync.config.locations import read_regular
from picora_sync.config.model import Config
from picora_sync.errors import KeyRefused

VARIABLE = "PICORA_API_KEY"
CREDENTIAL = "picora-api-key"
SERVICE = "picora-sync"
"""The keyring's service name; its user name is the account's base URL."""

NO_KEYRING = "NoKeyringError"
"""What the library raises where no keyring will ever answer; anything else may pass."""

_FROM_VARIABLE, _FROM_CREDENTIAL = f"the variable {VARIABLE}", f"the systemd credential {CREDENTIAL}"
_COPIES = (_FROM_VARIABLE, _FROM_CREDENTIAL)
_READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAX_BYTES = 4096


class KeyUnusable(KeyRefused):
    """There is no API key, or the place that should hold one cannot be used (77): nothing was sent."""

    code = "KEY_UNUSABLE"


class KeyringSilent(KeyUnusable):
    """The keyring may hold the key, and does not give it now: it is locked, or not there yet, as after a boot."""

    code = "KEYRING_SILENT"


@dataclass(frozen=True, slots=True)
class Key:
    """The secret, and a word on where it was found. Neither repr nor str shows the secret."""

    secret: str = field(repr=False)
    source: str

    def __str__(self) -> str:
        return f"the key from {self.source}"


class Keyring(Protocol):
    """The two things we need of the keyring library."""

    def get_password(self, service_name: str, username: str) -> str | None:
        """The stored secret, None if there is none; raises whatever its backend raises."""

    def set_password(self, service_name: str, username: str, password: str) -> None:
        """Store it."""


def import_keyring() -> Keyring | None:
    """The keyring library (the extra ``keyring``), None if it is not installed."""
    try:
        return cast("Keyring", importlib.import_module("keyring"))
    except ImportError:
        return None


def find_key(
    config: Config, environ: Mapping[str, str], *, keyring: Callable[[], Keyring | None] = import_keyring
) -> Key:
    """The first key of: environment, systemd credential, key file, keyring. Raises KeyUnusable (77).

    A source that holds something unusable ends the search: the wrong account must not be reached by accident.
    """
    given = environ.get(VARIABLE, "")
    if given.strip():
        return _checked(given, _FROM_VARIABLE)
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    credential = Path(directory, CREDENTIAL) if directory else None
    if credential is not None and os.path.lexists(credential):
        return _checked(_read(credential, _FROM_CREDENTIAL), _FROM_CREDENTIAL)
    key_file = config.account.key_file
    if key_file is not None and os.path.lexists(key_file):
        shown = config.key_file_shown
        _refuse_if_shared(key_file, shown)
        return _checked(_read(key_file, shown), shown)
    return _from_keyring(config, keyring())


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a running process finds its key again; implements ``KeySource``."""

    config: Config
    environ: Mapping[str, str]
    keyring: Callable[[], Keyring | None] = import_keyring

    def read(self) -> str:
        """As :func:`find_key`."""
        return find_key(self.config, self.environ, keyring=self.keyring).secret

    @property
    def advice(self) -> str:
        """The environment, and what systemd puts beside it, are copies: a new key is there after the next start."""
        try:
            source = find_key(self.config, self.environ, keyring=self.keyring).source
        except KeyUnusable:
            source = "its place"
        new = "Make a new API key in your Picora settings, and put it into"
        if source in _COPIES:
            return f"{new} {source}, then restart picora-sync: it sees what was there when it started."
        return f"{new} {source}: it is read again by itself."


def key_from_text(text: str) -> Key:
    """The key that somebody typed. Raises KeyUnusable."""
    return _checked(text, "what was given")


def key_in(file: Path) -> Key:
    """The key that a file holds which nobody else can read. Raises KeyUnusable."""
    _refuse_if_shared(file, str(file))
    return _checked(_read(file, str(file)), str(file))


def _from_keyring(config: Config, keyring: Keyring | None) -> Key:
    url = config.account.url
    where = f" and {config.key_file_shown} does not exist" if config.account.key_file else ""
    supply = f"set {VARIABLE}, or name a file of yours (chmod 600) as account.key_file"
    if keyring is None:
        raise KeyUnusable(f"no API key for {url} was found{where}", hint=supply)
    try:
        secret = keyring.get_password(SERVICE, url)
    except Exception as error:  # noqa: BLE001  # each backend raises what it likes: locked, no D-Bus, no backend
        hint = f"unlock it, or {supply}"
        trouble = KeyUnusable if type(error).__name__ == NO_KEYRING else KeyringSilent
        # Not chained: what a backend says is not ours to print.
        raise trouble(f"the keyring did not answer: {type(error).__name__}", hint=hint) from None
    if secret is None:
        raise KeyUnusable(f"no API key for {url} was found{where}, nor in the keyring", hint=supply)
    return _checked(secret, "the keyring")


def _refuse_if_shared(file: Path, shown: str) -> None:
    """Raises KeyUnusable if anybody but the owner may read or change the file."""
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise _unreadable(shown, error) from None
    if os.name == "posix" and mode & _READABLE_BY_OTHERS:
        raise KeyUnusable(f"{shown} holds the API key, and others can read it", hint=f"run: chmod 600 '{shown}'")


def _read(file: Path, shown: str) -> str:
    try:
        return read_regular(file, _MAX_BYTES).decode("utf-8-sig", errors="replace")
    except (OSError, ValueError) as error:
        raise _unreadable(shown, error) from None


def _unreadable(shown: str, error: OSError | ValueError) -> KeyUnusable:
    why = getattr(error, "strerror", None) or "this is no path"
    return KeyUnusable(f"the API key in {shown} cannot be read: {why}", hint="check owner and permissions")


def _checked(text: str, source: str) -> Key:
    """A key is one word of visible ASCII: anything else could not be a header, or would break its line."""
    secret = text.strip()
    if not secret:
        raise KeyUnusable(f"{source} is empty", hint="put the API key there: it begins with sk_live_")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise KeyUnusable(f"{source} holds no API key", hint="one line with the key alone: it begins with sk_live_")
    return Key(secret, source)
