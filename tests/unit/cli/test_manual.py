"""The manual page names every command and exit code, and man takes it without a word."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from picora_sync.cli.failures import INTERNAL, INTERRUPTED, OTHER_INSTANCE, USAGE
from picora_sync.cli.front import COMMANDS
from picora_sync.cli.manual import EXIT_CODES, manual
from picora_sync.errors import ConfigError, KeyRefused, RemoteError


def test_it_lists_every_command() -> None:
    assert set(re.findall(r"\.B ([a-z]+)\n", manual())) >= set(COMMANDS)


def test_it_lists_the_exit_codes_that_there_are() -> None:
    known = {0, 1, 3, USAGE, INTERNAL, OTHER_INSTANCE, INTERRUPTED}
    errors = {kind.exit_code for kind in (ConfigError, KeyRefused, RemoteError)}
    assert {int(code) for code, _ in EXIT_CODES} == known | errors


@pytest.mark.skipif(shutil.which("groff") is None and shutil.which("man") is None, reason="no man here")
def test_man_shows_it_without_a_word(tmp_path: Path) -> None:
    page = tmp_path / "picora-sync.1"
    page.write_text(manual(), encoding="utf-8")
    groff = ["groff", "-man", "-Tutf8", "-ww", str(page)]
    command = groff if shutil.which("groff") else ["man", "--warnings", "-l", str(page)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert shown.stderr == ""
    assert "service" in shown.stdout
