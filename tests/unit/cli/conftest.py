from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from picora_sync.cli.program import run
from picora_sync.core.model import FileRef, Fingerprint, Kind, Problem, RemoteObject, Wanted, kind_of
from picora_sync.core.ports import Derived
from picora_sync.index import Index
from picora_sync.report import INDEX_NAME, Live

FINGERPRINT = Fingerprint(4, 10, 10, 1, 1)
NOW = 1_700_000_000.0


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Invoke = Callable[..., Ran]


@dataclass
class Mirror:
    """A configuration with two folders, and an index to fill."""

    directory: Path
    index: Index
    objects: int = field(default=0)

    @property
    def config_file(self) -> Path:
        return self.directory / "config.yaml"

    @property
    def state_dir(self) -> Path:
        return self.directory / "state"

    def ref(self, path: str, folder: str = "notes") -> FileRef:
        return FileRef(folder, path)

    def add(self, path: str, folder: str = "notes", **change: object) -> RemoteObject:
        """A file that is synced, unless the object is changed."""
        self.objects += 1
        kind = kind_of(path) or Kind.DOC
        fields: dict[str, object] = {
            "title": f"Title {self.objects}",
            "tags": ("one", "two"),
            "public": True,
            "sha256": f"{self.objects:064x}",
        }
        wanted = Wanted(kind=kind, size_bytes=4, filename=path.rpartition("/")[2], **fields)  # type: ignore[arg-type]
        item = RemoteObject(
            id=f"id{self.objects}",
            kind=kind,
            url=f"https://p.example/{self.objects}",
            **{**fields, **change},  # type: ignore[arg-type]
        )
        ref = self.ref(path, folder)
        with self.index.transaction():
            self.index.files.present(ref, Derived(wanted, "f" * 64, FINGERPRINT), NOW)
            self.index.objects.store(item)
            self.index.objects.bind(ref, item, NOW + self.objects)
        return item

    def block(self, path: str, folder: str = "notes") -> None:
        problem = Problem("NOTE_TOO_LARGE", "the note is too large", "make it shorter")
        with self.index.transaction():
            self.index.files.block(self.ref(path, folder), problem, FINGERPRINT, NOW)

    def remark(self, path: str, problem: Problem, folder: str = "notes") -> None:
        """What reading the file found, which keeps nothing from being sent."""
        ref = self.ref(path, folder)
        row = self.index.files.get(ref)
        assert row is not None
        assert row.wanted is not None
        with self.index.transaction():
            wanted = replace(row.wanted, public=False, problems=(problem,))
            self.index.files.present(ref, Derived(wanted, "f" * 64, FINGERPRINT), NOW)

    def hold(self, *paths: str, folder: str = "notes") -> None:
        with self.index.transaction():
            self.index.holds.hold([self.ref(path, folder) for path in paths], "too many at once", NOW)


@pytest.fixture
def invoke(capfd: pytest.CaptureFixture[str]) -> Invoke:
    """Run a command line as the program does, errors included."""

    def call(*arguments: object) -> Ran:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return call


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    for name in ("notes", "podcast", "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "config.yaml").write_text(
        "account: {url: 'http://127.0.0.1:9', key_file: key}\n"
        "state_dir: state\n"
        "folders:\n  - path: notes\n  - path: podcast\n",
        encoding="utf-8",
    )
    index = Index.open(tmp_path / "state" / INDEX_NAME)
    yield Mirror(tmp_path, index)
    index.close()


@pytest.fixture
def live() -> Callable[..., Live]:
    def make(**fields: object) -> Live:
        return Live(pid=4711, at=NOW, **{"account": "ok", "trouble": "", **fields})  # type: ignore[arg-type]

    return make
