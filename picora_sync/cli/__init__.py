"""The commands; the only place that prints or exits.

    front        version and list of commands, without any library
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

from picora_sync.cli import front


def main() -> None:
    """Entry point of ``picora-sync``."""
    arguments = sys.argv[1:]
    said = front.answer(arguments)
    try:
        if said is not None:
            sys.stdout.write(said)
            sys.stdout.flush()
            return
    except OSError:  # nobody reads it, or it cannot be written: told below, like every failure
        pass
    from picora_sync.cli.program import run  # noqa: PLC0415  # all of click

    sys.exit(run(arguments))
