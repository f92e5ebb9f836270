"""Recognises what Logseq wrote, of which nothing is resolved (Logseq's documentation: blocks, properties, queries)."""

from __future__ import annotations

import os
import re

_REFERENCE = re.compile(r"\(\([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\)\)")
_OF_A_GRAPH = re.compile(r"^[ \t]*(?:- )?[A-Za-z][\w-]*:: |\{\{(?:query|embed|renderer|video|youtube)\b", re.MULTILINE)
_SETTINGS = "logseq/config.edn"


def is_graph(root: str) -> bool:
    """Whether a directory is the root of a Logseq graph."""
    return os.path.isfile(f"{root}/{_SETTINGS}")  # noqa: PTH113  (Path.is_file raises where permission is missing)


def holds_logseq(text: str, *, in_graph: bool) -> bool:
    """Whether a note holds what only Logseq shows. ``key:: value`` means it in a graph alone: Dataview has it, too."""
    return _REFERENCE.search(text) is not None or (in_graph and _OF_A_GRAPH.search(text) is not None)
