"""What a start puts right: bytes that a killed process left without a row, tombstones nobody asks for any more."""

from __future__ import annotations

from picora_sync.server.library import inventory
from picora_sync.server.library.media import forget_old_tombstones
from picora_sync.server.store import uploads
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.database import Database

# Younger bytes in a shared store may belong to an upload of another process that has no row yet.
SHARED_GRACE_S = 3600.0


def tidy(database: Database, blobs: Blobs, now_s: float) -> list[str]:
    """Remove leftovers; returns the keys of the bytes that were removed.

    Call it before requests are served: on a directory of our own every object without a row is a leftover.
    """
    forget_old_tombstones(database, int(now_s * 1000))
    with database.write() as connection:
        uploads.forget_old(connection, int(now_s * 1000))
    newest_s = now_s - SHARED_GRACE_S if blobs.shared else float("inf")
    blobs.clear_incoming(newest_s)
    # Objects first, rows second: what is uploaded in between has its row by then.
    found = [key for key, stored_s in blobs.stored() if stored_s < newest_s]
    with database.read() as connection:
        named = inventory.objects(connection).keys()
    leftovers = [key for key in found if key not in named]
    for key in leftovers:
        blobs.discard(key)
    return leftovers
