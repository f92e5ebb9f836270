"""Finding for each content the object of the account that holds it, by reading alone (design §9 ``rebuild``)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from picora_sync.core.model import Kind, RemoteObject, Tier
from picora_sync.core.note_match import Mould, proofs_for
from picora_sync.core.ports import Library
from picora_sync.errors import NotFound, OutcomeUnknown
from picora_sync.report import Progress

Remember = Callable[[RemoteObject], None]
"""Takes each object that was read, with the hash of what it holds: None if that is nothing of ours."""


@dataclass
class Recogniser:
    """Asks as little as it can. ``known`` are the objects that were read before, ``remember`` takes the others;
    ``eta`` says how long so many reads take.
    """

    library: Library
    known: Mapping[str, RemoteObject]
    remember: Remember
    tell: Callable[[Progress], None]
    eta: Callable[[Mapping[Tier, int]], float]
    unsure: set[int] = field(default_factory=set)
    """Sizes of audio that cannot be read: a file of this size may be there already."""
    listed: list[RemoteObject] = field(default_factory=list)
    """All that was in the lists."""

    def documents(self, sizes: Mapping[str, int], moulds: Sequence[Mould]) -> dict[str, RemoteObject]:
        """The documents that hold these contents (size by hash); ``moulds`` are of those with images inside.

        A document is read only if its size allows that it is one of them.
        """
        found: dict[str, RemoteObject] = {}
        unread = []
        for item in self._listed(Kind.DOC):
            before = self.known.get(item.id)
            if before is None:
                unread.append(item)
            elif before.sha256 is not None and before.sha256 in sizes:
                found.setdefault(before.sha256, replace(item, sha256=before.sha256, rewritten=before.rewritten))
        plain = set(sizes.values())
        least_bytes = min((mould.least_bytes for mould in moulds), default=float("inf"))
        chosen = [item for item in unread if item.size_bytes in (plain | {0}) or item.size_bytes >= least_bytes]
        for item in self._counted(chosen, "comparing documents"):
            if found.keys() >= sizes.keys():
                break
            read = self._read(item, sizes, moulds)
            self.remember(read)
            if read.sha256 is not None:
                found.setdefault(read.sha256, read)
        return found

    def audio(self, sizes: Mapping[str, int]) -> dict[str, RemoteObject]:
        """The oldest audio objects that hold these contents, by the server's hash, else by that of their bytes."""
        found: dict[str, RemoteObject] = {}
        told = self.library.audio_hashes() if sizes else {}
        silent = []
        for item in sorted(self._listed(Kind.AUDIO), key=lambda audio: audio.created_at):
            before = self.known.get(item.id)
            sha256 = told.get(item.id) or (before.sha256 if before else None)
            if sha256 is not None and sha256 in sizes:
                found.setdefault(sha256, replace(item, sha256=sha256))
            elif sha256 is None and before is None and (not item.size_bytes or item.size_bytes in sizes.values()):
                silent.append(item)
        for item in self._counted(silent, "comparing audio"):
            missing = {size for sha256, size in sizes.items() if sha256 not in found}
            read = self._heard(item, missing & {item.size_bytes} if item.size_bytes else missing)
            if read.sha256 is not None and read.sha256 in sizes:
                found.setdefault(read.sha256, read)
        return found

    def _listed(self, kind: Kind) -> list[RemoteObject]:
        listed: list[RemoteObject] = []
        for item in self.library.listed(kind):
            self.tell(Progress(f"listing {'documents' if kind is Kind.DOC else 'audio'}", len(listed)))
            listed.append(item)
        self.listed += listed
        return listed

    def _counted(self, items: Sequence[RemoteObject], stage: str) -> Iterator[RemoteObject]:
        for number, item in enumerate(items):
            self.tell(Progress(stage, number, len(items), self.eta({Tier.READ: len(items) - number})))
            yield item

    def _read(self, item: RemoteObject, sizes: Mapping[str, int], moulds: Sequence[Mould]) -> RemoteObject:
        """The document with the hash of what it was made from, None if that is none of these."""
        try:
            stored = self.library.stored(item.id)
        except NotFound:
            return item
        as_stored = hashlib.sha256(stored.text.encode()).hexdigest()
        source = stored.source_sha256 or as_stored
        if source in sizes:
            return replace(item, sha256=source, rewritten=source != as_stored)
        fitting = () if stored.source_sha256 else moulds
        sha256 = next((mould.sha256 for mould in fitting if self._is_proven(mould, stored.text)), None)
        return replace(item, sha256=sha256, rewritten=sha256 is not None)

    def _is_proven(self, mould: Mould, stored: str) -> bool:
        proofs = proofs_for(mould, stored)
        if proofs is None:
            return False
        try:
            return all(self.library.sha256_of(proof.url, proof.size_bytes) == proof.sha256 for proof in proofs)
        except OutcomeUnknown:
            return False  # not proven: posting it finds out, and stores nothing twice (contract §8.1)

    def _heard(self, item: RemoteObject, sizes: set[int]) -> RemoteObject:
        """The audio object with the hash of its bytes; those that cannot be read are ``unsure``."""
        try:
            for size_bytes in sizes:
                sha256 = self.library.sha256_of(item.url, size_bytes) if item.url else None
                if sha256 is not None:
                    read = replace(item, sha256=sha256, size_bytes=size_bytes)
                    self.remember(read)
                    return read
        except OutcomeUnknown:
            self.unsure |= sizes
        return item
