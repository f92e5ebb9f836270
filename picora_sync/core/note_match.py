"""Recognising a note in what Picora stores of it, after its images were rewritten to URLs (contract §9.2; design §9).

What was sent and what is stored are equal but for the data URIs, each of which is either left as it was or became a
URL. So a :class:`Mould` keeps the text around the data URIs, and of each of them only what proves it: its own hash, and
size and hash of the image.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

_DATA_URI = re.compile(r"data:image/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]+")
_URL = re.compile(r"https?://[^\s<>()\"'\\]+")


@dataclass(frozen=True, slots=True)
class InlineImage:
    """An image inside a text: the length and the hash of its data URI, and size and hash of its bytes."""

    uri_chars: int
    uri_sha256: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Mould:
    """A text that was, or would be, sent: ``sha256`` is its own; the pictures lie between the pieces."""

    sha256: str
    pieces: tuple[str, ...]
    pictures: tuple[InlineImage, ...]

    @property
    def least_bytes(self) -> int:
        """The text around the pictures: what is stored of it cannot be shorter."""
        return sum(len(piece.encode()) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Proof:
    """To be the same text, what lies behind this URL must have this size and hash."""

    url: str
    size_bytes: int
    sha256: str


def mould(text: str) -> Mould:
    """The text with its images taken out."""
    pieces, pictures, end = [], [], 0
    for found in _DATA_URI.finditer(text):
        data = _decoded(found[0])
        if data is None:
            continue
        pieces.append(text[end : found.start()])
        pictures.append(InlineImage(len(found[0]), _sha256(found[0].encode()), len(data), _sha256(data)))
        end = found.end()
    return Mould(_sha256(text.encode()), (*pieces, text[end:]), tuple(pictures))


def proofs_for(mould: Mould, stored: str) -> tuple[Proof, ...] | None:
    """What would have to be proven for ``stored`` to be that text with its images rewritten; None if it cannot be."""
    if not stored.startswith(mould.pieces[0]):
        return None
    at, proofs = len(mould.pieces[0]), []
    for picture, piece in zip(mould.pictures, mould.pieces[1:], strict=True):
        if _sha256(stored[at : at + picture.uri_chars].encode()) == picture.uri_sha256:
            at += picture.uri_chars
        elif (url := _URL.match(stored, at)) is not None:
            proofs.append(Proof(url[0], picture.size_bytes, picture.sha256))
            at = url.end()
        else:
            return None
        if not stored.startswith(piece, at):
            return None
        at += len(piece)
    return tuple(dict.fromkeys(proofs)) if at == len(stored) else None


def _decoded(uri: str) -> bytes | None:
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except binascii.Error:
        return None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
