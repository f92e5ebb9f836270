"""What the tests of the index put into it."""

from __future__ import annotations

from picora_sync.core.model import FileRef, Fingerprint, Kind, Metadata, Problem, RemoteObject, Wanted
from picora_sync.core.plan import Upload
from picora_sync.core.ports import Derived

A, B = FileRef("notes", "a.md"), FileRef("notes", "d/b.md")
PRINT = Fingerprint(10, 1_000_000_000, 2_000_000_000, 7, 1)
OTHER = Fingerprint(11, 3_000_000_000, 3_000_000_000, 7, 1)
BAD = Problem("BAD", "is bad", "mend it")
X = RemoteObject("x", Kind.DOC, "u/x", "X", ("t",), public=False, size_bytes=10, created_at="2026", sha256="A")
Y = RemoteObject("y", Kind.AUDIO, "u/y", "Y", sha256="B", ours=False, rewritten=True, thumbnail_url="t", duration_s=1.5)


def derived(sha256: str = "A", fingerprint: Fingerprint = PRINT, **wish: object) -> Derived:
    wanted = Wanted(Kind.DOC, sha256, 10, "a.md", "T", **wish)  # type: ignore[arg-type]  # fields of Wanted
    return Derived(wanted, f"file {sha256}", fingerprint, "text")


def upload(ref: FileRef = A, sha256: str = "A", public: bool = False) -> Upload:
    return Upload(ref, derived(sha256).wanted, Metadata("T", (), public), "new")
