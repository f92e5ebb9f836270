"""How one server is set up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from picora_sync.server.errors import ServerError
from picora_sync.server.plans import PLANS

MOST_WORKERS = 20
_BASE_URL = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/-]*)?")


@dataclass(frozen=True)
class ServerSettings:
    """Everything ``serve`` can be told.

    Attributes:
        data: directory of database, bytes, temporary files and the generated key.
        host: address to listen on; anything but loopback needs ``allow_remote``.
        port: TCP port; 0 takes a free one.
        plan: plan of the first user: ``none``, ``trial``, ``pro`` or ``pro_plus``.
        key: API key to accept; None makes one at the first start and keeps it in ``data/key`` (mode 0600).
        rate_limits: enforce contract §3; False advertises limits nobody reaches.
        database: SQLAlchemy URL; None is SQLite in ``data``.
        storage: ``s3://…`` or ``file:///…`` (decision 0062); None is a directory in ``data``.
        allow_remote: permits a ``host`` that other machines can reach.
        access_log: one line per request on stderr.
        public_url: the URL under which clients reach this server, if a proxy stands between; None is its own address.
        workers: processes that serve the port together; more than one need PostgreSQL.
        soft_delete: deleted documents go to a trash, as those of the live service do (contract §16 #1, #12).
        purge: ``?hard=true`` takes a document out of that trash; False keeps it there for good.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    plan: str = "pro_plus"
    key: str | None = None
    rate_limits: bool = True
    database: str | None = None
    storage: str | None = None
    allow_remote: bool = False
    access_log: bool = False
    public_url: str | None = None
    workers: int = 1
    soft_delete: bool = False
    purge: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ServerError: unknown plan, impossible port, a remote address without ``allow_remote``, a public URL that is
                none, workers that could not share the database, or a trash that is not there and keeps everything.
        """
        if self.plan not in PLANS:
            raise ServerError(f"There is no plan {self.plan!r}", hint=f"Use one of: {', '.join(PLANS)}.")
        if not 0 <= self.port <= 65535:  # noqa: PLR2004 - the range of a TCP port
            raise ServerError(f"{self.port} is not a port", hint="Use 0 (a free one) to 65535.")
        if self.reachable and not self.allow_remote:
            raise ServerError(
                f"{self.host} can be reached by other machines, and the server speaks plain HTTP",
                hint="Keep 127.0.0.1; or put a proxy with TLS in front, and allow it with --allow-remote.",
            )
        if self.public_url is not None and not _is_base_url(self.public_url):
            raise ServerError(
                f"{self.public_url!r} is no URL that others can be built on",
                hint="Give scheme, host, and a path if there is one, such as https://picora.example.org.",
            )
        if not 1 <= self.workers <= MOST_WORKERS:
            raise ServerError(f"{self.workers} workers cannot run", hint=f"Use 1 to {MOST_WORKERS}.")
        if self.workers > 1 and (self.database is None or self.database.startswith("sqlite")):
            raise ServerError(
                f"{self.workers} workers need PostgreSQL: SQLite takes one writer at a time",
                hint="Give --database postgresql+psycopg://user@host/name, or run one worker.",
            )
        if not self.purge and not self.soft_delete:
            raise ServerError("There is no trash to keep documents in", hint="Use --no-purge with --soft-delete.")

    @property
    def reachable(self) -> bool:
        """Whether other machines can reach the address."""
        return not _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_base_url(url: str) -> bool:
    """Whether paths can be appended to it, and nothing in it could break a header, Markdown or HTML."""
    if _BASE_URL.fullmatch(url) is None:
        return False
    try:
        return urlsplit(url).port != 0
    except ValueError:  # over 65535
        return False
