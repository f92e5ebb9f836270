"""Ports of loopback for servers that are started later, or again."""

from __future__ import annotations

import socket
import sys
import weakref


def reserve(owner: object) -> int:
    """A port that nobody else is given as long as its owner lives.

    A socket that is bound and does not listen holds it: connections are refused, the kernel gives the port to nobody
    who asks for any, and who asks for this one with SO_REUSEADDR, as servers do, has it. Only Linux allows that;
    elsewhere the port is merely free now.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = int(held.getsockname()[1])
    if sys.platform == "linux":
        weakref.finalize(owner, held.close)
    else:
        held.close()
    return port
