"""What one large upload costs: 500 MB of audio are sent and read back; the server may have 80 MB in memory at most.

    python benchmarks/server_upload.py [--megabytes 500] [--most-mb 80] [--workers 2 --database URL --storage URL]

Prints both times and the memory; exit code 1 if it is too much, or if what comes back is not what was sent.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import struct
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from _served import Served, add_options

BLOCK = bytes(range(256)) * 1024  # 256 KB
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
TIMEOUT_S = 300


def sound(megabytes: int) -> Iterator[bytes]:
    """A WAV file of exactly this size, in blocks."""
    size = megabytes * 1024 * 1024
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 44_100, 176_400, 4, 16)
    yield struct.pack("<4sI4s", b"RIFF", size - 8, b"WAVE") + form + struct.pack("<4sI", b"data", size - 44)
    yield BLOCK[44:]
    for _ in range(megabytes * 4 - 1):
        yield BLOCK


def send(served: Served, megabytes: int) -> tuple[str, str]:
    """Upload the sound; its URL's path, and its SHA-256."""
    digest = hashlib.sha256()
    connection = http.client.HTTPConnection(served.host, timeout=TIMEOUT_S)
    connection.putrequest("POST", "/v1/audio")
    connection.putheader("Authorization", f"Bearer {served.key}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Content-Length", str(len(HEAD) + megabytes * 1024 * 1024 + len(TAIL)))
    connection.endheaders(HEAD)
    for block in sound(megabytes):
        digest.update(block)
        connection.send(block)
    connection.send(TAIL)
    reply = connection.getresponse()
    body = reply.read()
    if reply.status != http.client.CREATED:
        sys.exit(f"the upload was refused: {reply.status} {body[:300]!r}")
    return urlsplit(json.loads(body)["data"]["url"]).path, digest.hexdigest()


def read_back(served: Served, path: str) -> str:
    """The SHA-256 of what is served."""
    connection = http.client.HTTPConnection(served.host, timeout=TIMEOUT_S)
    connection.request("GET", path)
    reply = connection.getresponse()
    digest = hashlib.sha256()
    while block := reply.read(len(BLOCK)):
        digest.update(block)
    return digest.hexdigest()


def main() -> int:
    """Serve, send, read back, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--most-mb", type=float, default=80.0, help="what a process may have in memory at most")
    add_options(parser)
    options = parser.parse_args()
    with Served.by(options) as served:
        print(f"at start    {served.memory_mb()} MB")
        begun = time.perf_counter()
        path, sent = send(served, options.megabytes)
        print(f"sent        {served.memory_mb()} MB, {options.megabytes} MB in {time.perf_counter() - begun:.1f} s")
        begun = time.perf_counter()
        came_back = read_back(served, path)
        print(f"read back   {served.memory_mb()} MB, in {time.perf_counter() - begun:.1f} s")
        peak_mb = served.peak_mb()
    if came_back != sent:
        print("What came back is not what was sent")
    if peak_mb > options.most_mb:
        print(f"{peak_mb:.0f} MB are more than {options.most_mb:.0f}")
    return 1 if came_back != sent or peak_mb > options.most_mb else 0


if __name__ == "__main__":
    sys.exit(main())
