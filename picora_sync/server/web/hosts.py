"""Which hosts a server on loopback answers for: a web page must not reach it by a name that it bound to 127.0.0.1."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

import falcon

from picora_sync.server import errors

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
_WITHOUT_HOST = ("HTTP/1.0", "HTTP/1")  # as WSGI and as granian write it


class AnyHost:
    """For a server that others reach: its names are not known here."""

    def require(self, req: falcon.Request) -> None:
        """Nothing is refused."""


class LoopbackHosts(AnyHost):
    """Loopback names and addresses, and the host of the URL that the server was told is its own; any port."""

    def __init__(self, base_url: str) -> None:
        self._own = _name(urlsplit(base_url).netloc)

    def require(self, req: falcon.Request) -> None:
        """Refuse a request for another host; only HTTP/1.0, which no browser speaks, may leave it out.

        Raises:
            ApiError: 421.
        """
        host = req.get_header("Host") or ""
        if not host and req.env.get("SERVER_PROTOCOL") in _WITHOUT_HOST:
            return
        name = _name(host)
        if name is None or not (name == self._own or _is_loopback(name)):
            raise errors.misdirected(host)


def _name(host: str) -> str | None:
    """The name or address in a Host header, in lower case; None if it is neither."""
    match = _HOST.fullmatch(host)
    if match is None:
        return None
    return (match["six"] or match["name"]).lower().removesuffix(".")


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
