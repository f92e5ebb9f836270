"""Whether the account has room for an upload, and what becomes of one for which there is none (design §8).

Eligible deletes go first. New files of a backfill leave room for one replacement. What does not fit waits as blocked;
where the folder says ``when_full: delete_first`` the old version of a file makes place for its new one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from enum import Enum, auto

from picora_sync.core.backlog import Backlog, Lane
from picora_sync.core.model import FileRef, Kind, Problem, RemoteObject, kind_of
from picora_sync.core.plan import Upload
from picora_sync.core.policy import WhenFull
from picora_sync.core.quota import cost
from picora_sync.errors import QuotaExceeded
from picora_sync.jobs import Job, Remove, Send, upload_lane
from picora_sync.reconciler.context import Context, Unsettled
from picora_sync.reconciler.dispatch.gates import Connection
from picora_sync.reconciler.uploads.unconfirmed import Doubts

log = logging.getLogger(__name__)

_THINGS = {Kind.DOC: "document", Kind.AUDIO: "audio file"}
_MAKE_ROOM = "delete something, or move to a larger plan: what waits is then uploaded by itself"
_OR_FIRST = f"{_MAKE_ROOM}; or let `when_full: delete_first` delete the old version before the new one is sent"


class _Fit(Enum):
    YES = auto()
    LATER = auto()
    """Room is being made, or what is under way may turn out to need none."""
    IN_ITS_PLACE = auto()
    """If the old version goes first."""
    NO = auto()


class Admission:
    """Asked by each turn for the head of each lane. ``in_flight`` are the jobs under way; ``tell`` is told when the
    account turns out to be full.
    """

    def __init__(
        self,
        context: Context,
        backlog: Backlog,
        connection: Connection,
        in_flight: Callable[[], Collection[Job]],
        doubts: Doubts,
        tell: Callable[[str], None] = log.warning,
    ) -> None:
        self._context = context
        self._backlog = backlog
        self._connection = connection
        self._in_flight = in_flight
        self._doubts = doubts
        self._tell = tell
        self._places: dict[str, frozenset[FileRef]] = {}
        self._largest_bytes: dict[Kind, int | None] = {}

    def ready(self, lane: Lane, unsettled: Unsettled) -> bool:
        """Whether the first upload of a lane may be sent. Those before it that do not fit are blocked."""
        while isinstance(upload := self._backlog.peek(lane), Upload):
            fit = self._fit(upload, unsettled)
            if fit is not _Fit.NO:
                return fit is not _Fit.LATER
            self._backlog.take(lane)
            self._refuse(upload)
        return False

    def as_it_fits(self, upload: Upload, unsettled: Unsettled) -> Upload:
        """The upload that :meth:`ready` allowed, just now: with the deletion of the old version in front if need be."""
        kind, size_bytes = upload.wanted.kind, upload.wanted.size_bytes
        self._largest_bytes[kind] = max(self._largest_of_ours(kind) or 0, size_bytes)
        if upload.replaces is None or self._fit(upload, unsettled) is not _Fit.IN_ITS_PLACE:
            return upload
        self._places.pop(upload.replaces, None)
        self._tell(f"{upload.ref.path}: the account is full: its old version is deleted before the new one is sent")
        return replace(upload, replaces=None, delete_first=upload.replaces)

    def reopen(self, now: float) -> None:
        """Plan what waits where room was made, or where time is over; what waits in a lane still closed is blocked."""
        for lane in self._connection.to_reopen(now):
            problem = self._connection.closed(lane)
            self._connection.reopen(lane)
            if problem is not None:
                self._try_again(ref for ref, _ in self._context.index.files.refused(problem.code))
        for kind in self._connection.quota.take_grown(now):
            self._largest_bytes.pop(kind, None)
            self._doubts.hasten(upload_lane(kind), now)
            self._fill(kind, now)
        for lane in (Lane.DOC, Lane.AUDIO):
            problem = self._connection.closed(lane)
            while problem is not None and isinstance(upload := self._backlog.take(lane), Upload):
                self._block(upload, problem)

    def _fill(self, kind: Kind, now: float) -> None:
        """Try new versions again, one after the other, then as many new files as may fit."""
        waiting = self._context.index.files.refused(QuotaExceeded.code)
        bound = [ref for ref, is_bound in waiting if is_bound and kind_of(ref.path) is kind]
        new = [ref for ref, is_bound in waiting if not is_bound and kind_of(ref.path) is kind]
        new.sort(key=lambda ref: ref not in self._context.interactive)
        left = self._connection.quota.left(kind)
        most = len(new) if left is None or kind is Kind.AUDIO else left
        self._try_again((*bound, *new[:most]))
        if new[most:]:
            self._connection.quota.withheld(kind, now)

    def _try_again(self, refs: Iterable[FileRef]) -> None:
        for ref in refs:
            self._context.index.files.try_again(ref)
            self._context.todo.add(ref)

    # --- what fits --------------------------------------------------------------------------------------------------

    def _fit(self, upload: Upload, unsettled: Unsettled) -> _Fit:
        kind = upload.wanted.kind
        left = self._connection.quota.left(kind)
        if left is None or upload.delete_first is not None:
            return _Fit.YES
        needed = cost(kind, upload.wanted.size_bytes) + self._reserve(upload)
        if needed <= left:
            return _Fit.YES if needed <= left - self._under_way(kind) else _Fit.LATER
        if self._is_room_being_made(kind):
            self._connection.quota.withheld(kind, self._context.clocks.mono())
            return _Fit.LATER
        return self._fit_in_its_place(upload, left, unsettled)

    def _reserve(self, upload: Upload) -> int:
        """What has to stay free: room for one replacement, unless this is one, or what a person is working on."""
        refs = (upload.ref, *upload.also)
        if upload.replaces is not None or not self._context.interactive.isdisjoint(refs):
            return 0
        largest_bytes = self._largest_of_ours(upload.wanted.kind)
        return 0 if largest_bytes is None else cost(upload.wanted.kind, largest_bytes)

    def _largest_of_ours(self, kind: Kind) -> int | None:
        """Looked up once, and again when something was deleted: it is asked for with each upload."""
        if kind not in self._largest_bytes:
            self._largest_bytes[kind] = self._context.index.objects.largest_of_ours(kind)
        return self._largest_bytes[kind]

    def _under_way(self, kind: Kind) -> int:
        sends = (job.upload for job in self._in_flight() if isinstance(job, Send))
        return sum(cost(kind, each.wanted.size_bytes) for each in sends if each.wanted.kind is kind)

    def _is_room_being_made(self, kind: Kind) -> bool:
        if any(isinstance(job, Remove) and job.kind is kind for job in self._in_flight()):
            return True
        now = self._context.clocks.mono()
        return self._backlog.deletes(kind) > 0 and self._connection.deletes_closed_until <= now

    # --- one in place of the other ----------------------------------------------------------------------------------

    def _fit_in_its_place(self, upload: Upload, left: int, unsettled: Unsettled) -> _Fit:
        old = None if upload.replaces is None else self._context.index.objects.get(upload.replaces)
        if old is None or not self._may_go_first(upload, old):
            return _Fit.NO
        kind = upload.wanted.kind
        if cost(kind, upload.wanted.size_bytes) > left - self._under_way(kind) + cost(kind, old.size_bytes):
            return _Fit.NO
        # As for what was replaced (`places.still_unsettled`): what the old version holds may have gone there.
        elsewhere = frozenset(ref for ref in unsettled() if ref != upload.ref and kind_of(ref.path) is kind)
        self._places[old.id] = self._places.get(old.id, elsewhere) & elsewhere
        return _Fit.LATER if self._places[old.id] else _Fit.IN_ITS_PLACE

    def _may_go_first(self, upload: Upload, old: RemoteObject) -> bool:
        """Whether the folder says so, and the object is ours and nobody else's: of no other file, wanted by none."""
        unit = self._context.unit(upload.ref)
        if unit is None or unit.policy.when_full is not WhenFull.DELETE_FIRST or old.kind is not upload.wanted.kind:
            return False
        files, refs = self._context.index.files, {upload.ref, *upload.also}
        users = [*files.bound_to([old.id]), *files.wanting([old.sha256] if old.sha256 else [])]
        return (old.ours or unit.policy.delete_adopted) and all(row.ref in refs for row in users)

    # --- what does not ----------------------------------------------------------------------------------------------

    def _refuse(self, upload: Upload) -> None:
        kind, quota = upload.wanted.kind, self._connection.quota
        problem = self._problem(upload)
        if kind not in quota.short:
            self._tell(f"{upload.ref.path}: {problem.in_full}")
        quota.withheld(kind, self._context.clocks.mono())
        self._block(upload, problem)

    def _block(self, upload: Upload, problem: Problem) -> None:
        for ref in (upload.ref, *upload.also):
            self._context.index.files.refuse(ref, problem)

    def _problem(self, upload: Upload) -> Problem:
        thing = _THINGS[upload.wanted.kind]
        if upload.replaces is not None:
            said = f"the account is full: it has no room for the new version beside the old {thing}"
            return Problem(QuotaExceeded.code, said, _OR_FIRST)
        if self._reserve(upload):
            said = f"the account is full, but for the room that changing one {thing} takes"
        else:
            said = f"the account is full: it has no room for this {thing}"
        return Problem(QuotaExceeded.code, said, _MAKE_ROOM)
