"""The server as a process: killed, stopped, restarted, started twice, left behind, and behind a proxy."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import samples
from tests.ports import reserve
from tests.server_process import WAIT_S, Starter

STOP, CONT, TERM = signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM
PUBLIC = "https://picora.example.org/notes"


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path / "data")
    yield starter
    starter.end()


def test_what_was_acknowledged_survives_a_kill(starter: Starter) -> None:
    port = reserve(starter)
    first = starter(port=port)
    created = first.client.post("/v1/docs", json={"filename": "a.md", "content": "kept"})
    first.process.kill()
    first.process.wait(WAIT_S)
    second = starter(port=port)
    assert second.client.get(f"/v1/docs/{created.json()['data']['id']}/raw").text == "kept"


def test_the_generated_key_is_kept_for_its_owner_alone(starter: Starter) -> None:
    running = starter()
    path = starter.data / "key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert running.client.headers["Authorization"] == f"Bearer {path.read_text().strip()}"


def test_only_the_first_start_says_that_its_key_is_new(starter: Starter) -> None:
    first = starter()
    first.process.terminate()
    first.process.wait(WAIT_S)
    second = starter()
    assert [first.ready["new_key"], second.ready["new_key"]] == [True, False]
    assert first.ready["key"] == second.ready["key"]


def test_a_taken_port_is_refused_with_a_hint(starter: Starter, tmp_path: Path) -> None:
    assert "Another program may use the port" in Starter(tmp_path / "other").refusal(port=starter().port)


def test_a_second_server_on_the_same_data_is_refused_and_told_who_has_it(starter: Starter) -> None:
    running = starter()
    message = starter.refusal()
    assert f"Another server (process {running.process.pid}) uses the data directory {starter.data}" in message
    assert running.client.get("/v1/auth/verify").status_code == 200


def test_a_data_directory_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    message = Starter(tmp_path / "file" / "data").refusal()
    assert "cannot be used: Not a directory" in message
    assert "--data" in message


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(starter: Starter, number: int) -> None:
    running = starter()
    os.kill(running.process.pid, number)
    assert running.process.wait(WAIT_S) == 0


@pytest.mark.parametrize("order", [(STOP, CONT, TERM), (STOP, TERM, CONT)], ids=["before", "meanwhile"])
def test_sigterm_is_not_missed_by_a_process_that_was_stopped(starter: Starter, order: tuple[int, ...]) -> None:
    """The kernel gives the signal to any thread then: every second one was missed."""
    for _ in range(4):
        running = starter()
        for number in order:
            os.kill(running.process.pid, number)
        assert running.process.wait(WAIT_S) == 0


def test_it_ends_when_its_parent_lets_go_of_stdin(starter: Starter) -> None:
    running = starter()
    assert running.process.stdin is not None
    running.process.stdin.close()
    assert running.process.wait(WAIT_S) == 0


def test_a_body_without_length_is_read_to_its_end(starter: Starter) -> None:
    body = iter([b'{"filename":"a.md",', b'"content":"in pieces"}'])
    assert starter().client.post("/v1/docs", content=body).status_code == 201


def test_behind_a_proxy_every_url_is_the_public_one(starter: Starter) -> None:
    """§10 URLs: of documents' images, audio, covers, media lists, changes, the description and the page."""
    running = starter(public_url=f"{PUBLIC}/")
    assert (running.ready["url"], running.ready["media_url"]) == (PUBLIC, f"{PUBLIC}/media")
    assert running.url.startswith("http://127.0.0.1:")
    picture = f"![a]({samples.data_uri(samples.png(b'inside'))})"
    doc = running.client.post("/v1/docs", json={"filename": "a.md", "content": picture}).json()["data"]
    audio = running.client.post("/v1/audio", files={"file": ("a.mp3", samples.mp3(), "audio/mpeg")}).json()["data"]
    image = running.client.post("/v1/images", files={"file": ("a.png", samples.png(), "image/png")}).json()["data"]
    text = running.client.get(f"/v1/docs/{doc['id']}/raw").text
    listed = [item["url"] for item in running.client.get("/v1/media").json()["data"]["items"]]
    changed = [each["url"] for each in running.client.get("/v1/sync/state").json()["data"]["changes"]]
    urls = [text.removeprefix("![a]("), doc["coverUrl"], audio["url"], audio["thumbnailUrl"], image["url"]]
    assert [url for url in [*urls, *listed, *changed] if not url.startswith(f"{PUBLIC}/media/")] == []
    assert running.client.get("/openapi.json").json()["servers"][0]["url"] == PUBLIC
    assert PUBLIC in running.client.get("/").text
    assert running.client.get(audio["url"].removeprefix(PUBLIC)).content == samples.mp3()


def test_on_all_addresses_it_names_one_that_this_machine_reaches(starter: Starter) -> None:
    running = starter(host="0.0.0.0", allow_remote=True)  # noqa: S104 - what is tested
    assert running.ready["url"] == f"http://127.0.0.1:{running.port}"
    assert running.client.get("/v1/auth/verify").status_code == 200
