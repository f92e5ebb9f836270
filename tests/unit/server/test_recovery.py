"""Killed at any step, out of room, without a store: nothing half-made is ever seen, and nothing stays behind."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from picora_sync.server.app import create_app
from picora_sync.server.check import check
from picora_sync.server.store.blobs import Blobs, Incoming
from tests.contract import samples
from tests.fakes import mortal

_WAIT_S = 600
ROOT = Path(__file__).parents[3]


@contextmanager
def serving(data: Path, blobs: Blobs | None = None) -> Iterator[httpx.Client]:
    with (
        closing(create_app(mortal.settings_of(data), blobs=blobs)) as app,
        mortal.client_of(app) as client,
    ):
        yield client


def counts(client: httpx.Client) -> list[int]:
    usage = client.get("/v1/user/me/usage").json()["data"]
    return [usage[kind]["totalCount"] for kind in ("audio", "images", "docs")]


@pytest.mark.parametrize("name", mortal.ACTS)
def test_a_kill_at_any_step_leaves_no_row_without_bytes_and_the_next_start_removes_the_rest(
    name: str, tmp_path: Path
) -> None:
    base = tmp_path / "data"
    with serving(base) as client:
        mortal.fill(client)
    command = [sys.executable, "-m", "tests.fakes.mortal", str(base), name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_WAIT_S, check=False)
    assert done.returncode == 0, done.stderr
    killed = [Path(each) for each in json.loads(done.stdout)]
    assert len(killed) >= 5
    for data in killed:
        settings = mortal.settings_of(data)
        assert {problem.kind for problem in check(settings).problems} <= {"leftover"}, data
        with serving(data) as client:
            assert check(settings).problems == (), data
            assert list((data / "blobs" / "incoming").iterdir()) == []
            if not name.startswith("delete"):
                assert mortal.ACTS[name](client).status_code in {200, 201}
        assert check(settings).problems == (), data


UPLOADS: dict[str, Any] = {
    "audio": lambda client: client.post(
        "/v1/audio", files={"file": ("a.mp3", samples.mp3(salt=bytes(6_000_000)), "audio/mpeg")}
    ),
    "image": lambda client: client.post(
        "/v1/images", files={"file": ("a.png", samples.png(bytes(6_000_000)), "image/png")}
    ),
    "document": lambda client: mortal.upload_doc(client, "z" * 4_900_000),
}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MB."""
    where = tmp_path / "disk"
    where.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(where)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small file system; the injected fault below is the same claim")
    yield where
    subprocess.run(["umount", str(where)], check=True)  # noqa: S607 - wherever the system has it


@pytest.mark.parametrize("kind", UPLOADS)
def test_a_full_disk_is_502_and_leaves_nothing(kind: str, small_disk: Path) -> None:
    with serving(small_disk / "data") as client:
        answer = UPLOADS[kind](client)
        assert (answer.status_code, answer.json()["code"]) == (502, "STORAGE_ERROR")
        assert counts(client) == [0, 0, 0]
        assert check(mortal.settings_of(small_disk / "data")).problems == ()
        assert mortal.upload_image(client).status_code == 201


def test_a_database_without_room_is_502_and_leaves_nothing(small_disk: Path) -> None:
    with serving(small_disk / "data") as client:
        room = os.statvfs(small_disk)
        (small_disk / "filler").write_bytes(bytes(room.f_bavail * room.f_bsize - 16_384))
        answer = mortal.upload_doc(client, "z" * 100_000)
        assert (answer.status_code, answer.json()["code"]) == (502, "STORAGE_ERROR")
        (small_disk / "filler").unlink()
        assert counts(client) == [0, 0, 0]
        assert check(mortal.settings_of(small_disk / "data")).problems == ()
        assert mortal.upload_doc(client, "z" * 100_000).status_code == 201


class _FullFile:
    """A file of a disk that has no room left."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, _block: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def flush(self) -> None:
        self._file.flush()


class _FullBlobs(Blobs):
    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        with super().incoming() as incoming:
            yield Incoming(incoming.path, _FullFile(incoming.file))  # type: ignore[arg-type]  # what is used of one


@pytest.mark.parametrize("upload", [mortal.upload_audio, mortal.upload_image], ids=["audio", "image"])
def test_no_room_for_an_arriving_file_is_502_and_leaves_nothing(upload: Any, tmp_path: Path) -> None:
    with serving(tmp_path, _FullBlobs(tmp_path)) as client:
        answer = upload(client)
        assert (answer.status_code, answer.json()["code"]) == (502, "STORAGE_ERROR")
        assert counts(client) == [0, 0, 0]
    assert check(mortal.settings_of(tmp_path)).problems == ()
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []
