"""Documents and audio of the embedded server are recognised although it keeps their hashes to itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from picora_sync.core.model import RemoteObject
from picora_sync.core.note_match import mould
from picora_sync.core.pacing import Pacing
from picora_sync.core.ports import DocUpload
from picora_sync.reconciler.audit.match_content import Recogniser
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.pacer import ThreadPacer
from tests.contract.harness import BASE_URL, Clock, Service
from tests.contract.samples import AUDIO, IMAGES, data_uri
from tests.unit.remote.support import MemoryFile, VirtualStop, audio_upload

MP3 = AUDIO["mp3"].data
PICTURES = "".join(f"![{name}]({data_uri(IMAGES[name].data, IMAGES[name].mime)})\n" for name in ("png", "jpg", "gif"))
PUBLIC = f"---\ntitle: Trip\n---\nBefore.\n{PICTURES}After, ünïcode, https://x.test/a.png\n"
PRIVATE = f"Kept inside.\n{PICTURES}"
PLAIN = "# Plain\n"


class Silent(httpx.BaseTransport):
    """As the live service answers: no hash with ``/raw``, and no ``/v1/sync/state`` (contract §16 #25)."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/sync/state":
            return httpx.Response(404, json={"success": False, "error": "no such route", "code": "NOT_FOUND"})
        response = self._inner.handle_request(request)
        response.headers.pop("x-source-hash", None)
        return response


@pytest.fixture
def client(tmp_path: Path) -> Iterator[PicoraClient]:
    service = Service(data=tmp_path / "picora", plan="pro_plus", rate_limits=False, clock=Clock())
    stop = VirtualStop()
    pacer = ThreadPacer(Pacing(), lambda: stop.now_s, stop)
    transport = Silent(httpx.WSGITransport(app=service.app))
    key = service.account.key
    with PicoraClient(BASE_URL, key, pacer=pacer, stop=stop, transport=transport, clock=lambda: stop.now_s) as made:
        yield made
    service.close()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def post(client: PicoraClient, text: str, *, rewrite: bool) -> RemoteObject:
    return client.post_doc(DocUpload("n.md", text, "Title", (), public=rewrite, rewrite_images=rewrite)).object


def recogniser(client: PicoraClient) -> Recogniser:
    return Recogniser(client, {}, lambda _: None, lambda _: None, lambda _: 0.0)


def test_documents_are_recognised_by_their_text_and_the_bytes_of_their_images(client: PicoraClient) -> None:
    made = {
        PUBLIC: post(client, PUBLIC, rewrite=True),
        PRIVATE: post(client, PRIVATE, rewrite=False),
        PLAIN: post(client, PLAIN, rewrite=True),
    }
    assert "data:" not in client.stored(made[PUBLIC].id).text
    assert client.stored(made[PUBLIC].id).source_sha256 is None
    sizes = {sha256(text): len(text.encode()) for text in made}
    found = recogniser(client).documents(sizes, [mould(PUBLIC), mould(PRIVATE)])
    assert {found[sha256(text)].id for text in made} == {item.id for item in made.values()}
    assert {text: found[sha256(text)].rewritten for text in made} == {PUBLIC: True, PRIVATE: False, PLAIN: False}


def test_a_document_with_one_other_image_is_another_document(client: PicoraClient) -> None:
    other = PUBLIC.replace(data_uri(IMAGES["gif"].data, "image/gif"), data_uri(IMAGES["png"].data))
    post(client, other, rewrite=True)
    assert recogniser(client).documents({sha256(PUBLIC): len(PUBLIC.encode())}, [mould(PUBLIC)]) == {}


def test_audio_is_recognised_by_its_bytes(client: PicoraClient) -> None:
    made = client.post_audio(audio_upload(MemoryFile(MP3))).object
    digest = hashlib.sha256(MP3).hexdigest()
    assert client.audio_hashes() == {}
    assert recogniser(client).audio({digest: len(MP3)})[digest].id == made.id
