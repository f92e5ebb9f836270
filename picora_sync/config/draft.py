"""A configuration that is being made: answers → the commented file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from picora_sync.config.model import DEFAULT_URL, Visibility


@dataclass(frozen=True, slots=True)
class FolderDraft:
    """One folder. ``visibility`` is None for the default of each kind; ``templates`` are directories below it whose
    notes are templates for others.
    """

    path: Path
    visibility: Visibility | None = None
    templates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """The answers. Without ``key_file`` the key lies in the keyring."""

    folders: tuple[FolderDraft, ...]
    url: str = DEFAULT_URL
    key_file: Path | None = None
    state_dir: Path | None = None


def draft_text(draft: Draft) -> str:
    """The configuration file. Reading it gives what the draft says, or every mistake in that."""
    return "\n".join([*_head(draft), "folders:", *_folders(draft.folders), ""])


def _head(draft: Draft) -> Iterator[str]:
    yield "# Made by `picora-sync init`. `picora-sync config example` shows every key there is, with what it does;"
    yield "# after a change run `picora-sync config check`, then `picora-sync reload` if the daemon runs."
    yield ""
    yield "account:"
    yield f"  url: {_text(draft.url)}"
    if draft.key_file is None:
        yield "  # The API key lies in the system's keyring."
    else:
        yield "  # The API key. Nobody but you may read this file (chmod 600)."
        yield f"  key_file: {_text(draft.key_file)}"
    yield ""
    if draft.state_dir is not None:
        yield "# Where the index lies: what is on Picora, and which file it is of."
        yield f"state_dir: {_text(draft.state_dir)}"
        yield ""


def _folders(folders: Sequence[FolderDraft]) -> Iterator[str]:
    taken: set[str] = set()
    for folder in folders:
        name = _free(folder.path.name or str(folder.path), taken)
        yield f"  - path: {_text(folder.path)}"
        if name != folder.path.name:
            yield f"    name: {_text(name)}"
        yield "    # Who can read what says nothing itself. A note's own `public: true` or `false` wins."
        if folder.visibility is None:
            yield "    # Left out: notes private, audio public."
            yield "    # visibility: private"
        else:
            yield f"    visibility: {folder.visibility.value}"
        if folder.templates:
            yield "    # Templates are no notes of their own. In gitignore syntax."
            yield f"    ignore: [{', '.join(_text(_pattern(each)) for each in folder.templates)}]"


def _free(name: str, taken: set[str]) -> str:
    """Commands tell folders apart by their names, whatever the case."""
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free.casefold())
    return free


def _pattern(directory: str) -> str:
    escaped = "".join(f"\\{character}" if character in "\\*?[" else character for character in directory)
    return f"/{escaped}/"


def _text(value: str | Path) -> str:
    """As a YAML string on one line; ``${`` would begin a variable."""
    text = json.dumps(str(value), ensure_ascii=False).replace("${", "$${")
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in text)
