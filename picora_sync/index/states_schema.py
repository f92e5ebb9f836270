"""How each file stands, written down by triggers in the transaction that changes what it depends on (decision 0281)."""

from __future__ import annotations

from collections.abc import Iterator

_TABLES = """
CREATE TABLE file_state (           -- never written but by the triggers below: what file_now says of each file
  folder TEXT NOT NULL, path BLOB NOT NULL,
  state TEXT NOT NULL,              -- of FileState: what can be told without the process that works on it; or gone
  object_id TEXT,                   -- what it is bound to
  remark TEXT,                      -- what blocks it
  public INTEGER,                   -- whether everybody can read that object, as far as was ever known
  opened INTEGER NOT NULL,          -- number of the change with which everybody could
  change INTEGER NOT NULL,          -- number of the last change of these
  PRIMARY KEY (folder, path)
) WITHOUT ROWID;
CREATE INDEX file_state_change ON file_state (change);
CREATE INDEX file_state_open ON file_state (folder, path) WHERE state NOT IN ('synced', 'ignored', 'gone');

CREATE TABLE state_count (folder TEXT NOT NULL, state TEXT NOT NULL, files INTEGER NOT NULL,
  PRIMARY KEY (folder, state)) WITHOUT ROWID;

CREATE TABLE last_change (number INTEGER NOT NULL);
INSERT INTO last_change VALUES (0);

-- A shared object may carry another file's title, or be private for it (design §4 "Shared objects").
CREATE VIEW file_now AS
SELECT f.folder AS folder, f.path AS path, CASE
  WHEN EXISTS (SELECT 1 FROM hold h WHERE h.folder = f.folder AND h.path = f.path AND h.approved = 0) THEN 'held'
  WHEN p.code IS NOT NULL THEN 'blocked'
  WHEN f.standing = 'missing' THEN 'settling'
  WHEN f.standing = 'ignored' OR (f.sha256 IS NOT NULL AND f.selected = 0) THEN 'ignored'
  WHEN f.sha256 IS NULL OR o.public IS NULL OR o.sha256 IS NOT f.sha256 THEN 'queued'
  WHEN EXISTS (SELECT 1 FROM binding s WHERE s.object_id = o.id AND (s.folder, s.path) <> (f.folder, f.path))
    THEN iif(f.public = 1 OR o.public = 0, 'synced', 'queued')
  WHEN o.public = f.public AND o.title = f.title AND (o.kind = 'audio' OR o.tags = f.tags) THEN 'synced'
  ELSE 'queued' END AS state, b.object_id AS object_id, p.message AS remark,
  iif(b.object_id IS NULL, 0, o.public) AS public
FROM file f
  LEFT JOIN binding b ON b.folder = f.folder AND b.path = f.path
  LEFT JOIN object o ON o.id = b.object_id
  LEFT JOIN problem p ON p.folder = f.folder AND p.path = f.path AND p.blocking = 1;

CREATE TRIGGER file_state_made AFTER INSERT ON file_state BEGIN
  INSERT INTO state_count VALUES (new.folder, new.state, 1) ON CONFLICT DO UPDATE SET files = files + 1; END;
CREATE TRIGGER file_state_changed AFTER UPDATE OF state ON file_state BEGIN
  UPDATE state_count SET files = files - 1 WHERE folder = old.folder AND state = old.state;
  INSERT INTO state_count VALUES (new.folder, new.state, 1) ON CONFLICT DO UPDATE SET files = files + 1; END;
CREATE TRIGGER file_state_gone AFTER DELETE ON file_state BEGIN
  UPDATE state_count SET files = files - 1 WHERE folder = old.folder AND state = old.state; END;
"""

_NEXT = "UPDATE last_change SET number = number + 1;"
_NUMBER = "(SELECT number FROM last_change)"
_DIFFERENT = """
    ON CONFLICT (folder, path) DO UPDATE SET state = excluded.state, object_id = excluded.object_id,
    remark = excluded.remark, public = coalesce(excluded.public, file_state.public),
    opened = iif(excluded.public = 1 AND file_state.public IS NOT 1, excluded.change, file_state.opened),
    change = excluded.change
    WHERE (file_state.state, file_state.object_id, file_state.remark, file_state.public)
    IS NOT (excluded.state, excluded.object_id, excluded.remark, coalesce(excluded.public, file_state.public));"""
# One row, in a form for which SQLite makes no table in memory: this is part of each change of a file.
_ONE = f"""{_NEXT}
  INSERT INTO file_state VALUES ({{row}}.folder, {{row}}.path,
    (SELECT state FROM file_now WHERE folder = {{row}}.folder AND path = {{row}}.path),
    (SELECT object_id FROM binding WHERE folder = {{row}}.folder AND path = {{row}}.path),
    (SELECT message FROM problem WHERE folder = {{row}}.folder AND path = {{row}}.path AND blocking = 1),
    (SELECT iif(count(*) = 0, 0, max(o.public)) FROM binding b JOIN object o ON o.id = b.object_id
      WHERE b.folder = {{row}}.folder AND b.path = {{row}}.path), 0, {_NUMBER}){_DIFFERENT}"""
_BOUND = f"""{_NEXT}
  INSERT INTO file_state SELECT n.folder, n.path, n.state, n.object_id, n.remark, n.public, 0, {_NUMBER}
    FROM file_now n WHERE (n.folder, n.path) IN (SELECT folder, path FROM binding WHERE object_id = {{id}}{{most}})
    {_DIFFERENT}"""
_FORGET = "DELETE FROM file_state WHERE folder = old.folder AND path = old.path;"
_GONE = f"""{_NEXT}
  UPDATE file_state SET state = 'gone', object_id = NULL, remark = NULL, public = 0, change = {_NUMBER}
    WHERE folder = old.folder AND path = old.path;"""
_KNOWN = "EXISTS (SELECT 1 FROM file WHERE folder = {row}.folder AND path = {row}.path)"
_SHARED = """EXISTS (SELECT 1 FROM binding
  WHERE object_id = {row}.object_id AND (folder, path) <> ({row}.folder, {row}.path))"""
_TWO = " LIMIT 2"
"""Whether an object is shared changes for one file besides the one that comes or goes; of three it is shared anyway."""


def _triggers() -> Iterator[str]:
    yield _after("INSERT", "file", _ONE.format(row="new"))
    yield _after("UPDATE", "file", _ONE.format(row="new"), of="standing, sha256, selected, public, title, tags")
    yield _after("UPDATE", "file", f"{_FORGET} {_ONE.format(row='new')}", of="folder, path")
    yield _after("DELETE", "file", _GONE)
    for table in ("hold", "problem", "binding"):
        for event, rows in (("INSERT", ("new",)), ("UPDATE", ("old", "new")), ("DELETE", ("old",))):
            for row in rows:
                act, when = _ONE.format(row=row), _KNOWN.format(row=row)
                yield _after(event, table, act, when=when, name=f"{event}_{row}")
                if table == "binding":
                    act = _BOUND.format(id=f"{row}.object_id", most=_TWO)
                    yield _after(event, table, act, when=_SHARED.format(row=row), name=f"{event}_{row}_shared")
    act = _BOUND.format(id="new.id", most="")
    yield _after("UPDATE", "object", act, of="kind, title, tags, public, sha256")


def _after(event: str, table: str, act: str, *, of: str = "", when: str = "", name: str = "") -> str:
    """A trigger; ``of`` are the columns of which one must have changed."""
    name = f"state_{table}_{name or event}".lower()
    if of:
        columns = of.split(", ")
        old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("old", "new"))
        event, when, name = f"{event} OF {of}", f"({old}) IS NOT ({new})", f"{name}_{columns[0]}"
    when = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} AFTER {event} ON {table}{when} BEGIN {act} END;"


STATES = "\n".join(
    (
        _TABLES,
        *_triggers(),
        "INSERT INTO file_state SELECT folder, path, state, object_id, remark, public, 0, 0 FROM file_now;",
    )
)
"""The migration. What is in the index already is counted with it."""
