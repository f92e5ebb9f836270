"""An index of titles and filenames by three characters each: ``q`` finds few among many without reading them all.

SQLite has an FTS5 table, which triggers keep: a program that does not know of it keeps it, too. PostgreSQL has pg_trgm,
which its planner uses for LIKE by itself. Where neither is to be had, every name of the account is read.
"""

from __future__ import annotations

import json
import logging

from sqlalchemy import Connection, Integer, String, Table, TextClause, text
from sqlalchemy.exc import DBAPIError, OperationalError

from picora_sync.server.store.prepared import Line, Prepared

_LOG = logging.getLogger(__name__)
_LEAST = 3  # characters that the index knows of
_ASKED = 10  # more of a needle would hardly find fewer
# More than these are found sooner by reading names in the order of the list, until a page is full.
_MOST = 500

# A name of media is title and filename; what begins in one and ends in the other is sorted out by LIKE.
_TABLES = """
DROP TABLE IF EXISTS name_index;
DROP TABLE IF EXISTS names;
CREATE TABLE names (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, object_id VARCHAR(21) NOT NULL, text TEXT NOT NULL,
    UNIQUE (object_id, kind)
);
CREATE VIRTUAL TABLE name_index
    USING fts5(text, content='names', content_rowid='number', tokenize='trigram case_sensitive 1');
INSERT INTO names (kind, object_id, text) SELECT 'docs', id, title_folded FROM docs;
INSERT INTO names (kind, object_id, text)
    SELECT 'media', id, title_folded || char(10) || filename_folded FROM media;
INSERT INTO name_index (name_index) VALUES ('rebuild');
"""
_TRIGGERS = {
    "names_learn": """AFTER INSERT ON names BEGIN
        INSERT INTO name_index (rowid, text) VALUES (new.number, new.text);
    END""",
    "names_forget": """AFTER DELETE ON names BEGIN
        INSERT INTO name_index (name_index, rowid, text) VALUES ('delete', old.number, old.text);
    END""",
    "names_change": """AFTER UPDATE ON names BEGIN
        INSERT INTO name_index (name_index, rowid, text) VALUES ('delete', old.number, old.text);
        INSERT INTO name_index (rowid, text) VALUES (new.number, new.text);
    END""",
    "docs_named": """AFTER INSERT ON docs BEGIN
        INSERT INTO names (kind, object_id, text) VALUES ('docs', new.id, new.title_folded);
    END""",
    "docs_renamed": """AFTER UPDATE OF title_folded ON docs BEGIN
        UPDATE names SET text = new.title_folded WHERE object_id = new.id AND kind = 'docs';
    END""",
    "docs_unnamed": "AFTER DELETE ON docs BEGIN DELETE FROM names WHERE object_id = old.id AND kind = 'docs'; END",
    "media_named": """AFTER INSERT ON media BEGIN
        INSERT INTO names (kind, object_id, text)
            VALUES ('media', new.id, new.title_folded || char(10) || new.filename_folded);
    END""",
    "media_renamed": """AFTER UPDATE OF title_folded ON media BEGIN
        UPDATE names SET text = new.title_folded || char(10) || new.filename_folded
            WHERE object_id = new.id AND kind = 'media';
    END""",
    "media_unnamed": "AFTER DELETE ON media BEGIN DELETE FROM names WHERE object_id = old.id AND kind = 'media'; END",
}

_HAS_INDEX = Prepared(
    text("SELECT COUNT(*) AS found FROM sqlite_master WHERE type = 'trigger' AND name = :name").columns(found=Integer)
)
_MATCH = Prepared(
    text("""SELECT names.object_id AS id FROM name_index JOIN names ON names.number = name_index.rowid
        WHERE name_index MATCH :match LIMIT :most""").columns(id=String)
)
# A concatenation, so that SQLite begins with the rows that were found and not with all of the user's.
_FOUND = "{table}.user_id || '' = :user AND {table}.id IN (SELECT value FROM json_each(:found))"

# On PostgreSQL.
_COLUMNS = {"docs": ("title_folded",), "media": ("title_folded", "filename_folded")}
_INDEXED = text("SELECT COUNT(*) FROM pg_indexes WHERE schemaname = current_schema() AND indexname = :name")
_HOME = text(
    "SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_trgm'"
)


class Names:
    """Asks the index, where there is one of SQLite's and it helps."""

    def __init__(self, *, sqlite: bool) -> None:
        self._has_index = None if sqlite else False

    def find(self, line: Line, needle: str) -> str | None:
        """Ids of few rows whose names may hold the text, for :func:`found`; None: the names are to be read."""
        if self._has_index is None:
            has = line.first(_HAS_INDEX, {"name": next(iter(_TRIGGERS))})
            self._has_index = has is not None and has["found"] > 0
        folded = needle.casefold()[:_ASKED]
        if not self._has_index or len(folded) < _LEAST:
            return None
        match = '"' + folded.replace('"', '""') + '"'
        ids = [row["id"] for row in line.all(_MATCH, {"match": match, "most": _MOST + 1})]
        return json.dumps(ids) if len(ids) <= _MOST else None


def found(table: Table) -> TextClause:
    """Rows of ``user`` among those that were ``found``."""
    return text(_FOUND.format(table=table.name))


def create(connection: Connection) -> None:
    """Make the index of what is stored, if it is missing and can be; in the transaction of the schema."""
    if connection.dialect.name == "sqlite":
        _create_in_sqlite(connection)
    else:
        _create_in_postgres(connection)


def _create_in_sqlite(connection: Connection) -> None:
    there = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
    complete = there >= _TRIGGERS.keys()
    try:
        if complete:
            connection.execute(text("SELECT 1 FROM name_index LIMIT 0"))
            return
        for statement in _TABLES.strip().split(";\n"):
            connection.execute(text(statement.rstrip(";")))
    except OperationalError as error:  # a SQLite without FTS5, or older than its trigrams
        _LOG.info("Names are searched without an index: %s", error.orig)
        for trigger in there & _TRIGGERS.keys():  # of a program that had it: the next such one begins anew
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        return
    for trigger, action in _TRIGGERS.items():
        connection.execute(text(f"CREATE TRIGGER {trigger} {action}"))


def _create_in_postgres(connection: Connection) -> None:
    missing = [table for table in _COLUMNS if not connection.scalar(_INDEXED, {"name": f"{table}_by_name"})]
    try:
        with connection.begin_nested():
            for table in missing:
                connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
                home = connection.dialect.identifier_preparer.quote(connection.scalar(_HOME))
                columns = ", ".join(f"{column} {home}.gin_trgm_ops" for column in _COLUMNS[table])
                connection.execute(text(f"CREATE INDEX {table}_by_name ON {table} USING gin ({columns})"))
    except DBAPIError as error:  # the extension is not installed, or this user may not add it
        _LOG.info("Names are searched without an index: %s", error.orig)
