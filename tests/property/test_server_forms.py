"""Multipart bodies from strangers: any bytes are accepted or refused, never a fault, and names never become paths."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract import samples
from tests.contract.harness import Api, Service


@pytest.fixture(scope="module")
def account(service: Service) -> Api:
    return service.tenant()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(data=tmp_path_factory.mktemp("picora"))
    yield running
    running.close()


FORM = (
    b'--b\r\nContent-Disposition: form-data; name="tags"\r\n\r\n["a"]\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    + samples.png()
    + b"\r\n--b--\r\n"
)
FORM_PIECES = st.sampled_from(
    [b"--b", b"--b--", b"\r\n", b"\r", b"\n", b"\x00", b": ", b'"', b";", b"filename*=utf-8''x"]
)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40), FORM_PIECES | st.binary(max_size=8)), max_size=4))
def test_a_damaged_form_is_accepted_or_refused(account: Api, edits: list[tuple[int, int, bytes]]) -> None:
    """§2 400, 422: never a fault, and never a file that was not sent."""
    body = FORM
    for at, cut, piece in edits:
        body = body[:at] + piece + body[at + cut :]
    response = account.post("/v1/images", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert response.status_code in {200, 201, 400, 422}, response.text
    if response.is_success:
        stored = account.get(response.json()["data"]["url"]).content
        assert stored in body or stored.startswith(b"<svg")


@given(st.text(max_size=300))
def test_any_filename_is_kept_without_path_and_control_characters(account: Api, name: str) -> None:
    """§15 #16: basename only; nothing of it becomes a header or a path."""
    sent = re.sub(r'[\r\n"\\]', "", name)
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{sent}"\r\n\r\n'.encode("utf-8", "replace")
    body = head + samples.png() + b"\r\n--b--\r\n"
    response = account.post("/v1/images", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert response.status_code in {200, 201, 400, 422}
    if response.is_success:
        kept = response.json()["data"]["filename"]
        assert 0 < len(kept) <= 255
        assert not re.search(r"[/\\\x00-\x1f\x7f]", kept)


HEAD_PIECES = st.sampled_from(
    [
        *(b"; filename=", b"; filename*=", b"; name=", b"utf-8''", b"utf-7''", b"iso-8859-1'en'", b"windows-1252''"),
        *(
            b"%C3%A9",
            b"%ff",
            b"%00",
            b"%0d%0a",
            b"%2F",
            b"\xe9",
            b"\xc3\xa9",
            b'"',
            b"'",
            b"\\",
            b";",
            b"=",
            b"a",
            b"/",
        ),
    ]
)


@given(st.lists(HEAD_PIECES | st.binary(max_size=3), max_size=12).map(b"".join))
def test_any_head_of_a_part_gives_a_name_that_is_text(account: Api, head: bytes) -> None:
    """§15 #16: whatever a client writes and in whatever charset, what is kept is a name in whole Unicode."""
    start = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"'
    body = start + head + b"\r\n\r\n" + samples.png() + b"\r\n--b--\r\n"
    response = account.post("/v1/images", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert response.status_code in {200, 201, 400, 422}, response.text
    if response.is_success:
        kept = account.data(f"/v1/images/{response.json()['data']['id']}")["filename"]
        assert kept.encode()
        assert not re.search(r"[/\\\x00-\x1f\x7f]", kept)


TEXT_PIECES = st.sampled_from(
    [
        *(
            "[",
            "]",
            '"',
            ",",
            ":",
            "{",
            "}",
            "\\ud800",
            "\\udc00",
            "\\u0000",
            "\\",
            "null",
            "true",
            "1e999",
            "-",
            "NaN",
        ),
        *(" ", "a", "\ufeff", "\U0001f600", "\x00"),
    ]
)


@given(st.sampled_from(["tags", "isPublic", "title"]), st.lists(TEXT_PIECES, max_size=10).map("".join))
def test_any_text_field_is_understood_or_refused(account: Api, name: str, value: str) -> None:
    """§10 tags, isPublic: never a fault, and what is kept is text in whole Unicode."""
    response = account.post_image(samples.png(value.encode()), **{name: value})
    assert response.status_code in {200, 201, 422}, response.text
    if response.is_success:
        assert all(tag.encode() for tag in response.json()["data"]["tags"])
