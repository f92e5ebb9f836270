"""What people ask of a running daemon: JSON over HTTP on a unix socket that only its owner may open (docs/control.md).

command ─► client ─► socket ─► server (a thread per call) ─► inbox ─► desk (the loop's thread) ─► orders

Without a daemon the command carries out the same orders by itself, under the lock.
"""
