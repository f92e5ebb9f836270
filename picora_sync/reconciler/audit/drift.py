"""Once a day index and account are compared; what somebody else changed is put right (design §8 "Drift").

    list the account ─► suspects ─► a GET for each ─► changed: noted, so that the planner puts it right
                                                  └─► gone: another GET 90 s later ─► guard ─► made again, or told

One way: objects of others are left alone. Where a list cannot be trusted, nothing is concluded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable

from picora_sync.core.backlog import Lane
from picora_sync.core.comparison import CONFIRM_AFTER_S, MOST_LOOKS, Comparison, Mismatch, compare
from picora_sync.core.model import FileRef, Problem, RemoteObject
from picora_sync.errors import KeyRefused, OutcomeUnknown, PicoraSyncError, Unreachable
from picora_sync.reconciler.audit import repair
from picora_sync.reconciler.audit.remote_query import Enquiry, bound_objects, list_account, look_at
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.dispatch.gates import Connection

log = logging.getLogger(__name__)

VERIFIED_AT = "verified_at"
AGAIN_S = 3600.0
"""A comparison that failed is tried again this much later, or when the next is due."""

_Answer = dict[str, RemoteObject] | list[Mismatch]


class Drift:
    """Called by each turn of the loop. Times are monotonic, but for the one in the index."""

    def __init__(self, context: Context, connection: Connection, enquiry: Enquiry[_Answer], every_s: float) -> None:
        self._context = context
        self._connection = connection
        self._enquiry = enquiry
        self._every_s = every_s
        self._known: dict[str, RemoteObject] = {}
        self._comparison = Comparison((), (), 0)
        self._gone: tuple[RemoteObject, ...] = ()
        self._next: Callable[[], None] = self._list
        self._due_at = float("inf")

    def start(self) -> None:
        """Go on counting from the last comparison; the first one is due that long after the first start."""
        index, wall = self._context.index, self._context.clocks.wall()
        known = index.meta(VERIFIED_AT)
        if known is None:
            index.set_meta(VERIFIED_AT, repr(wall))
        passed_s = wall - float(known) if known is not None else 0.0
        self._due_at = self._context.clocks.mono() + min(max(0.0, self._every_s - passed_s), self._every_s)

    def turn(self, busy: Collection[str]) -> None:
        """Take the answer that came, and ask the next question when it is time. ``busy`` objects have a call in flight:
        nothing is concluded about them.
        """
        answer = self._enquiry.answer()
        if isinstance(answer, PicoraSyncError):
            self._fail(answer)
        elif isinstance(answer, dict):
            self._compare(answer, busy)
        elif answer is not None:
            self._conclude(answer, busy)
        now = self._context.clocks.mono()
        if now >= self._due_at and self._enquiry.is_free() and self._connection.open(Lane.PATCH, now):
            self._next()

    def next_due(self) -> float | None:
        """When :meth:`turn` has a question; None while it waits for an answer, or for the connection."""
        return self._due_at if self._context.clocks.mono() < self._due_at < float("inf") else None

    # --- questions --------------------------------------------------------------------------------------------------

    def _list(self) -> None:
        self._known = dict(bound_objects(self._context.index))
        self._enquiry.ask(list_account)

    def _look(self) -> None:
        suspects = self._gone or self._comparison.suspects[:MOST_LOOKS]
        self._enquiry.ask(lambda library: look_at(library, suspects))

    def _then(self, question: Callable[[], None], after_s: float) -> None:
        self._next, self._due_at = question, self._context.clocks.mono() + after_s

    # --- answers ----------------------------------------------------------------------------------------------------

    def _compare(self, listed: dict[str, RemoteObject], busy: Collection[str]) -> None:
        self._comparison, self._gone = compare(self._steady(self._known.values(), busy), listed), ()
        if self._comparison.suspects:
            self._then(self._look, 0.0)
        else:
            repair.tell_held(self._context.index, {})
            self._rest()

    def _conclude(self, findings: list[Mismatch], busy: Collection[str]) -> None:
        """First look: note what changed, and ask again for what is gone. Second look: it is gone."""
        steady = {item.id for item in self._steady((finding.object for finding in findings), busy)}
        gone = []
        for finding in findings:
            if finding.object.id not in steady:
                continue
            if finding.seen is None:
                gone.append(finding.object)
            else:
                self._put_right(finding)
        if gone and not self._gone:
            self._gone = tuple(gone)
            self._then(self._look, CONFIRM_AFTER_S)
        else:
            self._make_again(gone)
            self._rest()

    def _fail(self, error: PicoraSyncError) -> None:
        """Nothing is concluded; whoever calls next finds out whether Picora is there."""
        log.warning("index and account could not be compared: %s", error.message)
        now = self._context.clocks.mono()
        trouble = Problem(error.code, error.message, error.hint)
        if isinstance(error, KeyRefused):
            self._connection.doubt_key(now, trouble)
        elif isinstance(error, Unreachable | OutcomeUnknown):
            self._connection.doubt(now, trouble)
        self._gone = ()
        self._then(self._list, min(AGAIN_S, self._every_s))

    def _rest(self) -> None:
        """Until tomorrow, or for an hour if there were more suspects than are looked at in one round."""
        self._context.index.set_meta(VERIFIED_AT, repr(self._context.clocks.wall()))
        left = len(self._comparison.suspects) > MOST_LOOKS
        self._known, self._gone = {}, ()
        self._then(self._list, min(AGAIN_S, self._every_s) if left else self._every_s)

    def _steady(self, items: Iterable[RemoteObject], busy: Collection[str]) -> list[RemoteObject]:
        """Those that we did nothing about meanwhile."""
        now = bound_objects(self._context.index)
        return [item for item in items if item.id not in busy and now.get(item.id) == item]

    # --- consequences -----------------------------------------------------------------------------------------------

    def _put_right(self, finding: Mismatch) -> None:
        refs = repair.note_change(self._context.index, finding)
        self._context.todo.update(refs)
        log.warning("%s was changed on Picora by somebody else: %s", _names(refs), repair.words(finding.change))

    def _make_again(self, gone: Collection[RemoteObject]) -> None:
        """Under the budget of removals, those counted that were not looked at: an account that looks empty is no reason
        to fill it again.
        """
        index, wall, now = self._context.index, self._context.clocks.wall(), self._context.removal_time()
        missing = {item.id: item for item in (*gone, *self._steady(self._comparison.missing, ()))} if gone else {}
        held = repair.beyond_budget(index, missing.values(), now)
        for item in gone:
            if not any(row.ref in held for row in index.files.bound_to([item.id])):
                refs = repair.make_again(index, item, wall, now)
                self._context.todo.update(refs)
                log.warning("%s vanished from Picora: it is uploaded again", _names(refs))
        repair.tell_held(index, held)
        for why in sorted(set(held.values())):
            log.error("%s: nothing is uploaded again before `picora-sync verify --repair`", why)


def _names(refs: Collection[FileRef]) -> str:
    return ", ".join(f"{ref.folder}/{ref.path}" for ref in refs)
