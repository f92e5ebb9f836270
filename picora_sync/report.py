"""What a mirror tells about itself: the live view's numbers, the file that ``status`` reads, plan and report."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from picora_sync.core.model import FileRef, Problem, RemoteObject

INDEX_NAME = "index.sqlite"
LIVE_NAME = "live.json"
"""The files of a state directory."""

SHOWN = 1000
"""So many single paths are named at most."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """An upload under way."""

    ref: FileRef
    size_bytes: int
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class FolderLive:
    """A folder's watcher: ``ok``, ``polling`` or ``missing``, and why if it is not ok."""

    name: str
    path: str
    watch: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """A snapshot of the process; times are wall clock. Counts are since the start, ``waiting`` is what is left.

    ``accepted_at`` is when Picora last took the key, None if it has not done so since the start. ``daemon``: it watches
    until it is stopped, and has ``ended`` as it should if it says so. ``vanished`` counts the files that wait out their
    grace, ``wait_s`` is how long until that and settling are over, if nothing changes any more. ``quotas`` are limit
    and use of each kind of which the account tells it, ``budget`` limit and rest of each class of requests (in this
    minute, and in this ``hour``); nothing if there is no limit.
    """

    pid: int
    at: float
    account: str
    trouble: str
    folders: Sequence[FolderLive] = ()
    settling: Sequence[FileRef] = ()
    transfers: Sequence[Transfer] = ()
    waiting_uploads: int = 0
    waiting_bytes: int = 0
    uploads: int = 0
    uploaded_bytes: int = 0
    patched: int = 0
    deleted: int = 0
    requests: int = 0
    eta_s: float = 0.0
    recent: Sequence[str] = field(default_factory=tuple)
    accepted_at: float | None = None
    daemon: bool = False
    ended: bool = False
    vanished: int = 0
    wait_s: float = 0.0
    plan: str = ""
    quotas: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    budget: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Replace the file with this snapshot, whole or not at all."""
        document = asdict(self)
        document["settling"] = document["settling"][:SHOWN]
        scratch = path.with_suffix(".new")
        scratch.unlink(missing_ok=True)
        with open(scratch, "x", encoding="utf-8", opener=_private) as file:  # Path.open takes no opener
            file.write(json.dumps(document))
        scratch.replace(path)

    @classmethod
    def read(cls, path: Path) -> Live | None:
        """The last snapshot, None if there is none that can be read."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            document["folders"] = [FolderLive(**item) for item in document["folders"]]
            document["settling"] = [FileRef(**item) for item in document["settling"]]
            document["transfers"] = [Transfer(FileRef(**item.pop("ref")), **item) for item in document["transfers"]]
            return cls(**document)
        except (OSError, ValueError, TypeError, KeyError):
            return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of the plan: upload, replace, patch, rebind or delete. ``public_before`` and ``public_after`` tell
    whether everybody can read it: None if nothing of it is there then, or if that is not known.
    """

    op: str
    folder: str
    path: str
    why: str
    public_before: bool | None = None
    public_after: bool | None = None


@dataclass(frozen=True, slots=True)
class PlanReport:
    """The whole plan, the number of requests per tier, and how long the rate limits make it take. ``blocked`` are files
    that are not sent as they are, ``away`` the folders of which nothing can be said, ``unclear`` the notes of the plan
    that are private because what they say of their visibility cannot be read.
    """

    actions: list[Planned] = field(default_factory=list)
    held: list[Planned] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)
    eta_s: float = 0.0
    blocked: list[tuple[FileRef, Problem]] = field(default_factory=list)
    away: list[tuple[str, Problem]] = field(default_factory=list)
    unclear: list[tuple[FileRef, Problem]] = field(default_factory=list)


LEFT = "LEFT_FOR_LATER"
"""The problem of a file that was still changing, or had just vanished, when a pass ended that did not wait for it."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one pass came to: numbers of files by their state, calls made, and what is wrong. ``left`` are the objects
    that are still on Picora because it refused to delete them, ``gaps`` places where something is not mirrored.
    """

    files: int = 0
    synced: int = 0
    blocked: int = 0
    held: int = 0
    uploaded: int = 0
    patched: int = 0
    deleted: int = 0
    requests: int = 0
    problems: list[tuple[FileRef, Problem]] = field(default_factory=list)
    left: int = 0
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long command has come; ``total`` is None as long as nobody knows."""

    stage: str
    done: int = 0
    total: int | None = None
    eta_s: float = 0.0


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuilt index knows: files that are to be mirrored, those recognised on Picora, and their objects.

    ``others`` are the account's other documents and audio: of other origin, older versions of files that changed, or
    second copies. ``problems`` are the files that nothing can be said of; ``kept`` is where the index from before is,
    None if there was none.
    """

    files: int = 0
    recognised: int = 0
    objects: int = 0
    requests: int = 0
    others: list[RemoteObject] = field(default_factory=list)
    problems: list[tuple[FileRef, Problem]] = field(default_factory=list)
    kept: str | None = None


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something on Picora that is not as the index says: ``what`` is ``missing``, ``changed`` or ``content``.

    ``detail`` says what changed; ``files`` are those that are bound to the object.
    """

    what: str
    id: str
    url: str
    files: Sequence[FileRef]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What comparing index and account came to. ``others`` counts what is on Picora and not ours, ``sampled`` the
    objects whose content was read, ``unread`` those of them that could not be. After a repair, ``repaired`` counts the
    discrepancies that are put right, and ``held`` those that were left to a person.
    """

    compared: int = 0
    others: int = 0
    sampled: int = 0
    unread: int = 0
    found: Sequence[Discrepancy] = ()
    repaired: int = 0
    held: int = 0
    requests: int = 0
