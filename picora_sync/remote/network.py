"""Sockets whose every wait ends at ``stop``, and at a deadline for the reply as a whole.

The HTTP library bounds each single read; a reply that drips a byte a second would last forever. All of its waiting
happens here: names, connecting, TLS, reading and writing.
"""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Any, Final, TypeVar

import httpcore

from picora_sync.errors import Stopped

T = TypeVar("T")
_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]

LOOK_S: Final = 0.1
"""A wait looks at ``stop`` this often."""
SLOWEST_BYTES_S: Final = 4096
"""A peer that takes a request more slowly than this has stopped taking it."""
_RECORDS_BYTES: Final = 64 * 1024
_IN_PROGRESS_S: Final = 60.0


class _Bounds(threading.local):
    """What one exchange, which is one thread's, may still take."""

    reply_s = _IN_PROGRESS_S
    until = float("inf")
    left_bytes = float("inf")


class Network(httpcore.NetworkBackend):
    """The network, for the HTTP library; :meth:`bounded` holds for the calling thread."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self._bounds = _Bounds()

    @contextmanager
    def bounded(self, reply_s: float, most_bytes: int) -> Iterator[None]:
        """Within it, a reply is whole ``reply_s`` after the last byte of its request was sent, and has at most
        ``most_bytes`` on the wire; what takes longer is a time-out, what is longer a protocol error.
        """
        bounds = self._bounds
        bounds.reply_s, bounds.left_bytes = reply_s, most_bytes
        bounds.until = time.monotonic() + reply_s
        try:
            yield
        finally:
            bounds.until = bounds.left_bytes = float("inf")

    def allow(self, more_bytes: int) -> None:
        """The reply may have this many bytes more: its head was read."""
        self._bounds.left_bytes += more_bytes

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of this name that answers."""
        del local_address, socket_options  # never given here
        until = self._until(timeout)
        error: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in self._addresses(host, port, until):
            end = socket.socket(family, kind, protocol)
            try:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connect(end, address, until)
            except OSError as refused:
                end.close()
                error = refused
            except BaseException:
                end.close()
                raise
            else:
                return SocketStream(end, self)
        raise httpcore.ConnectError(str(error)) from error

    def sleep(self, seconds: float) -> None:
        """A pause that ``stop`` ends."""
        if self.stop.wait(seconds):
            raise Stopped

    # --- for the streams --------------------------------------------------------------------------------------------

    def wait(self, end: socket.socket, event: int, until: float, late: type[Exception]) -> None:
        """Until the socket is ready; raises ``late``, or Stopped."""
        with selectors.DefaultSelector() as selector:
            selector.register(end, event)
            while True:
                if self.stop.is_set():
                    raise Stopped
                left_s = until - time.monotonic()
                if left_s <= 0:
                    raise late("no answer in time")
                if selector.select(min(left_s, LOOK_S)):
                    return

    def reading(self, timeout: float | None) -> float:
        """Until when a read may wait."""
        return min(self._until(timeout), self._bounds.until)

    def received(self, number_bytes: int) -> None:
        """Count bytes of the reply."""
        self._bounds.left_bytes -= number_bytes
        if self._bounds.left_bytes < 0:
            raise httpcore.RemoteProtocolError("the answer is longer than any answer of Picora")

    def sent(self) -> None:
        """The request goes forward, so that the time of its reply has not begun yet."""
        if self._bounds.until != float("inf"):
            self._bounds.until = time.monotonic() + self._bounds.reply_s

    # --- connecting -------------------------------------------------------------------------------------------------

    def _connect(self, end: socket.socket, address: Any, until: float) -> None:  # noqa: ANN401  # as getaddrinfo gave it
        end.settimeout(0)
        with suppress(BlockingIOError):
            end.connect(address)
        self.wait(end, selectors.EVENT_WRITE, until, httpcore.ConnectTimeout)
        if code := end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code))

    def _addresses(self, host: str, port: int, until: float) -> list[_Address]:
        if _is_address(host):
            return _look_up(host, port)
        # The system's resolver takes no deadline, so it has a thread that may be left behind.
        found: list[list[_Address] | Exception] = []
        known = threading.Event()

        def look_up() -> None:
            try:
                found.append(_look_up(host, port))
            except Exception as error:  # noqa: BLE001  # handed to the thread that asked
                found.append(error)
            known.set()

        threading.Thread(target=look_up, name="resolver", daemon=True).start()
        while not known.wait(LOOK_S):
            if self.stop.is_set():
                raise Stopped
            if time.monotonic() >= until:
                raise httpcore.ConnectTimeout("the name was not looked up in time")
        answer = found[0]
        if isinstance(answer, (OSError, UnicodeError)):  # the latter for a name that can be none
            raise httpcore.ConnectError(str(answer)) from answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _until(self, timeout: float | None) -> float:
        return time.monotonic() + (_IN_PROGRESS_S if timeout is None else timeout)


class SocketStream(httpcore.NetworkStream):
    """One connection, without waits of its own."""

    def __init__(self, end: socket.socket, network: Network) -> None:
        self._end = end
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has arrived, b"" at the end."""
        until = self._network.reading(timeout)
        try:
            while True:
                try:
                    data = self._end.recv(max_bytes)
                except BlockingIOError:
                    self._network.wait(self._end, selectors.EVENT_READ, until, httpcore.ReadTimeout)
                else:
                    self._network.received(len(data))
                    return data
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        left = memoryview(buffer)
        network = self._network
        until = time.monotonic() + (_IN_PROGRESS_S if timeout is None else timeout) + len(left) / SLOWEST_BYTES_S
        try:
            while left:
                if network.stop.is_set():
                    raise Stopped
                try:
                    number_bytes = self._end.send(left)
                except BlockingIOError:
                    network.wait(self._end, selectors.EVENT_WRITE, until, httpcore.WriteTimeout)
                else:
                    left = left[number_bytes:]
                    network.sent()
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        """Let go of it."""
        self._end.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Speak TLS from now on."""
        return _secured(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> object:
        """What the HTTP library asks of an idle connection: whether the peer has closed it."""
        match info:
            case "is_readable":
                with selectors.DefaultSelector() as selector:
                    selector.register(self._end, selectors.EVENT_READ)
                    return bool(selector.select(0))
            case "socket":
                return self._end
            case _:
                return None


class TlsStream(httpcore.NetworkStream):
    """TLS over any stream, another TLS included (a proxy that is reached by https)."""

    def __init__(self, inner: httpcore.NetworkStream, context: ssl.SSLContext, host: str | None) -> None:
        self._inner = inner
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_hostname=host)

    def shake_hands(self, timeout: float | None) -> None:
        """Agree on keys; raises ConnectError, ConnectTimeout, Stopped."""
        try:
            self._drive(self._tls.do_handshake, timeout)
        except (httpcore.ReadTimeout, httpcore.WriteTimeout) as late:
            raise httpcore.ConnectTimeout("the TLS handshake did not end in time") from late
        except (OSError, httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError) as error:
            raise httpcore.ConnectError(str(error)) from error

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has arrived, b"" at the end."""
        try:
            return self._drive(lambda: self._tls.read(max_bytes), timeout)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        left = memoryview(buffer)
        try:
            while left:
                left = left[self._drive(lambda: self._tls.write(left), timeout) :]  # noqa: B023  # called at once
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        """Let go of it; there is nothing that would be lost without a farewell."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """TLS within TLS."""
        return _secured(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> object:
        """As the stream below."""
        return self._tls if info == "ssl_object" else self._inner.get_extra_info(info)

    def _drive(self, step: Callable[[], T], timeout: float | None) -> T:
        """Repeat the step with what arrives, until it needs no more."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush(timeout)
                if data := self._inner.read(_RECORDS_BYTES, timeout):
                    self._arrived.write(data)
                else:
                    self._arrived.write_eof()
            else:
                self._flush(timeout)
                return done

    def _flush(self, timeout: float | None) -> None:
        if self._leaving.pending:
            self._inner.write(self._leaving.read(), timeout)


def _secured(
    inner: httpcore.NetworkStream, context: ssl.SSLContext, host: str | None, timeout: float | None
) -> httpcore.NetworkStream:
    stream = TlsStream(inner, context, host)
    try:
        stream.shake_hands(timeout)
    except BaseException:
        inner.close()
        raise
    return stream


def _look_up(host: str, port: int) -> list[_Address]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
