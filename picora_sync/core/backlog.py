"""The actions that wait for their turn, in the order of design §8."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count, islice

from picora_sync.core.model import FileRef, Kind, Rank, Tier
from picora_sync.core.plan import Delete, Patch, Upload

RemoteAction = Upload | Patch | Delete
"""The actions that need Picora."""

BATCH = {Kind.DOC: 50, Kind.AUDIO: 100}
"""How many ids one DELETE call may name (contract §7, §8)."""

READY = 1000
"""So many notes are kept ready to be uploaded; of what waits behind them only the names are kept (decision 0160)."""

SMALL_BYTES = 1 << 20
"""Up to this size files go in the order of their numbers; beyond it the smaller goes first."""


class Lane(Enum):
    """What can be stopped, or be full, by itself: a full audio quota must not keep notes waiting."""

    PATCH = auto()
    DOC = auto()
    AUDIO = auto()


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits: uploads, their bytes, and requests per tier."""

    uploads: int
    upload_bytes: int
    requests: dict[Tier, int]


class Backlog:
    """A queue per lane, smallest first, and the deletes apart, since they go out in batches.

    There is at most one action about the same thing (a content to upload, an object to patch or delete): putting
    another replaces it. Parked actions come back when their time has come. Of a long backfill of notes most is put
    off: its files are given back by :meth:`recall`, to be planned anew.
    """

    def __init__(self, ready: int = READY) -> None:
        self._ready = ready
        self._heaps: dict[Lane, list[tuple[Rank, int, int, Hashable]]] = {lane: [] for lane in Lane}
        self._live: dict[Hashable, tuple[int, Upload | Patch]] = {}
        self._deletes: dict[Kind, dict[str, Delete]] = {kind: {} for kind in Kind}
        self._parked: list[tuple[float, int, RemoteAction, Rank]] = []
        self._keys_of: dict[FileRef, set[Hashable]] = {}
        self._put_off: dict[FileRef, int | None] = {}  # the size of an upload by its first file, None for the others
        # Counted all the time, so not each time; uploads that are put off are among them, what is parked is not.
        self._uploads = self._upload_bytes = self._patches = self._notes_ready = 0
        self._order = count()

    def __len__(self) -> int:
        return len(self._live) + len(self._put_off) + sum(map(len, self._deletes.values())) + len(self._parked)

    def counts(self) -> Counts:
        """How much waits, and the least number of requests that it needs."""
        uploads, patches, size = self._uploads, self._patches, self._upload_bytes
        deletes = {kind: len(waiting) for kind, waiting in self._deletes.items()}
        for _, _, action, _ in self._parked:
            match action:
                case Upload():
                    uploads += 1
                    size += action.wanted.size_bytes
                case Patch():
                    patches += 1
                case Delete():
                    deletes[action.kind] += 1
        batches = sum(-(-number // BATCH[kind]) for kind, number in deletes.items())
        return Counts(uploads, size, {Tier.UPLOAD: uploads, Tier.MUTATION: patches + batches})

    def requests(self) -> Iterable[RemoteAction]:
        """All that waits and is not put off, parked ones included, in no order."""
        for _, action in self._live.values():
            yield action
        for deletes in self._deletes.values():
            yield from deletes.values()
        for _, _, parked, _ in self._parked:
            yield parked

    def put(self, action: RemoteAction, rank: Rank = Rank.BACKFILL) -> None:
        """Add an action, in place of an older one about the same thing."""
        if isinstance(action, Delete):
            self._deletes[action.kind][action.object_id] = action
            return
        if isinstance(action, Patch) and action.makes_private:
            rank = Rank.MAKE_PRIVATE
        key = key_of(action)
        if key in self._live:
            self._forget(key)
        if isinstance(action, Upload) and rank is Rank.BACKFILL and self._is_full(action.wanted.kind):
            self._put_off_upload(action)
            return
        number = next(self._order)
        self._live[key] = (number, action)
        self._count(action, 1)
        for ref in _refs(action):
            self._keys_of.setdefault(ref, set()).add(key)
        heapq.heappush(self._heaps[lane_of(action)], (rank, _weight(action), number, key))

    def may_recall(self) -> bool:
        """Whether :meth:`recall` has something to give."""
        return bool(self._put_off) and self._notes_ready <= self._ready // 2

    def recall(self) -> set[FileRef]:
        """Files whose uploads were put off, as many as there is room for now: they must be planned again."""
        room = self._ready - self._notes_ready if self.may_recall() else 0
        recalled = set(islice(self._put_off, room))
        for ref in recalled:
            self._drop_put_off(ref)
        return recalled

    def park(self, action: RemoteAction, until: float, rank: Rank = Rank.BACKFILL) -> None:
        """Put an action aside until this time."""
        heapq.heappush(self._parked, (until, next(self._order), action, rank))

    def release(self, now: float) -> None:
        """Bring back the parked actions whose time has come."""
        while self._parked and self._parked[0][0] <= now:
            _, _, action, rank = heapq.heappop(self._parked)
            self.put(action, rank)

    def next_release(self) -> float | None:
        """When the next parked action comes back."""
        return self._parked[0][0] if self._parked else None

    def take(self, lane: Lane) -> Upload | Patch | None:
        """Take the first action of a lane out."""
        heap = self._heaps[lane]
        while heap:
            _, _, number, key = heapq.heappop(heap)
            live = self._live.get(key)
            if live is not None and live[0] == number:
                self._forget(key)
                return live[1]
        return None

    def peek(self, lane: Lane) -> Upload | Patch | None:
        """The first action of a lane, left where it is."""
        heap = self._heaps[lane]
        while heap:
            live = self._live.get(heap[0][3])
            if live is not None and live[0] == heap[0][2]:
                return live[1]
            heapq.heappop(heap)
        return None

    def rank(self, lane: Lane) -> Rank | None:
        """How urgent the first action of a lane is; None if none waits."""
        return None if self.peek(lane) is None else self._heaps[lane][0][0]

    def parked_deletes(self) -> set[str]:
        """The objects whose deletion is put aside."""
        return {entry[2].object_id for entry in self._parked if isinstance(entry[2], Delete)}

    def deletes(self, kind: Kind) -> int:
        """How many deletes of this kind wait."""
        return len(self._deletes[kind])

    def any_delete_makes_private(self) -> bool:
        """Whether a delete waits for which there is no time to wait for company."""
        return any(delete.makes_private for deletes in self._deletes.values() for delete in deletes.values())

    def take_deletes(self, kind: Kind) -> list[Delete]:
        """Take one batch of deletes out, as many as one call may name."""
        batch = list(islice(self._deletes[kind].values(), BATCH[kind]))
        for delete in batch:
            del self._deletes[kind][delete.object_id]
        return batch

    def withdraw(self, refs: Collection[FileRef], object_ids: Collection[str]) -> set[FileRef]:
        """Drop all that is about these files and objects, since they are planned again.

        Returns the other files that the dropped uploads were for: they must be planned again too.
        """
        touched: set[FileRef] = set()
        for ref in refs:
            self._drop_put_off(ref)
            for key in list(self._keys_of.get(ref, ())):
                touched.update(_refs(self._live[key][1]))
                self._forget(key)
        for object_id in object_ids:
            if ("patch", object_id) in self._live:
                self._forget(("patch", object_id))
            for deletes in self._deletes.values():
                deletes.pop(object_id, None)
        kept = []
        chosen, ids = set(refs), set(object_ids)
        for entry in self._parked:
            about = entry[2]
            if isinstance(about, Upload) and chosen & set(_refs(about)):
                touched.update(_refs(about))
            elif not isinstance(about, Upload) and about.object_id in ids:
                pass
            else:
                kept.append(entry)
        if len(kept) != len(self._parked):
            heapq.heapify(kept)
            self._parked = kept
        return touched - chosen

    def _forget(self, key: Hashable) -> None:
        _, action = self._live.pop(key)
        self._count(action, -1)
        for ref in _refs(action):
            keys = self._keys_of.get(ref)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._keys_of[ref]

    def _is_full(self, kind: Kind) -> bool:
        return kind is Kind.DOC and self._notes_ready >= self._ready

    def _put_off_upload(self, action: Upload) -> None:
        for ref in _refs(action):
            self._drop_put_off(ref)
            self._put_off[ref] = None
        self._put_off[action.ref] = action.wanted.size_bytes
        self._uploads += 1
        self._upload_bytes += action.wanted.size_bytes

    def _drop_put_off(self, ref: FileRef) -> None:
        size_bytes = self._put_off.pop(ref, None)
        if size_bytes is not None:
            self._uploads -= 1
            self._upload_bytes -= size_bytes

    def _count(self, action: Upload | Patch, more: int) -> None:
        if isinstance(action, Upload):
            self._uploads += more
            self._upload_bytes += more * action.wanted.size_bytes
            self._notes_ready += more * (action.wanted.kind is Kind.DOC)
        else:
            self._patches += more


def key_of(action: Upload | Patch) -> Hashable:
    """What an action is about: a content to be uploaded, or an object's metadata."""
    if isinstance(action, Upload):
        return ("upload", action.wanted.kind, action.wanted.sha256)
    return ("patch", action.object_id)


def lane_of(action: Upload | Patch) -> Lane:
    """The lane an action waits in."""
    if isinstance(action, Patch):
        return Lane.PATCH
    return Lane.DOC if action.wanted.kind is Kind.DOC else Lane.AUDIO


def _refs(action: RemoteAction) -> tuple[FileRef, ...]:
    return (action.ref, *action.also) if isinstance(action, Upload) else ()


def _weight(action: Upload | Patch) -> int:
    if isinstance(action, Patch):
        return 0
    return 0 if action.wanted.size_bytes <= SMALL_BYTES else action.wanted.size_bytes
