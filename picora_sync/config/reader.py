"""Nodes → sections: types, unknown keys and missing keys, every mistake noted with its place."""

from __future__ import annotations

import difflib
import typing
from dataclasses import dataclass, field
from enum import StrEnum
from types import NoneType
from typing import Annotated, TypeVar, assert_never

import msgspec

from picora_sync.config.findings import Mistake, Position
from picora_sync.config.tree import Broken, Items, KeyValue, Node, Scalar, Section
from picora_sync.config.values import (
    ApiUrl,
    BadValue,
    Duration,
    FolderName,
    IgnorePattern,
    Interval,
    LinkBase,
    PathText,
    Size,
    Tag,
    TitleTemplate,
    Value,
)

Path = tuple[str | int, ...]
_Struct = TypeVar("_Struct", bound=msgspec.Struct)

_MISSING = object()
_SHAPES: dict[type, tuple[str, str]] = {
    bool: ("true or false", "write true or false, without quotes"),
    Duration: ("a length of time", "write it with a unit: 10s, 5m, 1h or 1d"),
    Interval: ("a length of time or off", "write it with a unit: 24h or 7d"),
    Size: ("a size", "write it with a unit: 500KB, 5MB or 1GB"),
}
_NOUNS: dict[type, tuple[str, str]] = _SHAPES | {
    PathText: ("a path", "write the path of a file or directory"),
    FolderName: ("a name for a folder", "use letters, digits, '-' and '_'"),
    Tag: ("a tag", "a tag is short, and has no comma"),
    IgnorePattern: ("an ignore pattern", "write it as in a .gitignore file"),
    TitleTemplate: ("a title", "`picora-sync config example` shows its variables"),
    ApiUrl: ("an address that can be used", "write https://host"),
    LinkBase: ("an address", "write https://host"),
}
_SHOWN_CHARS = 200
_TEXT = ("text", "put it in quotes if it is meant as text")


@dataclass(slots=True)
class ConfigReader:
    """Reads one file's tree. ``findings`` grows; ``places`` says where each value that was read stands, ``written`` how
    those were written in which a variable stands.
    """

    findings: list[Mistake] = field(default_factory=list)
    places: dict[Path, Position] = field(default_factory=dict)
    written: dict[Path, str] = field(default_factory=dict)

    def section(self, kind: type[_Struct], node: Node, path: Path = ()) -> _Struct | None:
        """The section, with defaults for what is wrong in it; None if it is none, or lacks a required key."""
        self.places[path] = node.place
        if not isinstance(node, Section):
            self._wrong_shape(node, "a section of 'key: value' lines", "indent the keys below it")
            return None
        fields = {each.encode_name: each for each in msgspec.structs.fields(kind)}
        self._refuse_unknown(node, list(fields))
        lacks_required = False
        values: dict[str, object] = {}
        for name, each in fields.items():
            value = self._value(each.type, node.entries.get(name), (*path, name))
            if value is not _MISSING:
                values[name] = value
            elif each.required:
                lacks_required = True
                if name not in node.entries or _is_null(node.entries[name].value):
                    self._refuse(node.place, f"'{name}' is missing", f"add '{name}:'")
        return None if lacks_required else kind(**values)

    def _value(self, annotation: object, entry: KeyValue | None, path: Path) -> object:
        """The value under a key; _MISSING if it is left out, empty, or wrong (which is noted)."""
        if entry is None or _is_null(entry.value):
            return _MISSING
        self.places[path] = entry.place
        value = self._read(_plain_type(annotation), entry.value, path)
        return _MISSING if value is None else value

    def _read(self, kind: object, node: Node, path: Path) -> object:
        """The value, None if it is wrong."""
        if typing.get_origin(kind) is tuple:
            return self._items(typing.get_args(kind)[0], node, path)
        if not isinstance(kind, type):
            raise TypeError(kind)
        if issubclass(kind, msgspec.Struct):
            return self.section(kind, node, path)
        self.places[path] = node.place
        if not isinstance(node, Scalar):
            self._wrong_shape(node, *_SHAPES.get(kind, _TEXT))
            return None
        if node.expanded:
            self.written[path] = node.written
        return self._choice(kind, node) if issubclass(kind, StrEnum) else self._scalar(kind, node)

    def _items(self, kind: object, node: Node, path: Path) -> tuple[object, ...] | None:
        if not isinstance(node, Items):
            self._wrong_shape(node, "a list", "write [a, b], or one '- item' a line")
            return None
        kept: list[object] = []
        for item in node.items:
            # Places are counted like the values that come out, so that later checks find them.
            here = (*path, len(kept))
            value = self._read(kind, item, here)
            if value is not None:
                kept.append(value)
            else:
                self.places = {each: place for each, place in self.places.items() if each[: len(here)] != here}
        return tuple(kept)

    def _choice(self, kind: type[StrEnum], node: Scalar) -> StrEnum | None:
        try:
            return msgspec.convert(node.text, kind)
        except msgspec.ValidationError:
            choices = [choice.value for choice in kind]
            hint = f"known here: {', '.join(choices)}" if node.expanded else _nearest(node.text, choices)
            self._refuse(node.place, f"'{_cut(node.written)}' is none of {', '.join(choices)}", hint)
            return None

    def _scalar(self, kind: type, node: Scalar) -> object:
        """Text takes a number or a date as it was written: nobody should have to quote ``tags: [2026]``."""
        value = node.value if kind is bool or isinstance(node.value, bool | NoneType) else node.text
        try:
            read: object = msgspec.convert(value, kind, strict=not node.expanded, dec_hook=_parse)
        except BadValue as error:
            if node.expanded:  # its words quote what the variable holds
                noun, hint = _NOUNS.get(kind, _TEXT)
                self._refuse(node.place, f"what '{_cut(node.written)}' stands for is not {noun}", hint)
            else:
                self._refuse(node.place, _cut(str(error)), error.hint)
        except msgspec.ValidationError:
            self._wrong_shape(node, *_SHAPES.get(kind, _TEXT))
        else:
            return read
        return None

    def _refuse_unknown(self, node: Section, known: list[str]) -> None:
        for name, entry in node.entries.items():
            if name not in known:
                self._refuse(entry.place, f"unknown key '{_cut(name)}'", _nearest(name[:_SHOWN_CHARS], known))

    def _wrong_shape(self, node: Node, expected: str, hint: str) -> None:
        if not isinstance(node, Broken):
            self._refuse(node.place, f"expected {expected}, found {_shape_of(node)}", hint)

    def _refuse(self, place: Position, message: str, hint: str) -> None:
        self.findings.append(Mistake(place, message, hint))


def _parse(kind: type[Value], value: object) -> Value:
    if isinstance(value, str):
        return kind.parse(value)
    if value is False and issubclass(kind, Interval):  # what YAML makes of `off`
        return kind.parse("off")
    raise TypeError


def _plain_type(annotation: object) -> object:
    """``Annotated[X | None, …]`` → ``X``."""
    while typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    options: tuple[object, ...] = typing.get_args(annotation)
    return next(option for option in options if option is not NoneType) if NoneType in options else annotation


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _shape_of(node: Node) -> str:
    match node:
        case Section():
            return "a section"
        case Items():
            return "a list"
        case Scalar():
            return f"'{_cut(node.written)}'" if node.written else "nothing"
        case Broken():
            return "a mistake"
        case _:
            assert_never(node)


def _cut(text: str) -> str:
    return text if len(text) <= 2 * _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…{text[-_SHOWN_CHARS:]}"


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(known)}"
