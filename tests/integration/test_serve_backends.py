"""``serve --database --storage`` on the command line: what works, and what is refused without telling a secret."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.database import Database
from tests.backends import ACCESS_KEY, BUCKET, GUARDED_PASSWORD, Backends
from tests.contract import samples
from tests.e2e.harness import Server, picora

SECRET = "never-shown"  # noqa: S105 - shown here, but nowhere else
WRONG: dict[str, tuple[list[str], str]] = {
    "no such kind of database": (["--database", f"mysql://u:{SECRET}@host/name"], "There is no support for mysql"),
    "no URL": (["--database", SECRET], "The database URL cannot be read"),
    "a port that is none": (["--database", f"postgresql://u:{SECRET}@host:port/name"], "cannot be read"),
    "a password with @": (["--database", f"postgresql://u:x@{SECRET}@host/name"], "write @ and / in a password as %40"),
    "no database there": (["--database", f"postgresql://u:{SECRET}@127.0.0.1:9/name"], "Connection refused"),
    "an option nobody knows": (
        ["--database", f"postgresql://u@127.0.0.1:9/name?nonsense={SECRET}"],
        'invalid connection option "nonsense"',
    ),
    "no such kind of storage": (["--storage", f"ftp://u:{SECRET}@host/name"], "no support for this kind"),
    "credentials in the URL": (["--storage", f"s3://u:{SECRET}@bucket"], "it needs a bucket and may have"),
    "an unknown option": (["--storage", f"s3://bucket?secret={SECRET}"], "it needs a bucket and may have"),
    "an endpoint that is none": (["--storage", f"s3://bucket?endpoint={SECRET}"], "the endpoint is no URL"),
    "no storage there": (["--storage", "s3://bucket?endpoint=http://127.0.0.1:9"], "error sending request"),
    "a directory that is not mounted": (["--storage", "file:///nowhere/at/all"], "there is no directory"),
    "workers on SQLite": (["--workers", "2"], "2 workers need PostgreSQL"),
    "an address of the network": (["--host", "0.0.0.0"], "allow it with --allow-remote"),  # noqa: S104 - what is refused
    "no public URL": (["--public-url", "picora.example.org"], "no URL that others can be built on"),
}
USAGE = {"workers on SQLite", "an address of the network", "no public URL"}


def refusal(data: Path, *options: str, code: int = 1) -> str:
    """The first of the two lines, and the hint, that a start ends with."""
    ended = picora("serve", "--data", data, "--port", "0", *options)
    said = ended.stdout + ended.stderr
    assert (ended.returncode, ended.stderr.count("\n")) == (code, 2), said
    assert SECRET not in said
    assert "Hint: " in said
    assert ("--allow-remote" in said) == ("0.0.0.0" in options)  # noqa: S104 - what is refused
    return said


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_work_is_refused_in_a_sentence_that_tells_no_secret(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    options, sentence = WRONG[name]
    assert sentence in refusal(tmp_path / "data", *options, code=2 if name in USAGE else 1)


def test_a_wrong_password_and_a_wrong_bucket_are_named_and_not_told(
    both: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = both.storage("wrong")
    guarded = both.guarded("wrong", "ALL").replace("@127", f":{SECRET}@127")
    assert "password authentication failed" in refusal(tmp_path / "a", "--database", guarded)
    assert "NoSuchBucket" in refusal(tmp_path / "b", "--storage", storage.replace(f"//{BUCKET}/", "//nothing/"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert "SignatureDoesNotMatch" in refusal(tmp_path / "c", "--storage", storage)


def test_a_user_who_may_make_no_tables_is_a_sentence(
    both: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", GUARDED_PASSWORD)
    said = refusal(tmp_path / "a", "--database", both.guarded("bare", "USAGE"))
    assert "permission denied for schema bare" in said
    assert GUARDED_PASSWORD not in said


def verify(server: Server, key: str) -> int:
    with server.client(key) as client:
        return client.get("/v1/auth/verify").status_code


def test_keys_and_check_work_on_postgres_and_s3_beside_a_running_server(
    both: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = both.storage("keys")
    monkeypatch.setenv("PGPASSWORD", GUARDED_PASSWORD)
    options = ("--database", both.guarded("keys", "ALL"), "--storage", storage)

    def admin(*arguments: str) -> Any:
        # From elsewhere: the library is in the database and the bucket, not in the data directory.
        return picora("serve", "--data", tmp_path / "elsewhere", *options, *arguments)

    server = Server(tmp_path / "picora", options=(*options, "--workers", "2")).start()
    try:
        key = admin("--add-key", "--scope", "read").stdout.strip()
        assert verify(server, key) == 200
        assert admin("--revoke", key).returncode == 0
        assert verify(server, key) == 401
        with server.client() as client:
            image = client.post("/v1/images", files={"file": ("a.png", samples.png(), "image/png")}).json()["data"]
            sent = client.post("/v1/docs", json={"filename": "a.md", "content": "x" * 300_000})
            assert sent.status_code == 201
        report = json.loads(admin("--check", "--json").stdout)
        assert (report["ok"], report["documents"], report["media"], report["objects"]) == (True, 1, 1, 2)
        Blobs(tmp_path, storage).delete(f"images/{image['id']}")
        broken = admin("--check")
        assert broken.returncode == 1
        assert f"missing: images/{image['id']}" in broken.stdout
    finally:
        server.stop()


def test_two_servers_share_a_directory(both: Backends, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    options = ("--database", both.fresh()["database"], "--storage", f"file://{shared}", "--no-rate-limits")
    one = Server(tmp_path / "one", options=options).start()
    try:
        with one.client() as client:
            url = client.post("/v1/images", files={"file": ("a.png", samples.png(), "image/png")}).json()["data"]["url"]
        other = Server(tmp_path / "other", options=options).start()
        try:
            with other.client() as client:
                assert client.get(url.replace(one.url, other.url)).content == samples.png()
                known = client.post("/v1/images", files={"file": ("b.png", samples.png(), "image/png")})
                assert known.status_code == 200
        finally:
            other.stop()
    finally:
        one.stop()
    checked = picora("serve", "--data", tmp_path / "one", *options, "--check")
    assert checked.returncode == 0, checked.stdout


def test_names_are_indexed_where_the_user_may(both: Backends) -> None:
    known = text("SELECT COUNT(*) FROM pg_indexes WHERE schemaname = current_schema() AND indexname LIKE '%_by_name'")
    for url, indexes in ((both.guarded("unnamed", "ALL"), 0), (both.database("named"), 2)):
        for _ in range(2):
            with closing(Database(url.replace("@127", f":{quote(GUARDED_PASSWORD)}@127"))) as database:
                database.create()
                with database.read() as connection:
                    assert connection.scalar(known) == indexes
