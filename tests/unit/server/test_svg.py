from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.server.content import svg

_OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="20px">'


@pytest.mark.parametrize(
    ("inside", "gone"),
    [
        ("<script>alert(1)</script>", "alert"),
        ('<rect onclick="x()"/>', "onclick"),
        ("<foreignObject><p>x</p></foreignObject>", "foreignObject"),
        ('<a href="javascript:x"><text>t</text></a>', "javascript"),
        ('<image href="https://e/x.png"/>', "href"),
        ('<image xlink:href="//e/x.png"/>', "href"),
        ('<image href="../x.png"/>', "href"),
        ('<set attributeName="onclick" to="x"/>', "onclick"),
        ('<rect style="fill:url(http://e/x)"/>', "http://e"),
    ],
)
def test_what_could_run_or_load_is_removed(inside: str, gone: str) -> None:
    clean = svg.sanitise(f"{_OPEN}{inside}<rect width='1'/></svg>".encode()).decode()
    assert gone not in clean
    assert "<rect" in clean


@pytest.mark.parametrize(
    "inside", ['<use href="#a"/>', '<image href="data:image/png;base64,AAAA"/>', "<text>a b</text>"]
)
def test_what_is_harmless_stays(inside: str) -> None:
    assert inside in svg.sanitise(f"{_OPEN}{inside}</svg>".encode()).decode()


def test_a_doctype_is_dropped() -> None:
    assert b"DOCTYPE" not in svg.sanitise(f'<!DOCTYPE svg PUBLIC "a" "http://e">{_OPEN}</svg>'.encode())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"GIF89a", id="no XML"),
        pytest.param(b"<html/>", id="HTML"),
        pytest.param(b"<svg/>", id="no namespace"),
        pytest.param(f"{_OPEN}<g></svg>".encode(), id="not well-formed"),
        pytest.param(f'<!DOCTYPE svg [<!ENTITY a "b">]>{_OPEN}&a;</svg>'.encode(), id="entities"),
        pytest.param((_OPEN + "<g>" * 300 + "</g>" * 300 + "</svg>").encode(), id="deep"),
        pytest.param((_OPEN + ("<g>" * 250 + "</g>" * 250) * 200 + "</svg>").encode(), id="wide and deep"),
        pytest.param(b'<?xml version="1.0" encoding="none"?>' + _OPEN.encode() + b"</svg>", id="encoding"),
    ],
)
def test_what_is_no_drawing_is_refused(content: bytes) -> None:
    with pytest.raises(svg.SvgInvalid):
        svg.sanitise(content)


def test_over_two_megabytes_is_refused() -> None:
    with pytest.raises(svg.SvgTooLarge):
        svg.sanitise(_OPEN.encode() + b" " * svg.MAX_BYTES + b"</svg>")


def test_dimensions_are_those_of_the_root() -> None:
    assert svg.dimensions(f"{_OPEN}</svg>".encode()) == (10, 20)


@given(st.text(alphabet="<>/=\"'&;#gsvxonclick: href", max_size=200))
def test_whatever_comes_in_no_handler_comes_out(inside: str) -> None:
    try:
        clean = svg.sanitise(f"{_OPEN}{inside}</svg>".encode())
    except svg.SvgInvalid:
        return
    assert b" onclick=" not in clean.split(b">", 1)[0]
