"""Which folders are paused, and until when (design §9): nothing is sent for them but what makes something private."""

from __future__ import annotations

from math import inf

from picora_sync.reconciler.context import Context


class Pauses:
    """Keeps :attr:`Context.paused` as the index says. A pause may end by itself: at a time of the wall clock, so that
    it ends on time after a restart, too.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._end_at = inf

    def heed(self) -> None:
        """Some folders were paused or resumed: what waits for the latter is planned."""
        context, wall = self._context, self._context.clocks.wall()
        ends = context.index.paused_until()
        before, context.paused = context.paused, frozenset(name for name, end_at in ends.items() if end_at > wall)
        resumed = before - context.paused
        context.todo.update(ref for ref in context.index.files.unfinished() if ref.folder in resumed)
        self._end_at = min(ends.values(), default=inf)

    def end(self) -> None:
        """End those whose time is over, in the transaction of the caller."""
        wall = self._context.clocks.wall()
        if self._end_at <= wall:
            for name, end_at in self._context.index.paused_until().items():
                if end_at <= wall:
                    self._context.index.resume(name)
            self.heed()

    def next_due(self) -> float | None:
        """When the next one ends, on the monotonic clock."""
        if self._end_at == inf:
            return None
        return self._context.clocks.mono() + max(0.0, self._end_at - self._context.clocks.wall())
