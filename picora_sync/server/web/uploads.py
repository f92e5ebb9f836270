"""Multipart bodies, streamed: the file goes to disk while it is hashed, never into memory (contract §6, §10)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import falcon
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header  # type: ignore[import-untyped]  # annotated, not marked

from picora_sync.server import errors
from picora_sync.server.errors import StorageUnavailable
from picora_sync.server.store.blobs import Blobs, Incoming
from picora_sync.server.web import body, fields, form_parts

# Text fields that any form of the contract has; others are ignored, whatever they hold (contract §15 #6).
_FIELDS = frozenset({"title", "isPublic", "is_public", "tags"})
_FLAGS = frozenset({"isPublic", "is_public"})  # of other fields that are repeated, the first one counts
_MAX_PARTS = 32
_MAX_FIELD_BYTES = 64 * 1024
_HEAD_BYTES = 64 * 1024
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,70}")


@dataclass
class Upload:
    """A received form: its text fields, and its file on disk.

    ``size_bytes`` counts all bytes that arrived; beyond ``keep_bytes`` they were not kept.
    """

    path: Path
    fields: dict[str, str] = field(default_factory=dict)
    filename: str | None = None
    mime: str | None = None
    size_bytes: int = 0
    head: bytes = b""
    sha256: str = ""


@contextmanager
def receive(req: falcon.Request, blobs: Blobs, keep_bytes: int) -> Iterator[Upload]:
    """The form of a request; its file is gone when the block ends.

    Args:
        req: a request with a multipart body.
        blobs: gives the temporary file.
        keep_bytes: bytes of the file to keep at most; the rest is read and dropped, so that the caller can answer.

    Raises:
        ApiError: 400 for a malformed body, 413 over the hard cap, 422 without a file.
        StorageUnavailable: the disk did not take the bytes.
    """
    read = body.reader(req, body.MULTIPART_CAP_BYTES)
    boundary = _boundary(req)
    with blobs.incoming() as incoming:
        receiver = _Receiver(incoming, keep_bytes)
        try:
            with body.under_way(req), _parser(boundary) as parser:
                while not parser.closed and (block := read()):
                    for event in parser.parse(block):
                        receiver.take(event)
                while read():  # the epilogue
                    pass
        except MultipartError as error:
            raise errors.bad_request(f"The multipart body is malformed: {error}") from error
        yield receiver.finish()


def _parser(boundary: str) -> PushMultipartParser:
    return PushMultipartParser(
        boundary, max_segment_count=_MAX_PARTS, header_charset=form_parts.HEADER_CHARSET, strict=True
    )


def _boundary(req: falcon.Request) -> str:
    media_type, options = parse_options_header(req.content_type or "")
    boundary = options.get("boundary", "")
    if media_type != "multipart/form-data":
        raise errors.invalid("file", "The request must be multipart/form-data with a file")
    if not _BOUNDARY.fullmatch(boundary):
        raise errors.bad_request("The multipart body has no valid boundary")
    return str(boundary)


class _Receiver:
    """Sorts the parser's events into fields and the file."""

    def __init__(self, incoming: Incoming, keep_bytes: int) -> None:
        self.upload = Upload(incoming.path)
        self._file = incoming.file
        self._keep_bytes = keep_bytes
        self._hash = hashlib.sha256()
        self._name = ""
        self._part: MultipartSegment | None = None
        self._text = bytearray()
        self._is_file = False
        self._seen_file = False

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if event is None:
            self._end()
        elif isinstance(event, (bytes, bytearray)):
            self._more(bytes(event))
        else:
            self._begin(event)

    def finish(self) -> Upload:
        """The whole form.

        Raises:
            ApiError: 422 without a file.
        """
        if not self._seen_file:
            raise errors.invalid("file", "file is needed, with a filename")
        try:
            self._file.flush()
        except OSError as error:
            raise StorageUnavailable(str(error)) from error
        self.upload.sha256 = self._hash.hexdigest()
        return self.upload

    def _begin(self, part: MultipartSegment) -> None:
        self._name = part.name or ""
        self._part = part
        self._is_file = self._name == "file" and not self._seen_file
        if not self._is_file:
            return
        filename = fields.base_name(form_parts.filename(part))
        if not filename:
            raise errors.invalid("file", "file is needed, with a filename")
        self._seen_file = True
        self.upload.filename = filename[-fields.MAX_FILENAME_CHARACTERS :]
        self.upload.mime = part.content_type

    def _more(self, block: bytes) -> None:
        if not self._is_file:
            if self._name not in _FIELDS:
                return
            self._text += block
            if len(self._text) > _MAX_FIELD_BYTES:
                raise errors.invalid(self._name, f"the field is over {_MAX_FIELD_BYTES} bytes")
            return
        upload = self.upload
        upload.size_bytes += len(block)
        if upload.size_bytes > self._keep_bytes:
            return
        self._hash.update(block)
        if len(upload.head) < _HEAD_BYTES:
            upload.head += block[: _HEAD_BYTES - len(upload.head)]
        try:
            self._file.write(block)
        except OSError as error:
            raise StorageUnavailable(str(error)) from error

    def _end(self) -> None:
        if not self._is_file and self._name in _FIELDS:
            try:
                value = form_parts.text(self._part, bytes(self._text))
            except UnicodeDecodeError as error:
                raise errors.invalid(self._name, "the field is not text in UTF-8 or the charset it names") from error
            if self.upload.fields.setdefault(self._name, value) != value and self._name in _FLAGS:
                raise errors.invalid(self._name, f"{self._name} is given twice, and differently")
        self._text.clear()
