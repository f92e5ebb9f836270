"""What is to be planned, a part at a time: the loop does other things between two parts."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from picora_sync.core.backlog import Backlog
from picora_sync.core.model import FileRef
from picora_sync.core.plan import Patch
from picora_sync.reconciler.context import Context
from picora_sync.reconciler.deletion.grace import Leaving, Removals
from picora_sync.reconciler.dispatch.dispatcher import Dispatcher
from picora_sync.reconciler.planning.apply import NOTHING, apply, load_view

SLICE_S = 0.25
"""After this much planning the loop looks at answers again."""
AT_ONCE = 2000
"""So many files are planned between two looks at the clock, together with all that they share content with."""


class Plans:
    """Has the planner judge files, and puts what it says into index and backlog."""

    def __init__(self, context: Context, removals: Removals, backlog: Backlog, dispatcher: Dispatcher) -> None:
        self._context = context
        self._removals = removals
        self._backlog = backlog
        self._dispatcher = dispatcher

    def run(self) -> None:
        """Plan for a while; what is left of ``todo`` is for the next turn."""
        self._context.todo |= self._removals.loosened() | self._backlog.recall()
        until = self._context.clocks.mono() + SLICE_S
        while self._context.todo:
            self.some()
            if self._context.clocks.mono() >= until:
                return

    def some(self) -> None:
        """Plan some of ``todo``."""
        refs = set(islice(self._context.todo, AT_ONCE))
        self._context.todo -= refs
        if refs:
            self.make(refs)

    def make(self, refs: set[FileRef], leaving: Mapping[FileRef, Leaving] = NOTHING) -> None:
        """Plan these, some of which may be ``leaving``."""
        context, dispatcher = self._context, self._dispatcher
        waiting = dispatcher.uploading() | context.outdated
        view = load_view(context, refs, leaving, waiting, dispatcher.busy())
        planned = {file.ref for file in view.files}
        context.todo |= self._backlog.withdraw(planned | refs, view.objects.keys()) - planned
        altering = dispatcher.altering()
        context.superseded |= altering & view.objects.keys()
        actions = [a for a in self._removals.plan(view) if not (isinstance(a, Patch) and a.object_id in altering)]
        apply(context, actions, self._backlog)
        self._removals.settled(actions)
        in_place = frozenset(view.in_place())
        context.interactive -= in_place
        for file in view.files:
            if file.ref in in_place and file.wanted is not None and file.wanted.public:
                context.showed.discard(file.ref)  # judged anew: it does not show what is private
