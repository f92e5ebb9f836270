from __future__ import annotations

import threading
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.errors import FileChanged, Stopped
from picora_sync.remote.multipart import AudioBody
from tests.unit.remote.support import MemoryFile, audio_upload

MIB = 1 << 20


def sent(file: MemoryFile, **fields: object) -> tuple[AudioBody, bytes]:
    body = AudioBody(file, audio_upload(file, **fields), threading.Event())
    return body, b"".join(body)


def parts(body: AudioBody, raw: bytes) -> dict[str, tuple[bytes, bytes]]:
    """Name → (headers, content), taken apart by hand: the delimiters are the whole format."""
    boundary = body.headers["Content-Type"].partition("boundary=")[2].encode()
    pieces = raw.split(b"--" + boundary)
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    found = {}
    for piece in pieces[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        found[name] = (head, content.removesuffix(b"\r\n"))
    return found


@pytest.mark.parametrize(
    ("filename", "part_type"),
    [
        ("a.mp3", b"audio/mpeg"),
        ("a.M4A", b"audio/mp4"),
        ("a.wav", b"audio/wav"),
        ("a.flac", b"audio/flac"),
        ("a.ogg", b"audio/ogg"),
    ],
)
def test_each_format_is_sent_with_its_own_part_type(filename: str, part_type: bytes) -> None:
    body, raw = sent(MemoryFile(b"abc"), filename=filename)
    assert b"\r\nContent-Type: " + part_type in parts(body, raw)["file"][0]


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, 3 * MIB + 7])
def test_the_content_length_is_known_up_front_and_right(size: int) -> None:
    body, raw = sent(MemoryFile(b"x" * size))
    assert int(body.headers["Content-Length"]) == len(raw)
    assert parts(body, raw)["file"][1] == b"x" * size


@pytest.mark.parametrize(("public", "value"), [(True, b"true"), (False, b"false")])
def test_title_and_visibility_are_sent(public: bool, value: bytes) -> None:
    body, raw = sent(MemoryFile(b"abc"), title='Ünï "quoted" 🎙', public=public)
    found = parts(body, raw)
    assert found["isPublic"][1] == value
    assert found["title"][1].decode() == 'Ünï "quoted" 🎙'


def test_an_empty_title_is_left_to_the_server() -> None:
    body, raw = sent(MemoryFile(b"abc"), title="")
    assert "title" not in parts(body, raw)


@pytest.mark.parametrize(
    ("filename", "written"),
    [
        ("plain.mp3", "plain.mp3"),
        ("two words.mp3", "two words.mp3"),
        ('say "hi".mp3', "say %22hi%22.mp3"),
        ("a\r\nX-Evil: 1.mp3", "a__X-Evil: 1.mp3"),
        ("nul\0.mp3", "nul_.mp3"),
        ("back\\slash.mp3", "back_slash.mp3"),
        ("../../etc/passwd.mp3", "passwd.mp3"),
        ("emoji 👨‍👩‍👧.mp3", "emoji 👨‍👩‍👧.mp3"),
        ("日本語.mp3", "日本語.mp3"),
        ("latin\udce9.mp3", "latin�.mp3"),
        ("line\u2028sep.mp3", "line_sep.mp3"),
        ("n" * 300 + ".flac", "n" * 250 + ".flac"),
    ],
)
def test_a_file_name_cannot_break_out_of_its_header(filename: str, written: str) -> None:
    body, raw = sent(MemoryFile(b"abc"), filename=filename)
    head = parts(body, raw)["file"][0].decode()
    assert head.split("\r\n")[0].endswith(f'; filename="{written}"')


@given(st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=300), st.binary(max_size=50))
def test_any_name_title_and_content_make_three_parts_of_the_announced_length(
    name: str, title: str, content: bytes
) -> None:
    body, raw = sent(MemoryFile(content), filename=name + ".mp3", title=title)
    assert len(raw) == int(body.headers["Content-Length"])
    head = f"Content-Type: {body.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + raw)
    names = [part.get_param("name", header="content-disposition") for part in message.iter_parts()]
    assert names == (["title"] if title else []) + ["isPublic", "file"]


def test_a_file_that_changed_leaves_the_body_without_its_closing_boundary() -> None:
    file = MemoryFile(b"x" * 2000, changed=True)
    body = AudioBody(file, audio_upload(file), threading.Event())
    got: list[bytes] = []
    with pytest.raises(FileChanged):
        got.extend(iter(body))
    assert not body.whole
    assert sum(map(len, got)) < int(body.headers["Content-Length"])
    assert got[-1] == b"x" * 2000


@pytest.mark.parametrize("announced", [2, 4])
def test_a_file_of_another_length_than_was_hashed_counts_as_changed(announced: int) -> None:
    file = MemoryFile(b"abc")
    body = AudioBody(file, audio_upload(file, size_bytes=announced), threading.Event())
    with pytest.raises(FileChanged):
        list(body)
    assert not body.whole


def test_stop_ends_the_body_between_two_blocks() -> None:
    stop = threading.Event()
    file = MemoryFile(b"x" * (3 * MIB))
    body = iter(AudioBody(file, audio_upload(file), stop))
    next(body)
    next(body)
    stop.set()
    with pytest.raises(Stopped):
        next(body)


def test_a_body_that_was_sent_to_its_end_is_whole() -> None:
    assert sent(MemoryFile(b"abc"))[0].whole
