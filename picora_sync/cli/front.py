"""What is said before anything else is imported: the version, and which commands there are (decision 0280)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

from picora_sync import __version__

PROGRAM = "picora-sync"
SUMMARY = "Keep folders of notes and podcasts mirrored, one way, to Picora."
EXAMPLE = "Try it without an account: picora-sync up FOLDER"
MOST_COLUMNS = 100
_LEAST_COLUMNS = 50
_USUAL_COLUMNS = 80

CONFIG_HELP = "The configuration to use."
VERBOSE_HELP = "Log every step, and tracebacks of unexpected errors."
LOG_FORMAT_HELP = "How log lines are written to standard error."
OPTIONS = (
    ("--config FILE", CONFIG_HELP),
    ("-v, --verbose", VERBOSE_HELP),
    ("--log-format [text|json]", LOG_FORMAT_HELP),
    ("-V, --version", "Show the version and exit."),
    ("-h, --help", "Show this message and exit."),
)

COMMANDS = {
    "init": ("init", "Make the configuration, and show what would be mirrored before writing it."),
    "up": ("up", "Mirror folders into a Picora of their own, and watch."),
    "run": ("run", "Mirror the configured folders until stopped: the daemon, in the foreground."),
    "sync": ("sync", "Mirror the configured folders once, then exit."),
    "plan": ("plan", "Show what would be done, and why."),
    "status": ("status", "Show how folders and account are."),
    "ls": ("files", "List files, with their state and URL."),
    "url": ("files", "Print the URL of a file."),
    "problems": ("problems", "Show what is wrong with account, daemon, disk and files, and what to do about it."),
    "history": ("files", "Show which URLs files had, and when, oldest first."),
    "approve": ("approve", "Carry out the removals of FOLDER that are held."),
    "verify": ("verify", "Compare the index with the account."),
    "rebuild": ("rebuild", "Make a new index from folders and account, after the old one was damaged or lost."),
    "pause": ("control", "Send nothing for FOLDER, or for all folders, until `resume`."),
    "resume": ("control", "Let a paused FOLDER, or all of them, go on."),
    "rescan": ("control", "Look through FOLDER, or through all folders, now."),
    "resend": ("control", "Read every file of FOLDER again, and send what would be sent differently now."),
    "forget": ("forget", "Forget a FOLDER that was taken out of the configuration."),
    "reload": ("control", "Have the running daemon read its configuration again."),
    "doctor": ("doctor", "Look for whatever keeps the mirror from working, and say which command mends it."),
    "service": ("service", "Run the daemon as a service: systemd on Linux, launchd on macOS."),
    "serve": ("serve", "Run the embedded Picora alone, until Ctrl-C."),
    "config": ("config", "Check and show the configuration."),
    "completion": ("completion", "Print a script that completes commands, options and paths in a shell."),
    "help": ("help", "Show what a COMMAND does, or list the commands."),
}
"""Each command's module, and its line in the list of commands (a test compares it with the command's own)."""


OTHER_NAMES = {
    **dict.fromkeys(("list", "files", "find", "tree"), "ls"),
    **dict.fromkeys(("link", "links", "share", "open", "get"), "url"),
    **dict.fromkeys(("start", "daemon", "watch", "monitor"), "run"),
    **dict.fromkeys(("demo", "try"), "up"),
    **dict.fromkeys(("mirror", "push", "upload", "once"), "sync"),
    **dict.fromkeys(("diff", "preview", "dry-run"), "plan"),
    **dict.fromkeys(("info", "stat", "state"), "status"),
    **dict.fromkeys(("errors", "error", "issues", "warnings", "why"), "problems"),
    **dict.fromkeys(("versions", "activity"), "history"),
    **dict.fromkeys(("confirm", "accept", "allow"), "approve"),
    **dict.fromkeys(("check", "fsck", "audit"), "verify"),
    **dict.fromkeys(("repair", "reindex", "restore"), "rebuild"),
    **dict.fromkeys(("unpause", "continue"), "resume"),
    **dict.fromkeys(("scan", "refresh"), "rescan"),
    **dict.fromkeys(("remove", "rm", "unlink"), "forget"),
    **dict.fromkeys(("server", "host"), "serve"),
    **dict.fromkeys(("settings", "configure", "configuration"), "config"),
    **dict.fromkeys(("completions", "autocomplete"), "completion"),
}
"""What other programs of this kind call a command."""


def answer(arguments: Sequence[str]) -> str | None:
    """What these arguments ask for, if that needs nothing else."""
    match arguments:
        case ["--version" | "-V"]:
            return version_text()
        case ["--help" | "-h" | "help"]:
            return help_text(columns())
        case _:
            return None


def version_text() -> str:
    """``picora-sync 1.2.3``."""
    return f"{PROGRAM} {__version__}\n"


def help_text(width: int) -> str:
    """The help of the program itself, in lines of at most so many characters."""
    commands = [(name, summary) for name, (_, summary) in COMMANDS.items()]
    lines = [
        f"Usage: {PROGRAM} [OPTIONS] COMMAND [ARGS]...",
        "",
        *(f"  {line}" for line in _wrap(SUMMARY, width - 2)),
        "",
        "Options:",
        *_table(OPTIONS, width),
        "",
        "Commands:",
        *_table(commands, width),
        "",
        *(f"  {line}" for line in _wrap(EXAMPLE, width - 2)),
    ]
    return "".join(f"{line}\n" for line in lines)


def columns() -> int:
    """How wide the help may be, as click measures it."""
    try:
        columns = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 0
        except (OSError, ValueError):
            columns = 0
    return max(min(columns or _USUAL_COLUMNS, MOST_COLUMNS) - 2, _LEAST_COLUMNS)


def _table(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    first = max(len(term) for term, _ in rows) + 2
    for term, text in rows:
        for line in _wrap(text, width - first - 2):
            yield f"  {term:{first}}{line}"
            term = ""  # noqa: PLW2901  # it stands on the first line alone


def _wrap(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line
