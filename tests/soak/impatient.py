"""``picora-sync`` for an account whose lists never lag behind its writes, as those of the embedded Picora: a doubtful
upload is settled in seconds instead of the 90 that Picora may need. The short forms use it to stay short.
"""

from __future__ import annotations

import sys

from picora_sync.cli import main
from picora_sync.reconciler import doubts

if __name__ == "__main__":
    doubts.LAG_S = 6.0
    doubts.ASK_AGAIN_S = 2.0
    sys.exit(main())
