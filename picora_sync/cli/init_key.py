"""The API key that ``init`` was given: where it comes from, and where it is put."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from picora_sync.cli.failures import USAGE, CommandFailed
from picora_sync.config.keys import SERVICE, VARIABLE, import_keyring, key_from_text, key_in


@dataclass(frozen=True, slots=True)
class NewKey:
    """``given`` is a file that holds the key already, and is left as it is; else the key goes to ``default``, or into
    the keyring. ``asked`` tells that a person typed it just now.
    """

    given: Path | None
    default: Path
    keyring: bool = False
    secret: str = field(default="", repr=False)
    asked: bool = False

    @property
    def file(self) -> Path:
        """Where the configuration says that the key is."""
        return self.given or self.default

    @property
    def is_there(self) -> bool:
        """Whether it lies where it stays."""
        return self.given is not None and not self.keyring

    @property
    def place(self) -> str:
        """Where it is put, in words."""
        return "the system's keyring" if self.keyring else str(self.default)

    def store(self, url: str) -> None:
        """Put it there; nothing is overwritten. Raises CommandFailed."""
        if self.is_there:
            return
        if self.keyring:
            _into_keyring(url, self.secret)
            return
        try:
            self.default.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.default, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(f"{self.secret}\n")
        except OSError as error:
            raise CommandFailed(
                f"the key cannot be written to {self.default}: {error.strerror or error}",
                hint="put it into a file of your own (chmod 600), and name that with --key-file",
            ) from error


def choose_key(new: NewKey, *, interactive: bool) -> NewKey:
    """The key: in the file that is named, in the one that is there already, in the environment, or asked for.

    Raises KeyUnusable for a file that holds none or that others can read, CommandFailed if there is no key.
    """
    if new.given is not None:
        file = Path(os.path.abspath(new.given.expanduser()))  # noqa: PTH100  # through links, as it is named
        return replace(new, given=file, secret=key_in(file).secret)
    if os.path.lexists(new.default) and not new.keyring:
        return replace(new, given=new.default, secret=key_in(new.default).secret)
    text = os.environ.get(VARIABLE, "")
    asked = interactive and not text.strip()
    if asked:
        text = click.prompt("API key (sk_live_…, not shown)", hide_input=True)
    if not text.strip():
        hint = f"put it into a file of yours (chmod 600), and name that with --key-file, or set {VARIABLE}"
        raise CommandFailed("no API key is named", hint=hint, exit_code=USAGE)
    return replace(new, secret=key_from_text(text).secret, asked=asked)


def _into_keyring(url: str, secret: str) -> None:
    keyring = import_keyring()
    if keyring is None:
        raise CommandFailed("the keyring's library is not installed", hint="install picora-sync with '.[keyring]'")
    try:
        keyring.set_password(SERVICE, url, secret)
    except Exception as error:  # noqa: BLE001  # each backend raises what it likes
        # Not chained: what a backend says is not ours to print.
        raise CommandFailed(
            f"the keyring does not take the key: {type(error).__name__}", hint="leave out --keyring"
        ) from None
