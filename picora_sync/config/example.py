"""The commented example that messages point at. It lies at the top of the project, and in the package once that is
installed.
"""

from __future__ import annotations

from pathlib import Path

NAME = "config.example.yaml"
_PACKAGE = Path(__file__).parents[1]


def example() -> str:
    """Every key there is, each with what it does, as a configuration file."""
    installed = _PACKAGE / NAME
    return (installed if installed.exists() else _PACKAGE.parent / NAME).read_text("utf-8")
