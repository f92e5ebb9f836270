"""An honest Picora in memory: documents are deduplicated by hash, every audio POST makes a new object."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from picora_sync.core.model import Account, Kind, Quota, RemoteObject
from picora_sync.core.ports import AudioUpload, Change, DocUpload, Posted, StoredText
from picora_sync.core.quota import cost
from picora_sync.errors import NotFound, QuotaExceeded, Rejected, Unreachable

T = TypeVar("T")
MUTATIONS = ("post_doc", "post_audio", "patch", "delete")


@dataclass
class Fault:
    """Raise ``error`` on the next call of this name; ``after`` it was carried out, or instead of it."""

    method: str
    error: Exception
    after: bool = False


@dataclass
class FakePicora:
    """Implements ``Picora`` and ``Library``. ``calls`` are the names of all calls in order, with what they were about.

    ``chaos`` may return a fault for any call; ``stubborn`` ids survive being deleted, and ``refused_ids`` make each
    deletion fail that names them; ``up`` is whether it can be reached, ``well`` whether its health check says so. Lists
    show an object ``lag_s`` after it was made, and never those in ``unlisted``. ``capacity`` is how many documents, and
    bytes of audio, there is room for.
    """

    wall: Callable[[], float]
    objects: dict[str, RemoteObject] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    chaos: Callable[[str], Fault | None] = lambda _: None
    stubborn: set[str] = field(default_factory=set)
    refused_ids: set[str] = field(default_factory=set)
    up: bool = True
    well: bool = True
    force_public: bool = False
    lag_s: float = 0.0
    unlisted: set[str] = field(default_factory=set)
    tells_hashes: bool = True
    tells_time: bool = True
    capacity: dict[Kind, int] = field(default_factory=dict)
    _made: int = 0

    # --- what a test asks -------------------------------------------------------------------------------------------

    def mutations(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] in MUTATIONS]

    def count(self, method: str) -> int:
        return sum(name == method for name, _ in self.calls)

    def of_kind(self, kind: Kind) -> list[RemoteObject]:
        return [item for item in self.objects.values() if item.kind is kind]

    def used(self, kind: Kind) -> int:
        """What the objects of a kind take."""
        return sum(cost(kind, item.size_bytes) for item in self.of_kind(kind))

    def quotas(self) -> dict[Kind, Quota]:
        """What the account says of its room."""
        return {kind: Quota(capacity, self.used(kind)) for kind, capacity in self.capacity.items()}

    def fail(self, method: str, error: Exception, *, after: bool = False, times: int = 1) -> None:
        """Let the next calls of this name fail."""
        self.faults += [Fault(method, error, after)] * times

    def plant(self, kind: Kind, text: str, *, public: bool = False, title: str = "theirs") -> RemoteObject:
        """An object that somebody else made."""
        data = text.encode()
        item = self._make(kind, hashlib.sha256(data).hexdigest(), len(data), title, (), public=public)
        if kind is Kind.DOC:
            self.texts[item.id] = text
        return item

    # --- Picora -----------------------------------------------------------------------------------------------------

    def verify(self) -> Account:
        return self._call("verify", "", lambda: Account("https://picora.test", "user"))

    def server_time(self) -> float | None:
        return self.wall() if self.tells_time else None

    def healthy(self) -> bool:
        self.calls.append(("healthy", ""))
        return self.up and self.well

    def post_doc(self, upload: DocUpload) -> Posted:
        return self._call("post_doc", upload.filename, lambda: self._post_doc(upload))

    def post_audio(self, upload: AudioUpload) -> Posted:
        return self._call("post_audio", upload.filename, lambda: self._post_audio(upload))

    def get(self, kind: Kind, object_id: str) -> RemoteObject | None:
        def look() -> RemoteObject | None:
            found = self.objects.get(object_id)
            return found if found is not None and found.kind is kind else None

        return self._call("get", object_id, look)

    def patch(self, kind: Kind, object_id: str, change: Change) -> None:
        self._call("patch", object_id, lambda: self._patch(kind, object_id, change))

    def delete(self, kind: Kind, object_ids: Sequence[str]) -> tuple[str, ...]:
        return self._call("delete", ",".join(object_ids), lambda: self._delete(kind, object_ids))

    def find_audio(self, sha256: str, size_bytes: int) -> tuple[RemoteObject, ...]:
        def find() -> tuple[RemoteObject, ...]:
            shown_before = datetime.fromtimestamp(self.wall() - self.lag_s, UTC).isoformat()
            listed = [item for item in self.of_kind(Kind.AUDIO) if item.created_at <= shown_before]
            held = [item for item in listed if (item.sha256, item.size_bytes) == (sha256, size_bytes)]
            return tuple(sorted(held, key=lambda item: item.created_at))

        return self._call("find_audio", sha256, find)

    def audio_held(self) -> tuple[RemoteObject, ...]:
        shown = [item for item in self.of_kind(Kind.AUDIO) if item.id not in self.unlisted]
        audio = shown if self.tells_hashes else [replace(item, sha256=None) for item in shown]
        return self._call("audio_held", "", lambda: tuple(audio))

    def find_audio_among(
        self, candidates: Sequence[RemoteObject], sha256: str, size_bytes: int
    ) -> tuple[RemoteObject, ...]:
        def find() -> tuple[RemoteObject, ...]:
            living = [item for item in map(self.objects.get, [each.id for each in candidates]) if item is not None]
            held = [item for item in living if (item.sha256, item.size_bytes) == (sha256, size_bytes)]
            return tuple(sorted(held, key=lambda item: item.created_at))

        return self._call("find_audio_among", sha256, find)

    # --- Library ----------------------------------------------------------------------------------------------------

    def listed(self, kind: Kind) -> Iterator[RemoteObject]:
        shown = [item for item in self.of_kind(kind) if item.id not in self.unlisted]
        page = [replace(item, sha256=None, ours=True, rewritten=False) for item in shown]
        yield from self._call("listed", kind.value, lambda: page)

    def stored(self, object_id: str) -> StoredText:
        return self._call("stored", object_id, lambda: StoredText(self.texts[object_id]))

    def audio_hashes(self) -> Mapping[str, str]:
        hashes = {item.id: item.sha256 or "" for item in self.of_kind(Kind.AUDIO)} if self.tells_hashes else {}
        return self._call("audio_hashes", "", lambda: hashes)

    def sha256_of(self, url: str, size_bytes: int) -> str | None:
        def fetch() -> str | None:
            held = {item.url: item for item in self.objects.values()}.get(url)
            return held.sha256 if held is not None and held.size_bytes == size_bytes else None

        return self._call("sha256_of", url, fetch)

    # --- how it does it ---------------------------------------------------------------------------------------------

    def _call(self, method: str, about: str, work: Callable[[], T]) -> T:
        self.calls.append((method, about))
        if not self.up:
            raise Unreachable("no route to Picora")
        fault = next((f for f in self.faults if f.method == method), None)
        if fault is not None:
            self.faults.remove(fault)
        else:
            fault = self.chaos(method)
        if fault is not None and not fault.after:
            raise fault.error
        result = work()
        if fault is not None:
            raise fault.error
        return result

    def _post_doc(self, upload: DocUpload) -> Posted:
        data = upload.content.encode()
        sha256 = hashlib.sha256(data).hexdigest()
        for item in self.of_kind(Kind.DOC):
            if item.sha256 == sha256:
                return Posted(replace(item, ours=False), duplicate=True)
        item = self._make(Kind.DOC, sha256, len(data), upload.title, upload.tags, public=upload.public)
        self.objects[item.id] = replace(item, rewritten=upload.rewrite_images)
        self.texts[item.id] = upload.content
        return Posted(self.objects[item.id])

    def _post_audio(self, upload: AudioUpload) -> Posted:
        file = upload.open()
        try:
            data = b"".join(file.blocks())
            file.confirm()
        finally:
            file.close()
        sha256 = hashlib.sha256(data).hexdigest()
        public = upload.public or self.force_public
        item = self._make(Kind.AUDIO, sha256, len(data), upload.title, (), public=public)
        return Posted(item)

    def _patch(self, kind: Kind, object_id: str, change: Change) -> None:
        item = self.objects.get(object_id)
        if item is None or item.kind is not kind:
            raise NotFound(f"there is no {object_id}", status=404)
        self.objects[object_id] = replace(
            item,
            title=item.title if change.title is None else change.title,
            tags=item.tags if change.tags is None else change.tags,
            public=item.public if change.public is None else change.public,
        )

    def _delete(self, kind: Kind, object_ids: Sequence[str]) -> tuple[str, ...]:
        if self.refused_ids & set(object_ids):
            raise Rejected("in use", status=409, api_code="CONFLICT")
        gone = tuple(i for i in object_ids if i not in self.stubborn)
        for object_id in gone:
            if object_id in self.objects and self.objects[object_id].kind is kind:
                del self.objects[object_id]
        return gone

    def _make(
        self, kind: Kind, sha256: str, size_bytes: int, title: str, tags: tuple[str, ...], *, public: bool
    ) -> RemoteObject:
        more = cost(kind, size_bytes)
        if kind in self.capacity and self.used(kind) + more > self.capacity[kind]:
            raise QuotaExceeded("no room", status=403)
        self._made += 1
        created = datetime.fromtimestamp(self.wall(), UTC).isoformat()
        item = RemoteObject(
            id=f"{kind.value}-{self._made}",
            kind=kind,
            url=f"https://picora.test/{kind.value}/{self._made}",
            title=title,
            tags=tags,
            public=public,
            size_bytes=size_bytes,
            created_at=created,
            sha256=sha256,
        )
        self.objects[item.id] = item
        return item
