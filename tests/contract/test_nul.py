"""NUL in what a client sends: legal in a note's text, storable nowhere else."""

import pytest

from tests.contract import samples
from tests.contract.harness import Api, ok

TEXTS = {
    "heading": "# a\x00b\n",
    "text": "a\x00b\n",
    "frontmatter-title": '---\ntitle: "a\\0b"\n---\nx\n',
    "frontmatter-tag": '---\ntags: ["a\\0b", c]\n---\ny\n',
    "image": "![a\x00b](https://example.com/\x00a.png)\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_with_nul_is_kept_and_its_metadata_has_none(api: Api, text: str) -> None:
    """§9: the stored text is byte for byte the sent one; title, tags and cover are made without NUL."""
    made = api.new_doc(text)
    assert api.raw(made["id"]) == text
    assert "\x00" not in f"{made['title']}{made['tags']}{made['coverUrl']}"


@pytest.mark.parametrize(
    "path", ["/v1/docs?q=%00", "/v1/docs?tag=a%00", "/v1/images?tag=%00", "/v1/media?q=a%00b", "/v1/docs?tag=a%00,b"]
)
def test_nothing_is_found_by_nul(api: Api, path: str) -> None:
    """§4 q, tag: a text that no title and no tag can have matches nothing."""
    api.new_doc("# a\n", tags=["a"])
    assert ok(api.get(path))["items"] == []


def test_a_name_with_nul_is_stored_without(api: Api) -> None:
    """§6, §10: names are cleaned of control characters."""
    assert "\x00" not in api.new_audio(samples.mp3(), title="t")["filename"]
    assert "\x00" not in str(api.post_image(samples.png(), "a\x00b.png").json())
