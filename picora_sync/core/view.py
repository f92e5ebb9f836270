"""What the planner looks at: a slice of the index around the files that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from picora_sync.core.model import FileRef, Fingerprint, Kind, RemoteObject, Wanted
from picora_sync.core.plan import Reason

ContentKey = tuple[Kind, str]
"""What makes two files the same on Picora: kind and SHA-256 of what is sent."""


class Standing(Enum):
    """How a file stands, as far as the plan is concerned."""

    PRESENT = auto()
    """It is there, settled and readable, and ``wanted`` is what it wants."""
    KEPT = auto()
    """Blocked, unknown, unsettled or held: it keeps its object; only its wish to be private is heard."""
    MISSING = auto()
    """It vanished, and may still turn up elsewhere (``delete_after``)."""
    LEAVING = auto()
    """It is to lose its object, and the guard has agreed."""


@dataclass(frozen=True, slots=True)
class Traces:
    """By what a file is known again under another name, whatever is in it by now.

    ``read_at_s`` is the wall clock's time when it was last read, 0 if that does not count; ``sketch`` is of the text
    that it wanted to send; ``came_from`` are the names that a watcher said it had before.
    """

    fingerprint: Fingerprint | None
    born_ns: int | None = None
    read_at_s: float = 0.0
    sketch: bytes = b""
    came_from: frozenset[FileRef] = frozenset()


@dataclass(frozen=True, slots=True)
class FileNow:
    """One file of the view. ``bound_at`` orders the bindings of a shared object (seconds, any epoch); ``guarded`` tells
    that the guard holds it, or let it pass, ``hidden`` that a text that was sent of it may show what is private now.
    ``traces`` are what is left of it when it is renamed and edited.
    """

    ref: FileRef
    standing: Standing
    wanted: Wanted | None = None
    bound: str | None = None
    bound_at: float = float("inf")
    fingerprint: Fingerprint | None = None
    reason: Reason = Reason.REMOVED
    why: str = ""
    guarded: bool = False
    hidden: bool = False
    traces: Traces | None = None


@dataclass(frozen=True, slots=True)
class Unbound:
    """An object that lost its last binding. ``due`` tells that nothing delays its deletion any more, ``exposed`` that
    it may be public although its file wants private.
    """

    object: RemoteObject
    ref: FileRef
    reason: Reason
    due: bool
    exposed: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """The slice of the index a plan is made from.

    It is closed: every file bound to an object in ``objects`` is in ``files``, and every live object that holds a
    content wanted here is in ``objects``. ``busy`` are the contents now being uploaded or deleted: their files wait.
    """

    files: tuple[FileNow, ...]
    objects: Mapping[str, RemoteObject] = field(default_factory=dict)
    busy: frozenset[ContentKey] = frozenset()

    def in_place(self) -> Iterator[FileRef]:
        """The files that are bound to what they want to be: nothing of them is to be sent."""
        for file in self.files:
            item = None if file.bound is None else self.objects.get(file.bound)
            if item is not None and file.wanted is not None and item.sha256 == file.wanted.sha256:
                yield file.ref
