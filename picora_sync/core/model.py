"""The nouns of the pipeline: what is on disk, what is wanted, what Picora holds.

A *file* (:class:`FileRef`) is seen on disk with a :class:`Fingerprint`; the content stage derives from it what
it *wants* on Picora (:class:`Wanted`); the index remembers which *object* (:class:`RemoteObject`) it is bound to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple, Protocol, Self

from picora_sync.errors import in_full


class Kind(StrEnum):
    """What a file becomes on Picora."""

    DOC = "doc"
    AUDIO = "audio"


DOC_SUFFIXES = frozenset({".md", ".markdown"})
AUDIO_SUFFIXES = frozenset({".mp3", ".m4a", ".wav", ".flac", ".ogg"})
UNTAKEN_SUFFIXES = frozenset(
    {".opus", ".oga", ".m4b", ".aac", ".mp4", ".wma", ".aiff", ".aif", ".amr", ".mka", ".mov", ".mkv", ".webm"}
)
"""Sound that Picora does not take: somebody may expect it to be mirrored, and is told that it is not."""
ASSET_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"})


def suffix_of(path: str) -> str:
    """The lower-case extension with its dot, or ``""``: ``"a/B.MD"`` → ``".md"``."""
    name = path.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if dot and stem else ""


def kind_of(path: str) -> Kind | None:
    """The kind a path's extension stands for, None if it is not mirrored by itself."""
    suffix = suffix_of(path)
    if suffix in DOC_SUFFIXES:
        return Kind.DOC
    return Kind.AUDIO if suffix in AUDIO_SUFFIXES else None


@dataclass(frozen=True, slots=True, order=True)
class FileRef:
    """One file: the folder's configured name and the POSIX path below its root.

    Names that are not UTF-8 carry surrogate escapes, as ``os.fsdecode`` makes them.
    """

    folder: str
    path: str


class Status(Protocol):
    """What stat answers, as ``os.stat_result`` has it."""

    @property
    def st_size(self) -> int:
        """Bytes."""

    @property
    def st_mtime_ns(self) -> int:
        """When it was written."""

    @property
    def st_ctime_ns(self) -> int:
        """When anything about it changed."""

    @property
    def st_ino(self) -> int:
        """Its number on its device."""

    @property
    def st_dev(self) -> int:
        """Its device."""


class Fingerprint(NamedTuple):
    """What stat says of a file. It counts as unchanged only if all five are equal (design §4).

    A tuple, not a dataclass: a scan makes one per file and compares it with an index row.
    """

    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, status: Status) -> Self:
        """The numbers of this answer, each within 64 bits with a sign, which is what the index can hold: file systems
        give inodes without a sign (mergerfs, CIFS), and stamps beyond the year 2262.
        """
        found = cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)
        return found if min(found) >= -_END and max(found) < _END else cls(*map(_wrapped, found))


_END: Final = 1 << 63


def _wrapped(value: int) -> int:
    return (value + _END) % (2 * _END) - _END


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person should know about one file: a stable code, a sentence, and what to do."""

    code: str
    message: str
    hint: str = ""

    @property
    def in_full(self) -> str:
        """The sentence, and what to do about it."""
        return in_full(self.message, self.hint)


BAD_FRONTMATTER: Final = "BAD_FRONTMATTER"
VISIBILITY_UNCLEAR: Final = "VISIBILITY_UNCLEAR"
UNCLEAR_CODES: Final = frozenset({BAD_FRONTMATTER, VISIBILITY_UNCLEAR})
"""What makes a note private although it may have been meant to be public (design §4 "Visibility")."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A name that was looked up while a note was derived, and what it led to.

    ``name`` is the normalised last component (NFC, case-folded, ``"chart.png"``). ``target`` is the absolute path
    it resolved to, None for a miss. ``version`` is ``(size, mtime_ns)`` of the target when it was read, or, where a
    name has several files, a checksum of them: it means something to the content stage only. One per name and note.
    """

    name: str
    target: str | None = None
    version: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a file wants to be on Picora (design §4 "Sent form").

    ``sha256`` and ``size_bytes`` are those of what is sent: the transformed text of a note, the bytes of an audio
    file. ``rewrite_images`` matters only if ``embeds`` (the text holds data URIs). ``selected`` is False for a note
    that ``select: published`` leaves out; if it is ``unclear`` (what it says of its visibility cannot be read) it
    stays if it is bound already: never a deletion (design §4 "Visibility"). ``problems`` are remarks; they keep
    nothing from being sent.
    """

    kind: Kind
    sha256: str
    size_bytes: int
    filename: str
    title: str
    tags: tuple[str, ...] = ()
    public: bool = False
    rewrite_images: bool = False
    embeds: bool = False
    selected: bool = True
    unclear: bool = False
    problems: tuple[Problem, ...] = ()
    depends: tuple[Dependency, ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """The part of an object that PATCH can change."""

    title: str
    tags: tuple[str, ...]
    public: bool


def object_id(kind: Kind, told: str) -> str:
    """How an object is known here: kind and id, since a server may give one id to a document and to audio."""
    return f"{kind}:{told}"


def told_id(known: str) -> str:
    """The id that the server gave to what is known by this (:func:`object_id`)."""
    return known.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """An object as the server last confirmed it; ``id`` is what it is known by here (:func:`object_id`).

    ``title``, ``tags`` and ``public`` are None while nobody knows whether a PATCH has changed them. ``ours`` is False
    for an object that existed before us: it is bound and kept right, never deleted. ``sha256`` is of what was sent,
    None if we do not know. ``rewritten`` tells whether it was sent with ``rewriteImages``. ``created_at`` is the
    server's time stamp.
    """

    id: str
    kind: Kind
    url: str
    title: str | None
    tags: tuple[str, ...] | None = ()
    public: bool | None = None
    size_bytes: int = 0
    created_at: str = ""
    sha256: str | None = None
    ours: bool = True
    rewritten: bool = False
    thumbnail_url: str | None = None
    duration_s: float | None = None


class FileState(StrEnum):
    """The one state a file has (design §5)."""

    SYNCED = "synced"
    SETTLING = "settling"
    QUEUED = "queued"
    UPLOADING = "uploading"
    HELD = "held"
    BLOCKED = "blocked"
    IGNORED = "ignored"


class Tier(StrEnum):
    """A rate class of the API (contract §3)."""

    READ = "read"
    UPLOAD = "upload"
    MUTATION = "mutation"


class Rank(IntEnum):
    """How urgent a request is: lower goes first (design §8)."""

    MAKE_PRIVATE = 0
    INTERACTIVE = 1
    BACKFILL = 2


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What the account's plan allows (contract §14); bytes, seconds, counts. None: not known, do not check."""

    doc_bytes: int | None = None
    doc_images: int | None = None
    doc_count: int | None = None
    audio_bytes: int | None = None
    audio_duration_s: int | None = None


class Quota(NamedTuple):
    """How much of one kind an account may hold, and holds: documents are counted, audio in bytes (contract §14)."""

    limit: int
    used: int


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are on which server: ids of one account mean nothing on another (design §7). ``quotas`` lacks the kinds
    of which the server does not tell. ``usage_told``: limits and quotas are the server's own words, not a plan's.
    """

    base_url: str
    user_id: str
    plan: str = ""
    limits: PlanLimits = field(default_factory=PlanLimits)
    quotas: Mapping[Kind, Quota] = field(default_factory=dict)
    usage_told: bool = False
