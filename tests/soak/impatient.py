"""``picora-sync`` for an account whose lists never lag behind its writes, as those of the embedded Picora, and where no
upload arrives long after it was given up: doubts are settled in seconds. The short forms use it to stay short.
"""

from __future__ import annotations

import sys

from picora_sync.cli import main
from picora_sync.reconciler.uploads import late, unconfirmed

if __name__ == "__main__":
    unconfirmed.LAG_S = 6.0
    unconfirmed.ASK_AGAIN_S = 2.0
    late.LATEST_S = 20.0
    late.FIRST_LOOK_S = 5.0
    sys.exit(main())
