"""Follows a guide word for word: every line of its shell blocks, in a bash of its own, in a bare home.

    python tests/guides.py docs/guides/obsidian.md [WORDS=OTHERS …]

types the lines as they stand, but for the words that are named (the address of an account), prints what comes of each,
and ends with the number of lines and the time. Needs nothing but Python.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

GUIDES = Path(__file__).resolve().parents[1] / "docs" / "guides"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a page in one language."""
    return [text for name, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if name == language]


def lines(page: Path) -> list[str]:
    """What a reader of the page types."""
    return [line for block in blocks(page, "sh") for line in block.splitlines() if line and not line.startswith("#")]


def follow(
    page: Path, words: Mapping[str, str], environ: Mapping[str, str], where: Path
) -> Iterator[tuple[str, int, str]]:
    """Type each line; what it was, its exit code, and what it printed."""
    for line in lines(page):
        typed = line
        for word, other in words.items():
            typed = typed.replace(word, other)
        done = subprocess.run(
            ["bash", "-c", typed],  # noqa: S607  (as somebody who types it)
            cwd=where,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600,
            check=False,
        )
        yield line, done.returncode, done.stdout.decode("utf-8", "replace")


def main(page: str, *words: str) -> int:
    """Follow one page; 1 if a line failed."""
    began, number, failed = time.monotonic(), 0, 0
    replaced = dict(word.split("=", 1) for word in words)
    for line, code, said in follow(Path(page), replaced, os.environ, Path.cwd()):
        number, failed = number + 1, failed + (code != 0)
        sys.stdout.write(f"$ {line}\n{said}" + (f"exit code {code}\n" if code else ""))
        sys.stdout.flush()
    took = time.monotonic() - began
    sys.stdout.write(f"{page}: {number} lines typed, {failed} failed, {took:.0f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
