"""The frontmatter is read without ever building what it describes, and damage is named by its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.content.frontmatter import LIMIT_CHARS, FieldValue, parse_frontmatter
from picora_sync.content.visibility import visibility_of


@pytest.mark.parametrize(
    ("block", "key", "value"),
    [
        ("title: Hello", "title", "Hello"),
        ("title: 1.10", "title", "1.10"),
        ("title: 2024-13-45", "title", "2024-13-45"),
        ("title:", "title", None),
        ('title: ""', "title", ""),
        ("tags: [a, 1, null, {b: c}, [d], e]", "tags", ("a", "1", "e")),
        ("tags:\n- a\n- 'b c'", "tags", ("a", "b c")),
        ("public: true", "public", True),
        ("public: FALSE", "public", False),
        ("public: yes", "public", "yes"),
        ('public: "true"', "public", "true"),
        ("public: !!bool 'true'", "public", "true"),
        ("public: *nobody", "public", None),
        ("a: {b: [c, {d: e}]}\ntitle: x", "title", "x"),
        ("title: {{title}}", "title", None),
        ('{"title": "x", "tags": ["a", 1, true],\t"public": true}', "public", True),
        ('{"tags": ["a", 1, true]}', "tags", ("a", "1")),
        ('{"title": 3}', "title", "3"),
        ("{title: flow}", "title", "flow"),
    ],
)
def test_a_value_is_read_as_its_author_wrote_it(block: str, key: str, value: FieldValue) -> None:
    front = parse_frontmatter(f"---\n{block}\n---\nbody")
    assert front.problem is None
    assert front.get(key) == value


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("---\na: b\n---\nbody", "body"),
        ("---  \r\na: b\r\n---\r\nbody", "body"),
        ("---\na: b\n...\nbody", "body"),
        ("---\na: b\n---", ""),
        ("---\n---\nbody", "body"),
        ("---\n# comment\n---\nbody", "body"),
        ("---\na: [\n---\nbody", "body"),
    ],
    ids=["plain", "CRLF", "dots", "nothing after", "empty", "only a comment", "damaged"],
)
def test_the_body_begins_after_the_block(text: str, body: str) -> None:
    assert text[parse_frontmatter(text).end :] == body


@pytest.mark.parametrize(
    "text",
    [
        "body",
        "\n---\na: b\n---\n",
        "--- x\na: b\n---\n",
        "----\na: b\n----\n",
        "---\ntext\n---\n",
        "---\n- a\n---\n",
    ],
    ids=["none", "not at byte 0", "not a rule", "longer rule", "a scalar", "a list"],
)
def test_what_is_no_block_is_text(text: str) -> None:
    front = parse_frontmatter(text)
    assert (front.end, front.entries, front.problem) == (0, (), None)


@pytest.mark.parametrize(
    ("block", "line"),
    [("a: b: c", 2), ("a: b\n\tc: d", 3), ("a: [b\nc: d", 3), ('x: 1\ntitle: "x', 4), ("a: @b", 2), ('a: "\x01"', 2)],
    ids=["two colons", "tab", "open list", "open quote", "at sign", "control character"],
)
def test_damage_is_named_by_its_line(block: str, line: int) -> None:
    problem = parse_frontmatter(f"---\n{block}\n---\n").problem
    assert problem is not None
    assert problem.code == "BAD_FRONTMATTER"
    assert problem.message.startswith(f"line {line}: ")


@pytest.mark.parametrize(
    "block",
    [
        "[" * 60_000,
        "{a: " * 16_000,
        "- " * 30_000,
        "? " * 30_000,
        '{"a":' * 10_000,
        "x: " + "y" * LIMIT_CHARS,
        "a: " + "[" * 60_000,
    ],
    ids=["lists", "mappings", "blocks", "keys", "JSON", "too long", "a value"],
)
def test_a_block_made_to_exhaust_the_parser_is_damaged(block: str) -> None:
    problem = parse_frontmatter(f"---\n{block}\n---\n").problem
    assert problem is not None
    assert problem.code == "BAD_FRONTMATTER"


def test_aliases_and_merge_keys_cost_nothing() -> None:
    levels = "".join(f"l{n}: &l{n}\n  <<: [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 30))
    front = parse_frontmatter(f"---\nl0: &l0 {{a: b}}\n{levels}title: x\n---\n")
    assert front.get("title") == "x"


@given(st.text())
def test_any_block_is_read_or_named_damaged(block: str) -> None:
    front = parse_frontmatter(f"---\n{block}\n---\n")
    assert front.end <= len(block) + 9


@pytest.mark.parametrize(
    ("block", "public", "published", "unclear"),
    [
        ("", None, False, False),
        ("title: x", None, False, False),
        ("public: true", True, True, False),
        ("publish: true", True, True, False),
        ("public: false", False, False, False),
        ("public: true\npublish: true", True, True, False),
        ("public: true\npublish: false", False, False, True),
        ("public: true\npublic: false", False, False, True),
        ("public: yes", False, False, True),
        ('public: "true"', False, False, True),
        ("public: 1", False, False, True),
        ("public:", False, False, True),
        ("public: [true]", False, False, True),
        ("Public: true", False, False, True),
        ("public: true\na: b: c", False, False, True),
    ],
)
@pytest.mark.parametrize("default", [True, False], ids=["public folder", "private folder"])
def test_only_an_explicit_boolean_opens_a_note(
    block: str, public: bool | None, published: bool, unclear: bool, default: bool
) -> None:
    visibility = visibility_of(parse_frontmatter(f"---\n{block}\n---\n"), default)
    assert visibility.public is (default if public is None else public)
    assert visibility.published is published
    assert visibility.unclear is unclear
    assert (visibility.problem is not None) is unclear


def test_an_unclear_visibility_names_key_and_line() -> None:
    problem = visibility_of(parse_frontmatter("---\na: b\npublish: 'yes'\n---\n"), default=True).problem
    assert problem is not None
    assert problem.code == "VISIBILITY_UNCLEAR"
    assert problem.message == "line 3: “publish” is neither true nor false, so the note is private"
