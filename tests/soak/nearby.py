"""``picora-sync`` for an account on the same machine: an upload that was given up arrives within two minutes, if ever,
and not a quarter of an hour later (decision 0175). The long forms use it, so as to settle within minutes.
"""

from __future__ import annotations

import sys

from picora_sync.cli import main
from picora_sync.reconciler.uploads import late

if __name__ == "__main__":
    late.LATEST_S = 120.0
    sys.exit(main())
