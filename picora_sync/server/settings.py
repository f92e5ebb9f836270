"""How one server is set up."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from picora_sync.server.errors import ServerError
from picora_sync.server.plans import PLANS


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
        storage: obstore URL; None is a directory in ``data``.
        allow_remote: permits a ``host`` that other machines can reach.
        access_log: one line per request on stderr.
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

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ServerError: unknown plan, impossible port, or a remote address without ``allow_remote``.
        """
        if self.plan not in PLANS:
            raise ServerError(f"There is no plan {self.plan!r}", hint=f"Use one of: {', '.join(PLANS)}.")
        if not 0 <= self.port <= 65535:  # noqa: PLR2004 - the range of a TCP port
            raise ServerError(f"{self.port} is not a port", hint="Use 0 (a free one) to 65535.")
        if not (self.allow_remote or _is_loopback(self.host)):
            raise ServerError(
                f"{self.host} can be reached by other machines, and the server speaks plain HTTP",
                hint="Keep 127.0.0.1, or allow it explicitly and put a TLS proxy in front.",
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
