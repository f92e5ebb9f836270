"""The loop's work: inspect what changed, plan, dispatch, and record what Picora confirmed.

intake.scan ──► change queue ──► intake.inspect ──► planning.apply ──► dispatch ──► results
                                       │                  ▲                            │
                                       └── deletion ──────┘ (grace, guard)  index ◄────┘

``uploads`` are those whose outcome is open, ``audit`` compares index and account. A wing imports only the wings below
it: results, audit, planning, dispatch, intake, deletion, uploads (``.importlinter``).
"""

from picora_sync.reconciler.loop import Reconciler

__all__ = ["Reconciler"]
