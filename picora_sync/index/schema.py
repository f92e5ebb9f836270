"""Tables and numbered migrations. A migration and its version mark share one transaction (design §4, lesson 18)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from picora_sync.errors import IndexDamaged
from picora_sync.index.states_schema import STATES

# Paths are BLOBs: a POSIX name is bytes, and need not be UTF-8.
_V1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE folder (
  name TEXT PRIMARY KEY,
  root BLOB NOT NULL,
  root_id TEXT,                     -- what .picora-sync/folder holds; NULL on a read-only root
  scanned_at REAL                   -- wall clock of the last complete scan; NULL before the first
) WITHOUT ROWID;

CREATE TABLE file (                 -- files as last seen
  folder TEXT NOT NULL,
  path BLOB NOT NULL,
  standing TEXT NOT NULL,           -- present, missing, unknown, ignored
  size_bytes INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER, device INTEGER,
  hashed_at REAL,                   -- wall clock when the bytes were read
  ignored_why TEXT,
  file_sha256 TEXT,
  kind TEXT,                        -- from here on: what it wants to be; NULL if it could not be derived
  sha256 TEXT, sent_bytes INTEGER, filename TEXT, title TEXT, tags TEXT,
  public INTEGER, rewrite_images INTEGER, embeds INTEGER, selected INTEGER,
  PRIMARY KEY (folder, path)
) WITHOUT ROWID;
CREATE INDEX file_by_content ON file (sha256, kind) WHERE sha256 IS NOT NULL;

CREATE TABLE dependency (           -- names that were looked up while a note was derived
  folder TEXT NOT NULL, path BLOB NOT NULL, name BLOB NOT NULL,
  target BLOB, size_bytes INTEGER, mtime_ns INTEGER,
  PRIMARY KEY (folder, path, name)
) WITHOUT ROWID;
CREATE INDEX dependency_by_name ON dependency (name);

CREATE TABLE problem (              -- what a person should know; a blocking one keeps the file from being sent
  folder TEXT NOT NULL, path BLOB NOT NULL, code TEXT NOT NULL,
  message TEXT NOT NULL, hint TEXT NOT NULL, blocking INTEGER NOT NULL,
  origin TEXT NOT NULL,             -- file: its content; scan, gap: its place; remote: an answer
  PRIMARY KEY (folder, path, code)
) WITHOUT ROWID;

CREATE TABLE object (               -- objects as the server last confirmed them
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL, url TEXT NOT NULL, title TEXT NOT NULL, tags TEXT NOT NULL,
  public INTEGER,                   -- NULL: unknown until a GET says so
  size_bytes INTEGER NOT NULL, created_at TEXT NOT NULL, sha256 TEXT,
  ours INTEGER NOT NULL, rewritten INTEGER NOT NULL,
  thumbnail_url TEXT, duration_s REAL,
  doomed INTEGER NOT NULL DEFAULT 0, -- a DELETE was sent and not confirmed: nothing is bound to it
  unbound_at REAL, unbound_reason TEXT, unbound_folder TEXT, unbound_path BLOB
) WITHOUT ROWID;
CREATE INDEX object_by_content ON object (sha256, kind) WHERE sha256 IS NOT NULL;
CREATE INDEX object_unbound ON object (unbound_at) WHERE unbound_at IS NOT NULL;

CREATE TABLE binding (
  folder TEXT NOT NULL, path BLOB NOT NULL, object_id TEXT NOT NULL REFERENCES object (id),
  bound_at REAL NOT NULL,
  PRIMARY KEY (folder, path)
) WITHOUT ROWID;
CREATE INDEX binding_by_object ON binding (object_id);

CREATE TABLE intent (               -- a POST that was, or may have been, sent (design §7)
  kind TEXT NOT NULL, sha256 TEXT NOT NULL,
  folder TEXT NOT NULL, path BLOB NOT NULL,
  size_bytes INTEGER NOT NULL, filename TEXT NOT NULL, title TEXT NOT NULL, public INTEGER NOT NULL,
  rewrite_images INTEGER NOT NULL,
  body TEXT,                        -- what was sent of a note: sending it again tells what became of it
  opened_at REAL NOT NULL, sends INTEGER NOT NULL,
  PRIMARY KEY (kind, sha256)
) WITHOUT ROWID;

CREATE TABLE hold (                 -- removals that wait for a person
  folder TEXT NOT NULL, path BLOB NOT NULL, why TEXT NOT NULL, held_at REAL NOT NULL,
  approved INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (folder, path)
) WITHOUT ROWID;

CREATE TABLE removal (folder TEXT NOT NULL, path BLOB NOT NULL, removed_at REAL NOT NULL);
CREATE INDEX removal_by_time ON removal (folder, removed_at);

CREATE TABLE history (              -- which object a file had when, for those who pinned its URL
  folder TEXT NOT NULL, path BLOB NOT NULL, at REAL NOT NULL, event TEXT NOT NULL,
  object_id TEXT NOT NULL, url TEXT NOT NULL
);
CREATE INDEX history_by_file ON history (folder, path, at);
"""

# An intent's opened_at is the server's time from here on; replaces is what its file was bound to then.
_V2 = """
ALTER TABLE intent ADD COLUMN replaces TEXT;

CREATE TABLE twin_watch (           -- audio uploads that were given up and may still arrive; times of the server
  sha256 TEXT PRIMARY KEY,
  folder TEXT NOT NULL, path BLOB NOT NULL,
  size_bytes INTEGER NOT NULL, title TEXT NOT NULL,
  made_since REAL NOT NULL, made_until REAL NOT NULL, until REAL NOT NULL
) WITHOUT ROWID;
"""

# They are asked for in each turn of the loop, and are few or none.
_V3 = "CREATE INDEX object_doomed ON object (doomed) WHERE doomed = 1;"

# A note that was renamed and edited is known by its inode alone.
_V4 = "CREATE INDEX file_by_inode ON file (inode) WHERE inode IS NOT NULL;"

# A note that was renamed and edited is known by when it was made, or by its text. NULL: not told, or not known yet.
_V5 = """
ALTER TABLE file ADD COLUMN born_ns INTEGER;
ALTER TABLE file ADD COLUMN sketch BLOB;
CREATE INDEX file_missing ON file (folder, path) WHERE standing = 'missing';

-- A removal that is held ends with the binding that it was to end. (A new binding in the place of an old one is none.)
DELETE FROM hold WHERE (folder, path) NOT IN (SELECT folder, path FROM binding);
CREATE TRIGGER hold_ends AFTER DELETE ON binding
BEGIN DELETE FROM hold WHERE folder = old.folder AND path = old.path; END;
"""

# What Picora did not delete, and why; what was remarked on files that are gone said the same.
_V6 = """
CREATE TABLE undeleted (
  object_id TEXT PRIMARY KEY,
  code TEXT NOT NULL, message TEXT NOT NULL, hint TEXT NOT NULL,
  since REAL NOT NULL               -- wall clock of the first refusal
) WITHOUT ROWID;
DELETE FROM problem WHERE origin = 'remote' AND blocking = 0 AND NOT EXISTS (
  SELECT 1 FROM file WHERE file.folder = problem.folder AND file.path = problem.path);
"""

# A new file may be a known one that went away untold, and was saved anew: its name is the last part of its path.
_V7 = "CREATE INDEX file_by_name ON file (replace(path, rtrim(path, replace(path, '/', '')), ''));"

# An object is known by kind and id: a server may give one id to a document and to audio. What a file had that is known
# no more is of the kind that its name says. What may still arrive is of a kind, too.
_V9 = """
PRAGMA defer_foreign_keys = ON;
UPDATE history SET object_id = coalesce(
  (SELECT kind FROM object WHERE id = history.object_id),
  CASE WHEN lower(CAST(path AS TEXT)) LIKE '%.md' OR lower(CAST(path AS TEXT)) LIKE '%.markdown'
    THEN 'doc' ELSE 'audio' END
) || ':' || object_id;
UPDATE intent SET replaces = kind || ':' || replaces;
UPDATE undeleted SET object_id = (SELECT kind FROM object WHERE id = undeleted.object_id) || ':' || object_id
  WHERE object_id IN (SELECT id FROM object);
UPDATE object SET id = kind || ':' || id;
UPDATE binding SET object_id =        -- after the objects: it is written down at once how these files stand
  (SELECT id FROM object WHERE id IN ('doc:' || binding.object_id, 'audio:' || binding.object_id));

ALTER TABLE twin_watch RENAME TO twin_watch_by_content;
CREATE TABLE twin_watch (           -- uploads that were given up and may still arrive; times of the server
  kind TEXT NOT NULL, sha256 TEXT NOT NULL,
  folder TEXT NOT NULL, path BLOB NOT NULL,
  size_bytes INTEGER NOT NULL, title TEXT NOT NULL,
  made_since REAL NOT NULL, made_until REAL NOT NULL, until REAL NOT NULL,
  PRIMARY KEY (kind, sha256)
) WITHOUT ROWID;
INSERT INTO twin_watch SELECT
  CASE WHEN lower(CAST(path AS TEXT)) LIKE '%.md' OR lower(CAST(path AS TEXT)) LIKE '%.markdown'
    THEN 'doc' ELSE 'audio' END,
  sha256, folder, path, size_bytes, title, made_since, made_until, until FROM twin_watch_by_content;
DROP TABLE twin_watch_by_content;
"""

# What everybody can read is counted for each `status`: mostly it is little.
_V10 = "CREATE INDEX object_public ON object (id) WHERE public IS NOT 0;"

MIGRATIONS = (_V1, _V2, _V3, _V4, _V5, _V6, _V7, STATES, _V9, _V10)
"""Each brings the schema one version further. What was released is never changed, only added to."""


def version_of(connection: sqlite3.Connection) -> int:
    """Which version a database is of; 0 if nothing is in it yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(
    connection: sqlite3.Connection,
    migrations: Sequence[str] = MIGRATIONS,
    back_up: Callable[[int], None] = lambda _: None,
) -> None:
    """Bring the schema to the newest version. ``back_up`` is called with the old version before anything is changed in
    a database that holds something.

    Raises IndexDamaged for an index of a newer picora-sync; what a migration raises leaves the version before it.
    """
    version, newest = version_of(connection), len(migrations)
    if version > newest:
        raise IndexDamaged(
            f"the index has version {version}, this picora-sync knows only {newest}",
            hint="install the newer picora-sync that wrote it, or choose another state_dir",
        )
    if 0 < version < newest:
        back_up(version)
    for number in range(version, newest):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{migrations[number]}\nPRAGMA user_version = {number + 1};\nCOMMIT;"
            )
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
