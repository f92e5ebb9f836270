"""The process that mirrors: the daemon, or one ``sync`` after the other."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.e2e.harness import Daemon

IMPATIENT = str(Path(__file__).with_name("impatient.py"))
NEARBY = str(Path(__file__).with_name("nearby.py"))


class Mirror(NamedTuple):
    """A command that mirrors; ``begins`` is in its first line of log, the others are exit codes."""

    command: str
    begins: bytes
    ends: tuple[int, ...]
    terminated: tuple[int, ...]


RUN = Mirror("run", b" mirroring ", ends=(), terminated=(0,))
SYNC = Mirror("sync", b" DEBUG ", ends=(0, 1), terminated=(0, 1, 130, -signal.SIGTERM))
"""It ends by itself, with 1 while a file is held or still changes."""


@dataclass
class SoakDaemon(Daemon):
    """Says much; with ``impatient`` it settles doubtful uploads sooner."""

    impatient: bool = False
    mirror: Mirror = RUN

    def start(self) -> SoakDaemon:
        program = IMPATIENT if self.impatient else NEARBY
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        command = [sys.executable, program, "-v", "--config", str(self.config), self.mirror.command]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, text=True)
        return self

    def has_begun(self) -> bool:
        """Whether it came as far as its first line since it was started, or has ended."""
        return not self.alive or self.mirror.begins in self._said()

    def told_of_full_disk(self) -> bool:
        """Whether it said since it was started that its index could not be written."""
        return b"the index cannot be " in self._said()

    def _said(self) -> bytes:
        return self.log.read_bytes()[self._log_from :]

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None
