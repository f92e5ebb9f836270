from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.server.content.frontmatter import parse


@pytest.mark.parametrize(
    ("text", "title", "tags", "public", "warnings"),
    [
        pytest.param("---\ntitle: A\ntags: [x, y]\npublic: false\n---\nb", "A", ["x", "y"], False, 0, id="all keys"),
        pytest.param("---\r\ntitle: A\r\n...\r\nb", "A", None, None, 0, id="CRLF, ended by dots"),
        pytest.param("\ufeff---\ntitle: A\n---\n", "A", None, None, 0, id="after a BOM"),
        pytest.param("---\ntitle: 2024-01-02\n---\n", "2024-01-02", None, None, 0, id="a date as written"),
        pytest.param("---\ntitle:\ntags:\npublic:\n---\n", None, [], None, 1, id="empty values"),
        pytest.param("---\ntags: a, b ,a\n---\n", None, ["a", "b"], None, 0, id="comma string"),
        pytest.param("---\ntags: [1, a, [b]]\n---\n", None, ["1", "a"], None, 0, id="tags of other types"),
        pytest.param(f"---\ntags: [{'t' * 33}, ok]\n---\n", None, ["ok"], None, 1, id="over-long tag"),
        pytest.param(f"---\ntags: {list(range(12))}\n---\n", None, [str(n) for n in range(10)], None, 1, id="12 tags"),
        pytest.param("---\npublic: 'true'\n---\n", None, None, None, 1, id="public as text"),
        pytest.param("---\npublic: True\n---\n", None, None, True, 0, id="public capitalised"),
        pytest.param("---\n{title: A}\n---\n", "A", None, None, 0, id="JSON-like"),
        pytest.param("text\n---\ntitle: A\n---\n", None, None, None, 0, id="not at the start"),
        pytest.param("---\ntitle: A\n", None, None, None, 0, id="not closed"),
        pytest.param("---\n---\nb", None, None, None, 0, id="empty block"),
    ],
)
def test_values(text: str, title: str | None, tags: list[str] | None, public: bool | None, warnings: int) -> None:
    found = parse(text)
    assert (found.title, found.tags, found.public, len(found.warnings)) == (title, tags, public, warnings)


def test_the_body_starts_behind_the_block() -> None:
    text = "---\ntitle: A\n---\nbody"
    assert text[parse(text).body_start :] == "body"


@pytest.mark.parametrize(
    "yaml",
    [
        pytest.param("a: [", id="not closed"),
        pytest.param("- a\n- b", id="a list"),
        pytest.param("[" * 60_000, id="deep flow"),
        pytest.param("- " * 1000, id="deep block"),
        pytest.param("k: v\n" * 20_000, id="huge"),
        pytest.param("a: \x01", id="control character"),
    ],
)
def test_bad_yaml_is_text_with_one_warning(yaml: str) -> None:
    found = parse(f"---\n{yaml}\n---\n")
    assert (found.body_start, found.title, len(found.warnings)) == (0, None, 1)


def test_aliases_do_not_blow_up() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert parse(f"---\ntitle: T\na0: &a0 [x]\n{levels}---\n").title == "T"


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse(f"---\n{text}\n---\n")
