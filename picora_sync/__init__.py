"""picora-sync keeps local folders mirrored, one way, to Picora.

    watcher ─┐
    scanner ─┼─► change queue ─► inspect ─► planner ─► guard ─► executor ─► index
    timer   ─┘   (settle)        (stat,     (pure)     (hold)   (pacing,     (what the
                 dirty paths     hash,                          retries,     server
                 only            derive)                        Picora API)  confirmed)

An event says only "this path may have changed"; what happened is decided by looking at the disk. The planner is one
pure function of the index and of what was seen. The index stores observations and confirmed results, not a to-do
list: after a crash the work is derived again.

    cli             commands; the only place that prints or exits
    daemon          composition root and the loop; its parts are ``folder_watch`` (one folder), ``account``,
                    ``status_writer``, ``folder_factory`` and ``state_dir``
    plan_command    what a run would do; ``verify_command``: index and account compared;
                    ``rebuild_command``: a new index
    control         what commands ask of a running daemon, and what they do without one
    reconciler      one turn of the loop: inspect, plan, guard, dispatch, record
    attention       everything that is wrong, in one list
    disk            watching, scanning, stable reading
    content         what is sent: notes (frontmatter, Obsidian), audio
    executor        plan → Picora, by a few workers; ``jobs`` are its requests and what each came to
    remote          the Picora client: HTTP, wire format, errors, retries
    index           SQLite: files as last seen, objects as confirmed, bindings, intents
    config          YAML → frozen, typed configuration
    service         units, sd_notify
    change_queue    what may have changed, until it has settled
    core            pure decisions: planner, guard, settle, ignore, pacing, titles …
    server          the embedded Picora, an independent tower

Imports point down this list (``.importlinter``); stages know each other only as the Protocols of ``core.ports``.
"""

import sys

__version__ = "0.1.0"

# httpx imports a command of its own, with the libraries to draw on a terminal, unless that module cannot be imported.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
