"""YAML frontmatter of a document: title, tags, public (contract §9.1, §15 #17)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

MAX_TAGS = 10
MAX_TAG_CHARACTERS = 32
_MAX_YAML_CHARACTERS = 64 * 1024
_MAX_DEPTH = 64
_BLOCK = re.compile(r"\ufeff?---[ \t]*\r?\n(?P<yaml>.*?)(?<=\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where the wheel has it, 10 times faster
_FLOW = re.compile(r"[\[{]")
_STRING_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "timestamp", "bool"))


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
    source = match["yaml"]
    if len(source) > _MAX_YAML_CHARACTERS or len(_FLOW.findall(source)) > _MAX_YAML_CHARACTERS // 16:
        return Frontmatter(warnings=["frontmatter is too large, treated as text"])
    try:
        root = _compose(source)
    except (yaml.YAMLError, RecursionError, ValueError):
        return Frontmatter(warnings=["frontmatter is not valid YAML, treated as text"])
    if root is None:
        return Frontmatter(body_start=match.end())
    if not isinstance(root, yaml.MappingNode):
        return Frontmatter(warnings=["frontmatter is not a mapping, treated as text"])
    values = {key.value: value for key, value in root.value if isinstance(key, yaml.ScalarNode)}
    warnings: list[str] = []
    return Frontmatter(
        title=_title(values.get("title")),
        tags=_tags(values.get("tags"), warnings),
        public=_public(values.get("public"), warnings),
        body_start=match.end(),
        warnings=warnings,
    )


def _compose(source: str) -> yaml.Node | None:
    """The node graph only: nothing is constructed, so aliases and merge keys cannot blow up.

    Raises:
        ValueError: it is nested deeper than anybody writes.
    """
    depth = 0
    for event in yaml.parse(source, Loader=_LOADER):
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            depth += 1
            if depth > _MAX_DEPTH:
                raise ValueError("nested too deeply")
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            depth -= 1
    node: yaml.Node | None = yaml.compose(source, Loader=_LOADER)
    return node


def _scalar(node: yaml.Node | None) -> str | None:
    """The text of a scalar as written; None for null, lists and mappings."""
    if isinstance(node, yaml.ScalarNode) and node.tag in _STRING_TAGS:
        text: str = node.value.strip()
        return text.replace("\x00", "") or None
    return None


def _title(node: yaml.Node | None) -> str | None:
    return _scalar(node)


def _public(node: yaml.Node | None, warnings: list[str]) -> bool | None:
    if node is None:
        return None
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:bool":
        return bool(yaml.SafeLoader.bool_values[node.value.lower()])
    warnings.append("frontmatter public is not true or false, ignored")
    return None


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
