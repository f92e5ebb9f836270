"""Questions to the account that take long: asked one at a time by a worker, beside the jobs."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from picora_sync.core.backlog import Lane
from picora_sync.core.comparison import Mismatch, difference
from picora_sync.core.model import Kind, Rank, RemoteObject
from picora_sync.core.ports import Library
from picora_sync.errors import PicoraSyncError, Stopped
from picora_sync.index import Index
from picora_sync.workers import Pool

Asked = TypeVar("Asked")


class Enquiry(Generic[Asked]):
    """One question under way at most; its answer, or the error instead, is fetched by the loop."""

    def __init__(self, library: Library, pool: Pool) -> None:
        self._library = library
        self._pool = pool
        self._answers: queue.SimpleQueue[Asked | BaseException] = queue.SimpleQueue()
        self.under_way = False

    def is_free(self) -> bool:
        """Whether a worker is free, and no other question under way."""
        return not self.under_way and self._pool.has_worker(Lane.PATCH, Rank.BACKFILL)

    def ask(self, question: Callable[[Library], Asked]) -> None:
        """Have a worker answer it; the caller saw that it :meth:`is_free`."""
        self.under_way = True
        self._pool.reserve(Lane.PATCH)
        self._pool.start(Lane.PATCH, lambda: self._work(question))

    def answer(self) -> Asked | PicoraSyncError | None:
        """The answer that came, once; re-raises what no question may raise."""
        if self._answers.empty():
            return None
        answer = self._answers.get()
        self.under_way = False
        if isinstance(answer, BaseException) and not isinstance(answer, PicoraSyncError):
            raise answer
        return answer

    def _work(self, question: Callable[[Library], Asked]) -> None:
        try:
            self._answers.put(question(self._library))
        except Stopped:
            return  # the program is ending: nobody waits for the answer
        except BaseException as error:  # noqa: BLE001  (the loop decides what becomes of it)
            self._answers.put(error)


def list_account(library: Library) -> dict[str, RemoteObject]:
    """All documents and audio, by id. Raises NotPicora where a list cannot be trusted to be whole."""
    return {item.id: item for kind in Kind for item in library.listed(kind)}


def look_at(library: Library, suspects: Iterable[RemoteObject]) -> list[Mismatch]:
    """A GET for each; those that are as we know them are no findings."""
    seen = ((item, library.get(item.kind, item.id)) for item in suspects)
    return [Mismatch(item, found) for item, found in seen if found is None or difference(item, found)]


def bound_objects(index: Index) -> Mapping[str, RemoteObject]:
    """The objects that files are bound to and that no DELETE was sent for, by id."""
    bound = index.objects.count_bindings()
    return {item.id: item for item in index.objects.live(list(bound))}
