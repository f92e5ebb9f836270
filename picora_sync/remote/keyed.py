"""A key that was refused is read again from its place, so that putting a new one there is enough (design §8)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from picora_sync.core.ports import KeySource
from picora_sync.errors import KeyRefused
from picora_sync.remote.exchange import Exchange

log = logging.getLogger(__name__)

SAME_KEY_S: Final = 600.0
"""The same key is shown to a server that refused it no sooner than this: it may have been restored."""


class Renewal:
    """Used by one thread at a time, that which asks whether the key is good. ``clock`` is monotonic seconds."""

    def __init__(self, exchange: Exchange, source: KeySource | None, clock: Callable[[], float]) -> None:
        self._exchange = exchange
        self._source = source
        self._clock = clock
        self._refused: KeyRefused | None = None
        self._refused_at = 0.0

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Within this block the server is asked whether it takes the key. After a refusal the key is read again first.

        Raises KeyRefused also without asking: the place holds no key, or still the one that was refused a moment ago.
        """
        if self._refused is not None and self._source is not None:
            if self._exchange.use_key(self._source.read()):
                log.info("the API key is another one now: trying it")
            elif self._clock() - self._refused_at < SAME_KEY_S:
                raise self._refused
        try:
            yield
        except KeyRefused as refused:
            self._refused, self._refused_at = refused, self._clock()
            if self._source is not None:
                refused.hint = self._source.advice
            raise
        self._refused = None

    def distrust(self, refused: KeyRefused) -> KeyRefused:
        """Take the key for refused, although the server takes it."""
        self._refused, self._refused_at = refused, self._clock()
        return refused
