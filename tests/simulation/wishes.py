"""What files want, and what objects are to them: said by file names, contents and configuration alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from picora_sync.core.model import Kind, kind_of
from picora_sync.core.policy import Folder, Select, TitleFrom, WhenFull
from tests.simulation.line import RULE, Line
from tests.simulation.matter import Matter
from tests.simulation.remote import Held
from tests.simulation.tree import Tree


def held_at_some_time(line: Line, item: Held) -> bool:
    return is_among(item, [matter for _, matter in line.history])


def contents_of(trees: Iterable[Tree]) -> list[Matter]:
    """All that the files of these folders hold, or ever held."""
    return [matter for tree in trees for line in tree.everything() for _, matter in line.history]


def is_among(item: Held, matters: list[Matter]) -> bool:
    return any(matter.kind is item.kind and item.sha256 in matter.all_sent() for matter in matters)


def is_kept_alive(line: Line, deleted: Held, after: dict[str, Held], seen: list[bool]) -> bool:
    """Whether the file was never ``seen`` to hold this, or something that it held then or later is there."""
    matters = [matter for _, matter in line.history]
    held = (was and deleted.sha256 in matter.all_sent() for was, matter in zip(seen, matters, strict=True))
    first = next((n for n, each in enumerate(held) if each), None)
    if first is None:
        return True
    successors = {sha for matter in matters[first:] for sha in matter.all_sent()}
    return any(item.kind is deleted.kind and item.sha256 in successors for item in after.values())


def was_told_too_late(line: Line, told_at: float) -> bool:
    """Whether the file held nothing any more that can be sent when the loop was told (``told_at``) that what it held
    before is on Picora: it was never known to hold that (decision 0176).
    """
    then = [matter for at, matter in line.history if at <= told_at]
    return bool(then) and not then[-1].sendable


def may_go_first(policy: Folder, tree: Tree, line: Line, item: Held) -> bool:
    """Whether people said that an old version may be deleted before the new one is there, and this is an old one."""
    return policy.when_full is WhenFull.DELETE_FIRST and item.sha256 != line.now.sent(tree.picture)


def is_listed(policy: Folder, tree: Tree, path: str, line: Line) -> bool:
    """Whether the file is one that is always mirrored: no rule leaves it out, and nothing it ever said."""
    always = policy.select is Select.ALL or line.now.kind is Kind.AUDIO
    return is_in_place(policy, tree, path) and (always or all(matter.public is True for _, matter in line.history))


def is_in_place(policy: Folder, tree: Tree, path: str) -> bool:
    ruled_out = tree.ruled and path.startswith(RULE)
    return kind_of(path) is not None and not ruled_out and not any(fits(rule, path) for rule in policy.ignore)


def fits(rule: str, path: str) -> bool:
    """What the few patterns that are used here mean: ``/directory/``, ``directory/``, ``*.suffix``, ``name``."""
    if rule.startswith("/"):
        return path.startswith(rule[1:])
    if rule.endswith("/"):
        return f"/{rule}" in f"/{path}"
    return path.endswith(rule[1:]) if rule.startswith("*") else path.rpartition("/")[2] == rule


def is_selected(policy: Folder, matter: Matter) -> bool:
    return policy.select is Select.ALL or matter.kind is Kind.AUDIO or matter.public is True


def wants_public(policy: Folder, matter: Matter) -> bool:
    if matter.unclear:
        return False
    if matter.public is not None:
        return matter.public
    return policy.public if policy.public is not None else matter.kind is Kind.AUDIO


def title(policy: Folder, path: str, matter: Matter) -> str:
    if matter.title is not None and policy.title is TitleFrom.CONTENT:
        return matter.title
    stem = path.rpartition("/")[2].rpartition(".")[0].replace("\n", " ")
    return unicodedata.normalize("NFC", "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in stem))


def names(files: list[tuple[Folder, str, Matter]]) -> str:
    return ", ".join(f"{policy.name}/{path!r}" for policy, path, _ in files)
