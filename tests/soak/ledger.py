"""What happened in the account, change by change: the server's database writes it down, in the same transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.soak.world import SECRET

_BUSY_S = 30.0
_LOG = """
CREATE TABLE soak_log (number INTEGER PRIMARY KEY, id TEXT, sha256 TEXT, title TEXT, public INTEGER, alive INTEGER);
"""
_TRIGGERS = """
CREATE TRIGGER soak_{table}_made AFTER INSERT ON {table} BEGIN
  INSERT INTO soak_log (id, sha256, title, public, alive) VALUES (NEW.id, {sha256}, NEW.title, NEW.public, 1);
END;
CREATE TRIGGER soak_{table}_changed AFTER UPDATE ON {table} BEGIN
  INSERT INTO soak_log (id, sha256, title, public, alive) VALUES (NEW.id, {sha256}, NEW.title, NEW.public, 1);
END;
CREATE TRIGGER soak_{table}_gone AFTER DELETE ON {table} BEGIN
  INSERT INTO soak_log (id, alive) VALUES (OLD.id, 0);
END;
"""
_SHA256 = {"docs": "NULL", "media": "NEW.content_hash"}
"""Documents cannot be there twice."""


class Ledger:
    """Follows every change since :meth:`open`, however short it lasted and whoever was killed meanwhile."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._audio: dict[str, str] = {}
        self.changes = 0

    def open(self) -> None:
        """From now on all is written down; the server has made its tables."""
        with closing(self._connect()) as connection:
            script = _LOG + "".join(_TRIGGERS.format(table=table, sha256=sha256) for table, sha256 in _SHA256.items())
            connection.executescript(f"BEGIN IMMEDIATE; {script} COMMIT;")

    def wrongs(self) -> list[str]:
        """What was secret and public, or audio that was there twice, since this was last asked."""
        with closing(self._connect()) as connection:
            rows = connection.execute(
                "SELECT id, sha256, title, public, alive FROM soak_log WHERE number > ? ORDER BY number",
                (self.changes,),
            ).fetchall()
        self.changes += len(rows)
        return sorted({wrong for row in rows for wrong in self._follow(*row)})

    def _follow(self, object_id: str, sha256: str | None, title: str | None, public: int, alive: int) -> Iterator[str]:
        if not alive:
            self._audio.pop(object_id, None)
            return
        if public and (title or "").startswith(SECRET):
            yield f"{object_id} “{title}” was public"
        if sha256 is not None and object_id not in self._audio:
            twins = [other for other, held in self._audio.items() if held == sha256]
            yield from (f"{object_id} was stored although {other} held the same" for other in twins)
            self._audio[object_id] = sha256

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._database, timeout=_BUSY_S, isolation_level=None)
