"""What ``q`` finds, by the index of names and without it: names that hold the text, folded (contract §15 #31)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, text
from sqlalchemy.pool import Pool

from picora_sync.server.library.documents import DocFilter, Documents
from picora_sync.server.library.media import Media, MediaFilter
from picora_sync.server.library.trash import Trash
from picora_sync.server.store.clock import Stamps
from picora_sync.server.store.database import Database
from picora_sync.server.store.schema import docs, media, users

LETTERS = "aAbBcß\u017fİiéE\u0301中文%_\\\"'*^()-: \n\t1😀"
TITLES = st.text(LETTERS, min_size=1, max_size=12)
NEEDLES = st.text(LETTERS, min_size=1, max_size=6)
UNUSED = cast("Any", None)
STAMPS = Stamps(lambda: 1.0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path / 'picora.db'}")) as made:
        made.create()
        with made.write() as connection:
            for user in ("u", "v"):
                connection.execute(insert(users).values(id=user, plan="pro", created_at=0))
        yield made


def fill(database: Database, titles: list[str], user: str = "u") -> None:
    """Documents d0, d1, … with these titles, and images i0, i1, … with these titles and the first one as filename."""
    row: dict[str, object] = {"user_id": user, "size_bytes": 1, "public": True, "tags": "[]"}
    document = row | {"stored_hash": "", "filename": "a.md", "word_count": 1, "image_count": 0, "rewritten_count": 0}
    image = row | {"type": "audio", "mime": "audio/mpeg", "ext": "mp3", "source_hash": "", "content_hash": ""}
    with database.write() as connection:
        for number, title in enumerate(titles):
            named = {"title": title, "title_folded": title.casefold(), "created_at": number, "updated_at": number}
            connection.execute(
                insert(docs), document | named | {"id": f"{user}d{number}", "source_hash": f"{user}{number}"}
            )
            name = {"filename": titles[0], "filename_folded": titles[0].casefold()}
            connection.execute(insert(media), image | named | name | {"id": f"{user}i{number}"})


def empty(database: Database) -> None:
    with database.write() as connection:
        connection.execute(docs.delete())
        connection.execute(media.delete())


def found(database: Database, needle: str, limit: int = 50) -> tuple[list[str], list[str]]:
    """Ids of documents and of media of user u, newest first."""
    documents = Documents(database, UNUSED, STAMPS, UNUSED, Trash())
    library = Media(database, UNUSED, UNUSED, STAMPS)
    page = documents.page("u", DocFilter(needle), "created_desc", None, limit)
    other = library.page("u", MediaFilter(needle=needle), None, limit)
    return [row["id"] for row in page.rows], [row["id"] for row in other.rows]


def expected(titles: list[str], needle: str) -> tuple[list[str], list[str]]:
    wanted = needle.casefold()
    by_title = [number for number, title in enumerate(titles) if wanted in title.casefold()]
    by_either = range(len(titles)) if wanted in titles[0].casefold() else by_title
    return [f"ud{number}" for number in reversed(by_title)], [f"ui{number}" for number in reversed(by_either)]


@pytest.mark.parametrize("index", [True, False], ids=["index", "no index"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(titles=st.lists(TITLES, min_size=1, max_size=6), needle=NEEDLES, part=st.booleans(), chance=st.randoms())
def test_names_that_hold_the_text_are_found_and_no_others(
    database: Database, index: bool, titles: list[str], needle: str, part: bool, chance: Any
) -> None:
    if part:
        title = chance.choice(titles)
        start = chance.randrange(len(title))
        needle = title[start : start + chance.randint(1, len(title))]
    if not index:
        hide_index(database)
    empty(database)
    fill(database, titles)
    fill(database, titles, user="v")
    assert found(database, needle) == expected(titles, needle)


@pytest.mark.parametrize("change", ["UPDATE docs SET title_folded = 'new words'", "DELETE FROM docs WHERE id = 'ud0'"])
def test_the_index_follows_changes(database: Database, change: str) -> None:
    fill(database, ["old words"])
    with database.write() as connection:
        connection.execute(text(change))
    assert found(database, "old w")[0] == []
    assert found(database, "new w")[0] == (["ud0"] if "UPDATE" in change else [])


def test_few_rows_come_from_the_index_and_many_from_the_list_itself(database: Database) -> None:
    fill(database, [f"common {number}" for number in range(600)])
    said: list[str] = []

    def listen(connection: Any, _: object) -> None:
        connection.set_trace_callback(said.append)

    event.listen(Pool, "connect", listen)
    with closing(Database(database_url(database))) as traced:
        assert found(traced, "common", limit=2)[0] == ["ud599", "ud598"]
        assert found(traced, "common 59", limit=3)[0] == ["ud599", "ud598", "ud597"]
    event.remove(Pool, "connect", listen)
    pages = [statement for statement in said if "FROM docs" in statement]
    assert ["json_each" in page for page in pages] == [False, True]


def test_names_of_an_older_library_are_indexed_by_the_next_start(database: Database) -> None:
    hide_index(database)
    with database.write() as connection:
        for name in ("name_index", "names"):
            connection.execute(text(f"DROP TABLE {name}"))
    fill(database, ["words of old", "others"])
    for _ in range(2):
        database.create()
        assert found(database, "ords o") == (["ud0"], ["ui1", "ui0"])
    with database.read() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM name_index WHERE name_index MATCH '\"ords o\"'")) == 3


def test_a_database_that_cannot_index_is_read_instead(database: Database) -> None:
    with database.write() as connection:  # as if SQLite had no such tables: this one cannot be made or read
        connection.execute(text("DROP TABLE name_index"))
        connection.execute(text("CREATE VIEW name_index AS SELECT * FROM nowhere"))
    database.create()
    fill(database, ["words"])
    assert found(database, "words")[0] == ["ud0"]
    with database.write() as connection:
        connection.execute(text("DROP VIEW name_index"))
    database.create()
    assert found(database, "words")[0] == ["ud0"]
    with database.read() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM name_index")) == 2


def hide_index(database: Database) -> None:
    """Leave the library without what keeps its index."""
    with database.write() as connection:
        for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))


def database_url(database: Database) -> str:
    with database.read() as connection:
        return str(connection.engine.url)
