"""What notes and vaults say to other programs: keys that publish there and not here, and where templates lie."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from picora_sync.content.frontmatter import Frontmatter
from picora_sync.content.spelling import KEYS

FOREIGN = frozenset(
    {
        *("dg-publish", "dg-home", "dg-note-properties"),  # Digital Garden
        *("share", "share_link", "share_updated", "enableSharing", "share-url"),  # Enveloppe, Share Note
        *("published", "is_public", "ispublic", "visibility", "draft", "private"),  # Hugo, Jekyll, Quartz and others
    }
)
"""Keys by which other programs publish. They open nothing here: only `public` and `publish` do."""

_SETTINGS = (
    ("templates.json", "folder"),
    ("plugins/templater-obsidian/data.json", "templates_folder"),
    ("plugins/quickadd/data.json", "templateFolderPath"),
)
_MOST_BYTES = 1_000_000


def foreign_keys(front: Frontmatter) -> frozenset[str]:
    """The keys of other publishers in a note that says nothing to us."""
    keys = {entry.key for entry in front.entries}
    if keys & set(KEYS):
        return frozenset()
    return frozenset(key for key in keys if key in FOREIGN)


def template_directories(vault: Path) -> list[str]:
    """Where Obsidian and its plugins keep templates, as paths below the vault that exist."""
    found = []
    for file, key in _SETTINGS:
        path = _setting(vault / ".obsidian" / file, key)
        if path and path not in found and (vault / path).is_dir():
            found.append(path)
    return found


def _setting(file: Path, key: str) -> str:
    """A relative path, "" if the file says nothing usable."""
    try:
        with file.open("rb") as stream:
            settings = json.loads(stream.read(_MOST_BYTES))
        value = settings.get(key)
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""
    if not isinstance(value, str) or "\0" in value:
        return ""
    path = PurePosixPath(value.strip("/"))
    return str(path) if path.parts and ".." not in path.parts else ""
