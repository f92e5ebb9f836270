"""``check`` finds every way in which rows and bytes can disagree, and nothing in a library that is whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import text

from picora_sync.server.app import create_app
from picora_sync.server.check import CheckReport, check
from picora_sync.server.errors import ServerError
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store.database import Database
from tests.fakes import mortal


@pytest.fixture
def library(tmp_path: Path) -> ServerSettings:
    settings = mortal.settings_of(tmp_path / "data")
    with closing(create_app(settings)) as app, mortal.client_of(app) as client:
        mortal.fill(client)
    return settings


def the_file(settings: ServerSettings, folder: str) -> Path:
    (path,) = (settings.data / "blobs" / folder).iterdir()
    return path


def execute(*statements: str) -> Callable[[ServerSettings], object]:
    def spoil(settings: ServerSettings) -> None:
        with closing(Database.for_settings(settings.data, None)) as database, database.write() as connection:
            for statement in statements:
                connection.execute(text(statement))

    return spoil


def test_a_whole_library_has_no_problem_and_is_counted(library: ServerSettings) -> None:
    report = check(library)
    assert report.problems == ()
    assert (report.users, report.documents, report.media, report.objects) == (1, 2, 2, 4)
    assert report.read_bytes == sum(
        path.stat().st_size for path in (library.data / "blobs").rglob("*") if path.is_file()
    )
    assert report.lines()[-1] == "Everything is as it should be"


_ONE_MORE_LETTER = "UPDATE docs SET inline = CAST(inline || 'A' AS BLOB) WHERE inline IS NOT NULL"
_SHORT = (
    "UPDATE docs SET size_bytes = 5,"
    " stored_hash = 'f9b0078b5df596d2ea19010c001bbd009e651de2c57e8fb7e355f31eb9d3f739' WHERE inline IS NULL"
)
_AGAIN = (
    "DROP INDEX docs_by_hash",
    "UPDATE docs SET source_hash = 'same'",
)
SPOILED: list[tuple[str, str, Callable[[ServerSettings], object]]] = [
    ("audio-gone", "missing", lambda s: the_file(s, "audio").unlink()),
    ("cover-gone", "missing", lambda s: the_file(s, "covers").unlink()),
    ("image-gone", "missing", lambda s: the_file(s, "images").unlink()),
    ("text-gone", "missing", lambda s: the_file(s, "docs").unlink()),
    ("cut-short", "damaged", lambda s: the_file(s, "audio").write_bytes(b"short")),
    ("cover-cut-short", "damaged", lambda s: the_file(s, "covers").write_bytes(b"short")),
    ("flipped", "damaged", lambda s: the_file(s, "docs").write_bytes(mortal.LARGE.encode())),
    ("nobody's", "leftover", lambda s: (s.data / "blobs" / "images" / "nobodys").write_bytes(b"x")),
    ("inline-text-changed", "damaged", execute(_ONE_MORE_LETTER)),
    ("doc-count", "quota", execute("UPDATE users SET doc_count = 7")),
    ("media-bytes", "quota", execute("UPDATE users SET media_bytes = 0")),
    ("img-bytes", "quota", execute("UPDATE users SET img_bytes = -1")),
    ("same-hash", "duplicate", execute(*_AGAIN)),
    ("tag-of-nothing", "tags", execute("INSERT INTO tags VALUES ('u', 'one', 'gone')")),
]


@pytest.mark.parametrize(("kind", "spoil"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED])
def test_each_disagreement_is_found(
    library: ServerSettings, kind: str, spoil: Callable[[ServerSettings], object]
) -> None:
    spoil(library)
    report = check(library)
    assert [problem.kind for problem in report.problems] == [kind], report.lines()
    assert kind in "\n".join(report.lines())


def test_a_short_text_in_the_object_store_is_misplaced(library: ServerSettings) -> None:
    path = the_file(library, "docs")
    path.write_bytes(b"short")
    execute(_SHORT)(library)
    assert [problem.kind for problem in check(library).problems] == ["misplaced"]


def test_a_damaged_database_file_is_found(library: ServerSettings) -> None:
    with closing(Database.for_settings(library.data, None)) as database, database.read() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        page = connection.scalar(text("SELECT rootpage FROM sqlite_master WHERE name = 'docs_by_update'"))
    path = library.data / "picora.db"
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 + 3 : (page - 1) * 4096 + 5] = b"\0\0"  # the page says that it has no entries
    path.write_bytes(content)
    assert "database" in {problem.kind for problem in check(library).problems}


def test_the_report_is_json(library: ServerSettings) -> None:
    the_file(library, "audio").unlink()
    document = json.loads(json.dumps(asdict(check(library))))
    assert document["problems"][0]["kind"] == "missing"


def test_nothing_is_checked_or_made_where_there_is_no_library(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="no library"):
        check(ServerSettings(data=tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_a_report_says_how_many_problems_there_are(library: ServerSettings) -> None:
    the_file(library, "audio").unlink()
    the_file(library, "images").unlink()
    report: CheckReport = check(library)
    assert not report.ok
    assert report.lines()[-1] == "2 problems found"
