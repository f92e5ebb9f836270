"""Whatever begins a note is judged in time and memory that grow with its size; only the head is looked at at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from picora_sync.content.frontmatter import parse_frontmatter
from tests.laws.measure import check_law

SIZE = 32_000
"""Twice that is what is looked at of a note."""


def filled(start: str, unit: str, end: str = "") -> Callable[[int], str]:
    return lambda size: start + unit * ((size - len(start) - len(end)) // len(unit)) + end


def nested(start: str, opening: str, closing: str, end: str) -> Callable[[int], str]:
    def make(size: int) -> str:
        depth = size // (len(opening) + len(closing))
        return start + opening * depth + closing * depth + end

    return make


YAML_END, TOML_END = "\n---\n", "\n+++\n"
NOTES = {
    "prose": filled("", "a word "),
    "prose of another script": filled("", "\u8bfb\u4e66"),
    "blanks": filled("", "\u3000"),
    "line ends": filled("", "\r"),
    "invisible": filled("---\n", "\u200b", YAML_END),
    "characters that become many": filled("---\n", "\ufdfa", YAML_END),
    "all characters": lambda size: "---\n" + "".join(map(chr, range(0xE000, 0xE000 + size // 2))) * 2 + YAML_END,
    "yaml: many keys": filled("---\n", "a: b\n", YAML_END),
    "yaml: keys like ours": filled("---\n", "publishe: f\n", YAML_END),
    "yaml: unclosed": filled("---\n", "a: b\n"),
    "yaml: lists": filled("---\na: ", "["),
    "yaml: closed lists": nested("---\na: ", "[", "]", YAML_END),
    "yaml: mappings": nested("---\na: ", "{a: ", "}", YAML_END),
    "yaml: question marks": filled("---\n", "? ", YAML_END),
    "yaml: dashes": filled("---\n", "- ", YAML_END),
    "yaml: a long scalar": filled("---\na: ", "b", YAML_END),
    "yaml: a quoted scalar of many lines": filled('---\na: "', "b\n", '"' + YAML_END),
    "yaml: an open quote": filled('---\na: "', "\\n", YAML_END),
    "yaml: tags": filled("---\n", "a: !!bool x\n", YAML_END),
    "yaml: marks": filled("---\n", "!&", YAML_END),
    "yaml: aliases": filled("---\nx: &a [b]\nc: [", "*a, ", "]" + YAML_END),
    "yaml: digits": filled("---\na: ", "1", YAML_END),
    "yaml: commas": filled("---\n[", ",;", YAML_END),
    "yaml: signs": filled("---\n", ":=", YAML_END),
    "yaml: one line of quotes": filled("---\n", '"p:', YAML_END),
    "yaml: openings": filled("---\n", "---\u00a0\n"),
    "toml: many keys": lambda size: "+++\n" + "".join(f"k{n} = 1\n" for n in range(size // 10)) + TOML_END,
    "toml: a key of many parts": filled("+++\na", ".a", " = 1" + TOML_END),
    "toml: a table of many parts": filled("+++\n[a", ".a", "]" + TOML_END),
    "toml: many tables of some parts": lambda size: (
        "+++\n" + "".join(f"[{'a.' * 14}k{n}]\n" for n in range(size // 35)) + TOML_END
    ),
    "toml: quoted parts": filled("+++\na", '."a"', " = 1" + TOML_END),
    "toml: dotted keys in a line": filled("+++\nx = {a", ".a", " = 1}" + TOML_END),
    "toml: arrays": nested("+++\na = ", "[", "]", TOML_END),
    "toml: tables": nested("+++\na = ", "{a=", "}", TOML_END),
    "toml: tables in an array": filled("+++\n", "[[a]]\n", TOML_END),
    "toml: digits": filled("+++\na = ", "1", TOML_END),
    "toml: open strings": filled("+++\n", 'a = """\n', TOML_END),
    "toml: quotes that are escaped": filled('+++\na = """', '\\"""', TOML_END),
    "toml: a string of many lines": filled('+++\na = """', "\\n\n", '"""' + TOML_END),
    "json: many keys": filled("{", '"a": 1,', '"a": 1}\n'),
    "json: objects": nested("", '{"a":', "}", "\n"),
    "json: arrays": nested('{"a":', "[", "]", "}\n"),
    "json: digits": filled('{"a":', "1", "}\n"),
    "json: quotes that are escaped": filled('{"', '\\"'),
    "json: open": filled("", "{"),
    "json: in yaml": filled("---\n{", '"a": 1,', '"a": 1}' + YAML_END),
    "json: fenced": filled(";;;\n{", '"a": 1,', '"a": 1}\n;;;\n'),
}


@pytest.mark.parametrize("make", NOTES.values(), ids=NOTES)
def test_what_begins_a_note_is_judged_in_linear_time(make: Callable[[int], str]) -> None:
    check_law(make, parse_frontmatter, SIZE)


def test_of_a_large_note_only_the_head_is_judged() -> None:
    check_law(filled("---\n", "publish\n"), parse_frontmatter, 8_000_000)
