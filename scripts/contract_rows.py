"""Which test claims which row of the API's contract; fails on a row without one.

Rows are in tests/contract/rows.txt, or in the file that is named. A test claims rows by its docstring:
"§8.1 key: ..." or "§15 #7 #16: ...".
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "tests" / "contract" / "rows.txt"
_ROW = re.compile(r"(?P<unserved>- )?§(?P<section>[0-9.]+) (?P<name>.+?): (?P<asks>.+)")
_CLAIM = re.compile(r"§(?P<section>[0-9.]*[0-9])(?P<text>[^§]*)")
_NUMBERS = re.compile(r"[ ,]*((?:#[0-9]+[ ,]*)+)")


@dataclass(frozen=True)
class Row:
    """One row: its section and name, what it asks, and whether this server leaves it out."""

    section: str
    name: str
    asks: str
    served: bool

    def claimed_by(self, docstring: str) -> bool:
        """Whether a test's docstring names this row."""
        return any(
            self._is_named(claim["text"]) for claim in _CLAIM.finditer(docstring) if claim["section"] == self.section
        )

    def _is_named(self, text: str) -> bool:
        if self.name.startswith("#"):
            numbers = _NUMBERS.match(text)
            return numbers is not None and self.name in numbers[1].replace(",", " ").split()
        found = text.strip().lower()
        name = self.name.lower()
        return found.startswith(name) and not found[len(name) : len(name) + 1].isalnum()


def rows(path: Path) -> list[Row]:
    """Every row, in the contract's order."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    found = [_ROW.fullmatch(line) for line in lines]
    wrong = [line for line, match in zip(lines, found, strict=True) if match is None]
    if wrong:
        sys.exit(f"{path.name} has lines that are no rows: {wrong}")
    return [Row(match["section"], match["name"], match["asks"], not match["unserved"]) for match in found if match]


def tests() -> Iterator[tuple[str, str]]:
    """Name and docstring of every test that has one."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and (doc := ast.get_docstring(node)):
                yield f"{path.relative_to(ROOT)}::{node.name}", " ".join(doc.split())


def main() -> int:
    """Print row → tests; 1 if a row has none."""
    known = list(tests())
    listed = rows(Path(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
    missing = 0
    for row in listed:
        print(f"§{row.section} {row.name}: {row.asks}")
        if not row.served:
            print("    (not served)")
            continue
        claims = [name for name, docstring in known if row.claimed_by(docstring)]
        print(*(f"    {name}" for name in claims or ["NO TEST"]), sep="\n")
        missing += not claims
    print(f"\n{len(listed)} rows, {missing} without a test")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
