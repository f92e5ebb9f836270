"""What an older index holds is there in the newest one, in its new form; a copy of the old one is kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from picora_sync.core.model import FileRef, Fingerprint, Kind, RemoteObject, object_id, told_id
from picora_sync.index import Index
from picora_sync.index.late_uploads import TwinWatch
from picora_sync.index.schema import MIGRATIONS, migrate, version_of
from tests.unit.index.support import derived

BY_ID_ALONE = 8
"""The last version that knew an object by its id alone."""
NOTE, SAME, SOUND = FileRef("notes", "d/a.md"), FileRef("notes", "d/same.md"), FileRef("notes", "s.flac")
OLD = """
INSERT INTO file (folder, path, standing, kind, sha256, title, tags, public, selected) VALUES
  ('notes', CAST('d/a.md' AS BLOB), 'present', 'doc', 'X', 'A', '[]', 0, 1),
  ('notes', CAST('d/same.md' AS BLOB), 'present', 'doc', 'X', 'B', '[]', 0, 1),
  ('notes', CAST('s.flac' AS BLOB), 'present', 'audio', 'Y', 'S', '[]', 0, 1);
INSERT INTO object (id, kind, url, title, tags, public, size_bytes, created_at, sha256, ours, rewritten) VALUES
  ('one', 'doc', 'u/1', 'A', '[]', 0, 1, '', 'X', 1, 0), ('two', 'audio', 'u/2', 'S', '[]', 0, 1, '', 'Y', 1, 0);
INSERT INTO binding VALUES ('notes', CAST('d/a.md' AS BLOB), 'one', 1.0),
  ('notes', CAST('d/same.md' AS BLOB), 'one', 1.0), ('notes', CAST('s.flac' AS BLOB), 'two', 1.0);
INSERT INTO undeleted VALUES ('two', 'REFUSED', 'm', 'h', 1.0);
INSERT INTO history VALUES ('notes', CAST('d/a.md' AS BLOB), 1.0, 'bound', 'one', 'u/1'),
  ('notes', CAST('s.flac' AS BLOB), 1.0, 'bound', 'two', 'u/2'),
  ('notes', CAST('gone.MD' AS BLOB), 1.0, 'deleted', 'three', 'u/3'),
  ('notes', CAST('gone.flac' AS BLOB), 1.0, 'deleted', 'four', 'u/4');
INSERT INTO intent (kind, sha256, folder, path, size_bytes, filename, title, public, rewrite_images, opened_at, sends,
  replaces) VALUES ('doc', 'B', 'notes', CAST('b.md' AS BLOB), 1, 'b.md', 'B', 0, 0, 1.0, 1, 'one'),
  ('audio', 'C', 'notes', CAST('c.flac' AS BLOB), 1, 'c.flac', 'C', 0, 0, 1.0, 1, NULL);
INSERT INTO twin_watch VALUES ('B', 'notes', CAST('b.md' AS BLOB), 1, 'B', 1.0, 2.0, 3.0),
  ('C', 'notes', CAST('c.flac' AS BLOB), 1, 'C', 1.0, 2.0, 3.0);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An index of that version, with something in each table that names objects."""
    path = tmp_path / "index.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        migrate(connection, MIGRATIONS[:BY_ID_ALONE])
        connection.executescript(OLD)
    return path


def test_objects_of_an_older_index_are_known_by_kind_and_id(old: Path) -> None:
    with closing(Index.open(old)) as index:
        assert [item.id for item in index.objects.all()] == ["audio:two", "doc:one"]
        assert [row.ref for row in index.files.bound_to(["doc:one"])] == [NOTE, SAME]
        history = {told_id(entry.object_id): entry.object_id for entry in index.objects.history()}
        assert history == {"one": "doc:one", "two": "audio:two", "three": "doc:three", "four": "audio:four"}
        assert [intent.replaces for intent in index.objects.intents()] == [None, "doc:one"]
        assert {(watch.kind, watch.sha256) for watch in index.twins.all()} == {(Kind.DOC, "B"), (Kind.AUDIO, "C")}
        assert [row[0] for row in index._connection.execute("SELECT object_id FROM undeleted")] == ["audio:two"]  # noqa: SLF001
        stands = index._connection.execute("SELECT state, object_id FROM file_state ORDER BY path").fetchall()  # noqa: SLF001
        assert stands == [("synced", "doc:one"), ("synced", "doc:one"), ("synced", "audio:two")]
        assert index._connection.execute("PRAGMA foreign_key_check").fetchall() == []  # noqa: SLF001


def test_a_copy_of_the_older_index_is_kept(old: Path) -> None:
    Index.open(old).close()
    with closing(sqlite3.connect(old.with_name(f"index.version-{BY_ID_ALONE}.sqlite"))) as copy:
        assert version_of(copy) == BY_ID_ALONE
        assert copy.execute("SELECT id FROM object ORDER BY id").fetchall() == [("one",), ("two",)]


def test_a_document_and_audio_of_one_id_are_two_objects() -> None:
    index = Index.in_memory()
    for kind, ref in ((Kind.DOC, NOTE), (Kind.AUDIO, SOUND)):
        item = RemoteObject(object_id(kind, "same"), kind, f"u/{kind}", kind, sha256="A")
        index.objects.store(item)
        index.files.present(ref, derived(fingerprint=Fingerprint(1, 1, 1, 1, 1)), 1.0)
        index.objects.bind(ref, item, 1.0)
    assert [item.kind for item in index.objects.all()] == [Kind.AUDIO, Kind.DOC]
    index.objects.forget(object_id(Kind.DOC, "same"))
    assert [row.ref for row in index.files.all() if row.bound is not None] == [SOUND]
    index.close()


def test_a_note_in_doubt_does_not_hide_audio_of_equal_bytes() -> None:
    index = Index.in_memory()
    refs = {Kind.DOC: NOTE, Kind.AUDIO: SOUND}
    watches = [TwinWatch(kind, "A", ref, 1, kind, 1.0, 2.0, 3.0) for kind, ref in refs.items()]
    for watch in watches:
        index.twins.watch(watch)
    assert [index.twins.get(kind, "A") for kind in (Kind.DOC, Kind.AUDIO)] == watches
    index.twins.end(watches[0])
    assert index.twins.all() == watches[1:]
    index.close()


@pytest.mark.parametrize(
    "name", ["a.md", "Cafe\u0301.md", "bad\udcff.md", "line\nbreak.md", "it's 100%_.md", "a.md.md"]
)
def test_known_files_of_a_name_are_found_in_any_directory(name: str) -> None:
    index = Index.in_memory()
    item = RemoteObject("doc:x", Kind.DOC, "u", "X")
    index.objects.store(item)
    known = [FileRef("notes", name), FileRef("notes", f"d/{name}"), FileRef("other", f"{name}/deep/{name}")]
    for ref in (*known, FileRef("notes", f"x{name}"), FileRef("notes", f"{name}/x.md")):
        index.files.present(ref, derived(), 1.0)
        index.objects.bind(ref, item, 1.0)
    index.files.present(FileRef("unbound", name), derived(), 1.0)
    assert {row.ref for row in index.files.present_called(name, 100)} == set(known)
    assert len(index.files.present_called(name, 2)) == 2
    index.close()
