"""The embedded Picora keeps the law of time and memory (design §13, promise 10) on bodies, forms and headers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from multipart import PushMultipartParser  # type: ignore[import-untyped]  # annotated, not marked

from picora_sync.server.web import access, body, conditions, cursors, fields, form_parts, forms, hosts, ranges
from tests.laws.measure import check_law

SIZE = 256 * 1024
JSON: dict[str, tuple[bytes, bytes, bytes]] = {
    "deep lists": (b'{"x":', b"[", b""),
    "deep objects": (b"", b'{"a":', b""),
    "wide": (b'{"x":[', b"{},", b"1]}"),
    "wide, with an escape": (b'{"\\u0061":1,"x":[', b"{},", b"1]}"),
    "names with escapes": (b"{", b'"\\n":1,', b'"b":1}'),
    "equal names": (b"{", b'"tags":[],', b'"b":1}'),
    "a string of escapes": (b'{"title":"', b"\\u0041", b'"}'),
    "a string of quotes": (b'{"content":"', b'\\"', b'"}'),
    "names in a string": (b'{"content":"', b'\\"isPublic\\":', b'"}'),
    "a string without end": (b'{"content":"', b"\\", b""),
    "digits": (b'{"title":', b"9", b"}"),
    "spaces": (b'{"title"', b" ", b":1}"),
    "tags": (b'{"tags":[', b'"a",', b'"b"]}'),
}


@pytest.mark.parametrize("name", JSON)
def test_a_body_of_json(name: str) -> None:
    start, unit, end = JSON[name]
    check_law(lambda size: start + unit * (size // len(unit)) + end, body.json_object, SIZE)


FILE = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"'
FORMS: dict[str, tuple[bytes, bytes, bytes]] = {
    "half boundaries": (FILE + b"\r\n\r\n", b"\r\n--", b""),
    "boundaries but one": (FILE + b"\r\n\r\n", b"\r\n-", b""),
    "line ends": (FILE + b"\r\n\r\n", b"\r\n", b""),
    "parts": (b"", b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n', b"--B--"),
    "headers": (FILE + b"\r\n", b"X: y\r\n", b"\r\n"),
    "a long header": (FILE, b"; x=y", b"\r\n\r\n"),
    "quotes": (FILE, b'\\"', b"\r\n\r\n"),
    "a preamble": (b"", b"-", b""),
    "spaces behind a boundary": (b"--B", b" ", b"\r\n"),
}


def parse(content: bytes) -> None:
    with PushMultipartParser("B", max_segment_count=32, header_charset="iso-8859-1", strict=True) as parser:
        for at in range(0, len(content), 64 * 1024):
            for _ in parser.parse(content[at : at + 64 * 1024]):
                pass


@pytest.mark.parametrize("name", FORMS)
def test_a_form(name: str) -> None:
    start, unit, end = FORMS[name]
    check_law(lambda size: start + unit * (size // len(unit)) + end, parse, SIZE)


class _Part:
    """A part with one header, as the parser gives it."""

    filename = ""

    def __init__(self, disposition: str) -> None:
        self._disposition = disposition

    def header(self, _name: str, _default: str) -> str:
        return self._disposition


VALUES: dict[str, tuple[Callable[[str], object], str, str, str]] = {
    "extended names": (lambda text: form_parts.filename(_Part(text)), "", "; filename*=", ""),
    "extended names with spaces": (lambda text: form_parts.filename(_Part(text)), "", ";" + " " * 100, ""),
    "spaces in an extended name": (lambda text: form_parts.filename(_Part(text)), "", ";filename*" + " " * 100, ""),
    "slashes": (fields.base_name, "", "/", ""),
    "form tags": (lambda text: forms.form_tags({"tags": text}), "", "[", ""),
    "entity tags": (conditions._TAG.findall, "", '"', ""),  # noqa: SLF001 - the pattern itself
    "a bearer": (access._BEARER.fullmatch, "Bearer ", " ", "!"),  # noqa: SLF001 - the same
    "a bearer's end": (access._BEARER.fullmatch, "Bearer a", "=", "!"),  # noqa: SLF001 - the same
    "a host": (hosts._HOST.fullmatch, "", "a.", "!"),  # noqa: SLF001 - the same
    "a range": (lambda text: ranges.parse(text, 100), "bytes=", "1", "-"),
    "ranges": (lambda text: ranges.parse(text, 100), "bytes=", "0-1,", "0-1"),
    "a range with spaces": (lambda text: ranges.parse(text, 100), "bytes=", " ", "!"),
    "a cursor": (lambda text: cursors.decode(text, "media"), "", "A", ""),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value(name: str) -> None:
    work, start, unit, end = VALUES[name]
    check_law(lambda size: start + unit * (size // len(unit)) + end, work, SIZE // 4)
