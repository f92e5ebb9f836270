"""The completion scripts in real shells: what a person who presses Tab gets. Zsh and fish are tried where they are."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from picora_sync.core.model import FileRef, Fingerprint, Kind, Wanted
from picora_sync.core.ports import Derived
from picora_sync.index import Index
from picora_sync.report import INDEX_NAME

WITHIN_S = 60.0
WITH_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)
START = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}
PREPARE = {
    "bash": "PS1='> '; bind 'set enable-bracketed-paste off'; bind 'set show-all-if-ambiguous on'",
    "zsh": "PS1='> '; unsetopt zle_bracketed_paste 2>/dev/null; autoload -Uz compinit; compinit -u -D",
    "fish": "function fish_prompt; echo '> '; end; function fish_greeting; end",
}
CASES = [
    pytest.param("picora-sync sta", "picora-sync status", id="command"),
    pytest.param("picora-sync pause No", "picora-sync pause Notes", id="folder"),
    pytest.param("picora-sync url Notes/e", "picora-sync url Notes/episode.md", id="path beside a directory"),
    pytest.param("picora-sync ls Notes/su", "picora-sync ls Notes/sub/", id="directory"),
    pytest.param("picora-sync url Notes/sub/a", "picora-sync url Notes/sub/a, b.md", id="comma and space"),
    pytest.param("picora-sync url Notes/dol", "picora-sync url Notes/dollar$HOME.md", id="dollar"),
    pytest.param("picora-sync url Notes/quo", "picora-sync url Notes/quote's.md", id="quote"),
    pytest.param("picora-sync url Notes/new", "picora-sync url Notes/new.md", id="on disk alone"),
    pytest.param("picora-sync url ~/Notes/ne", "picora-sync url {home}/Notes/new.md", id="home"),
    pytest.param("picora-sync url ./Notes/ne", "picora-sync url ./Notes/new.md", id="path for the shell"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a vault ``Notes``, of which the index knows some files that are not on disk."""
    home = tmp_path_factory.mktemp("home")
    for directory in ("Notes/sub", "bin", "state", ".config/picora-sync"):
        (home / directory).mkdir(parents=True)
    (home / "Notes/new.md").write_text("text")
    (home / ".config/picora-sync/config.yaml").write_text(
        "account: {url: 'http://127.0.0.1:9', key_file: key}\n"
        f"state_dir: {home}/state\nfolders:\n  - path: {home}/Notes\n"
    )
    program = home / "bin/picora-sync"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -P -m picora_sync \"$@\"\n")
    program.chmod(0o755)
    index = Index.open(home / "state" / INDEX_NAME)
    with index.transaction():
        for number, path in enumerate(("episode.md", "sub/a, b.md", "star*.md", "dollar$HOME.md", "quote's.md")):
            wanted = Wanted(Kind.DOC, f"{number:064x}", 4, path.rpartition("/")[2], path)
            fingerprint = Fingerprint(4, 10, 10, 1, 1)
            index.files.present(FileRef("Notes", path), Derived(wanted, "f" * 64, fingerprint), 1.0)
    index.close()
    return home


class Shell:
    """An interactive shell that is typed into."""

    def __init__(self, terminal: int, result: Path) -> None:
        self._terminal = terminal
        self._result = result

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def answer(self) -> str:
        """What the shell wrote down, while its screen is read away."""
        until = time.monotonic() + WITHIN_S
        seen = b""
        while time.monotonic() < until:
            if self._result.exists() and (said := self._result.read_text()).endswith("\n"):
                self._result.unlink()
                return said.rstrip("\n")
            try:
                if select.select([self._terminal], [], [], 0.05)[0]:
                    seen += os.read(self._terminal, 65536)
            except OSError:  # it has ended
                break
        raise AssertionError(f"nothing was written down: {seen.decode(errors='replace')[-2000:]}")


@contextmanager
def shell(name: str, home: Path) -> Iterator[Shell]:
    result = home / f"{name}.result"
    result.unlink(missing_ok=True)
    ours, theirs = pty.openpty()
    environ = {**os.environ, "HOME": str(home), "PATH": f"{home}/bin:{os.environ['PATH']}", "TERM": "dumb"}
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "ZDOTDIR", "PICORA_SYNC_CONFIG"):
        environ.pop(variable, None)
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_TERMINAL, name, *START[name]],
        cwd=home,
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Shell(ours, result)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_tab_completes_alike_in_every_shell(name: str, home: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not here")
    script = home / f"completion.{name}"
    command = [home / "bin/picora-sync", "completion", name]
    script.write_text(subprocess.run(command, capture_output=True, text=True, check=True, timeout=WITHIN_S).stdout)
    wrong = {}
    with shell(name, home) as typed:
        typed.type(f"{PREPARE[name]}\n. {script}\necho ready > {home}/{name}.result\n")
        assert typed.answer() == "ready"
        for case in CASES:
            begun, wanted = map(str, case.values)
            typed.type(f"{begun}\t\x01echo \x05 > {home}/{name}.result\n")
            if (said := typed.answer()) != wanted.format(home=home):
                wrong[begun] = said
    assert wrong == {}
