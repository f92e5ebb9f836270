"""What the parts of the reconciler share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from picora_sync.change_queue import ChangeQueue
from picora_sync.core.clock_skew import Ages
from picora_sync.core.model import FileRef, Fingerprint, Kind, RemoteObject
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Content, Digest, Disk, StableFile
from picora_sync.errors import Stopped
from picora_sync.index import Index

Unsettled = Callable[[], frozenset[FileRef]]
"""The files of which nobody knows what they hold now, gathered when it is asked for."""

CLOCK = "clock"
"""The meta key of what is known of the clocks."""

UNREAD_S = 7200.0
"""So long an object waits that may be what a file holds that cannot be read: two regular scans."""
REREAD_S = 60.0
"""A file that could not be read is looked at once more after this; then by each scan."""


class Unread(NamedTuple):
    """A file that cannot be read: until when what it may hold is waited for, when it is looked at again (both
    monotonic), and how it looked, None if not even that is known.
    """

    until: float
    again_at: float
    fingerprint: Fingerprint | None


class Pulse:
    """When a scan last came on, by the ``clock`` (monotonic); ``beat`` is called at each step of it, by its thread, and
    raises Stopped once the program is ending.
    """

    def __init__(self, clock: Callable[[], float] = lambda: inf, is_over: Callable[[], bool] = lambda: False) -> None:
        self._clock = clock
        self._is_over = is_over
        self.at = clock()

    def start(self) -> None:
        """It begins."""
        self.at = self._clock()

    def beat(self) -> None:
        """It came on."""
        self.start()
        if self._is_over():
            raise Stopped


@dataclass(frozen=True, slots=True)
class Unit:
    """One mirrored folder: its policy, its disk, and its content stage.

    ``open_audio`` opens what was hashed, by the path below the root. ``pulse`` is that of its scans.
    """

    policy: Folder
    disk: Disk
    content: Content
    open_audio: Callable[[str, Digest], StableFile]
    pulse: Pulse = field(default_factory=Pulse)


@dataclass(frozen=True, slots=True)
class Clocks:
    """``mono`` for waits, ``wall`` for time stamps; both in seconds."""

    mono: Callable[[], float]
    wall: Callable[[], float]


@dataclass
class Context:
    """The state of one mirror: the index, the queue, and which files must be planned. ``server_time`` is the server's
    clock as far as it told, else the local one; what it stamps is compared with it alone (design §7). ``time_told``:
    whether that is more than a guess by now.

    ``interactive`` are files a person is working on: their uploads go before the backfill. ``retries`` are blocked
    files that are tried again, ``stubborn`` objects that Picora did not delete and when that is tried again
    (monotonic). ``superseded`` are objects that were planned again while a call about them was in flight,
    ``outdated`` are files that were found to be something else than the index says. ``scanned`` are the folders that
    this process has looked through; ``untold`` names a change per folder that a later scan found and no event told of.
    ``to_peek`` are notes that a scan could not list, and that may say that they are private.
    ``paused`` are the folders for which nothing is sent but what makes something private. ``places`` are the unsettled
    paths where what an object holds may have gone that nothing is bound to, ``hidden`` those objects of them that were
    to be made private meanwhile. ``closed`` are the places of a folder that its last scan could not look into,
    ``closing`` those of them that the scan before could. ``unread`` are files that may have changed and could not be
    read. ``left`` is audio that the index forgot and Picora still holds. ``alone`` are objects whose deletion was
    refused in a batch: they are deleted one by one, so that one of them keeps no other. ``hide_again`` are ``hidden``
    objects that could not be made private, and when that is tried again (monotonic). ``away`` are folders of which a
    path was to be looked at while the whole root was out of sight, and was not looked through since; True: it is asked
    for that. ``showed`` are notes that were public with a text that may show what turned private, until another one is
    sent.
    """

    index: Index
    queue: ChangeQueue
    units: Mapping[str, Unit]
    clocks: Clocks
    server_time: Callable[[], float]
    time_told: Callable[[], bool] = lambda: True
    todo: set[FileRef] = field(default_factory=set)
    showed: set[FileRef] = field(default_factory=set)
    interactive: set[FileRef] = field(default_factory=set)
    retries: dict[FileRef, float] = field(default_factory=dict)
    stubborn: dict[str, float] = field(default_factory=dict)
    superseded: set[str] = field(default_factory=set)
    outdated: set[FileRef] = field(default_factory=set)
    scanned: set[str] = field(default_factory=set)
    away: dict[str, bool] = field(default_factory=dict)
    untold: dict[str, FileRef] = field(default_factory=dict)
    to_peek: set[FileRef] = field(default_factory=set)
    places: dict[str, frozenset[FileRef]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    unread: dict[FileRef, Unread] = field(default_factory=dict)
    alone: set[str] = field(default_factory=set)
    hide_again: dict[str, float] = field(default_factory=dict)
    closed: dict[str, frozenset[str]] = field(default_factory=dict)
    closing: dict[str, frozenset[str]] = field(default_factory=dict)
    left: list[RemoteObject] = field(default_factory=list)
    ages: Ages = field(init=False)
    paused: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        policies = [unit.policy for unit in self.units.values()]
        quiet_s = [settle.quiet_s for policy in policies for settle in (policy.doc_settle, policy.audio_settle)]
        self.ages = Ages(max(quiet_s, default=0.0), self.index.meta(CLOCK))
        ends, now = self.index.paused_until(), self.clocks.wall()
        self.paused = frozenset(name for name, end_at in ends.items() if end_at > now)

    def clock_jumped(self) -> bool:
        """Look at the clocks; whether one jumped since the last look, be it that of an earlier process."""
        before = self.ages.state
        jumped = self.ages.observe(self.clocks.mono(), self.clocks.wall())
        if self.ages.state is not None and self.ages.state != before:
            self.index.set_meta(CLOCK, self.ages.state)
        return jumped

    def removal_time(self) -> float | None:
        """The time by which removals are counted, since no setting of this machine's clock may make room for more of
        them; None as long as no answer told it.
        """
        return self.server_time() if self.time_told() else None

    def look_again(self, ref: FileRef) -> None:
        """The file is not what the index says: nothing is sent for it until it was read again."""
        self.outdated.add(ref)
        self.index.files.rederive(ref)
        self.queue.touch(ref)

    def not_read(self, ref: FileRef, fingerprint: Fingerprint | None = None) -> None:
        """Nobody knows what the file holds now; as long as it looks the same, that is waited for no longer."""
        known, now = self.unread.get(ref), self.clocks.mono()
        if known is None or known.fingerprint != fingerprint:
            self.unread[ref] = Unread(now + UNREAD_S, now + REREAD_S, fingerprint)

    def reread_due(self) -> float | None:
        """When :meth:`reread` has something to do."""
        return min((unread.again_at for unread in self.unread.values() if unread.again_at < inf), default=None)

    def reread(self) -> None:
        """Look once more at what could not be read a minute ago."""
        now = self.clocks.mono()
        for ref in [ref for ref, unread in self.unread.items() if unread.again_at <= now]:
            self.unread[ref] = self.unread[ref]._replace(again_at=inf)
            self.queue.touch(ref, changed_s_ago=REREAD_S)

    def leave(self, object_id: str) -> None:
        """Forget an object that nothing is bound to, and that stays on Picora: from now on it is as if others had made
        it. Audio must be remembered for that, since sending it again would store it twice (promise 3).
        """
        item = self.index.objects.get(object_id)
        if item is not None and item.kind is Kind.AUDIO:
            self.left.append(item)
        self.index.objects.forget(object_id)

    def plan_wanting(self, sha256: str) -> None:
        """Plan the files that want this content: what they waited for has ended."""
        self.todo.update(row.ref for row in self.index.files.wanting([sha256]))

    def plan_bound(self, object_id: str) -> None:
        """Plan the files that are bound to the object."""
        self.todo.update(row.ref for row in self.index.files.bound_to([object_id]))

    def plan_users(self, object_id: str) -> None:
        """Plan the files that are bound to the object, and those that want what it holds."""
        self.plan_bound(object_id)
        item = self.index.objects.get(object_id)
        if item is not None and item.sha256 is not None:
            self.plan_wanting(item.sha256)

    def former(self, ref: FileRef) -> frozenset[FileRef]:
        """The names that this file had before, as far as a watcher saw it get others."""
        return self.queue.former(ref)

    def unit(self, ref: FileRef) -> Unit | None:
        """The folder a file belongs to, None if it is not configured any more."""
        return self.units.get(ref.folder)
