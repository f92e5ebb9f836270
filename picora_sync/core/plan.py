"""What can be done to make the remote match the folder: a closed union of actions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from picora_sync.core.model import FileRef, Kind, Metadata, Wanted
from picora_sync.core.ports import Change


class Reason(StrEnum):
    """Why a file lost its object (design §4 "Deleting is garbage collection")."""

    REPLACED = "replaced"
    RENAMED = "renamed"
    REMOVED = "removed"
    IGNORED = "ignored"
    UNSELECTED = "unselected"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Upload:
    """POST this file's content, and bind ``ref`` and ``also`` to the object that comes back.

    ``replaces`` is the object that ``ref`` is bound to until then. ``delete_first`` is an object that is in the way:
    one with equal text that the server would answer ``duplicate`` for, although it was stored with another
    ``rewriteImages`` (design §5), or the old version of the file, if there is no room for both (§8).
    """

    ref: FileRef
    wanted: Wanted
    metadata: Metadata
    why: str
    also: tuple[FileRef, ...] = ()
    replaces: str | None = None
    delete_first: str | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """Change the metadata of an object; ``ref`` is one of the files it is bound to."""

    object_id: str
    kind: Kind
    change: Change
    ref: FileRef
    why: str

    @property
    def makes_private(self) -> bool:
        """Make-private goes before everything else (promise 4)."""
        return self.change.public is False


@dataclass(frozen=True, slots=True)
class Bind:
    """Bind a file to an object that already holds its content: no request. ``renamed_from``: where it was before."""

    ref: FileRef
    object_id: str
    why: str
    renamed_from: FileRef | None = None


@dataclass(frozen=True, slots=True)
class Unbind:
    """A file lets go of its object: no request; the object is collected when nothing is bound to it any more."""

    ref: FileRef
    object_id: str
    reason: Reason
    why: str


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE an object that is ours and bound to nothing. ``ref`` is the last file that was bound to it.

    ``makes_private`` tells that the object may be public although its file wants private (promise 4).
    """

    object_id: str
    kind: Kind
    ref: FileRef
    why: str
    makes_private: bool = False


Action = Upload | Patch | Bind | Unbind | Delete
