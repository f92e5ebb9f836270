"""Small requests that could cost much: one builder for each way in, every text about half a megabyte long."""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.contract.harness import multipart

SIZE = 512 * 1024


def full_of(unit: str) -> str:
    """``unit`` over and over."""
    return unit * (SIZE // len(unit.encode()))


def between(start: str, unit: str, end: str = "") -> str:
    """``unit`` over and over, with something before and behind it."""
    return start + full_of(unit) + end


def nested(start: str, end: str, depth: int, inner: str = "") -> str:
    """``inner`` inside many pairs."""
    return start * depth + inner + end * depth


# --- Markdown ---------------------------------------------------------------------------------------------------------

UNITS = {
    "images": "![](a)",
    "images in HTML": "<img src=a>",
    "images with nothing in them": "![](data:image/png;base64,)",
    "open images": "![",
    "open brackets": "[",
    "closed brackets": "]",
    "links that do not end": "[a](",
    "destinations that do not end": "![a](<b",
    "titles that do not end": '![a](b "',
    "definitions": "[a]: b\n",
    "definitions that do not end": "[a]: <b\n",
    "headings": "# a\n",
    "empty headings": "#\n",
    "underlined headings": "a\n=\n",
    "quotes": ">" * 200 + "a\n",
    "list items": "- a\n",
    "lists in lists": "- " * 200 + "\n",
    "emphasis": "*a_",
    "strong emphasis": "**a *b ",
    "underscores": "_ a",
    "code spans": "` ",
    "entities": "&amp;",
    "escapes": "\\",
    "angle brackets": "<",
    "tags that do not end": "<a ",
    "attributes that do not end": '<a b="',
    "comments that do not end": "a <!-- a ",
    "declarations that do not end": "<!A ",
    "instructions that do not end": "<?",
    "CDATA that does not end": "<![CDATA[",
    "fences": "```\n",
    "rules": "---\n\n",
    "tables": "|a|b|\n|-|-|\n|a|b|\n\n",
    "footnotes": "[^a]: b\n",
    "blank lines": "\n",
    "carriage returns": "\r",
    "tabs": "\t",
    "NUL": "\0",
    "Han": "\u6f22",
    "combining marks": "\u0301",
    "flags": "\U0001f1e6",
    "joined emoji": "\U0001f469\u200d",
    "numbers": "1,",
    "addresses": "http://",
}
PNG = base64.b64encode(bytes(SIZE // 2)).decode()
TEXTS: dict[str, Callable[[], str]] = {name: lambda unit=unit: full_of(unit) for name, unit in UNITS.items()} | {
    "uses of one definition": lambda: between("[a]: b\n\n", "![a]\n"),
    "uses of one large image": lambda: between(f"[a]: data:image/png;base64,{PNG}\n\n", "![a]\n"),
    "many definitions": lambda: "".join(f"[a{n}]: data:image/png;base64,AA==\n" for n in range(12_000)) + "\n![a1]\n",
    "one large image": lambda: f"![a](data:image/png;base64,{PNG})",
    "images in images": lambda: nested("![", "](b)", SIZE // 6, "a"),
    "data in data": lambda: nested("![", "](data:image/png;base64,AA==)", 300, "a"),
    "a long heading": lambda: between("# ", "*a* "),
    "a long label": lambda: between("![a][", "b", "]\n"),
    "a tag with many attributes": lambda: between("<img ", "a=b ", "src=x>"),
    "scripts": lambda: between("a ", "<script>x "),
    "ever longer code spans": lambda: " ".join("`" * n for n in range(1, 1000)),
    "deep lists": lambda: "".join(" " * (2 * n) + "- a\n" for n in range(700)),
    "a wide table": lambda: f"|{'a|' * 100_000}\n|{'-|' * 100_000}\n",
    "frontmatter that is large": lambda: between("---\n", "a: b\n", "---\n"),
    "frontmatter that does not end": lambda: between("---\n", "a: b\n"),
    "frontmatter that nearly ends": lambda: between("---\n", " ---\n"),
    "frontmatter in frontmatter": lambda: nested("---\na: [", "]\n---\n", 5_000),
    "flow collections": lambda: f"---\na: {nested('[', ']', 30_000)}\n---\n",
    "block collections": lambda: "---\n" + "".join(" " * n + "a:\n" for n in range(300)) + "---\n",
    "a billion laughs": lambda: (
        "---\na0: &a0 [x]\n"
        + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20))
        + "---\n"
    ),
    "merge keys": lambda: f"---\nx: &x {{a: 1}}\ny: {{{'<<: *x, ' * 4_000}}}\n---\n",
    "anchors": lambda: "---\n" + "".join(f"- &a{n} x\n" for n in range(5_000)) + "---\n",
    "equal keys": lambda: "---\n" + "a: 1\n" * 12_000 + "---\n",
    "a long number": lambda: f"---\ntitle: {'9' * 60_000}\n---\n",
    "a number in base 60": lambda: f"---\ntitle: {'1:' * 30_000}1\n---\n",
    "many tags": lambda: f"---\ntags: [{'a,' * 4_000}]\n---\n",
    "tags in one string": lambda: f'---\ntags: "{"a," * 30_000}"\n---\n',
}

# --- SVG --------------------------------------------------------------------------------------------------------------

DRAWINGS: dict[str, Callable[[], str]] = {
    "wide": lambda: full_of("<a/>"),
    "deep": lambda: nested("<g>", "</g>", SIZE // 7),
    "deep again and again": lambda: nested("<g>", "</g>", 250) * 300,
    "a long attribute": lambda: f'<g id="{full_of("a")}"/>',
    "many attributes": lambda: "<g " + " ".join(f'a{n}="b"' for n in range(40_000)) + "/>",
    "urls that do not end": lambda: f'<g style="{full_of("url(")}"/>',
    "urls in a style": lambda: f"<style>{full_of('a{b:url(//c)}')}</style>",
    "comments that do not end in a style": lambda: f"<style>{full_of('/*')}</style>",
    "styles": lambda: full_of("<style>a{}</style>"),
    "imports that do not end": lambda: f"<style>{full_of('@import ')}@import{' ' * SIZE}</style>",
    "styles in styles": lambda: nested("<style>", "</style>", 250) * 100,
    "escapes in a style": lambda: f"<style>{full_of('&amp;')}</style>",
    "text": lambda: f"<text>{full_of('&lt;')}</text>",
    "namespaces": lambda: "".join(f'<g xmlns:a{n}="b"/>' for n in range(20_000)),
    "comments": lambda: full_of("<!---->"),
    "instructions": lambda: full_of("<?a?>"),
}

# --- whole requests ---------------------------------------------------------------------------------------------------

JSON = {"Content-Type": "application/json"}
DISPOSITION = 'Content-Disposition: form-data; name="{}"'
FILE = (DISPOSITION.format("file") + '; filename="a.png"', b"x")


def _json(content: str) -> dict[str, Any]:
    return {"content": content.encode(), "headers": JSON}


def _form(content: bytes) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": "multipart/form-data; boundary=B"}}


REQUESTS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "deep JSON": ("/v1/docs", lambda: _json(nested('{"a":', "}", SIZE // 6, "1"))),
    "deep lists in JSON": ("/v1/docs", lambda: _json(f'{{"tags":{nested("[", "]", SIZE // 2)}}}')),
    "wide JSON": ("/v1/docs", lambda: _json(f'{{"x":[{full_of("{},")}1]}}')),
    "many keys": ("/v1/docs", lambda: _json(json.dumps({f"k{n}": n for n in range(40_000)}))),
    "equal keys in JSON": ("/v1/docs", lambda: _json("{" + full_of('"tags":[],') + '"a":1}')),
    "a long number in JSON": ("/v1/docs", lambda: _json(f'{{"title":{full_of("9")}}}')),
    "a long exponent": ("/v1/docs", lambda: _json(f'{{"title":1e{full_of("9")}}}')),
    "escapes in JSON": ("/v1/docs", lambda: _json(f'{{"title":"{full_of(chr(92) + "u0061")}"}}')),
    "many tags in JSON": ("/v1/docs", lambda: _json('{"tags":[' + full_of('"a",') + '"b"]}')),
    "many parts": ("/v1/images", lambda: multipart(*[(DISPOSITION.format("p"), b"")] * 8_000, FILE)),
    "many headers in a part": ("/v1/images", lambda: multipart(("X: y\r\n" * 60_000 + FILE[0], b"x"))),
    "a long header in a part": ("/v1/images", lambda: multipart((FILE[0] + "; x=" + full_of("y"), b"x"))),
    "parameters in a part": ("/v1/images", lambda: multipart((FILE[0] + "; x=y" * 600, b"x"))),
    "quotes in a part": ("/v1/images", lambda: multipart((FILE[0][:-1] + '\\"' * 1_500, b"x"))),
    "half a boundary": ("/v1/images", lambda: _form(between(f"--B\r\n{FILE[0]}\r\n\r\n", "\r\n--").encode())),
    "line ends in a file": ("/v1/images", lambda: multipart((FILE[0], b"\r\n" * (SIZE // 2)))),
    "a long preamble": ("/v1/images", lambda: _form(b"-" * SIZE)),
    "a large text field": ("/v1/images", lambda: multipart((DISPOSITION.format("tags"), b"[" * 60_000), FILE)),
}  # fmt: skip
