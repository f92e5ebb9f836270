"""The service notification protocol of systemd (sd_notify(3)): one datagram per message, no library."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notifier:
    """Tells the service manager how we are; every method does nothing if no manager listens.

    ``address`` is None without one. ``watchdog_s`` is the time within which :meth:`watchdog` must be called again
    and again (call it twice as often), None if nobody watches. Each method says whether the message was handed over;
    a manager that cannot be told is no reason to stop mirroring.
    """

    address: str | None = None
    watchdog_s: float | None = None

    def ready(self, status: str = "") -> bool:
        """Start-up, or reloading, is complete."""
        return self._send("READY=1", *_status(status))

    def status(self, status: str) -> bool:
        """One line for people: ``systemctl status`` shows it."""
        return self._send(*_status(status))

    def watchdog(self) -> bool:
        """The loop is alive."""
        return self._send("WATCHDOG=1")

    def reloading(self, monotonic_s: float) -> bool:
        """The configuration is being read again, since ``monotonic_s``; :meth:`ready` ends it."""
        return self._send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic_s * 1_000_000)}")

    def stopping(self, status: str = "") -> bool:
        """Shutdown has begun."""
        return self._send("STOPPING=1", *_status(status))

    def _send(self, *assignments: str) -> bool:
        if self.address is None or not assignments:
            return False
        # "@" stands for the NUL byte that begins a name in Linux' abstract namespace.
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                # A manager that does not read must not hold up the loop.
                sender.settimeout(0)
                sender.connect(address)
                sender.send("\n".join(assignments).encode("utf-8", "replace"))
        except OSError:
            return False
        return True


def from_environ(environ: Mapping[str, str]) -> Notifier:
    """The notifier for ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``."""
    address = environ.get("NOTIFY_SOCKET", "")
    # Anything else (vsock:…) is no address of this machine.
    return Notifier(address if address.startswith(("/", "@")) else None, _watchdog_s(environ))


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    meant_for_us = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1_000_000 if meant_for_us else None


def _status(text: str) -> tuple[str, ...]:
    """A line break would begin another assignment."""
    return (f"STATUS={' '.join(text.split())}",) if text else ()
