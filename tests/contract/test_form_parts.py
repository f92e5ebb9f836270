"""§6, §10: forms as the clients there are write them: browsers, curl, requests, Java's HttpClient, scripts of 2005."""

import pytest

from tests.contract import samples
from tests.contract.harness import Api, multipart, must_fail, ok

AUDIO = samples.mp3()
FILE = 'Content-Disposition: form-data; name="file"; {}\r\nContent-Type: audio/mpeg'
WHOLE = (FILE.format('filename="x.mp3"'), AUDIO)

NAMES = [
    ("utf-8", b'filename="caf\xc3\xa9.mp3"', "café.mp3"),
    ("latin-1", b'filename="caf\xe9.mp3"', "café.mp3"),
    ("latin-1 that is UTF-8", 'filename="cafÃ©.mp3"'.encode("latin-1"), "café.mp3"),
    ("rfc 5987", b"filename*=UTF-8''caf%C3%A9.mp3", "café.mp3"),
    ("rfc 5987, lower case, spaced", b"filename* = utf-8'de'caf%c3%a9.mp3", "café.mp3"),
    ("rfc 5987 in latin-1", b"filename*=iso-8859-1'en'caf%E9.mp3", "café.mp3"),
    ("rfc 5987 wins", b"filename=\"cafe.mp3\"; filename*=UTF-8''caf%C3%A9.mp3", "café.mp3"),
    ("rfc 5987 in front wins too", b"filename*=UTF-8''caf%C3%A9.mp3; filename=\"cafe.mp3\"", "café.mp3"),
    ("rfc 5987 that cannot be read", b"filename=\"cafe.mp3\"; filename*=UTF-8''caf%E9.mp3", "cafe.mp3"),
    ("rfc 5987 in a codec of Python's", b"filename=\"cafe.mp3\"; filename*=utf-7''%2b2AA-.mp3", "cafe.mp3"),
    ("rfc 5987 with a path", b"filename*=UTF-8''..%2F..%2Fcaf%C3%A9.mp3", "café.mp3"),
    ("rfc 5987 with a line end", b"filename*=UTF-8''a%0D%0Ab.mp3", "ab.mp3"),
    ("quotes of HTML 5", b'filename="say %22hi%22.mp3"', 'say "hi".mp3'),
    ("quotes of RFC 822", rb'filename="say \"hi\".mp3"', 'say "hi".mp3'),
    ("percents that are no escapes", b'filename="100%25 %41.mp3"', "100%25 %41.mp3"),
    ("semicolon", b'filename="a;b=c.mp3"', "a;b=c.mp3"),
    ("no quotes", b"filename=x.mp3", "x.mp3"),
    ("path of Windows", rb'filename="C:\dir\x.mp3"', "x.mp3"),
    ("path", b'filename="../../etc/x.mp3"', "x.mp3"),
    ("filename* inside the name", b'filename="a filename*=b.mp3"', "a filename*=b.mp3"),
]


@pytest.mark.parametrize(("written", "meant"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_a_file_name_is_understood(api: Api, written: bytes, meant: str) -> None:
    """§6 file, §15 #16: every way to write a name that a client in use has; the title is the name."""
    form = multipart(WHOLE)
    form["content"] = form["content"].replace(b'filename="x.mp3"', written)
    made = ok(api.post("/v1/audio", **form), 201)
    assert (made["filename"], made["title"]) == (meant, meant)


@pytest.mark.parametrize("written", [b"filename*=UTF-8''%ff.mp3", b"filename*=klingon''a.mp3", b"filename*=a.mp3"])
def test_a_name_that_nobody_can_read_is_no_name(api: Api, written: bytes) -> None:
    """§6 file: required, with a filename."""
    form = multipart(WHOLE)
    form["content"] = form["content"].replace(b'filename="x.mp3"', written)
    must_fail(api.post("/v1/audio", **form), 422, "VALIDATION_ERROR", field="file")


TITLES = [
    ("no charset", "", "Café".encode(), "Café"),
    ("utf-8", "Content-Type: text/plain; charset=utf-8", "Café".encode(), "Café"),
    ("latin-1, as Java sends it", "Content-Type: text/plain; charset=ISO-8859-1", b"Caf\xe9", "Café"),
    ("windows-1252", 'Content-Type: text/plain; charset="windows-1252"', b"\x80 5", "€ 5"),
    ("unknown charset", "Content-Type: text/plain; charset=klingon", "Café".encode(), "Café"),
    ("base64 is not decoded", "Content-Transfer-Encoding: base64", b"Q2Fm", "Q2Fm"),
]


@pytest.mark.parametrize(("head", "value", "meant"), [row[1:] for row in TITLES], ids=[row[0] for row in TITLES])
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_text_field_is_read_in_its_charset(api: Api, head: str, value: bytes, meant: str, place: str) -> None:
    """§6 title (RFC 7578 §4.5): in the charset of its part; before the file or after it."""
    field = ('Content-Disposition: form-data; name="title"' + (f"\r\n{head}" if head else ""), value)
    parts = [field, WHOLE] if place == "before" else [WHOLE, field]
    assert ok(api.post("/v1/audio", **multipart(*parts)), 201)["title"] == meant


@pytest.mark.parametrize("head", ["Content-Type: text/plain; charset=us-ascii", "Content-Type: text/plain"])
def test_text_in_another_charset_than_it_says_is_refused(api: Api, head: str) -> None:
    """§2 422 VALIDATION_ERROR: the field is named."""
    field = (f'Content-Disposition: form-data; name="title"\r\n{head}', b"Caf\xe9")
    must_fail(api.post("/v1/audio", **multipart(field, WHOLE)), 422, "VALIDATION_ERROR", field="title")


HEADS = [
    ("lower case", 'content-disposition: FORM-DATA; NAME="file"; FileName="x.mp3"\r\ncontent-type: AUDIO/MPEG; x=y'),
    ("no spaces", 'Content-Disposition:form-data;name="file";filename="x.mp3"\r\nContent-Type:audio/mpeg'),
    ("no quotes", "Content-Disposition: form-data; name=file; filename=x.mp3\r\nContent-Type: audio/mpeg"),
    ("more headers", WHOLE[0] + f"\r\nContent-Length: {len(AUDIO)}\r\nContent-Transfer-Encoding: binary"),
    ("no type", 'Content-Disposition: form-data; name="file"; filename="x.mp3"'),
    ("empty type", 'Content-Disposition: form-data; name="file"; filename="x.mp3"\r\nContent-Type: '),
]


@pytest.mark.parametrize("head", [row[1] for row in HEADS], ids=[row[0] for row in HEADS])
def test_the_head_of_a_part_may_be_written_in_many_ways(api: Api, head: str) -> None:
    """§6 file: header names, types and parameters have no case; spaces and quotes are free."""
    assert ok(api.post("/v1/audio", **multipart((head, AUDIO))), 201)["filename"] == "x.mp3"


def test_of_repeated_parts_the_first_counts(api: Api) -> None:
    """§6 file, title: a second file or title is ignored."""
    title = 'Content-Disposition: form-data; name="title"'
    second = (FILE.format('filename="y.mp3"'), AUDIO + b"second")
    made = ok(api.post("/v1/audio", **multipart((title, b"One"), WHOLE, (title, b"Two"), second)), 201)
    assert (made["title"], made["filename"], made["sizeBytes"]) == ("One", "x.mp3", len(AUDIO))


def test_tags_with_broken_unicode_are_422(api: Api) -> None:
    """§10 tags, §15 #7: half of a surrogate pair is no text."""
    must_fail(api.post_image(samples.png(), tags='["\\ud800"]'), 422, "VALIDATION_ERROR", field="tags")
