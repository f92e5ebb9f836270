"""Which objects there must be, by the rows that name them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from picora_sync.server.library import audio, documents, images
from picora_sync.server.store.schema import docs, media


@dataclass(frozen=True)
class Expected:
    """What a row says of an object; ``sha256`` is None where none is kept (covers)."""

    size_bytes: int
    sha256: str | None


def objects(connection: Connection) -> dict[str, Expected]:
    """Every object that some row names, by its key."""
    found: dict[str, Expected] = {}
    texts = select(docs.c.id, docs.c.size_bytes, docs.c.stored_hash).where(docs.c.inline.is_(None))
    for doc_id, size_bytes, sha256 in connection.execute(texts):
        found[documents.blob_key(doc_id)] = Expected(size_bytes, sha256)
    columns = (media.c.id, media.c.type, media.c.size_bytes, media.c.content_hash, media.c.cover_mime)
    for row in connection.execute(select(*columns, media.c.cover_bytes)):
        key = audio.blob_key(row.id) if row.type == "audio" else images.blob_key(row.id)
        found[key] = Expected(row.size_bytes, row.content_hash)
        if row.cover_mime is not None:
            found[audio.cover_key(row.id)] = Expected(row.cover_bytes, None)
    return found
