"""One turn of the loop after another: what is due is inspected, planned and sent; what came back is recorded."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Collection
from functools import cache, partial

from picora_sync.change_queue import ChangeQueue
from picora_sync.core.backlog import Backlog, Lane
from picora_sync.core.model import FileRef, kind_of
from picora_sync.core.plan import Delete
from picora_sync.errors import Stopped
from picora_sync.executor import Executor
from picora_sync.index import Index
from picora_sync.reconciler.background_scans import Scans
from picora_sync.reconciler.context import Clocks, Context, Unit, Unsettled
from picora_sync.reconciler.deletion.grace import Removals
from picora_sync.reconciler.deletion.orphans import collect_orphans
from picora_sync.reconciler.dispatch.dispatcher import Dispatcher
from picora_sync.reconciler.dispatch.gates import Connection
from picora_sync.reconciler.dispatch.pauses import Pauses
from picora_sync.reconciler.dispatch.quota import Admission
from picora_sync.reconciler.intake.derive import Derivations, Due
from picora_sync.reconciler.intake.derived_cache import Texts
from picora_sync.reconciler.intake.inspect import Inspector
from picora_sync.reconciler.intake.open_files import Writers
from picora_sync.reconciler.intake.recall import Recall
from picora_sync.reconciler.intake.rederive import Fetching
from picora_sync.reconciler.planning.in_slices import Plans
from picora_sync.reconciler.results.failure import Setbacks
from picora_sync.reconciler.results.stats import Tally
from picora_sync.reconciler.results.success import Outcomes
from picora_sync.reconciler.uploads import OpenUploads
from picora_sync.reconciler.uploads.late import LateUploads
from picora_sync.reconciler.uploads.unconfirmed import Doubts, doubt_of
from picora_sync.reconciler.uploads.unindexed import Strangers
from picora_sync.workers import Background

SLICE_S = 0.25
"""After this much looking at files, or recording, the loop looks at answers again."""


class Reconciler:
    """Makes Picora match the folders, a little further with each :meth:`turn`."""

    def __init__(
        self,
        index: Index,
        queue: ChangeQueue,
        units: Collection[Unit],
        executor: Executor,
        background: Background,
        clocks: Clocks,
        jitter: random.Random | None = None,
    ) -> None:
        by_name = {unit.policy.name: unit for unit in units}
        self.backlog = Backlog()
        self.tally = Tally()
        self.connection = Connection(jitter or random.Random())  # noqa: S311  (spreads retries; no secret)
        told = lambda: self.connection.verified or executor.server_time() is not None  # noqa: E731
        self.context = Context(index, queue, by_name, clocks, partial(_server_time, executor, clocks), told)
        self.executor = executor
        texts = Texts()
        self.removals = Removals(self.context)
        self.writers = Writers(self.context)
        self._derivations = Derivations(background, "files")
        self._inspector = Inspector(self.context, self.removals, texts, self._derivations, self.writers.hold)
        self._recall = Recall(
            self.context,
            Derivations(background, "recall"),
            self._inspector.privacy,
        )
        self._doubts, self._twins = Doubts(), LateUploads(self.context)
        open_uploads = OpenUploads(self._doubts, self._twins, Strangers(self.context))
        self._admission = Admission(
            self.context, self.backlog, self.connection, lambda: executor.in_flight, self._doubts
        )
        self._fetching = Fetching(self.context, texts, background)
        self._dispatcher = Dispatcher(
            self.context,
            self.backlog,
            executor,
            self.connection,
            self._admission,
            open_uploads,
            self._fetching,
            self.writers,
        )
        self._plans = Plans(self.context, self.removals, self.backlog, self._dispatcher)
        self._setbacks = Setbacks(self.context, self.backlog, self.connection, open_uploads)
        self._outcomes = Outcomes(self.context, self.connection, open_uploads, self._setbacks, self.tally)
        self._recalls = False
        self._is_blind = False
        self._due = Due()
        self._pauses = Pauses(self.context)
        self._peeks: deque[FileRef] = deque()
        self.scans = Scans(self.context, background, self.removals, self.unread)

    # --- the loop ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what an earlier process left: refused files, missing files, unsure deletions, unfinished work."""
        index = self.context.index
        with index.transaction():
            self._pauses.heed()
            self._pauses.end()
            index.states.forget_gone()
            self.context.clock_jumped()  # while nothing ran: what follows starts everything anew
            for ref, _ in index.files.refused():
                index.files.unblock(ref)
            for item, ref in index.objects.doomed_refs():
                self.backlog.put(Delete(item.id, item.kind, ref, "its deletion was not confirmed"))
        for intent in index.objects.intents():
            now, job = self.context.clocks.mono(), doubt_of(self.context, intent)
            self._doubts.begin(job, now)
            self._doubts.ask_at(job, now)
        self._twins.start()
        self._take_up(index.files.unfinished())
        self.removals.reconsider_held(self.context.units)

    def turn(self) -> None:
        """Do what can be done now, without waiting for anything; in one transaction, after which the jobs start."""
        with self.context.index.transaction():
            self._advance()
        self.executor.flush()

    def _advance(self) -> None:
        self._collect_outcomes()
        if self.context.clock_jumped():
            self.removals.start_anew()
            for folder in self.context.units:
                self.context.queue.rescan(folder, "the clock jumped")
        if self._calls_back():
            return
        self._pauses.end()
        self._welcome_back()
        if self._looks_through():
            return
        self._peek()
        self._inspect()
        self._fetching.take_in()
        self._plans.run()  # a vanished file may have been found elsewhere: that comes before judging its removal
        self._judge_removals()
        self.removals.recount()
        self._reopen()
        unsettled = cache(self._unsettled)  # of many files; only who has something to delete asks
        self._collect_orphans(unsettled)
        self._dispatcher.pump(unsettled, more_to_come=self.settling())

    def _collect_orphans(self, unsettled: Unsettled) -> None:
        is_open = self.connection.deletes_closed_until <= self.context.clocks.mono()
        refusal = None if is_open else self.connection.deletes_refused
        collect_orphans(
            self.context,
            self.backlog,
            self._dispatcher.busy(),
            unsettled,
            refusal,
            is_in_the_midst=self._is_in_the_midst(),
        )

    def take_leave(self) -> None:
        """Record what came of calls that were under way when the loop ended: the next process need not ask."""
        with self.context.index.transaction():
            self._collect_outcomes()

    def heed_pauses(self) -> None:
        """Some folders were paused or resumed; the dispatcher drops what is not to be sent."""
        self._pauses.heed()

    def retry_deletes(self) -> None:
        """Somebody asks for it: what Picora refused to delete is asked for at once."""
        now = self.context.clocks.mono()
        self.connection.deletes_closed_until = 0.0
        self.context.stubborn.update(dict.fromkeys(self.context.stubborn, now))

    def next_due(self) -> float | None:
        """When the next turn has something to do, on the monotonic clock; None: only when something happens."""
        come = self._derivations.waiting() or self._fetching.waiting()
        ready = come or self._due.may_take(self._derivations.may_ask)
        if ready or self._peeks or self.context.todo or self.backlog.may_recall() or self._recall_is_due():
            return self.context.clocks.mono()
        times = [
            None if self.scans.are_under_way() else self.removals.next_due(),
            self.scans.next_due(),
            self.backlog.next_release(),
            self.connection.next_due(),
            self._dispatcher.next_due(),
            min(self.context.retries.values(), default=None),
            self.context.reread_due(),
            self._pauses.next_due(),
            self._recall.patience_ends(),
        ]
        return min((at for at in times if at is not None), default=None)

    def working(self) -> bool:
        """Whether anything is under way, or waits for its turn, that will move on without a person or a change."""
        lanes = [lane for lane in Lane if self.backlog.peek(lane) is not None]
        return bool(
            self._due
            or self._derivations
            or self._fetching
            or self.context.todo
            or self.scans
            or self.context.queue.asks_for_rescans()
            or self._peeks
            or self._recalls
            or self._recall_is_due()
            or self.executor.in_flight
            or lanes
            or self.backlog.may_recall()
            or self._doubts.soon(self.context.clocks.mono())
            or self.backlog.next_release() is not None
            or (self.connection.deletes_closed_until <= self.context.clocks.mono() and len(self.backlog))
        )

    def _recall_is_due(self) -> bool:
        return self._recall.ready() or self._recalls != self.calling_back()

    def calling_back(self) -> bool:
        """Whether notes that an older version let out are being judged anew, or become private."""
        return self._recall.judging() or (self._recall.patience_ends() is not None and self._dispatcher.makes_private())

    def busy_objects(self) -> frozenset[str]:
        """The objects that have a call in flight."""
        return self._dispatcher.altering()

    def unread(self) -> tuple[FileRef, ...]:
        """The files that may have changed and were not read since: they settle, wait for their turn, or are read."""
        return (*self.context.queue.settling(), *self._uninspected())

    def is_obsolete(self) -> bool:
        """Asked by a thread that reads a file: whether nobody wants to know any more what is in it."""
        return self._derivations.is_obsolete()

    def settling(self) -> bool:
        """Whether files still settle, or removals wait out their grace."""
        return self.context.queue.is_settling() or len(self.removals) > 0

    def _unsettled(self) -> frozenset[FileRef]:
        """The files of which nobody knows what they hold now."""
        context, mono = self.context, self.context.clocks.mono()
        unread = (ref for ref, each in context.unread.items() if each.until > mono)
        return frozenset((*self.unread(), *context.outdated, *unread))

    def _uninspected(self) -> tuple[FileRef, ...]:
        return (*self._due, *self._derivations.refs())

    # --- its parts --------------------------------------------------------------------------------------------------

    def _take_up(self, unfinished: Collection[FileRef]) -> None:
        """What was written to within its quiet time settles first: ``rebuild`` reads files without waiting for them,
        so that the index may know half of one (promise 8).
        """
        context, mono = self.context, self.context.clocks.mono()
        for row in context.index.files.get_many(unfinished):
            unit, kind = context.unit(row.ref), kind_of(row.ref.path)
            if unit is not None and kind is not None and row.fingerprint is not None:
                is_ahead = context.ages.is_ahead(row.fingerprint, mono)
                touched_s_ago = 0.0 if is_ahead else context.ages.touched_s_ago(row.fingerprint, mono)
                if touched_s_ago < unit.policy.settle(kind).quiet_s:
                    context.outdated.add(row.ref)
                    context.queue.touch(row.ref, changed_s_ago=touched_s_ago)
        context.todo.update(unfinished)

    def _collect_outcomes(self) -> None:
        for outcome in self.executor.finished():
            self._outcomes.apply(outcome)

    def _calls_back(self) -> bool:
        """Judge what an older version let out; whether that, and making it private, is all that is done for now."""
        if self.connection.open(Lane.PATCH, self.context.clocks.mono()):
            self._recall.take_up()  # before that nothing can be sent
        before, self._recalls = self._recalls, self.calling_back()
        if not self._recalls:
            if before:
                self.heed_pauses()
            if not self._dispatcher.makes_private():
                self._recall.finish()  # else the next process judges again
            return False
        self._recall.turn()
        self._only_make_private()
        return True

    def _welcome_back(self) -> None:
        """What happened while a root was out of sight was told in vain: it is looked through as soon as it is back."""
        for folder in sorted(self.context.away):
            unit = self.context.units.get(folder)
            if not self.context.away[folder] and (unit is None or unit.disk.check_root() is None):
                self.context.away[folder] = True
                self.context.queue.rescan(folder, "its root is back")

    def _looks_through(self) -> bool:
        """Look through folders; whether that, and making private, is all that is done for now: as long as nobody knows
        what happened to one while nothing ran.
        """
        self.scans.begin()
        self.scans.turn(self.context.clocks.mono() + SLICE_S)
        before, self._is_blind = self._is_blind, self.scans.is_first()
        if self._is_blind:
            self._only_make_private()
        elif before:
            self.heed_pauses()
        return self._is_blind

    def _only_make_private(self) -> None:
        self.context.paused = frozenset(self.context.units)
        self._peek()
        self._plans.run()
        self._dispatcher.pump_patches()

    def _peek(self) -> None:
        """What is found to want private is planned before all else."""
        context = self.context
        unlisted, context.to_peek = context.to_peek, set()
        self._peeks.extend((*context.queue.take_peeks(context.clocks.mono()), *sorted(unlisted)))
        until = context.clocks.mono() + SLICE_S
        waiting, context.todo = context.todo, set()
        while self._peeks:
            self._inspector.privacy.peek(self._peeks.popleft())
            if context.clocks.mono() >= until:
                break
        self._plans.some()
        context.todo |= waiting

    def _inspect(self) -> None:
        """Look at what has settled, and record what was derived since: for a while, the rest is for the next turn."""
        taken = self.context.queue.take_due(self.context.clocks.mono())
        self.scans.heard(taken)
        self._due.add(taken)
        until = self.context.clocks.mono() + SLICE_S
        self._record(until)
        while (ref := self._due.take(self._derivations.may_ask)) is not None:
            self._inspector.inspect(ref)
            self._record(until)
            if self.context.clocks.mono() >= until:
                return

    def _record(self, until: float) -> None:
        for answer in self._derivations.finished():
            if isinstance(answer.outcome, Stopped):
                self._due.add([answer.of.ref])  # in the middle of a long file; the next process looks at it
            else:
                self._inspector.record(answer)
            if self.context.clocks.mono() >= until:
                return

    def _judge_removals(self) -> None:
        due = self.removals.next_due()
        if due is None or due > self.context.clocks.mono() or self._is_in_the_midst():
            return
        leaving = self.removals.judge(self._uninspected())
        if leaving:
            self._plans.make(set(leaving), leaving)

    def _is_in_the_midst(self) -> bool:
        """Whether a file may be somewhere without anybody knowing yet, so that nothing is deleted now."""
        return bool(self.scans.are_under_way() or self.context.todo)

    def _reopen(self) -> None:
        now = self.context.clocks.mono()
        self._admission.reopen(now)
        for ref in [ref for ref, at in self.context.retries.items() if at <= now]:
            del self.context.retries[ref]
            self.context.index.files.try_again(ref)
            self.context.todo.add(ref)
        self.context.reread()


def _server_time(executor: Executor, clocks: Clocks) -> float:
    told = executor.server_time()
    return clocks.wall() if told is None else told
