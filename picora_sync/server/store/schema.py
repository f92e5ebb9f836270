"""The tables. Times are milliseconds since the epoch, sizes bytes, flags integers that are 0 or 1."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
    inspect,
    text,
)

metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("id", String(21), primary_key=True),
    Column("plan", String(16), nullable=False),
    Column("admin", Boolean, nullable=False, default=False),
    Column("created_at", BigInteger, nullable=False),
    # What is used of each quota dimension; changed only together with the rows it counts.
    Column("doc_count", BigInteger, nullable=False, default=0),
    Column("media_bytes", BigInteger, nullable=False, default=0),
    Column("img_bytes", BigInteger, nullable=False, default=0),
    # The account's newest stamp (clock.Stamps).
    Column("stamp_ms", BigInteger, nullable=False, default=0, server_default="0"),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(21), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("scope", String(32), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

docs = Table(
    "docs",
    metadata,
    Column("id", String(21), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("stored_hash", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("title_folded", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("word_count", Integer, nullable=False),
    Column("image_count", Integer, nullable=False),
    Column("rewritten_count", Integer, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("tags", Text, nullable=False),
    Column("cover_url", Text),
    Column("inline", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("docs_by_hash", "user_id", "source_hash", unique=True),
    Index("docs_by_creation", "user_id", "created_at", "id"),
    Index("docs_by_update", "user_id", "updated_at", "id"),
)

media = Table(
    "media",
    metadata,
    Column("id", String(21), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("type", String(8), nullable=False),
    Column("filename", Text, nullable=False),
    Column("filename_folded", Text, nullable=False),
    Column("title", Text),
    Column("title_folded", Text, nullable=False),
    Column("mime", String(32), nullable=False),
    Column("ext", String(8), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("public", Boolean, nullable=False),
    # Of the bytes as uploaded (finds repeated images) and as stored (a sanitised SVG differs).
    Column("source_hash", String(64), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("duration_s", Integer),
    Column("bitrate_kbps", Integer),
    Column("cover_mime", String(32)),
    Column("cover_bytes", BigInteger),
    Column("tags", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("media_by_creation", "user_id", "created_at", "id"),
    Index("media_by_update", "user_id", "updated_at", "id"),
    Index(
        "images_by_hash",
        "user_id",
        "source_hash",
        unique=True,
        sqlite_where=text("type = 'image'"),
        postgresql_where=text("type = 'image'"),
    ),
)

tags = Table(
    "tags",
    metadata,
    Column("user_id", String(21), primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("object_id", String(21), primary_key=True),
    Index("tags_by_object", "object_id"),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("id", String(21), primary_key=True),
    Column("user_id", String(21), nullable=False),
    Column("type", String(8), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("tombstones_by_time", "user_id", "updated_at", "id"),
)

# Documents that were deleted softly: their hash still counts as held. ``document`` is what an upload of it is answered.
trash = Table(
    "trash",
    metadata,
    Column("id", String(21), primary_key=True),
    Column("user_id", String(21), nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Index("trash_by_hash", "user_id", "source_hash"),
)

# Requests per key in the newest window of each tier: used only where processes share a database.
rate_counts = Table(
    "rate_counts",
    metadata,
    Column("key_id", String(21), primary_key=True),
    Column("tier", String(16), primary_key=True),
    Column("window_number", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
)
# A count is worth no write to the disk: after a crash of the database the windows begin anew.
_unlogged = DDL("ALTER TABLE rate_counts SET UNLOGGED")  # type: ignore[no-untyped-call]  # not annotated by SQLAlchemy
event.listen(rate_counts, "after_create", _unlogged.execute_if(dialect="postgresql"))

# Images that came, by day since the epoch (UTC): what is deleted afterwards was uploaded all the same.
image_uploads = Table(
    "image_uploads",
    metadata,
    Column("user_id", String(21), primary_key=True),
    Column("day", BigInteger, primary_key=True),
    Column("used", BigInteger, nullable=False),
)

_UPLOADS_SO_FAR = """
INSERT INTO image_uploads (user_id, day, used)
SELECT user_id, created_at / 86400000, COUNT(*) FROM media WHERE type = 'image' GROUP BY user_id, created_at / 86400000
"""
_NEWEST_STAMPS = """
UPDATE users SET stamp_ms = COALESCE((SELECT MAX(updated_at) FROM (
    SELECT user_id, updated_at FROM docs
    UNION ALL SELECT user_id, updated_at FROM media
    UNION ALL SELECT user_id, updated_at FROM tombstones
) AS written WHERE written.user_id = users.id), 0)
"""


def create(connection: Connection) -> None:
    """Make the tables that are missing, and the columns that an older version's tables lack.

    Call it in one transaction: the newest tables mark a schema that lacks nothing.
    """
    found = inspect(connection)
    counts_uploads = found.has_table(image_uploads.name)
    if counts_uploads and all(found.has_table(table.name) for table in (rate_counts, trash)):
        return
    metadata.create_all(connection)
    known = {column["name"] for column in inspect(connection).get_columns("users")}
    if users.c.stamp_ms.name not in known:
        connection.execute(text("ALTER TABLE users ADD COLUMN stamp_ms BIGINT NOT NULL DEFAULT 0"))
        connection.execute(text(_NEWEST_STAMPS))
    if not counts_uploads:
        connection.execute(text(_UPLOADS_SO_FAR))
