"""One seed decides everything: what the server and a folder's mark take from the system at random comes from it, too.

The index is ordered by the ids of objects: with other ids the same seed is another simulation.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

from picora_sync.server.library import audio, documents
from picora_sync.server.store import ids


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, :mod:`secrets` gives away what this seed says; ids of one kind do not depend on the other kind."""
    dice = random.Random(f"secrets {seed}")  # noqa: S311  (a simulation)

    def token_bytes(length: int = 32) -> bytes:
        return dice.randbytes(length)

    def token_hex(length: int = 32) -> str:
        return dice.randbytes(length).hex()

    with (
        mock.patch.object(secrets, "token_bytes", token_bytes),
        mock.patch.object(secrets, "token_hex", token_hex),
        mock.patch.object(documents, "ids", _ids("doc", seed)),
        mock.patch.object(audio, "ids", _ids("audio", seed)),
    ):
        yield


def _ids(kind: str, seed: int) -> SimpleNamespace:
    dice = random.Random(f"ids {seed}")  # noqa: S311  (a simulation)
    return SimpleNamespace(is_id=ids.is_id, new_id=lambda: f"{kind}-{dice.randbytes(8).hex()}")
