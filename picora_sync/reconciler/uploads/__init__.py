"""Uploads whose outcome is open: unconfirmed ones, late ones, and audio that the index does not know."""

from __future__ import annotations

from dataclasses import dataclass

from picora_sync.reconciler.uploads.late import LateUploads
from picora_sync.reconciler.uploads.unconfirmed import Doubts
from picora_sync.reconciler.uploads.unindexed import Strangers


@dataclass(frozen=True, slots=True)
class OpenUploads:
    """``doubts``: were they carried out? ``twins``: will they be, though they were given up? ``strangers``: is it there
    already, though the index does not know it?
    """

    doubts: Doubts
    twins: LateUploads
    strangers: Strangers
