"""Audio of an account: each upload is a resource of its own (contract §6)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import bindparam, select, update

from picora_sync.server.accounts import Credential
from picora_sync.server.content.audio_formats import AudioFormat
from picora_sync.server.content.audio_probe import AudioInfo
from picora_sync.server.library.images import insert_row, remove_row
from picora_sync.server.store import ids, tally
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.clock import Stamps
from picora_sync.server.store.database import Database
from picora_sync.server.store.prepared import Prepared, Row
from picora_sync.server.store.schema import media

_BY_ID = select(media).where(media.c.id == bindparam("id"), media.c.type == "audio")
_GET = Prepared(_BY_ID)


@dataclass(frozen=True)
class NewAudio:
    """An upload that was checked and may be stored."""

    path: Path
    size_bytes: int
    sha256: str
    format: AudioFormat
    info: AudioInfo
    filename: str
    title: str
    public: bool


class AudioFiles:
    """Rows, bytes and covers of audio."""

    def __init__(self, database: Database, blobs: Blobs, stamps: Stamps) -> None:
        self._database = database
        self._blobs = blobs
        self._stamps = stamps

    def require_room(self, owner: Credential, size_bytes: int) -> None:
        """Refuse what would not fit, before work is done for it.

        Raises:
            ApiError: 403 QUOTA_EXCEEDED.
        """
        with self._database.query() as line:
            used = tally.used(line, owner.user_id, "media_storage")
        tally.require("media_storage", size_bytes, owner.plan.media_storage_bytes, used)

    def store(self, owner: Credential, audio: NewAudio) -> Row:
        """Store bytes, cover and row.

        Raises:
            ApiError: 403 QUOTA_EXCEEDED.
            StorageUnavailable: nothing was stored.
        """
        audio_id = ids.new_id()
        values = {
            "id": audio_id,
            "user_id": owner.user_id,
            "type": "audio",
            "filename": audio.filename,
            "filename_folded": audio.filename.casefold(),
            "title": audio.title,
            "title_folded": audio.title.casefold(),
            "mime": audio.format.mime,
            "ext": audio.format.ext,
            "size_bytes": audio.size_bytes,
            "public": audio.public,
            "source_hash": audio.sha256,
            "content_hash": audio.sha256,
            "duration_s": audio.info.duration_s,
            "bitrate_kbps": audio.info.bitrate_kbps,
            "cover_mime": audio.info.cover_mime,
            "cover_bytes": None if audio.info.cover is None else len(audio.info.cover),
            "tags": "[]",
        }
        with self._blobs.for_new_row(blob_key(audio_id), cover_key(audio_id)):
            self._blobs.put(blob_key(audio_id), audio.path)
            if audio.info.cover is not None:
                self._blobs.put(cover_key(audio_id), audio.info.cover)
            limit, now_ms = owner.plan.media_storage_bytes, self._stamps.now_ms()
            with self._database.transaction() as line:
                stamp = tally.take(line, owner.user_id, "media_storage", audio.size_bytes, limit, now_ms)
                row = insert_row(line, values, stamp)
        return row

    def get(self, audio_id: str) -> Row | None:
        """One audio file of anybody: the caller decides who may see it."""
        if not ids.is_id(audio_id):
            return None
        with self._database.query() as line:
            return line.first(_GET, {"id": audio_id})

    def change(self, user_id: str, audio_id: str, title: str | None, public: bool | None) -> bool:
        """Set title or visibility; None leaves it. False if the user has no such file (any more)."""
        with self._database.write() as connection:
            now = self._stamps.take_ms(connection, user_id)
            row = connection.execute(_BY_ID, {"id": audio_id}).mappings().first()
            if row is None or row["user_id"] != user_id:
                return False
            values: dict[str, object] = {}
            if title is not None and title != row["title"]:
                values |= {"title": title, "title_folded": title.casefold()}
            if public is not None and public != row["public"]:
                values["public"] = public
            if values:
                values["updated_at"] = now
                connection.execute(update(media).where(media.c.id == audio_id).values(values))
            return True

    def delete(self, user_id: str, audio_id: str) -> bool:
        """Remove row, bytes and cover; False if the user has no such file."""
        with self._database.write() as connection:
            now = self._stamps.take_ms(connection, user_id)
            row = connection.execute(_BY_ID, {"id": audio_id}).mappings().first()
            if row is None or row["user_id"] != user_id:
                return False
            remove_row(connection, row, now)
            tally.give_back(connection, user_id, "media_storage", row["size_bytes"])
        self._blobs.discard(blob_key(audio_id))
        if row["cover_mime"] is not None:
            self._blobs.discard(cover_key(audio_id))
        return True


def blob_key(audio_id: str) -> str:
    """Where the bytes are."""
    return f"audio/{audio_id}"


def cover_key(audio_id: str) -> str:
    """Where the extracted cover is."""
    return f"covers/{audio_id}"
