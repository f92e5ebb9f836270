"""Our frontmatter reader, which never builds objects, against python-frontmatter, which does."""

from pathlib import Path

import frontmatter
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.content.dialects import FENCED_JSON, JSON, TOML, YAML, Dialect
from picora_sync.content.frontmatter import parse_frontmatter
from picora_sync.content.metadata import Unreadable

EXAMPLES = Path(__file__).parents[3] / "examples" / "vault"
WORDS = (
    st.text(st.sampled_from("abcxyz äöü读书-_./"), min_size=1, max_size=20)
    .map(str.strip)
    .filter(lambda word: word and word[0] not in "-./" and word[-1] != "-")
)


def ours(text: str) -> dict[str, object]:
    return {entry.key: entry.value for entry in parse_frontmatter(text).entries}


@given(title=WORDS, tags=st.lists(WORDS, max_size=4), public=st.booleans(), body=WORDS)
def test_plain_blocks_are_read_alike(title: str, tags: list[str], public: bool, body: str) -> None:
    post = frontmatter.Post(body, title=title, tags=tags, public=public)
    text = frontmatter.dumps(post)
    read = ours(text)
    assert (read["title"], read["public"]) == (title, public)
    assert list(read["tags"] or ()) == tags  # type: ignore[call-overload]
    assert text[parse_frontmatter(text).end :].strip() == frontmatter.loads(text).content


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.md")), ids=lambda path: path.stem)
def test_the_samples_are_read_alike(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    found = parse_frontmatter(text)
    if found.problem is not None:
        with pytest.raises(yaml.YAMLError):
            frontmatter.loads(text)
        return
    oracle = frontmatter.loads(text)
    if text.startswith("---"):
        assert set(ours(text)) == set(oracle.metadata)
    assert text[found.end :].strip() == oracle.content.strip()


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (YAML, "---\ntitle: x\npublic: true\n---\nbody"),
        (TOML, "+++\ntitle = 'x'\npublic = true\n+++\nbody"),
        (JSON, '{"title": "x", "public": true}\nbody'),
        (FENCED_JSON, ';;;\n{"title": "x", "public": true}\n;;;\nbody'),
    ],
    ids=["YAML", "TOML", "JSON", "fenced JSON"],
)
def test_each_dialect_is_a_handler_of_python_frontmatter(handler: Dialect, text: str) -> None:
    post = frontmatter.loads(text, handler=handler)
    assert post.metadata == {"title": "x", "public": True}
    assert post.content == "body"
    assert handler.detect(text)
    assert not handler.detect("body")
    with pytest.raises(ValueError, match="no block"):
        handler.split("body")


@pytest.mark.parametrize(("handler", "block"), [(YAML, "- a"), (JSON, "[1]"), (FENCED_JSON, "1"), (TOML, "a = ")])
def test_what_is_no_mapping_is_not_loaded(handler: Dialect, block: str) -> None:
    with pytest.raises(Unreadable):
        handler.load(block)
