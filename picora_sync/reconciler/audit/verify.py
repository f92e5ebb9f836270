"""Index and account compared on request (design §9 ``verify``): all objects by listing, some by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto

from picora_sync.core.comparison import Comparison, Mismatch, compare, difference
from picora_sync.core.model import Kind, RemoteObject, Tier
from picora_sync.core.note_match import mould, proofs_for
from picora_sync.core.ports import Derived, Library, StoredText
from picora_sync.errors import FileChanged, FileUnreadable, NotFound, OutcomeUnknown
from picora_sync.index import Index
from picora_sync.reconciler.audit.remote_query import bound_objects
from picora_sync.reconciler.context import Unit
from picora_sync.report import Progress, Tell

Eta = Callable[[Mapping[Tier, int]], float]


class ContentCheck(Enum):
    """What reading an object showed."""

    EQUAL = auto()
    OTHER = auto()
    UNREAD = auto()


class Audit:
    """Reads the whole account, and each suspect; writes nothing."""

    def __init__(self, library: Library, tell: Tell, eta: Eta) -> None:
        self._library = library
        self._tell = tell
        self._eta = eta

    def compare(self, index: Index) -> Comparison:
        """What the lists say of the objects that the index knows."""
        listed: dict[str, RemoteObject] = {}
        for kind in Kind:
            for item in self._library.listed(kind):
                listed[item.id] = item
                self._tell(Progress("listing the account", len(listed)))
        known = {item.id for item in index.objects.all()}
        return compare(bound_objects(index).values(), listed, known)

    def look_at(self, suspects: Sequence[RemoteObject]) -> list[Mismatch]:
        """A GET for each; those that are as we know them are no findings."""
        findings = []
        for number, item in enumerate(suspects):
            left_s = self._eta({Tier.READ: len(suspects) - number})
            self._tell(Progress("looking at what differs", number, len(suspects), left_s))
            seen = self._library.get(item.kind, item.id)
            if seen is None or difference(item, seen):
                findings.append(Mismatch(item, seen))
        return findings

    def read(self, items: Sequence[RemoteObject], index: Index, units: Mapping[str, Unit]) -> dict[str, ContentCheck]:
        """Read these objects, and compare what they hold with what was sent."""
        found = {}
        for number, item in enumerate(items):
            self._tell(Progress("reading contents", number, len(items)))
            found[item.id] = self._document(item, index, units) if item.kind is Kind.DOC else self._audio(item)
        return found

    def _audio(self, item: RemoteObject) -> ContentCheck:
        try:
            return _equal(self._library.sha256_of(item.url, item.size_bytes) == item.sha256)
        except OutcomeUnknown:
            return ContentCheck.UNREAD

    def _document(self, item: RemoteObject, index: Index, units: Mapping[str, Unit]) -> ContentCheck:
        try:
            stored = self._library.stored(item.id)
        except NotFound:
            return ContentCheck.OTHER
        if hashlib.sha256(stored.text.encode()).hexdigest() == item.sha256:
            return ContentCheck.EQUAL
        return self._rewritten(item, stored, _sent_text(item, index, units)) if item.rewritten else ContentCheck.OTHER

    def _rewritten(self, item: RemoteObject, stored: StoredText, sent: str | None) -> ContentCheck:
        """The images cannot be put back into the text: the server's word, or else proofs."""
        if stored.source_sha256 is not None or sent is None:
            return _equal(stored.source_sha256 == item.sha256) if stored.source_sha256 else ContentCheck.UNREAD
        proofs = proofs_for(mould(sent), stored.text)
        if proofs is None:
            return ContentCheck.OTHER
        try:
            proven = all(self._library.sha256_of(proof.url, proof.size_bytes) == proof.sha256 for proof in proofs)
        except OutcomeUnknown:
            proven = False
        return ContentCheck.EQUAL if proven else ContentCheck.UNREAD  # the server may have sanitised an image


def steady(findings: Iterable[Mismatch], index: Index) -> list[Mismatch]:
    """Those whose object is still as it was when the comparison began: a daemon may have worked on it meanwhile."""
    now = bound_objects(index)
    return [finding for finding in findings if now.get(finding.object.id) == finding.object]


def _equal(is_equal: bool) -> ContentCheck:
    return ContentCheck.EQUAL if is_equal else ContentCheck.OTHER


def _sent_text(item: RemoteObject, index: Index, units: Mapping[str, Unit]) -> str | None:
    """What was sent, made again from one of its files; None if none is as it was."""
    for row in index.files.bound_to([item.id]):
        unit = units.get(row.ref.folder)
        try:
            derived = None if unit is None else unit.content.derive(row.ref.path)
        except (FileChanged, FileUnreadable):
            continue
        if isinstance(derived, Derived) and derived.wanted.sha256 == item.sha256:
            return derived.text
    return None
