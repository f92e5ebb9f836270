"""The loop's work: inspect what changed, plan, dispatch, and record what Picora confirmed.

scans ──► change queue ──► inspector ──► planning ──► dispatcher ──► outcomes
                                │            ▲                          │
                                └─ removals ─┘ (guard)      index ◄─────┘
"""

from picora_sync.reconciler.reconciler import Reconciler

__all__ = ["Reconciler"]
