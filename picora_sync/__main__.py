"""``python -m picora_sync`` is ``picora-sync``."""

from picora_sync.cli import main

main()
