"""What each request asks of the database: every statement, and one transaction at most; counted by SQLite itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from picora_sync.server.app import create_app
from picora_sync.server.library.documents import page_statement
from picora_sync.server.settings import ServerSettings
from tests.contract import samples

KEY = "sk_live_" + "s" * 32
TEXT = "# One\n\nSome words.\n"
Act = Callable[[httpx.Client, str], httpx.Response]


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Every statement that SQLite was told, of connections that are made meanwhile; not what it tells itself."""
    statements: list[str] = []

    def hear(statement: str) -> None:
        own = statement.startswith("-- ") or "name_index_" in statement or "data_version" in statement
        again = statement.startswith("INSERT") and statements[-1:] == [statement]  # said anew after each trigger
        if not own and not again:
            statements.append(statement)

    def listen(connection: object, _: object) -> None:
        connection.set_trace_callback(hear)  # type: ignore[attr-defined]  # sqlite3's

    event.listen(Pool, "connect", listen)
    yield statements
    event.remove(Pool, "connect", listen)


def upload(client: httpx.Client, content: str, **fields: object) -> httpx.Response:
    return client.post("/v1/docs", json={"filename": "a.md", "content": content, **fields})


def upload_image(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/images", files={"file": ("a.png", samples.png(b"new"), "image/png")})


def upload_audio(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/audio", files={"file": ("a.mp3", samples.mp3(), "audio/mpeg")})


# The key is looked up when a request comes, and again when its body is there (decision 0155).
REQUESTS: dict[str, tuple[Act, list[str]]] = {
    "document": (
        lambda client, _: upload(client, "# Two\n", tags=["a", "b"]),
        ["key", "key", "standing", "BEGIN", "UPDATE users", "INSERT INTO docs", "tag", "tag", "COMMIT"],
    ),
    "document without tags": (
        lambda client, _: upload(client, "# Two\n"),
        ["key", "key", "standing", "BEGIN", "UPDATE users", "INSERT INTO docs", "COMMIT"],
    ),
    "document that is known": (lambda client, _: upload(client, TEXT), ["key", "key", "standing"]),
    "image": (
        lambda client, _: upload_image(client),
        [
            "key",
            "key",
            "image",
            "used",
            "BEGIN",
            "UPDATE users",
            "INSERT INTO image_uploads",
            "INSERT INTO media",
            "COMMIT",
        ],
    ),
    "audio": (
        lambda client, _: upload_audio(client),
        ["key", "key", "used", "BEGIN", "UPDATE users", "INSERT INTO media", "COMMIT"],
    ),
    "metadata": (lambda client, doc: client.get(f"/v1/docs/{doc}"), ["key", "docs"]),
    "raw": (lambda client, doc: client.get(f"/v1/docs/{doc}/raw"), ["key", "docs"]),
    "raw, anonymous": (
        lambda client, doc: client.get(f"/v1/docs/{doc}/raw", headers={"Authorization": ""}),
        ["docs"],
    ),
    "list": (lambda client, _: client.get("/v1/docs"), ["key", "docs"]),
    "list of names": (lambda client, _: client.get("/v1/docs?q=one"), ["key", "known", "names", "docs"]),
    "list of short names": (lambda client, _: client.get("/v1/docs?q=on"), ["key", "known", "docs"]),
    "verify": (lambda client, _: client.get("/v1/auth/verify"), ["key"]),
    "media": (lambda client, _: client.get("/v1/media"), ["key", "media"]),
    "sync state": (lambda client, _: client.get("/v1/sync/state"), ["key", "media"]),
}
MARKS = {
    "key": "FROM keys JOIN users",
    "standing": "FROM users LEFT OUTER JOIN docs",
    "tag": "INSERT INTO tags",
    "uploads": "INSERT INTO image_uploads",
    "used": "AS used",
    "image": "FROM media",
    "media": "FROM media",
    "docs": "FROM docs",
    "known": "FROM sqlite_master",  # once in a process
    "names": "name_index MATCH",
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_asks_no_more_than_it_must(name: str, tmp_path: Path, said: list[str]) -> None:
    app = create_app(ServerSettings(data=tmp_path / "data", key=KEY, rate_limits=False))
    headers = {"Authorization": f"Bearer {KEY}"}
    act, expected = REQUESTS[name]
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://testserver", headers=headers) as client:
        doc = upload(client, TEXT, isPublic=True).json()["data"]["id"]
        said.clear()
        assert act(client, doc).is_success
    app.close()
    assert len(said) == len(expected), said
    for statement, mark in zip(said, expected, strict=True):
        assert MARKS.get(mark, mark) in statement


def test_statements_for_many_tags_are_not_kept(tmp_path: Path) -> None:
    app = create_app(ServerSettings(data=tmp_path / "data", key=KEY, rate_limits=False))
    headers = {"Authorization": f"Bearer {KEY}"}
    page_statement.cache_clear()
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://testserver", headers=headers) as client:
        for count in (1, 10, 11, 500):
            asked = {"tag": ",".join(f"t{number}" for number in range(count))}
            assert client.get("/v1/docs", params=asked).json()["data"]["items"] == []
    app.close()
    assert page_statement.cache_info().currsize == 2
