"""The commands; the only place that prints or exits.

    program      the root command: global options, and one module per command, imported when it is called
    failures     exception → sentence, hint and exit code
    words        values → words for people: names that are safe on a terminal, sizes, times
    output       JSON documents, tables and lines on standard output
    documents    what the ``--json`` documents say (design §9)

A command returns its exit code. Its module is imported only for that command, so that ``--version`` pays for none of
the HTTP, YAML, terminal and server libraries.
"""

from __future__ import annotations

import sys

from picora_sync.cli.program import run


def main() -> None:
    """Entry point of ``picora-sync``."""
    sys.exit(run(sys.argv[1:]))
