"""What nobody knows yet about uploads, and what is done to find out."""

from __future__ import annotations

from dataclasses import dataclass

from picora_sync.reconciler.uploads.late import Twins
from picora_sync.reconciler.uploads.unconfirmed import Doubts
from picora_sync.reconciler.uploads.unindexed import Strangers


@dataclass(frozen=True, slots=True)
class Unsure:
    """``doubts``: were they carried out? ``twins``: will they be, though they were given up? ``strangers``: is it there
    already, though the index does not know it?
    """

    doubts: Doubts
    twins: Twins
    strangers: Strangers
