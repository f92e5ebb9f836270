"""A content stage simple enough to be checked by eye.

A note is its text, sent as it is. Lines ``public: true``, ``public: false``, ``title: …`` and ``tags: a b`` count
wherever they stand; ``data:`` anywhere means that it embeds images. An audio file's title is its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from picora_sync.core.model import Dependency, Kind, Problem, Wanted, kind_of
from picora_sync.core.policy import Folder, Select
from picora_sync.core.ports import Derived
from picora_sync.errors import FileChanged, FileUnreadable
from tests.fakes.disk import FakeDisk

BAD = b"\xff"
"""A note that holds this byte can never be sent."""


class FakeContent:
    """Implements ``Content`` over a :class:`FakeDisk`. ``moving`` are paths that change while they are read,
    ``locked`` those that cannot be; ``slow`` says what happens while a path is read; ``outdated`` are paths whose
    look-ups lead elsewhere now; ``derived`` lists what was asked for.
    """

    def __init__(self, policy: Folder, disk: FakeDisk) -> None:
        self.policy = policy
        self._disk = disk
        self.moving: set[str] = set()
        self.locked: set[str] = set()
        self.outdated: set[str] = set()
        self.derived: list[str] = []
        self.slow: dict[str, Callable[[], None]] = {}
        self.depends: dict[str, tuple[Dependency, ...]] = {}

    def derive(self, path: str) -> Derived | Problem:
        self.derived.append(path)
        self.slow.get(path, lambda: None)()
        data, fingerprint = self._disk.read(path)
        if path in self.locked:
            raise FileUnreadable(f"{path} cannot be read")
        if path in self.moving:
            raise FileChanged(f"{path} changed")
        self.outdated.discard(path)
        sha256 = hashlib.sha256(data).hexdigest()
        if kind_of(path) is Kind.AUDIO:
            return Derived(self._audio(path, sha256, len(data)), sha256, fingerprint)
        if BAD in data:
            return Problem("NOT_UTF8", "is not UTF-8", "save it as UTF-8")
        text = data.decode()
        if not text.strip():
            return Problem("EMPTY", "has nothing in it")
        return Derived(self._note(path, text, sha256), sha256, fingerprint, text)

    def wants_private(self, path: str) -> bool:
        text = self._disk.files[path].data.decode(errors="replace")
        return bool(text.strip()) and not self._note(path, text, "").public

    def holds_comment(self, path: str) -> bool:
        return b"%%" in self._disk.files[path].data

    def stale(self, path: str, depends: Sequence[Dependency]) -> bool:
        return path in self.outdated and tuple(depends) == self.depends.get(path, ())

    def refresh(self) -> None:
        return

    def _audio(self, path: str, sha256: str, size: int) -> Wanted:
        public = self.policy.default_public(Kind.AUDIO)
        return Wanted(Kind.AUDIO, sha256, size, _name(path), _stem(path), public=public)

    def _note(self, path: str, text: str, sha256: str) -> Wanted:
        said = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        public = said.get("public", str(self.policy.default_public(Kind.DOC))).lower() == "true"
        selected = self.policy.select is Select.ALL or public
        tags = (*said.get("tags", "").split(), *self.policy.tags)
        return Wanted(
            Kind.DOC,
            sha256,
            len(text.encode()),
            _name(path),
            said.get("title", _stem(path)),
            tags,
            public=public,
            rewrite_images=public and "data:" in text,
            embeds="data:" in text,
            selected=selected,
            depends=self.depends.get(path, ()),
        )


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    return _name(path).rpartition(".")[0]
