"""§2 502 STORAGE_ERROR: the object store fails, and nothing half-made stays behind."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.contract import samples
from tests.contract.harness import Api, Service, must_fail, ok

LARGE = "x" * 300_000


class Store:
    """A directory of bytes that can be taken away and given back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.mkdir()

    def fail(self) -> None:
        self.path.rename(self.path.with_suffix(".away"))
        self.path.write_text("in the way")

    def mend(self) -> None:
        self.path.unlink()
        self.path.with_suffix(".away").rename(self.path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "bytes")


@pytest.fixture
def stored(new_service: Callable[..., Service], store: Store) -> Api:
    """An account whose bytes lie in ``store``."""
    service = new_service(storage=store.path.as_uri())
    return service.owner()


UPLOADS: list[tuple[str, Callable[[Api], httpx.Response]]] = [
    ("audio", lambda api: api.post_audio(samples.mp3())),
    ("image", lambda api: api.post_image(samples.png())),
    ("large-document", lambda api: api.post_doc(LARGE)),
]


@pytest.mark.parametrize("upload", [row[1] for row in UPLOADS], ids=[row[0] for row in UPLOADS])
def test_an_upload_that_cannot_be_stored_is_502_and_leaves_nothing(
    stored: Api, store: Store, upload: Callable[[Api], httpx.Response]
) -> None:
    """§2 502 STORAGE_ERROR: no row, no quota; the same upload succeeds once the store is back."""
    store.fail()
    must_fail(upload(stored), 502, "STORAGE_ERROR")
    usage = stored.data("/v1/user/me/usage")
    assert [usage[kind]["totalCount"] for kind in ("audio", "images", "docs")] == [0, 0, 0]
    assert [usage[kind]["storageUsed"] for kind in ("audio", "images", "docs")] == [0, 0, 0]
    store.mend()
    ok(upload(stored), 201)


def test_an_image_that_cannot_be_stored_is_a_failure_of_its_document(stored: Api, store: Store) -> None:
    """§15 #24 STORAGE_ERROR: the data URI stays, the document is created."""
    store.fail()
    content = f"![a]({samples.data_uri(samples.png())})\n"
    made = stored.new_doc(content)
    assert [failure["reason"] for failure in made["failures"]] == ["STORAGE_ERROR"]
    assert stored.raw(made["id"]) == content
    assert stored.data("/v1/user/me/usage")["images"]["storageUsed"] == 0


def test_a_text_that_cannot_be_read_is_502(stored: Api, store: Store) -> None:
    """§2 502 STORAGE_ERROR: never an empty or partial text; the database's own texts are still served."""
    large, small = stored.new_doc(LARGE), stored.new_doc("# Small\n")
    store.fail()
    must_fail(stored.get(f"/v1/docs/{large['id']}/raw"), 502, "STORAGE_ERROR")
    assert stored.raw(small["id"]) == "# Small\n"
    store.mend()
    assert stored.raw(large["id"]) == LARGE
