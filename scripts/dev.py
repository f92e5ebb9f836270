"""Makes .venv when it is missing or out of date, and runs something in it. Needs only Python 3.11 or newer, with venv.

python3 scripts/dev.py demo    mirrors copies of the samples into a Picora of its own, until Ctrl-C
python3 scripts/dev.py test    runs the tests; further words go to pytest
python3 scripts/dev.py setup   only makes .venv

The demo installs what running needs, the tests and the set-up the tools for development as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
RUN, DEV = "run", "dev"
"""The files of requirements/. Everything in the first one is in the second one, too, in the same version."""
INSTALLED = VENV / ".installed"
PIP = ("-m", "pip", "--disable-pip-version-check", "install", "--no-deps")


def setup(needed: str) -> None:
    """Install what is missing; does nothing, and at once, when nothing is."""
    if not PYTHON.exists():
        _make_venv()
    if all(_is_stale(_stamp(each), _requirements(each)) for each in {needed, DEV}):
        wanted = _requirements(needed)
        print(f"Installing what {wanted.relative_to(ROOT)} lists into .venv, once", file=sys.stderr)
        _run(*PIP, "--require-hashes", "--requirement", str(wanted))
        _stamp(needed).touch()
        INSTALLED.unlink(missing_ok=True)
    if _is_stale(INSTALLED, ROOT / "pyproject.toml"):
        # The tools for development hold what builds; without them pip fetches that.
        _run(*PIP, *(["--no-build-isolation"] if _stamp(DEV).exists() else []), "--editable", str(ROOT))
        INSTALLED.touch()


def demo(words: Sequence[str]) -> list[str]:
    """The command that mirrors demo/vault and demo/podcast, which are copied from the samples the first time."""
    for name in ("vault", "podcast"):
        if not (ROOT / "demo" / name).exists():
            shutil.copytree(ROOT / "examples" / name, ROOT / "demo" / name)
    return ["-m", "picora_sync", "up", "demo/vault", "demo/podcast", "--data", "demo/data", *words]


def test(words: Sequence[str]) -> list[str]:
    """The command that runs the tests, all of them on all cores."""
    return ["-m", "pytest", *(words or ("--numprocesses", "auto", "--dist", "worksteal"))]


def main(words: Sequence[str]) -> None:
    """Set up, then become the command that was asked for."""
    commands = {"demo": (demo, RUN), "test": (test, DEV)}
    match words:
        case [("demo" | "test") as name, *rest]:
            words_of, needed = commands[name]
            setup(needed)
            os.chdir(ROOT)
            command = [str(PYTHON), *words_of(rest)]
            os.execv(command[0], command)  # noqa: S606  (signals and exit code are the command's own)
        case ["setup"]:
            setup(DEV)
        case _:
            raise SystemExit(__doc__)


def _make_venv() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  (whoever runs this has not installed anything yet)
        raise SystemExit("This Python is too old: run it with Python 3.11 or newer, such as python3.12 scripts/dev.py")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SystemExit("Cannot make .venv: install the venv module of this Python (Debian: python3-venv)")


def _requirements(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


def _stamp(name: str) -> Path:
    return VENV / (".requirements" if name == DEV else f".requirements-{name}")


def _is_stale(stamp: Path, source: Path) -> bool:
    """A stamp is younger than what was installed from that file, or it has to be installed anew."""
    return not stamp.exists() or stamp.stat().st_mtime < source.stat().st_mtime


def _run(*words: str) -> None:
    done = subprocess.run([str(PYTHON), *words], check=False)
    if done.returncode:
        raise SystemExit(f"pip failed with exit code {done.returncode}: see above, then run the same command again")


if __name__ == "__main__":
    main(sys.argv[1:])
