"""Texts of notes that were derived long ago, and dropped meanwhile: made again beside the loop before they are sent."""

from __future__ import annotations

from functools import partial

from picora_sync.core.model import FileRef, Fingerprint, Kind, Problem
from picora_sync.core.plan import Upload
from picora_sync.core.ports import Derived
from picora_sync.errors import PicoraSyncError, Stopped
from picora_sync.reconciler.context import Context, Unit
from picora_sync.reconciler.intake.derive import Derivations
from picora_sync.reconciler.intake.derived_cache import LIMIT_BYTES, Texts
from picora_sync.workers import Background

AT_ONCE = 32
"""So many texts are made at once at most."""


class Fetching:
    """Whose text is fetched waits in no lane; when it is there, its files are planned again."""

    def __init__(self, context: Context, texts: Texts, background: Background) -> None:
        self._context = context
        self._texts = texts
        self._derivations = Derivations(background, "texts")
        self._uploads: dict[FileRef, Upload] = {}

    def __len__(self) -> int:
        return len(self._uploads)

    def waiting(self) -> bool:
        """Whether a text has come."""
        return self._derivations.waiting()

    def take(self, ref: FileRef, sha256: str, fingerprint: Fingerprint) -> str | None:
        """As :meth:`Texts.take`."""
        return self._texts.take(ref, sha256, fingerprint)

    def can_send(self, upload: Upload) -> bool:
        """Whether the upload can be sent, or its text be fetched."""
        if upload.wanted.kind is Kind.AUDIO or self._texts.has(upload.ref, upload.wanted.sha256):
            return True
        under_way_bytes = sum(each.wanted.size_bytes for each in self._uploads.values())
        return not self._uploads or (
            len(self._uploads) < AT_ONCE and under_way_bytes + upload.wanted.size_bytes <= LIMIT_BYTES
        )

    def fetch(self, unit: Unit, upload: Upload, fingerprint: Fingerprint) -> None:
        """Have the text of the upload's file made again; what was to be sent of it waits until it is there."""
        if upload.ref not in self._uploads:
            self._uploads[upload.ref] = upload
            self._derivations.ask(upload.ref, fingerprint, partial(unit.content.derive, upload.ref.path))

    def take_in(self) -> None:
        """Keep the texts that came, and plan their files again."""
        for answer in self._derivations.finished():
            upload = self._uploads.pop(answer.of.ref)
            self._context.todo.update((upload.ref, *upload.also))
            match answer.outcome:
                case Derived() as derived if derived.wanted.sha256 == upload.wanted.sha256:
                    if derived.text is not None:
                        self._texts.pin(upload.ref, derived)
                case Stopped():
                    pass
                case Derived() | Problem() | PicoraSyncError():
                    self._context.look_again(upload.ref)
