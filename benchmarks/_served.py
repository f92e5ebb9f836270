"""The embedded Picora in processes of its own, and the memory that they take."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
END_S = 30


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where it keeps its things, and how many processes serve."""
    parser.add_argument("--workers", default="1", help="processes that serve together; more than one need PostgreSQL")
    parser.add_argument("--database", help="URL of an empty database; left out, SQLite")
    parser.add_argument("--storage", help="URL of an empty store; left out, a directory")


@dataclass
class Served:
    """A running server: where it answers, its key, its processes, and how to verify what it keeps."""

    host: str
    key: str
    process_id: int
    command: list[str]

    @classmethod
    @contextmanager
    def by(cls, options: argparse.Namespace) -> Iterator[Self]:
        """Serve from an empty directory as the options say; limits are off."""
        with tempfile.TemporaryDirectory() as where:
            command = [sys.executable, "-m", "picora_sync", "serve", "--data", f"{where}/picora"]
            command += ["--workers", options.workers]
            command += [f"--database={options.database}"] if options.database else []
            command += [f"--storage={options.storage}"] if options.storage else []
            process = subprocess.Popen(
                [*command, "--json", "--port", "0", "--no-rate-limits"], stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
            try:
                line = process.stdout.readline() if process.stdout else ""
                if not line:
                    sys.exit("the server did not start")
                ready = json.loads(line)
                yield cls(urlsplit(ready["url"]).netloc, ready["key"], process.pid, command)
            finally:
                process.terminate()
                process.wait(END_S)

    def memory_mb(self) -> str:
        """Resident now and at most, of the server and of each worker."""
        return ", ".join(f"{_mb(pid, 'VmRSS'):.0f} (at most {_mb(pid, 'VmHWM'):.0f})" for pid in self.processes())

    def peak_mb(self) -> float:
        """The most that one of the processes had in memory so far."""
        return max(_mb(pid, "VmHWM") for pid in self.processes())

    def processes(self) -> list[int]:
        """The ids of the server and its workers."""
        children = Path(f"/proc/{self.process_id}/task").glob("*/children")
        return [self.process_id, *(int(pid) for listed in children for pid in listed.read_text().split())]

    def check(self) -> tuple[bool, str]:
        """``serve --check``: whether all is well, and what it says."""
        ended = subprocess.run([*self.command, "--check"], capture_output=True, text=True, cwd=ROOT, check=False)
        return ended.returncode == 0, (ended.stdout + ended.stderr).strip()


def _mb(pid: int, name: str) -> float:
    """One of the kernel's numbers about a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024
