"""Rows as the wire shows them (contract §6, §7, §8, §10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from picora_sync.server.content import audio_formats
from picora_sync.server.store.clock import iso

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Urls:
    """Where this server's bytes are found; ``base`` is the URL of the API without a slash at its end."""

    base: str

    def image(self, row: Row) -> str:
        """``{media}/{id}.{ext}``."""
        return f"{self.base}/media/{row['id']}.{row['ext']}"

    def audio(self, row: Row) -> str:
        """``{media}/audio/{id}.{ext}``."""
        return f"{self.base}/media/audio/{row['id']}.{row['ext']}"

    def cover(self, row: Row) -> str:
        """The extracted cover, or the default one of the format."""
        name = f"{row['id']}.jpg" if row["cover_mime"] else f"default-{row['ext']}.svg"
        return f"{self.base}/media/audio-cover/{name}"


def document(row: Row) -> dict[str, object]:
    """A Document object."""
    return {
        "id": row["id"],
        "title": row["title"],
        "filename": row["filename"],
        "sizeBytes": row["size_bytes"],
        "wordCount": row["word_count"],
        "imageCount": row["image_count"],
        "rewrittenCount": row["rewritten_count"],
        "isPublic": row["public"],
        "tags": msgspec.json.decode(row["tags"]),
        "hasInlineContent": row["is_inline"],
        "coverUrl": row["cover_url"],
        "format": "markdown",
        "kbId": None,
        "relativePath": None,
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }


def image(row: Row, urls: Urls) -> dict[str, object]:
    """An Image object."""
    return {
        "id": row["id"],
        "userId": row["user_id"],
        "url": urls.image(row),
        "filename": row["filename"],
        "title": row["title"],
        "mimeType": row["mime"],
        "sizeBytes": row["size_bytes"],
        "width": row["width"],
        "height": row["height"],
        "tags": msgspec.json.decode(row["tags"]),
        "isPublic": row["public"],
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }


def audio(row: Row, urls: Urls) -> dict[str, object]:
    """An Audio object."""
    return {
        "id": row["id"],
        "type": "audio",
        "url": urls.audio(row),
        "filename": row["filename"],
        "sizeBytes": row["size_bytes"],
        "mimeType": row["mime"],
        "title": row["title"],
        "thumbnailUrl": urls.cover(row),
        "durationSeconds": row["duration_s"],
        "bitrate": row["bitrate_kbps"],
        "status": "ready",
        "isPublic": row["public"],
        "createdAt": iso(row["created_at"]),
    }


def media_item(row: Row, urls: Urls) -> dict[str, object]:
    """An item of the unified list."""
    if row["type"] == "audio":
        return audio(row, urls)
    url = urls.image(row)
    return {
        "id": row["id"],
        "type": "image",
        "url": url,
        "thumbnailUrl": url,
        "filename": row["filename"],
        "title": row["title"] or row["filename"],
        "mimeType": row["mime"],
        "width": row["width"],
        "height": row["height"],
        "sizeBytes": row["size_bytes"],
        "status": "ready",
        "isPublic": row["public"],
        "tags": msgspec.json.decode(row["tags"]),
        "createdAt": iso(row["created_at"]),
    }


def change(row: Row, urls: Urls) -> dict[str, object]:
    """An entry of ``/v1/sync/state``: an upsert, or the tombstone of something deleted."""
    event: dict[str, object] = {
        "op": "upsert" if row["content_hash"] else "delete",
        "type": row["type"],
        "id": row["id"],
        "updatedAt": iso(row["updated_at"]),
    }
    if row["content_hash"]:
        event |= {
            "url": urls.audio(row) if row["type"] == "audio" else urls.image(row),
            "contentHash": row["content_hash"],
            "sizeBytes": row["size_bytes"],
            "mimeType": row["mime"],
            "filename": row["filename"],
            "isPublic": row["public"],
        }
    return event


def default_cover(ext: str) -> bytes | None:
    """The drawing for audio without artwork; None if there is no such format."""
    if ext not in audio_formats.EXTENSIONS:
        return None
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 512 512">'
        '<rect width="512" height="512" rx="48" fill="#20304a"/>'
        '<path d="M196 352V160l150-32v192" fill="none" stroke="#9fc1ff" stroke-width="24"/>'
        '<circle cx="164" cy="352" r="36" fill="#9fc1ff"/><circle cx="314" cy="320" r="36" fill="#9fc1ff"/>'
        '<text x="256" y="464" font-family="sans-serif" font-size="56" text-anchor="middle" fill="#fff">'
        f"{ext.upper()}</text></svg>"
    ).encode()
