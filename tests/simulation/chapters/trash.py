"""A service that keeps deleted documents in a trash, as the live one does, and names them when their content is back.

In ``trash`` it purges what it is asked to purge by a single call; its batches never do. In ``hoard`` it only says so:
what was deleted can never be sent again, and that is told.
"""

from __future__ import annotations

from tests.simulation.chapters.chapter import Chapter

_WEIGHTS = {"restore": 10, "edit": 6, "remove": 6, "swap": 3, "write": 3, "draw": 2}

CHAPTER = Chapter("trash", weights=_WEIGHTS, soft_delete=True)
HOARD = Chapter("hoard", weights=_WEIGHTS, soft_delete=True, purge=False)
