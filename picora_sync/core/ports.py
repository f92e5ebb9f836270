"""The seams between the stages: each stage is known to the others only as one of these Protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from picora_sync.core.model import (
    Account,
    Dependency,
    FileRef,
    Fingerprint,
    Kind,
    Problem,
    Rank,
    RemoteObject,
    Tier,
    Wanted,
)

# --- disk -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Present:
    """A regular, selected file of a kind we mirror is there; when it was made, where its file system tells that, is no
    part of whether it changed.
    """

    fingerprint: Fingerprint
    born_ns: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Absent:
    """ENOENT, or a parent that is no directory any more. Nothing else makes a file absent (design §6)."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not be there: permission or I/O error, root missing, mount point changed.

    ``of_root``: the root itself is away, or is not the one we know; that is nothing to say of each file. ``readable``:
    only the rules that may leave it out cannot be read; what it says of its visibility can.
    """

    problem: Problem
    of_root: bool = False
    readable: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """It is there, and a rule (or its being no regular file) says that it is not mirrored; ``why`` names it."""

    why: str


Presence = Present | Absent | Unknown | Ignored


@dataclass(frozen=True, slots=True)
class Scan:
    """One walk over a folder. ``files`` are all that are mirrored, by path.

    ``failed`` maps subtrees (``""`` is the root) that could not be read to the reason: nothing below them is known.
    ``ignored`` maps files of a mirrored kind that a rule leaves out to that rule.
    ``gaps`` maps single paths that should be mirrored to what keeps them from it, such as a link that leads out of the
    folder; ``problems`` are remarks on paths of which nothing is missing.
    ``mounts`` are the directories on another device than the one they lie in.
    ``untaken`` counts files, by suffix, that hold sound of a kind that Picora does not take.
    """

    files: dict[str, Fingerprint]
    failed: dict[str, Problem]
    ignored: dict[str, str]
    problems: dict[str, Problem]
    mounts: frozenset[str] = frozenset()
    untaken: Mapping[str, int] = field(default_factory=dict)
    gaps: dict[str, Problem] = field(default_factory=dict)


class Disk(Protocol):
    """One folder on disk."""

    def check_root(self) -> Problem | None:
        """None if the root is there and is the one we know; else why nothing below it can be believed."""

    def expect_mounts(self, mounts: frozenset[str] | None) -> None:
        """The mount points below the root as far as they are known: where one appeared or vanished since, the subtree
        is unknown (design §6.1). None: whatever the next scan finds is right.
        """

    def scan(self) -> Scan:
        """Walk the folder; never raises for what it finds."""

    def look(self, path: str) -> Presence:
        """What is at this path right now (one lstat, rules applied)."""

    def is_written(self, path: str) -> bool | None:
        """Whether some program has this file open for writing; None if the system does not tell us that."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The SHA-256 of a file's bytes, and the fingerprint that held before and after reading."""

    sha256: str
    fingerprint: Fingerprint


class StableFile(Protocol):
    """One open descriptor of a file that was hashed before, read again while it is sent (design §7)."""

    @property
    def size_bytes(self) -> int:
        """How many bytes ``blocks`` gives."""

    def blocks(self) -> Iterator[bytes]:
        """The bytes in order, hashed on the way; never more than ``size_bytes``. Raises FileChanged, FileUnreadable."""

    def confirm(self) -> None:
        """After the last block: raises FileChanged unless digest and fstat are still those of the hashing."""

    def close(self) -> None:
        """Give the descriptor back."""


class Reader(Protocol):
    """Stable reading by absolute path: every method raises FileChanged if the file moved under it,
    FileUnreadable if it cannot be read (or is no regular file any more). Symbolic links are followed only if the
    folder says so, never out of it.
    """

    def read(self, path: str, limit_bytes: int | None = None) -> tuple[bytes, Fingerprint]:
        """All bytes; if the file is larger than the limit, raises FileUnreadable with code FILE_TOO_LARGE."""

    def head(self, path: str, size_bytes: int) -> bytes:
        """The first bytes of a file of any size, all of a smaller one."""

    def digest(self, path: str) -> Digest:
        """Hash it without holding it in memory."""

    def open(self, path: str, expected: Digest) -> StableFile:
        """Open what was hashed; raises FileChanged at once if the fingerprint already differs."""


# --- content --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Derived:
    """What the content stage makes of one file.

    ``text`` is what will be sent for a note, None for audio. ``file_sha256`` is that of the file's own bytes;
    ``fingerprint`` is the one under which they were read.
    """

    wanted: Wanted
    file_sha256: str
    fingerprint: Fingerprint
    text: str | None = None


class Content(Protocol):
    """Makes the sent form of the files of one folder. Raises FileChanged, FileUnreadable, or returns a Problem
    for content that can never be sent as it is (not UTF-8, empty, wrong signature, too large).
    """

    def derive(self, path: str) -> Derived | Problem:
        """Read the file (stably), and say what it wants to be."""

    def wants_private(self, path: str) -> bool:
        """Whether this note, by its own words alone, wants to be private; it may be one that can never be sent, or
        not now. False if that cannot be read.
        """

    def holds_comment(self, path: str) -> bool:
        """Whether this note may hold a comment, which is never sent; True if it cannot be read."""

    def stale(self, path: str, depends: Sequence[Dependency]) -> bool:
        """Whether any of these look-ups would now lead elsewhere, or to another version."""

    def refresh(self) -> None:
        """Forget what was remembered of the vault's names; the next derive looks again."""


# --- Picora ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DocUpload:
    """The body of ``POST /v1/docs`` (contract §8)."""

    filename: str
    content: str
    title: str
    tags: tuple[str, ...]
    public: bool
    rewrite_images: bool


@dataclass(frozen=True, slots=True)
class AudioUpload:
    """``POST /v1/audio`` (contract §6): the file is streamed, and must still be what was hashed (§7)."""

    open: Callable[[], StableFile]
    size_bytes: int
    filename: str
    title: str
    public: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer to an upload. ``duplicate``: the server held this content before; ``repeated``: an earlier attempt of
    this very call may have been carried out; ``remarks`` are its warnings.
    """

    object: RemoteObject
    duplicate: bool = False
    repeated: bool = False
    remarks: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The part of the metadata that a PATCH changes; None leaves a field alone."""

    title: str | None = None
    tags: tuple[str, ...] | None = None
    public: bool | None = None

    def __bool__(self) -> bool:
        return (self.title, self.tags, self.public) != (None, None, None)


class KeySource(Protocol):
    """Where the API key comes from."""

    @property
    def advice(self) -> str:
        """What to do when the key is refused: where a new one goes, and whether that is enough."""

    def read(self) -> str:
        """The key as that place holds it now. Raises KeyRefused if it holds none that can be used."""


class Picora(Protocol):
    """One account, over the wire. Every method may raise any RemoteError; each says which calls it makes."""

    def verify(self) -> Account:
        """``GET /v1/auth/verify`` (contract §13): it alone says whether the key is good."""

    def server_time(self) -> float | None:
        """The server's clock (seconds since the epoch) as its last answer told, up to a second and the answer's travel
        slow; None if no answer told it. No call.
        """

    def healthy(self) -> bool:
        """``GET /health`` (contract §13): whether a Picora answers at all. Never raises."""

    def post_doc(self, upload: DocUpload) -> Posted:
        """``POST /v1/docs``; repeats what may be repeated, since documents are idempotent by hash (§8.1)."""

    def post_audio(self, upload: AudioUpload) -> Posted:
        """``POST /v1/audio``, once: never repeated when its outcome is unknown. Raises FileChanged if the file is
        not what was hashed, UploadCut if the connection broke under way; the server then saw no complete body.
        """

    def get(self, kind: Kind, object_id: str) -> RemoteObject | None:
        """``GET /v1/docs/:id`` or ``/v1/audio/:id``; None for a 404 with the envelope."""

    def patch(self, kind: Kind, object_id: str, change: Change) -> None:
        """``PATCH``, repeated when that is safe (it is idempotent)."""

    def delete(self, kind: Kind, object_ids: Sequence[str]) -> tuple[str, ...]:
        """One batch call (docs ≤ 50: ``DELETE /v1/docs``; audio ≤ 100: ``DELETE /v1/media``).

        Returns the ids that are certainly gone; after reported failures each of the rest is asked for (design §4).
        """

    def find_audio(self, sha256: str, size_bytes: int) -> tuple[RemoteObject, ...]:
        """The audio objects with these bytes, oldest first: ``GET /v1/sync/state`` by content hash (contract §12)."""

    def audio_held(self) -> tuple[RemoteObject, ...]:
        """All audio of the account, each with the hash of its content where the server tells it: ``GET
        /v1/sync/state``, else ``GET /v1/media`` (contract §4, §12).
        """

    def find_audio_among(
        self, candidates: Sequence[RemoteObject], sha256: str, size_bytes: int
    ) -> tuple[RemoteObject, ...]:
        """Those of these (as :meth:`audio_held` gave them) that hold these bytes, oldest first: a GET for each, and a
        look at the bytes where the server does not tell the hash. Raises OutcomeUnknown if they cannot be read.
        """


@dataclass(frozen=True, slots=True)
class StoredText:
    """What Picora stores of a document: the text with its images rewritten, and, where the server says so, the SHA-256
    of what was sent (contract §8.1, §15 #28).
    """

    text: str
    source_sha256: str | None = None


class Library(Protocol):
    """What the account holds, read as a whole. Every method may raise any RemoteError, and Stopped."""

    def listed(self, kind: Kind) -> Iterator[RemoteObject]:
        """All objects of a kind, page by page: ``GET /v1/docs``, ``GET /v1/media`` (contract §4). Raises NotPicora
        where the list cannot be trusted to be whole.
        """

    def get(self, kind: Kind, object_id: str) -> RemoteObject | None:
        """As :meth:`Picora.get`."""

    def stored(self, object_id: str) -> StoredText:
        """``GET /v1/docs/:id/raw`` with the bearer (contract §8)."""

    def audio_hashes(self) -> Mapping[str, str]:
        """SHA-256 by id, of those audio objects whose content hash the server tells: ``GET /v1/sync/state`` (§12);
        empty if it has no such call.
        """

    def sha256_of(self, url: str, size_bytes: int) -> str | None:
        """The SHA-256 of the bytes behind a media URL; None if there are none, or not exactly so many. Raises
        OutcomeUnknown if they cannot be read from here.
        """


class Pacer(Protocol):
    """Decides when a request may go out; shared by all workers of one account."""

    def acquire(self, tier: Tier) -> None:
        """Wait until a request of this tier may be sent. Raises Stopped when the program is ending."""

    def observe(self, tier: Tier, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Learn from the rate headers of an answer (contract §3, §16 #3)."""


class Budget(Protocol):
    """Decides what is begun: the same budget as the pacer's, without waiting."""

    def take(self, tier: Tier, rank: Rank) -> float:
        """Spend one request of this tier if it may go out now, with enough left for what is more urgent: 0; else the
        seconds after which to ask again.
        """

    def give_back(self, tier: Tier) -> None:
        """What was taken is not needed."""

    def lend(self, tier: Tier) -> AbstractContextManager[None]:
        """Within it, the calling thread's next request of this tier is the one that was taken."""


# --- index ----------------------------------------------------------------------------------------------------------


class Changes(Protocol):
    """Where events go: a path that may have changed, or a folder that must be looked through."""

    def touch(self, ref: FileRef) -> None:
        """This path may have changed. Called from any thread."""

    def written(self, ref: FileRef) -> None:
        """Some program writes to this file, and has not closed it since. Called from any thread, before the touch."""

    def closed(self, ref: FileRef) -> None:
        """The program that wrote to this file closed it, or the file is gone. Called from any thread."""

    def forget_written(self, folder: str) -> None:
        """Events of this folder were lost: which of its files are still written to is not known any more."""

    def rescan(self, folder: str, why: str) -> None:
        """Events of this folder were lost, or cannot be trusted: look through all of it."""
