"""The local SQLite index: files as last seen, objects as the server last confirmed them, bindings between them.

It stores observations and confirmed results, not a to-do list (design §3): after a crash the work is derived again.
What cannot be derived is stored too: intents, reasons of unbinding, holds and approvals.
"""

from picora_sync.index.store import Index

__all__ = ["Index"]
