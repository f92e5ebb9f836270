"""``picora-sync`` as it was before it judged notes as it does now."""

from __future__ import annotations

import sys

from picora_sync import folder_factory
from picora_sync.cli import main
from picora_sync.reconciler.intake import recall
from tests.fakes.older import OlderContent

if __name__ == "__main__":
    folder_factory.FolderContent = OlderContent  # type: ignore[misc]
    recall.JUDGEMENT = 1
    sys.exit(main())
