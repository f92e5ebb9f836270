"""A file system that does not answer, such as that of a server that went away: it is waited for, but not for ever."""

from __future__ import annotations

from picora_sync.core.model import Problem

DISK_SILENT = "DISK_SILENT"


def does_not_answer(root: str) -> Problem:
    """What is said of a folder on it. Nothing is known of the files below until it answers."""
    return Problem(
        DISK_SILENT,
        f"the file system of {root} does not answer",
        "Is its server or disk there? Nothing of this folder is sent or deleted until it answers; then it goes on by"
        " itself.",
    )
