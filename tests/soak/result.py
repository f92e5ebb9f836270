"""What a soak came to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_SHOWN = 30


@dataclass
class Result:
    """The run is good if there are no differences."""

    script: str
    seed: int
    kills: int = 0
    faults: int = 0
    edits: int = 0
    files: int = 0
    settles: int = 0
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)
    remarks: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """One line; of very many differences only the first."""
        more = len(self.differences) - MOST_SHOWN
        shown = [*self.differences[:MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        return json.dumps({**asdict(self), "differences": shown}, ensure_ascii=False)
