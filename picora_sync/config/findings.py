"""What is wrong with a configuration: every mistake with its place, all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from picora_sync.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Position:
    """Where in which file; line and column count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: where, what, and how to put it right."""

    place: Position
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigMissing(ConfigError):
    """There is no such file."""

    code = "CONFIG_MISSING"


class ConfigInvalid(ConfigError):
    """The file was read, and is wrong in all the places of ``findings`` (never empty), in the file's order."""

    def __init__(self, findings: Sequence[Mistake]) -> None:
        self.findings = tuple(sorted(findings, key=lambda finding: (finding.place.line, finding.place.column)))
        first = self.findings[0]
        if len(self.findings) == 1:
            super().__init__(f"{first.place}: {first.message}", hint=first.hint)
        else:
            lines = "\n".join(f"  {finding}" for finding in self.findings)
            super().__init__(
                f"{len(self.findings)} mistakes in {first.place.file}:\n{lines}",
                hint="fix them, then run: picora-sync config check",
            )
