"""What ``serve`` does beside serving, also while another process serves: keys made and revoked, storage verified."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import get_args

from picora_sync.cli.failures import OK, UNFINISHED, CommandFailed
from picora_sync.cli.output import line, write_json
from picora_sync.server import accounts
from picora_sync.server.accounts import Scope
from picora_sync.server.check import check
from picora_sync.server.errors import StorageUnavailable
from picora_sync.server.keyfile import usable_key
from picora_sync.server.settings import ServerSettings

SCOPES: tuple[Scope, ...] = get_args(Scope)


def print_new_key(settings: ServerSettings, scope: Scope, *, as_json: bool) -> int:
    """Make a key for the first user and print it, the only time it is seen in clear text."""
    user_id = accounts.first_user(settings)
    if user_id is None:  # before the first start: what that would make
        user_id = accounts.bootstrap(replace(settings, key=usable_key(settings).text)).user_id
    key = accounts.add_key(settings, user_id, scope)
    if as_json:
        write_json({"key": key, "scope": scope})
    else:
        line(key)
    return OK


def revoke_key(settings: ServerSettings, key: str, *, as_json: bool) -> int:
    """Refuse a key, given in clear text or by its id, from the next request on.

    Raises:
        CommandFailed: there is no such key, or it was revoked before.
    """
    nowhere = settings.database is None and not settings.data.is_dir()
    if nowhere or not accounts.revoke_key(settings, key):
        raise CommandFailed(
            "There is no such key, or it was revoked before",
            hint="Give the key itself, or apiKeyId as /v1/auth/verify tells it; and the server's --data or --database.",
        )
    if as_json:
        write_json({"revoked": True})
    else:
        line("The key is refused from now on.")
    return OK


def print_check(settings: ServerSettings, *, as_json: bool) -> int:
    """Verify everything stored and say what was found; something wrong is exit code 1.

    Raises:
        CommandFailed: database or object store did not answer.
    """
    try:
        report = check(settings)
    except StorageUnavailable as error:
        raise CommandFailed(f"The storage cannot be read: {error}", hint="Check --database and --storage.") from error
    if as_json:
        write_json({**asdict(report), "ok": report.ok})
    else:
        for text in report.lines():
            line(text)
    return OK if report.ok else UNFINISHED
