"""Users and keys: who may use the server, and how they are administered."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Connection, bindparam, select, update

from picora_sync.server.errors import ServerError
from picora_sync.server.plans import PLANS, Plan
from picora_sync.server.private_directory import keep_private
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store import ids
from picora_sync.server.store.database import Database
from picora_sync.server.store.prepared import Prepared
from picora_sync.server.store.schema import keys, users

Scope = Literal["read", "read_write", "read_write_delete"]
_RANK: dict[str, int] = {scope: rank for rank, scope in enumerate(get_args(Scope))}

_FIND = Prepared(
    select(keys.c.id, keys.c.hash, keys.c.scope, users.c.id.label("user_id"), users.c.plan, users.c.admin)
    .join(users)
    .where(keys.c.hash == bindparam("hash"), keys.c.revoked_at.is_(None))
)
_FIRST_USER = select(users.c.id).order_by(users.c.created_at, users.c.id).limit(1)


@dataclass(frozen=True)
class Credential:
    """Who is asking, and what the key allows."""

    key_id: str
    user_id: str
    plan: Plan
    scope: str
    admin: bool

    def allows(self, scope: Scope) -> bool:
        """Whether the key's scope includes the needed one (contract §1.1)."""
        return _RANK[self.scope] >= _RANK[scope]


@dataclass(frozen=True)
class Bootstrap:
    """What the first start made: ``key`` is in clear text only if it was made or given just now."""

    key: str | None
    user_id: str
    created: bool


def find(database: Database, key: str) -> Credential | None:
    """The credential of a key in clear text; None if it is unknown or revoked."""
    digest = ids.key_hash(key)
    with database.query() as line:
        row = line.first(_FIND, {"hash": digest})
    # The index finds the row; the comparison that decides takes the same time for every digest.
    if row is None or not hmac.compare_digest(row["hash"], digest):
        return None
    return Credential(row["id"], row["user_id"], PLANS[row["plan"]], row["scope"], row["admin"])


def bootstrap(settings: ServerSettings, clock: Callable[[], float] = time.time) -> Bootstrap:
    """Make the schema, the first user and a key, as far as they are missing.

    A key in the settings is added to the first user if it is unknown. Without one, a key is made only if the user has
    none, and returned in clear text only then.
    """
    with _opened(settings) as database, database.write_alone() as connection:
        now_ms = int(clock() * 1000)
        user_id = connection.scalar(_FIRST_USER)
        created = user_id is None
        if user_id is None:
            user_id = _insert_user(connection, settings.plan, admin=False, now_ms=now_ms)
        else:
            connection.execute(update(users).where(users.c.id == user_id).values(plan=settings.plan))
        key = settings.key
        if key is None:
            known = connection.scalar(select(keys.c.id).where(keys.c.user_id == user_id, keys.c.revoked_at.is_(None)))
            key = None if known else ids.new_key()
        if key is not None:
            _insert_key(connection, user_id, "read_write_delete", key, now_ms)
    return Bootstrap(key, user_id, created)


def first_user(settings: ServerSettings) -> str | None:
    """The id of the user that the first start made; None before it."""
    with _opened(settings) as database, database.read() as connection:
        user_id: str | None = connection.scalar(_FIRST_USER)
    return user_id


def add_user(
    settings: ServerSettings, *, plan: str = "pro_plus", admin: bool = False, clock: Callable[[], float] = time.time
) -> str:
    """Make another user (tenant) and return its id; an admin has ten times the rate limits (contract §3).

    Raises:
        ServerError: there is no such plan.
    """
    _require_plan(plan)
    with _opened(settings) as database, database.write() as connection:
        return _insert_user(connection, plan, admin=admin, now_ms=int(clock() * 1000))


def set_plan(settings: ServerSettings, user_id: str, plan: str) -> None:
    """Move a user to another plan, from the next request on.

    Raises:
        ServerError: there is no such plan or user.
    """
    _require_plan(plan)
    with _opened(settings) as database, database.write() as connection:
        if connection.execute(update(users).where(users.c.id == user_id).values(plan=plan)).rowcount == 0:
            raise _no_user(user_id)


def add_key(
    settings: ServerSettings,
    user_id: str,
    scope: Scope = "read_write_delete",
    *,
    clock: Callable[[], float] = time.time,
) -> str:
    """Make a key for a user and return it in clear text, the only time it is seen.

    Raises:
        ServerError: there is no such scope or user.
    """
    if scope not in _RANK:
        raise ServerError(f"There is no scope {scope!r}", hint=f"Use one of: {', '.join(_RANK)}.")
    key = ids.new_key()
    with _opened(settings) as database, database.write() as connection:
        if connection.scalar(select(users.c.id).where(users.c.id == user_id)) is None:
            raise _no_user(user_id)
        _insert_key(connection, user_id, scope, key, int(clock() * 1000))
    return key


def revoke_key(settings: ServerSettings, key: str, *, clock: Callable[[], float] = time.time) -> bool:
    """Refuse a key (in clear text, or its id) from the next request on; False if it was not known."""
    known = (keys.c.hash == ids.key_hash(key)) | (keys.c.id == key)
    statement = update(keys).where(known, keys.c.revoked_at.is_(None)).values(revoked_at=int(clock() * 1000))
    with _opened(settings) as database, database.write() as connection:
        return connection.execute(statement).rowcount > 0


def is_revoked(settings: ServerSettings, key: str) -> bool:
    """Whether a key in clear text was accepted once and is refused now."""
    revoked = select(keys.c.id).where(keys.c.hash == ids.key_hash(key), keys.c.revoked_at.is_not(None))
    with _opened(settings) as database, database.read() as connection:
        return connection.scalar(revoked) is not None


def _insert_user(connection: Connection, plan: str, *, admin: bool, now_ms: int) -> str:
    user_id = ids.new_id()
    connection.execute(users.insert().values(id=user_id, plan=plan, admin=admin, created_at=now_ms))
    return user_id


def _insert_key(connection: Connection, user_id: str, scope: str, key: str, now_ms: int) -> None:
    digest = ids.key_hash(key)
    if connection.scalar(select(keys.c.id).where(keys.c.hash == digest)) is None:
        row = {"id": ids.new_id(), "user_id": user_id, "hash": digest, "scope": scope, "created_at": now_ms}
        connection.execute(keys.insert().values(row))


@contextmanager
def _opened(settings: ServerSettings) -> Iterator[Database]:
    keep_private(settings.data)
    database = Database.for_settings(settings.data, settings.database)
    try:
        database.create()
        yield database
    finally:
        database.close()


def _require_plan(plan: str) -> None:
    if plan not in PLANS:
        raise ServerError(f"There is no plan {plan!r}", hint=f"Use one of: {', '.join(PLANS)}.")


def _no_user(user_id: str) -> ServerError:
    return ServerError(f"There is no user {user_id}", hint="User ids are shown when a user is made.")
