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
