"""The embedded Picora keeps the law of time and memory (design §13, promise 10) on SVG and on heads of images."""

from __future__ import annotations

import random

import pytest

from picora_sync.server.content import image_formats, svg
from tests.laws.measure import check_law

SIZE = 96 * 1024
WRAPPERS = (
    *("%s", "<style>%s</style>", '<g style="%s"/>', "<text>%s</text>", '<g fill="%s"/>'),
    "<style><![CDATA[%s]]></style>",
)


def clean(drawing: bytes) -> None:
    svg.dimensions(svg.sanitise(drawing))


def drawn(inner: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg">{inner}</svg>'.encode()


NAMED = {
    "urls that do not end": ("<style>", "url(", "</style>"),
    "urls with spaces": ("<style>", "url(" + " " * 60, "</style>"),
    "a url with spaces": ("<g style='url(", " ", "'/>"),
    "imports": ("<style>", "@import ", "</style>"),
    "an import with spaces": ("<style>@import", " ", "</style>"),
    "quoted imports": ("<style>", "@import '", "</style>"),
    "comments": ("<style>", "/*", "</style>"),
    "braces": ("<style>", "{", "</style>"),
    "brackets": ("<style>a{b:", "(", "</style>"),
    "escapes": ("<style>", "\\", "</style>"),
    "character references": ("<text>", "&#65;", "</text>"),
    "references in an attribute": ("<g id='", "&#65;", "'/>"),
    "styles": ("", "<style/>", ""),
    "deep": ("", "<g>" * 250 + "</g>" * 250, ""),
    "deeper": ("", "<g>", ""),
    "uses": ("", "<g id='a'><use href='#a'/></g>", ""),
    "an image": ("<image href='data:image/png;base64,", "A", "'/>"),
    "a DOCTYPE": ("<!DOCTYPE svg>", "&a;", ""),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_drawing(name: str) -> None:
    start, unit, end = NAMED[name]
    check_law(lambda size: drawn(start + unit * (size // len(unit)) + end), clean, SIZE)


@pytest.mark.parametrize("shape", ["laughs", "quadratic", "parameters", "outside"])
def test_entities_are_refused_whatever_they_would_grow_to(shape: str) -> None:
    head = {
        "laughs": "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 20)),
        "quadratic": f'<!ENTITY a "{"x" * 60_000}">',
        "parameters": "<!ENTITY % a 'x'><!ENTITY % b '%a;%a;'>",
        "outside": '<!ENTITY a SYSTEM "file:///etc/passwd">',
    }[shape]
    body = '<svg xmlns="http://www.w3.org/2000/svg">' + "&a;" * 1000 + "&a19;</svg>"
    with pytest.raises(svg.SvgInvalid):
        svg.sanitise(f"<!DOCTYPE svg [{head}]>{body}".encode())


FRAGMENTS = (
    *("<g>", "</g>", "<g/>", "<text>", "</text>", "<style>", "</style>", "<style ", "&lt;", "&#65;", "url("),
    *("url('", "url(#a)", "url(//a)", "@import ", "@import url(", "@media x{", "{", "}", "(", ")", "[", "'", '"'),
    *(";", ":", "/*", "*/", "\\", " ", "\n", "a{b:c}", "//", "<!--", "-->", "<![CDATA[", "]]>", "<?a ?>", "é"),
    *("<g style='", "'/>", "data:", "<use href='#a'/>", "<g xmlns='x'>", "<g a='", "javascript:", "-", "<", ">"),
    *("expression(", "<script>", "u\\72l("),
)  # fmt: skip


def composed(seed: int, size: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311  (reproducible, not secret)
    chosen = [chance.choice(FRAGMENTS) for _ in range(chance.randint(1, 4))]
    wrapper = chance.choice(WRAPPERS)
    if chance.random() < 0.5:
        return drawn(wrapper % ("".join(chosen) * (size // len("".join(chosen)))))
    return drawn(wrapper % "".join(chance.choices(chosen, k=size // max(map(len, chosen)))))


@pytest.mark.parametrize("seed", range(10))
def test_a_composed_drawing(seed: int) -> None:
    check_law(lambda size: composed(seed, size), clean, SIZE)


HEADS = {
    "JPEG of fill bytes": (b"\xff\xd8\xff", b"\xff"),
    "JPEG of markers": (b"\xff\xd8\xff\xd0", b"\xff\xd0"),
    "JPEG of empty segments": (b"\xff\xd8", b"\xff\xe0\0\0"),
    "PNG": (b"\x89PNG\r\n\x1a\n", b"\0"),
    "GIF": (b"GIF89a", b"\xff"),
    "WebP": (b"RIFF\0\0\0\0WEBPVP8X", b"\xff"),
}


@pytest.mark.parametrize("name", HEADS)
def test_the_head_of_an_image(name: str) -> None:
    start, unit = HEADS[name]
    check_law(lambda size: start + unit * (size // len(unit)), image_formats.identify, 4 * SIZE)
