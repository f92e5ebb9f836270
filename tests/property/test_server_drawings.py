"""Drawings from strangers: whatever is in them, nothing is left that runs or loads."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from picora_sync.server.content import svg
from tests.contract import samples

NAMES = (
    "g",
    "a",
    "use",
    "image",
    "style",
    "script",
    "foreignObject",
    "animate",
    "set",
    "style",
    "text",
    "iframe",
    "svg",
    "feImage",
)
ATTRIBUTES = (
    "id",
    "href",
    "xlink:href",
    "onload",
    "onclick",
    "style",
    "fill",
    "attributeName",
    "to",
    "values",
    "xml:base",
)
VALUES = (
    *(
        "#a",
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java&#9;script:alert(1)",
        "https://evil.example/x",
        "//evil",
    ),
    *(
        "data:image/png;base64,AA==",
        "data:text/html,x",
        "url(#a)",
        "url(https://evil.example/x)",
        "red",
        "href",
        "onload",
    ),
)
ATTRIBUTE = st.tuples(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES))
OUTSIDE = re.compile(r"url\((?!#)|//|@import", re.IGNORECASE)
"""What a drawing loads besides href."""
ACTIVE = {"script", "foreignobject", "iframe", "embed", "object", "handler"}


def _element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def write(name: str, attributes: list[tuple[str, str]], inside: list[str]) -> str:
        written = "".join(f' {key}="{value}"' for key, value in dict(attributes).items())
        return f"<{name}{written}>{''.join(inside)}</{name}>"

    return st.builds(write, st.sampled_from(NAMES), st.lists(ATTRIBUTE, max_size=3), st.lists(children, max_size=3))


TREES = st.recursive(
    st.sampled_from(["text", "<!-- c -->", "<![CDATA[<script>]]>", "&lt;", "alert(1)", "@import 'x';", "a{b:url(/x)}"]),
    _element,
)


def _elements(content: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    # Only what was filtered comes here: no entities are left that could grow.
    for element in ET.fromstring(content).iter():  # noqa: S314
        yield (
            element.tag.rpartition("}")[2].lower(),
            {key.rpartition("}")[2].lower(): value for key, value in element.attrib.items()},
        )


@given(TREES)
def test_no_drawing_keeps_anything_that_runs_or_loads(inner: str) -> None:
    """§9.2 SVG: no script, event handler, foreignObject, javascript: or outside reference; stable."""
    source = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{inner}</svg>'
    try:
        clean = svg.sanitise(source.encode())
    except svg.SvgInvalid:
        return
    for name, attributes in _elements(clean):
        assert name not in ACTIVE
        assert not [key for key in attributes if key.startswith("on")]
        assert attributes.get("href", "#").startswith(("#", "data:image/"))
        moved = attributes.get("attributename", "")
        assert "href" not in moved
        assert not moved.startswith("on")
        assert not [value for value in attributes.values() if OUTSIDE.search(value)]
    assert list(_elements(svg.sanitise(clean))) == list(_elements(clean))


CSS_PIECES = st.sampled_from(
    [
        *(
            "url(",
            "URL (",
            ")",
            "#a",
            "//evil",
            "https://evil",
            "/x",
            "&quot;",
            "'",
            "\\",
            "\\75 rl(",
            "/*",
            "*/",
            "@import ",
        ),
        *(
            "image-set(",
            "src(",
            ";",
            "{",
            "}",
            "a",
            ":",
            "&lt;",
            "&amp;",
            "&#10;",
            " ",
            "data:image/png,x",
            "javascript:",
        ),
    ]
)


@given(st.lists(CSS_PIECES, max_size=12).map("".join), st.booleans())
def test_no_style_asks_for_anything(css: str, in_element: bool) -> None:
    """§9.2 SVG: whatever the rules, none of them loads."""
    inner = f"<style>{css}</style>" if in_element else f'<g style="{css}" fill="{css}"/>'
    clean = svg.sanitise(samples.svg(inner))
    root = ET.fromstring(clean)  # noqa: S314 - filtered, as above
    for element in root.iter():
        for value in (*element.attrib.values(), (element.text or "") if element.tag.endswith("style") else ""):
            assert not re.search(
                r"url\(\s*['\"]?\s*(?!['\"#])\S|//|@import|image-set\(|javascript:", value, re.IGNORECASE
            )


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 20))
def test_a_damaged_drawing_is_cleaned_or_refused(noise: bytes, at: int, cut: int) -> None:
    """§15 #24 SVG_INVALID: never a fault."""
    good = samples.svg('<g onload="x"><a href="javascript:x">y</a></g>')
    for content in (noise, good[:at] + noise + good[at + cut :]):
        try:
            clean = svg.sanitise(content)
        except svg.SvgInvalid:
            continue
        assert all(name not in ACTIVE for name, _ in _elements(clean))
        svg.dimensions(clean)
