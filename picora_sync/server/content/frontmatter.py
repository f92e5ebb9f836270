"""YAML frontmatter of a document: title, tags, public (contract §9.1, §15 #17)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_TAGS = 10
MAX_TAG_CHARACTERS = 32
_MAX_YAML_CHARACTERS = 64 * 1024
_MAX_DEPTH = 64
_BLOCK = re.compile(r"\ufeff?---[ \t]*\r?\n(?P<yaml>.*?)(?<=\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where the wheel has it, 10 times faster
_FLOW = re.compile(r"[\[{]")
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(f"{_TAG}{name}" for name in ("bool", "int", "float", "null", "timestamp"))
_STRING_TAGS = frozenset(f"{_TAG}{name}" for name in ("str", "int", "float", "timestamp", "bool"))
_PLAIN: Any = yaml.resolver.Resolver()  # its method is not typed
_KEYS = frozenset({"title", "tags", "public"})
_INVALID = "is not valid YAML"
_MAX_MERGED = 64
Values = dict[str, yaml.Node]


@dataclass(frozen=True)
class Frontmatter:
    """What the text says about itself; ``body_start`` is the index of the first character after it."""

    title: str | None = None
    tags: list[str] | None = None
    public: bool | None = None
    body_start: int = 0
    warnings: list[str] = field(default_factory=list)


def parse(text: str) -> Frontmatter:
    """Read the frontmatter, if there is any; what is wrong in it becomes a warning, never an error."""
    match = _BLOCK.match(text)
    if match is None:
        return Frontmatter(body_start=1 if text.startswith("\ufeff") else 0)
    try:
        values = _values(match["yaml"])
    except _Unreadable as error:
        return Frontmatter(public=error.public, warnings=[f"frontmatter {error}, treated as text"])
    warnings: list[str] = []
    return Frontmatter(
        title=_title(values.get("title"), warnings),
        tags=_tags(values.get("tags"), warnings),
        public=_public(values.get("public"), warnings),
        body_start=match.end(),
        warnings=warnings,
    )


class _Unreadable(Exception):
    """The block is text, and why; a wish to be private that can be read all the same is kept to."""

    def __init__(self, reason: str, public: bool | None = None) -> None:
        super().__init__(reason)
        self.public = public


def _values(source: str) -> Values:
    """The nodes of our keys.

    Raises:
        _Unreadable: it is no YAML mapping, or a large one.
    """
    if len(source) > _MAX_YAML_CHARACTERS or len(_FLOW.findall(source)) > _MAX_YAML_CHARACTERS // 16:
        raise _Unreadable("is too large")
    try:
        root, tags_fit = _compose(source)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _Unreadable(_INVALID) from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise _Unreadable("is not a mapping")
    found = list(_pairs(root))
    values = _merged(root) | dict(found)
    if not tags_fit or len({name for name, _ in found}) < len(found):
        asked = [values.get("public"), *(node for name, node in found if name == "public")]
        raise _Unreadable(_INVALID, public=False if any(_boolean(node) is False for node in asked) else None)
    return values


def _compose(source: str) -> tuple[yaml.Node | None, bool]:
    """The node graph only: nothing is constructed, so aliases and merge keys cannot blow up.

    The second value is whether every tag that is written out fits what it stands before.

    Raises:
        ValueError: it is nested deeper than anybody writes, or holds half a character.
    """
    source.encode()
    depth, tags_fit = 0, True
    for event in yaml.parse(source, Loader=_LOADER):
        if isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.AliasEvent):
            tags_fit = tags_fit and _tag_fits(event)
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            depth += 1
            if depth > _MAX_DEPTH:
                raise ValueError("nested too deeply")
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            depth -= 1
    node: yaml.Node | None = yaml.compose(source, Loader=_LOADER)
    return node, tags_fit


def _tag_fits(event: yaml.NodeEvent) -> bool:
    """Whether a loader that builds values would not fail at the tag of an event: ``!!bool xyz``, ``!!python/…``."""
    tag = event.tag  # type: ignore[attr-defined]  # all events of nodes but aliases have one
    if tag in (None, "!"):
        return True
    if isinstance(event, yaml.ScalarEvent):
        return tag == f"{_TAG}str" or (tag in _SCALAR_TAGS and tag == _resolved(event.value))
    return bool(tag == (f"{_TAG}seq" if isinstance(event, yaml.SequenceStartEvent) else f"{_TAG}map"))


def _resolved(text: str) -> str:
    """The tag of a scalar that is written without one."""
    return str(_PLAIN.resolve(yaml.ScalarNode, text, (True, False)))


def _pairs(mapping: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    """Our keys in a mapping itself, each as often as it stands there."""
    for key, value in mapping.value:
        if isinstance(key, yaml.ScalarNode) and key.value in _KEYS:
            yield key.value, value


def _merged(mapping: yaml.MappingNode) -> Values:
    """Our keys in what a mapping merges (``<<``): what is named first wins, each mapping is looked at once."""
    values: Values = {}
    seen = {id(mapping)}
    waiting = _merges(mapping)
    while waiting and len(seen) <= _MAX_MERGED:
        merged = waiting.pop(0)
        if id(merged) in seen or not isinstance(merged, yaml.MappingNode):
            continue
        seen.add(id(merged))
        for name, node in _pairs(merged):
            values.setdefault(name, node)
        waiting = _merges(merged) + waiting
    return values


def _merges(mapping: yaml.MappingNode) -> list[yaml.Node]:
    found: list[yaml.Node] = []
    for key, value in mapping.value:
        if isinstance(key, yaml.ScalarNode) and key.tag == f"{_TAG}merge":
            found += value.value if isinstance(value, yaml.SequenceNode) else [value]
    return found[:_MAX_MERGED]


def _scalar(node: yaml.Node | None) -> str | None:
    """The text of a scalar as written; None for null, lists and mappings."""
    if isinstance(node, yaml.ScalarNode) and node.tag in _STRING_TAGS:
        text: str = node.value.strip()
        return text.replace("\x00", "") or None
    return None


def _title(node: yaml.Node | None, warnings: list[str]) -> str | None:
    if _is_odd(node):
        warnings.append("frontmatter title is not text, ignored")
    return _scalar(node)


def _boolean(node: yaml.Node | None) -> bool | None:
    """A boolean of YAML 1.1; None for everything else."""
    if isinstance(node, yaml.ScalarNode) and node.tag == f"{_TAG}bool":
        return yaml.SafeLoader.bool_values.get(node.value.lower())
    return None


def _public(node: yaml.Node | None, warnings: list[str]) -> bool | None:
    if node is None:
        return None
    public = _boolean(node)
    if public is None:
        warnings.append("frontmatter public is not true or false, ignored")
    return public


def _tags(node: yaml.Node | None, warnings: list[str]) -> list[str] | None:
    if node is None:
        return None
    kept: dict[str, None] = {}
    for tag in _tag_texts(node):
        if not tag or "," in tag:
            continue
        if len(tag) > MAX_TAG_CHARACTERS:
            warnings.append(f"frontmatter tag over {MAX_TAG_CHARACTERS} characters dropped")
        else:
            kept[tag] = None
    if len(kept) > MAX_TAGS:
        warnings.append(f"frontmatter has more than {MAX_TAGS} tags, the first {MAX_TAGS} kept")
    return list(kept)[:MAX_TAGS]


def _tag_texts(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield _scalar(item) or ""
    else:
        for part in (_scalar(node) or "").split(","):
            yield part.strip()


def _is_odd(node: yaml.Node | None) -> bool:
    """Whether something stands there that is neither text nor null."""
    return not isinstance(node, yaml.ScalarNode | None) or (
        node is not None and node.tag not in (*_STRING_TAGS, f"{_TAG}null")
    )
