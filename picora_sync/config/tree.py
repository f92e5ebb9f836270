"""YAML text → nodes that know their place, so that every later complaint can name line and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from picora_sync.config.findings import Mistake, Position

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE_TAG = "tag:yaml.org,2002:"
_MOST_NODES = 100_000
_CREDENTIAL = re.compile(r"sk_(?:live|test)_[A-Za-z0-9_-]{16,}")
_REFERENCE = re.compile(r"\$(\$\{|\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?)")

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. ``text`` is what stands in the file, variables expanded; ``value`` what YAML makes of it; ``written``
    is what a message may show: variables hold what nobody should read in a log.
    """

    place: Position
    text: str
    value: Plain
    written: str

    @property
    def expanded(self) -> bool:
        """Whether a variable stands in it."""
        return self.text != self.written


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Position
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One ``key: value`` of a mapping; ``place`` is the key's."""

    place: Position
    value: Node


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping with text keys."""

    place: Position
    entries: dict[str, KeyValue]


@dataclass(frozen=True, slots=True)
class Broken:
    """Something is wrong here, and it was noted already."""

    place: Position


Node = Scalar | Items | Section | Broken


def parse(text: str, file: str, environ: Mapping[str, str]) -> tuple[Node | None, list[Mistake]]:
    """The tree of one YAML document, and what is wrong with it; None if nothing of it can be used.

    ``${NAME}`` inside a value becomes the environment variable; ``$${`` stands for a literal ``${``.
    """
    try:
        # The loader is a SafeLoader, and nothing is constructed here but its plain scalars.
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file, 1, 1)
        hint = "indent with spaces; quote text that holds ': ', '#', '{' or '['"
        return None, [Mistake(place, f"this is no YAML: {error.problem or error.context}", hint)]
    except RecursionError:
        return None, [
            Mistake(Position(file, 1, 1), "this is nested too deeply", "`picora-sync config example` shows one")
        ]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        hint = "remove the control character, or save the file as UTF-8"
        return None, [Mistake(Position(file, line, 1), f"this is no YAML: {error.reason}", hint)]
    if root is None:
        return None, [Mistake(Position(file, 1, 1), "the file is empty", "`picora-sync config example` shows one")]
    builder = _Builder(file, environ)
    try:
        return builder.node(root, ()), builder.findings
    except (_TooMuch, RecursionError):
        hint = "write out what the aliases stand for; `picora-sync config example` shows one"
        return None, [Mistake(Position(file, 1, 1), "this is more than any configuration holds", hint)]


class _TooMuch(Exception):
    """Aliases of aliases make a few lines stand for any number of values."""


class _Builder:
    """Walks PyYAML's nodes once, keeping what is wrong."""

    def __init__(self, file: str, environ: Mapping[str, str]) -> None:
        self.findings: list[Mistake] = []
        self._file = file
        self._left = _MOST_NODES
        self._environ = environ
        self._construct = yaml.SafeLoader("").construct_object

    def node(self, node: yaml.Node, parents: tuple[yaml.Node, ...]) -> Node:
        self._left -= 1
        if self._left < 0:
            raise _TooMuch
        place = self._place(node)
        if any(parent is node for parent in parents):
            return self._refuse(place, "this alias contains itself", "write the value out")
        inner = (*parents, node)
        if isinstance(node, yaml.MappingNode):
            return Section(place, self._entries(node, inner))
        if isinstance(node, yaml.SequenceNode):
            return Items(place, tuple(self.node(item, inner) for item in node.value))
        return self._scalar(node, place, str(node.value))

    def _entries(self, node: yaml.MappingNode, parents: tuple[yaml.Node, ...]) -> dict[str, KeyValue]:
        entries: dict[str, KeyValue] = {}
        for key, value in node.value:
            place = self._place(key)
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(place, "a key must be text", "write key: value")
            elif key.value in entries:
                first = entries[key.value].place.line
                self._refuse(place, f"'{key.value}' is given twice", f"the first one is in line {first}: keep one")
            else:
                entries[key.value] = KeyValue(place, self.node(value, parents))
        return entries

    def _scalar(self, node: yaml.Node, place: Position, written: str) -> Scalar | Broken:
        tag = node.tag.removeprefix(_CORE_TAG)
        if tag not in {"str", "int", "float", "bool", "null", "timestamp"}:
            return self._refuse(place, f"the tag {node.tag[:100]} is not allowed here", "write a plain value")
        if tag != "str":
            # A date stays the text it was written as.
            try:
                value = written if tag == "timestamp" else self._construct(node)
            except Exception:  # noqa: BLE001  # PyYAML raises what its parsing meets: KeyError, ValueError, …
                return self._refuse(place, f"this is no {tag}", "write a plain value, or put it in quotes")
            return Scalar(place, written, value, written)
        return self._text(place, written)

    def _text(self, place: Position, written: str) -> Scalar | Broken:
        text = self._expand(written, place)
        if text is None:
            return Broken(place)
        if _CREDENTIAL.search(text):
            message = "this holds an API key, which does not belong into the configuration"
            return self._refuse(
                place, message, "put it into a file (chmod 600), and name that file as account.key_file"
            )
        if not _is_writable(text):
            return self._refuse(place, "this holds characters that no file and no name can have", "write it anew")
        return Scalar(place, text, text, written)

    def _expand(self, text: str, place: Position) -> str | None:
        wrong = len(self.findings)

        def replace(match: re.Match[str]) -> str:
            if match[1] == "${":
                return "${"
            if match[2] is None:
                self._refuse(place, "'${' starts no variable's name", "write ${NAME}, or $${ for a literal ${")
            elif match[2] not in self._environ:
                self._refuse(place, f"the variable {match[2]} is not set", f"set {match[2]}, or write the value itself")
            return self._environ.get(match[2] or "", "")

        expanded = _REFERENCE.sub(replace, text)
        return expanded if len(self.findings) == wrong else None

    def _place(self, node: yaml.Node) -> Position:
        return Position(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _refuse(self, place: Position, message: str, hint: str) -> Broken:
        self.findings.append(Mistake(place, message, hint))
        return Broken(place)


def _is_writable(text: str) -> bool:
    """Whether the system can take it: no lone surrogates but those that stand for bytes of a file name."""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
