"""The client and the embedded server, which share no code, over WSGI in one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from picora_sync import errors
from picora_sync.core.model import Kind, PlanLimits, Tier, told_id
from picora_sync.core.pacing import Pacing
from picora_sync.core.ports import Change, DocUpload
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.pacer import ThreadPacer
from tests.contract.harness import BASE_URL, Clock, Service
from tests.contract.samples import AUDIO, IMAGES, data_uri
from tests.unit.remote.support import MemoryFile, VirtualStop, audio_upload, sha256

MP3 = AUDIO["mp3"].data


class Both:
    """One embedded server and a client of its owner."""

    def __init__(self, data: Path, *, plan: str = "pro_plus", rate_limits: bool = False) -> None:
        self.clock = Clock()
        self.service = Service(data=data, plan=plan, rate_limits=rate_limits, clock=self.clock)
        self.stop = VirtualStop()
        self.started_s = self.stop.now_s
        self.requests: list[int] = []
        self.pacer = ThreadPacer(Pacing(), lambda: self.stop.now_s, self.stop)
        wsgi = httpx.WSGITransport(app=self.service.app)
        self.client = PicoraClient(
            BASE_URL,
            self.service.account.key,
            pacer=self.pacer,
            stop=self.stop,
            transport=Counting(wsgi, self._before, self.requests),
            clock=lambda: self.stop.now_s,
        )

    def _before(self) -> None:
        """The server's clock follows the waits of the client."""
        self.clock.now_s += self.stop.now_s - self.started_s
        self.started_s = self.stop.now_s


class Counting(httpx.BaseTransport):
    """Writes down the status of every answer."""

    def __init__(self, inner: httpx.BaseTransport, before: Callable[[], None], seen: list[int]) -> None:
        self._inner = inner
        self._before = before
        self._seen = seen

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._before()
        response = self._inner.handle_request(request)
        self._seen.append(response.status_code)
        return response


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    made = Both(tmp_path / "picora")
    with made.client:
        yield made
    made.service.close()


def note(text: str, **fields: object) -> DocUpload:
    values: dict[str, object] = {"title": "Title", "tags": ("a",), "public": False, "rewrite_images": True, **fields}
    return DocUpload("note.md", text, **values)  # type: ignore[arg-type]  # fields of the dataclass


def test_verify_names_the_user_the_plan_and_its_limits(both: Both) -> None:
    account = both.client.verify()
    assert account.user_id == both.service.account.user_id
    assert account.plan == "pro_plus"
    assert account.limits == PlanLimits(5 << 20, 300, 10_000, 500 << 20, 14_400)


def test_the_server_is_healthy(both: Both) -> None:
    assert both.client.healthy()


def test_a_wrong_key_is_refused(both: Both) -> None:
    wrong = PicoraClient(
        BASE_URL,
        "sk_live_" + "0" * 32,
        pacer=both.pacer,
        stop=threading.Event(),
        transport=httpx.WSGITransport(app=both.service.app),
    )
    with wrong, pytest.raises(errors.KeyRefused):
        wrong.verify()


def test_a_document_lives_its_whole_life(both: Both) -> None:
    posted = both.client.post_doc(note("# Hi\n"))
    made = posted.object
    assert (made.title, made.tags, made.public, made.sha256) == ("Title", ("a",), False, sha256(b"# Hi\n"))
    assert both.client.stored(made.id).text == "# Hi\n"
    both.client.patch(Kind.DOC, made.id, Change(title="New", tags=("b", "c"), public=True))
    now = both.client.get(Kind.DOC, made.id)
    assert now is not None
    assert (now.title, now.tags, now.public, now.created_at) == ("New", ("b", "c"), True, made.created_at)
    assert [found.id for found in both.client.listed(Kind.DOC)] == [made.id]
    assert both.client.delete(Kind.DOC, [made.id, "unknown"]) == (made.id, "unknown")
    assert both.client.get(Kind.DOC, made.id) is None


def test_the_same_document_again_is_a_duplicate_with_the_old_metadata(both: Both) -> None:
    first = both.client.post_doc(note("same"))
    again = both.client.post_doc(note("same", title="Other"))
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.object.id, again.object.title, again.object.ours) == (first.object.id, "Title", False)


def test_an_image_in_a_public_note_is_rewritten(both: Both) -> None:
    text = f"![dot]({data_uri(IMAGES['png'].data)})"
    posted = both.client.post_doc(note(text, public=True))
    assert posted.object.rewritten
    assert "data:" not in both.client.stored(posted.object.id).text


@pytest.mark.parametrize("kind", sorted(AUDIO))
def test_audio_of_every_format_lives_its_whole_life(both: Both, kind: str) -> None:
    content = AUDIO[kind].data
    upload = audio_upload(MemoryFile(content), filename=f'a "b" ü 🎙.{kind}', title="Épisode 1", public=False)
    made = both.client.post_audio(upload).object
    assert (made.title, made.public, made.size_bytes) == ("Épisode 1", False, len(content))
    stored = both.service.owner().data(f"/v1/audio/{told_id(made.id)}")
    assert stored["filename"] == f'a "b" ü 🎙.{kind}'
    (found,) = both.client.find_audio(sha256(content), len(content))
    assert (found.id, found.title, found.sha256) == (made.id, "Épisode 1", sha256(content))
    both.client.patch(Kind.AUDIO, made.id, Change(title="T", public=True))
    now = both.client.get(Kind.AUDIO, made.id)
    assert now is not None
    assert (now.title, now.public) == ("T", True)
    assert both.client.delete(Kind.AUDIO, [made.id, "unknown"]) == (made.id, "unknown")
    assert both.client.find_audio(sha256(content), len(content)) == ()


def test_audio_that_is_no_audio_is_rejected(both: Both) -> None:
    with pytest.raises(errors.Rejected) as caught:
        both.client.post_audio(audio_upload(MemoryFile(b"not audio at all")))
    assert "extension" in caught.value.hint


def test_a_file_that_changed_leaves_nothing_on_the_server(both: Both) -> None:
    with pytest.raises(errors.FileChanged):
        both.client.post_audio(audio_upload(MemoryFile(MP3, changed=True)))
    assert list(both.client.listed(Kind.AUDIO)) == []


def test_an_account_without_a_plan_gets_no_audio(tmp_path: Path) -> None:
    poor = Both(tmp_path / "picora", plan="none")
    with poor.client, pytest.raises(errors.PlanRequired):
        poor.client.post_audio(audio_upload(MemoryFile(MP3)))
    poor.service.close()


def test_a_listing_walks_all_pages(both: Both) -> None:
    made = [both.client.post_doc(note(f"note {n}")).object.id for n in range(120)]
    assert sorted(found.id for found in both.client.listed(Kind.DOC)) == sorted(made)


def test_with_limits_off_nothing_ever_waits(both: Both) -> None:
    both.pacer.prime(both.client.rate_limits())
    for n in range(100):
        both.client.post_doc(note(f"note {n}"))
    assert both.stop.waits == []


def test_with_limits_on_130_uploads_take_two_minutes_and_meet_no_429(tmp_path: Path) -> None:
    limited = Both(tmp_path / "picora", rate_limits=True)
    with limited.client as client:
        limited.pacer.prime(client.rate_limits())
        begun_s = limited.stop.now_s
        eta_s = limited.pacer.eta_s({Tier.UPLOAD: 130})
        for n in range(130):
            client.post_doc(note(f"note {n}"))
        took_s = limited.stop.now_s - begun_s
    limited.service.close()
    assert 429 not in limited.requests
    assert took_s == pytest.approx(125, abs=2.5)
    assert eta_s == pytest.approx(took_s, abs=2.5)
