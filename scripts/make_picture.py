"""Makes the README's picture: runs `picora-sync up` on copies of the samples in a real terminal, and draws its screen.

Needs tmux on the PATH. Usage: python scripts/make_picture.py docs/pictures/up.svg
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
COLUMNS, ROWS = 104, 34
PATIENCE_S = 60.0
COMMAND = "picora-sync up vault podcast"


def tmux(socket: str, *words: str) -> str:
    """Run one tmux command on a server of our own."""
    return subprocess.run(["tmux", "-L", socket, *words], capture_output=True, text=True, check=True).stdout


def wait_for(socket: str, words: str) -> None:
    """Wait until the screen shows these words."""
    deadline = time.monotonic() + PATIENCE_S
    while words not in tmux(socket, "capture-pane", "-p"):
        if time.monotonic() > deadline:
            raise SystemExit(f"the screen never showed {words!r}:\n{tmux(socket, 'capture-pane', '-p')}")
        time.sleep(0.2)


def record(folder: Path) -> str:
    """The screen, with its colours, after the samples were mirrored and one note was edited."""
    socket = f"picora-picture-{folder.name}"
    program = f"{sys.executable} -m picora_sync {COMMAND.partition(' ')[2]}"
    size = ("-x", str(COLUMNS), "-y", str(ROWS))
    tmux(socket, "new-session", "-d", *size, "-c", str(folder), "-e", f"PYTHONPATH={ROOT}", program)
    try:
        wait_for(socket, "Raw take.wav ")
        note = folder / "vault" / "Welcome.md"
        note.write_text(note.read_text(encoding="utf-8") + "\nEdited while picora-sync watches.\n", encoding="utf-8")
        time.sleep(6)
        screen = tmux(socket, "capture-pane", "-p", "-e")
        tmux(socket, "send-keys", "C-c")
        deadline = time.monotonic() + PATIENCE_S
        while subprocess.run(["tmux", "-L", socket, "has-session"], capture_output=True, check=False).returncode == 0:
            if time.monotonic() > deadline:
                raise SystemExit("picora-sync did not end on Ctrl-C")
            time.sleep(0.2)
    finally:
        subprocess.run(["tmux", "-L", socket, "kill-server"], capture_output=True, check=False)
    return screen


def draw(screen: str, target: Path) -> None:
    """Write the screen as an SVG."""
    lines = screen.rstrip().splitlines()
    shown = [line for line in lines if "its data in" not in line and "Look at it with" not in line]  # temporary paths
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(shown).strip()))
    svg = console.export_svg(title=COMMAND, unique_id="picora-sync-up")
    # No fonts from elsewhere: a reader's own monospace font does.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace")
    target.write_text(svg, encoding="utf-8")


def main() -> None:
    """Record and draw."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="picture-") as name:
        folder = Path(name)
        for sample in ("vault", "podcast"):
            shutil.copytree(ROOT / "examples" / sample, folder / sample)
        draw(record(folder), target)
    print(f"wrote {target}")


if __name__ == "__main__":
    main()
