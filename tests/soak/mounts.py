"""Small file systems of our own, in a mount namespace of our own: they are gone with the process, whatever ends it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_INSIDE = "PICORA_SOAK_MOUNTS"
NO_MOUNTS = 75


def enter_namespace() -> None:
    """Start this program again where it may mount; returns there. Ends the process if that is not allowed."""
    if os.environ.get(_INSIDE):
        return
    wish = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*wish, "true"], capture_output=True, check=False).returncode != 0:
        sys.stderr.write("This script mounts file systems: run it as root, or allow user namespaces.\n")
        sys.exit(NO_MOUNTS)
    command = [*wish, sys.executable, *_own_arguments()]
    os.execvpe(wish[0], command, {**os.environ, _INSIDE: "1"})  # noqa: S606  # ourselves


def _own_arguments() -> list[str]:
    return ["-m", "tests.soak", *sys.argv[1:]]


def mount_tmpfs(where: Path, size_bytes: int) -> None:
    where.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "soak", str(where))


def bind(source: Path, where: Path) -> None:
    """Show a directory at another place, as an external disk is shown at its mount point."""
    where.mkdir(parents=True, exist_ok=True)
    _run("mount", "--bind", str(source), str(where))


def unmount(where: Path) -> None:
    """At once, even if files there are open: as if the cable were pulled."""
    _run("umount", "--lazy", str(where))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
