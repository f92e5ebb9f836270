"""Whatever the tree cites of the specification is there: "design §…" and "contract §…" lead to a heading or a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PLACES = ("picora_sync", "tests", "docs", "benchmarks", "scripts", "examples")
SUFFIXES = frozenset({".py", ".md", ".yaml", ".toml", ".txt"})

_CITED = re.compile(
    r"(?:(?P<page>design|contract|RFC\s+\d+)\s+)?§(?P<section>\d+(?:\.\d+)*)(?P<rows>(?:(?:,| and| to)? #\d+)*)"
)
_HEADING = re.compile(r"^#{2,3} (?P<number>\d+(?:\.\d+)*)[. ]", re.MULTILINE)
_ITEM = re.compile(r"^(?:\| )?(?P<number>\d+)(?: \||\. )", re.MULTILINE)
LONGEST_JOINT = len(" and ")


class Citation(NamedTuple):
    where: str
    page: str
    section: str
    rows: tuple[str, ...]


def sections(page: str) -> dict[str, frozenset[str]]:
    """Each section's number, and the numbers of the items and table rows in it."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    return {
        heading["number"]: frozenset(item["number"] for item in _ITEM.finditer(text, heading.end(), end))
        for heading, end in zip(headings, ends, strict=True)
    }


def files() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.suffix in SUFFIXES and path.is_file())
    for place in PLACES:
        yield from (path for path in (ROOT / place).rglob("*") if path.suffix in SUFFIXES and path.is_file())


def citations(path: Path) -> Iterator[Citation]:
    """In "design §6.2, §6.3" the second cites the design, too; a "§" that stands alone cites the page's own sections,
    in code the contract's.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    own = "design" if path.name == "design.md" else "contract"
    page, end = own, 0
    for found in _CITED.finditer(text):
        joined = found.start() - end <= LONGEST_JOINT
        page, end = found["page"] or (page if joined else own), found.end()
        if not page.startswith("RFC"):
            line = text.count("\n", 0, found.start()) + 1
            rows = tuple(re.findall(r"\d+", found["rows"]))
            yield Citation(f"{path.relative_to(ROOT)}:{line}", page, found["section"], rows)


def is_there(citation: Citation, pages: dict[str, dict[str, frozenset[str]]]) -> bool:
    """``design §6.4`` is the fourth item of section 6; ``contract §15 #7`` is row 7 of the table there."""
    page = pages[citation.page]
    if citation.section in page:
        return set(citation.rows) <= page[citation.section]
    section, _, item = citation.section.rpartition(".")
    return item in page.get(section, ())


PAGES = {page: sections(page) for page in ("design", "contract")}


def test_each_citation_leads_somewhere() -> None:
    cited = [citation for path in files() for citation in citations(path) if path != Path(__file__)]
    assert len(cited) > 250, "the tree cites its specification"
    assert [citation for citation in cited if not is_there(citation, PAGES)] == []


@pytest.mark.parametrize(
    ("page", "section", "rows"), [("design", "99", ()), ("design", "6.99", ()), ("contract", "15", ("999",))]
)
def test_what_is_not_there_is_found(page: str, section: str, rows: tuple[str, ...]) -> None:
    assert not is_there(Citation("x:1", page, section, rows), PAGES)
