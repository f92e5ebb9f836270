"""What the files of a simulation hold, and what that is to be on Picora: said here, not derived by our own code."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from functools import cache

from picora_sync.core.model import Kind
from tests.contract import samples

VARIANTS = 12
ESSAY_WORDS = 80
SUBJECTS = 4
PICTURE = "pic.png"
PICTURES = tuple(samples.png(salt=bytes([65 + n])) for n in range(2))
_LINK = f"![picture]({PICTURE})"


@dataclass(frozen=True)
class Matter:
    """The bytes of one file and what they mean.

    ``public``, ``title`` and ``tags`` are what the file says itself; ``unclear`` that what it says of its visibility
    cannot be read. ``torn`` bytes stand on disk only while somebody still writes.
    """

    kind: Kind
    data: bytes
    sendable: bool = True
    empty: bool = False
    public: bool | None = None
    unclear: bool = False
    title: str | None = None
    tags: tuple[str, ...] = ()
    pictured: bool = False
    torn: bool = False

    def sent(self, picture: bytes | None) -> str:
        """The SHA-256 of what is sent while the picture is (or is not) there."""
        data = self.data
        if self.pictured and picture is not None:
            uri = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
            data = data.replace(f"({PICTURE})".encode(), f"({uri})".encode())
        return sha256(data)

    def all_sent(self) -> set[str]:
        """Every form it can ever have been sent in."""
        return {self.sent(picture) for picture in (None, *PICTURES)}

    def grown(self, times: int) -> Matter:
        """With more at its end."""
        more = f"\nmore {times}\n".encode() if self.kind is Kind.DOC else b"\0" * (times + 1)
        usable = self.sendable and not self.empty
        return replace(self, data=self.data + more) if usable else self

    def shrunk(self) -> Matter:
        """With less at its end; what it says of itself stands at its start."""
        cut = 2 if self.kind is Kind.DOC else 7
        return replace(self, data=self.data[:-cut]) if self.sendable and not self.empty else self


@cache
def matter(kind: Kind, number: int) -> Matter:
    """One of the contents of a simulation; numbers meet again, so that files have equal content."""
    return _sound(number) if kind is Kind.AUDIO else _note(number % VARIANTS, number // VARIANTS % SUBJECTS)


def letter(number: int, *, public: bool | None = None) -> Matter:
    """A note unlike all others, of which there can be many."""
    body = f"Letter {number}, unlike all others.\n"
    return Matter(Kind.DOC, body.encode()) if public is None else _with_front(body, _PUBLIC[public], public=public)


def essay(number: int) -> Matter:
    """A long note, of which no other shares anything."""
    return Matter(Kind.DOC, " ".join(f"e{number}w{word}" for word in range(ESSAY_WORDS)).encode())


def edited(content: Matter, number: int) -> Matter:
    """The same note with a little more at its end."""
    return replace(content, data=content.data + f" more{number}".encode())


_PUBLIC = {True: "public: true", False: "public: false"}
EMPTY = {kind: Matter(kind, b"", sendable=False, empty=kind is Kind.DOC) for kind in Kind}


def _note(variant: int, subject: int) -> Matter:  # noqa: C901, PLR0911  (a table)
    body = f"About subject {subject}, in many words.\n"
    match variant:
        case 0 | 1:
            return Matter(Kind.DOC, body.encode())
        case 2:
            return _with_front(body, "public: true", public=True)
        case 3:
            return _with_front(body, "public: false", public=False)
        case 4:
            front = f"title: Subject {subject}\ntags: [x, t{subject}]\npublic: true"
            return _with_front(body, front, public=True, title=f"Subject {subject}", tags=("x", f"t{subject}"))
        case 5:
            return Matter(Kind.DOC, f"# Heading {subject}\n\n{body}".encode(), title=f"Heading {subject}")
        case 6:
            return _with_front(body, 'public: "yes"', unclear=True)
        case 7:
            return _with_front(f"{_LINK}\n\n{body}", "tags: shown\npublic: true", public=True, tags=("shown",))
        case 8:
            return Matter(Kind.DOC, f"{_LINK}\n\n{body}".encode(), pictured=True)
        case 9:
            return Matter(Kind.DOC, b"caf\xe9 " + body.encode(), sendable=False)
        case 10:
            return Matter(Kind.DOC, b" \n\t\n", sendable=False, empty=True)
        case _:
            return _with_front(body, "publish: true\ntags: a b", public=True, tags=("a", "b"))


def _with_front(
    body: str,
    front: str,
    *,
    public: bool | None = None,
    unclear: bool = False,
    title: str | None = None,
    tags: tuple[str, ...] = (),
) -> Matter:
    data = f"---\n{front}\n---\n{body}".encode()
    return Matter(Kind.DOC, data, public=public, unclear=unclear, title=title, tags=tags, pictured=_LINK in body)


def _sound(number: int) -> Matter:
    if number % 9 == 8:
        return Matter(Kind.AUDIO, b"<html>not found</html>", sendable=False)
    return Matter(Kind.AUDIO, samples.flac(salt=bytes([number % 5]) * 8))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
