"""The manual page, from the program's own list of commands (decision 0294). It imports nothing that is not Python's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from picora_sync import __version__
from picora_sync.cli.front import COMMANDS, EXAMPLE, OPTIONS, PROGRAM, SUMMARY

EXIT_CODES = (
    ("0", "Fine."),
    ("1", "Finished with blocked or held files; for status: something needs attention."),
    ("2", "Wrong usage."),
    ("3", "status and service: nothing runs that should."),
    ("69", "The server cannot be reached, or fails."),
    ("70", "A bug in picora-sync, never your file or a reply: please report it."),
    ("73", "Another instance works with the same state directory."),
    ("77", "The API key was refused, or there is none."),
    ("78", "Configuration, environment or state directory cannot be used."),
    ("130", "Interrupted."),
)
_FILES = (
    ("~/.config/picora-sync/config.yaml", "The configuration; on macOS in ~/Library/Application Support/picora-sync."),
    ("~/.local/state/picora-sync", "The index, unless state_dir: says otherwise."),
    ("FOLDER/.picoraignore", "What is left at home, in the syntax of .gitignore."),
    ("FOLDER/.picora-sync/folder", "The marker that tells an emptied folder from an unmounted disk."),
)
_ENVIRONMENT = (
    ("PICORA_API_KEY", "The API key; looked for before the systemd credential picora-api-key, key_file and keyring."),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "The way to the server."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Whom to trust instead of the authorities that browsers trust."),
    ("NO_COLOR", "No colours."),
)
_DESCRIPTION = (
    "Saved notes and audio of the configured folders are on Picora some seconds later. Renamed files keep their URL,",
    "deleted ones are deleted, and a note that says nothing of it is private. `picora-sync init` makes the",
    "configuration, `picora-sync service install` runs it from then on; `picora-sync COMMAND --help` tells all of a",
    "command.",
)


def manual() -> str:
    """The page in the language of man(7)."""
    return "\n".join([*_head(), *_sections(), ""])


def _head() -> Iterator[str]:
    yield f'.TH PICORA\\-SYNC 1 "" "{PROGRAM} {__version__}"'
    yield ".SH NAME"
    yield f"{_text(PROGRAM)} \\- {_text(SUMMARY[0].lower() + SUMMARY[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield f".B {_text(PROGRAM)}"
    yield "[OPTIONS] COMMAND [ARGS]..."


def _sections() -> Iterator[str]:
    yield ".SH DESCRIPTION"
    yield from map(_text, _DESCRIPTION)
    yield _text(f"{EXAMPLE}.")
    yield from _list("OPTIONS", OPTIONS)
    yield from _list("COMMANDS", ((name, summary) for name, (_, summary) in COMMANDS.items()))
    yield from _list("EXIT STATUS", EXIT_CODES)
    yield from _list("FILES", _FILES)
    yield from _list("ENVIRONMENT", _ENVIRONMENT)


def _list(heading: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f".SH {heading}"
    for term, text in rows:
        yield ".TP"
        yield f".B {_text(term)}"
        yield _text(text)


def _text(text: str) -> str:
    """Letters, and nothing that the language would take for its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
