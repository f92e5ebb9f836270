"""Deleted documents as the live service keeps them: out of sight, while their content counts as held (contract §16)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, bindparam, delete, select

from picora_sync.server.store.prepared import Line, Prepared, Row
from picora_sync.server.store.schema import trash

_SHOWN = (
    *("id", "title", "filename", "size_bytes", "word_count", "image_count", "rewritten_count", "public", "tags"),
    *("is_inline", "cover_url", "created_at", "updated_at"),
)
_HOLDING = Prepared(
    select(trash.c.document).where(trash.c.user_id == bindparam("user"), trash.c.source_hash == bindparam("hash"))
)


@dataclass(frozen=True)
class Trash:
    """What becomes of a deleted document. ``soft``: it is kept here; ``purges``: until somebody asks for its end.

    The text is not kept: nothing gives it out.
    """

    soft: bool = False
    purges: bool = True

    def put(self, connection: Connection, row: RowMapping) -> None:
        """Keep a document that was deleted."""
        if self.soft:
            shown = json.dumps({name: row[name] for name in _SHOWN})
            connection.execute(
                trash.insert(),
                {"id": row["id"], "user_id": row["user_id"], "source_hash": row["source_hash"], "document": shown},
            )

    def holding(self, line: Line, user_id: str, source_hash: str) -> Row | None:
        """The deleted document with this content, as its row was."""
        if not self.soft:
            return None
        found = line.first(_HOLDING, {"user": user_id, "hash": source_hash})
        return None if found is None else dict(json.loads(found["document"]))

    def purge(self, connection: Connection, user_id: str, doc_id: str) -> bool:
        """End a deleted document; whether there was one. Where nothing is ever purged, it is only said to be done."""
        if not self.soft:
            return False
        is_it = (trash.c.user_id == user_id) & (trash.c.id == doc_id)
        if not self.purges:
            return connection.scalar(select(trash.c.id).where(is_it)) is not None
        return connection.execute(delete(trash).where(is_it)).rowcount > 0
