"""From the client's requests to our network: pools of connections, the proxies and certificates of the environment.

The HTTP library's own transport takes no network of ours, and stumbles over an environment that is not as it expects.
"""

from __future__ import annotations

import errno
import os
import ssl
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final, TypedDict
from urllib.parse import unquote, urlsplit

import certifi
import httpcore
import httpx

from picora_sync.errors import ConfigError, PicoraSyncError, Stopped
from picora_sync.remote.network import Network

_MOST_CONNECTIONS: Final = 100
_MOST_IDLE: Final = 20
_IDLE_S: Final = 5.0
_SOCKS: Final = ("socks5", "socks5h")
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_COOKIES: Final = (b"set-cookie", b"set-cookie2")


class Transport(httpx.BaseTransport):
    """Sends requests, through the proxy that the environment names for them.

    Raises ConfigError, while it is made or at the first https address, for an environment that cannot work.
    """

    def __init__(self, network: Network, base_url: str, environ: Mapping[str, str]) -> None:
        self._network = network
        self._environ = environ
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._pools: dict[tuple[str, bool], httpcore.ConnectionPool] = {}
        base = urlsplit(base_url)
        # A server on this machine is reached without proxies, and so is what it names.
        self._proxies = {} if base.hostname in _LOOPBACK else proxies_of(urllib.request.getproxies())
        if base.scheme == "https":
            self._context = tls_context(environ)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it; raises the HTTP library's errors, what the body raises, and Stopped."""
        target = request.url
        url = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
        sent = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
        )
        pool = self._pool(self._proxy_for(target), secure=target.scheme == "https")
        with _translated():
            answer = pool.handle_request(sent)
        # What a server would have us keep is not kept.
        headers = [(name, value) for name, value in answer.headers if name.lower() not in _COOKIES]
        return httpx.Response(answer.status, headers=headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            with _translated():
                pool.close()

    def _proxy_for(self, url: httpx.URL) -> str:
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all") or ""
        excepted = url.host in _LOOPBACK or any(map(urllib.request.proxy_bypass, (url.host, f"[{url.host}]")))
        return "" if excepted else proxy

    def _pool(self, proxy: str, *, secure: bool) -> httpcore.ConnectionPool:
        with self._lock:
            if (proxy, secure) not in self._pools:
                if secure and self._context is None:
                    self._context = tls_context(self._environ)
                self._pools[proxy, secure] = self._made(proxy, self._context)
            return self._pools[proxy, secure]

    def _made(self, proxy: str, context: ssl.SSLContext | None) -> httpcore.ConnectionPool:
        limits = PoolOptions(
            ssl_context=context,
            max_connections=_MOST_CONNECTIONS,
            max_keepalive_connections=_MOST_IDLE,
            keepalive_expiry=_IDLE_S,
            network_backend=self._network,
        )
        if not proxy:
            return httpcore.ConnectionPool(**limits)
        parts = urlsplit(proxy)
        name, word = (unquote(part or "").encode() for part in (parts.username, parts.password))
        auth = (name, word) if name else None
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2], path="", query="", fragment="").geturl()
        if parts.scheme in _SOCKS:
            return httpcore.SOCKSProxy(proxy_url=address, proxy_auth=auth, **limits)
        own = tls_context(self._environ) if parts.scheme == "https" else None
        return httpcore.HTTPProxy(proxy_url=address, proxy_auth=auth, proxy_ssl_context=own, **limits)


class PoolOptions(TypedDict):
    """What every pool is made with."""

    ssl_context: ssl.SSLContext | None
    max_connections: int
    max_keepalive_connections: int
    keepalive_expiry: float
    network_backend: Network


def proxies_of(found: Mapping[str, str]) -> dict[str, str]:
    """The proxies for ``http``, ``https`` and ``all``, of those that the environment names.

    Raises:
        ConfigError: one of them cannot be used. Its address is not shown: it may hold a password.
    """
    proxies = {}
    for scheme in ("http", "https", "all"):
        if proxy := found.get(scheme, "").strip():
            whole = proxy if "://" in proxy else f"http://{proxy}"
            if fault := _fault_of(whole):
                raise ConfigError(
                    f"the variable {scheme}_proxy names a proxy that cannot be used: {fault}",
                    hint=f"write http://HOST:PORT, or unset {scheme}_proxy and {scheme.upper()}_PROXY",
                )
            proxies[scheme] = whole
    return proxies


def _fault_of(proxy: str) -> str:
    try:
        parts = urlsplit(proxy)
        has_place = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        httpx.URL(proxy)
    except (ValueError, httpx.InvalidURL):
        return "it is no address"
    if parts.scheme in _SOCKS:
        return "" if find_spec("socksio") else "for a SOCKS proxy the package socksio is needed"
    if parts.scheme not in ("http", "https"):
        return "only http, https and socks5 are known"
    return "" if has_place else "it is no address"


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Whom to trust: SSL_CERT_FILE, else SSL_CERT_DIR, else the authorities that browsers trust. SSLKEYLOGFILE is not
    heeded: who reads that file reads the API key.

    Raises:
        ConfigError: the variable names nothing that can be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, directory = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    try:
        if file:
            context.load_verify_locations(cafile=file)
        elif directory:
            if not any(map(os.path.isdir, directory.split(os.pathsep))):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            context.load_verify_locations(capath=directory)
        else:
            context.load_verify_locations(cafile=certifi.where())
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        name, value = ("SSL_CERT_FILE", file) if file else ("SSL_CERT_DIR", directory)
        why = "no certificates are in it" if isinstance(error, ssl.SSLError) else getattr(error, "strerror", "")
        raise ConfigError(
            f"the variable {name} names {value!r}, which cannot be used: {why or 'this is no path'}",
            hint=f"name certificates in PEM form there, or unset {name}",
        ) from error
    return context


class _Body(httpx.SyncByteStream):
    """The blocks of an answer."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        with _translated():
            self._answer.close()


@contextmanager
def _translated() -> Iterator[None]:
    """The errors of the library below become those of the same name above it.

    What else it raises comes from an answer that it was not made for: a length of 5,000 digits is a ValueError.
    """
    try:
        yield
    except (PicoraSyncError, Stopped, httpx.HTTPError, httpx.StreamError):
        raise
    except Exception as error:
        known = next((kind for kind in type(error).__mro__ if kind.__module__.startswith("httpcore")), None)
        if known is None:
            raise httpx.RemoteProtocolError(type(error).__name__) from error
        raise getattr(httpx, known.__name__, httpx.TransportError)(str(error)) from error
