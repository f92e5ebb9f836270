"""§6 Audio object, §7 items, §8 Document object and upload reply: every field, from uploads whose values are known."""

import re

import pytest

from tests.contract import samples
from tests.contract.harness import BASE_URL, Api, Json, ok, parse_time

ID = re.compile(r"[A-Za-z0-9_-]{21}")


@pytest.fixture
def audio(api: Api) -> Json:
    """A two-second FLAC with a cover, private, with a title of its own."""
    data = samples.flac(picture=samples.jpeg())
    made: Json = ok(api.post_audio(data, "a/rain.flac", "audio/flac", title="Rain", isPublic="false"), 201)
    return made | {"sent": len(data)}


def test_the_audio_object_says_what_was_uploaded(audio: Json) -> None:
    """§6 object id, §6 object filename, §6 object sizeBytes, §6 object mimeType, §6 object title,
    §6 object status: as uploaded; the id has 21 characters, the name no path, and there is no updatedAt."""
    assert ID.fullmatch(audio["id"])
    expected = {
        "type": "audio",
        "filename": "rain.flac",
        "sizeBytes": audio["sent"],
        "mimeType": "audio/flac",
        "title": "Rain",
        "status": "ready",
        "isPublic": False,
    }
    assert {name: audio[name] for name in expected} == expected
    assert parse_time(audio["createdAt"])
    assert "updatedAt" not in audio


def test_the_audio_object_points_to_its_bytes_and_its_cover(api: Api, audio: Json) -> None:
    """§6 object url, §6 object thumbnailUrl, §1 Media base: absolute, below one base, and what they name is there."""
    assert audio["url"] == f"{BASE_URL}/media/audio/{audio['id']}.flac"
    assert audio["thumbnailUrl"] == f"{BASE_URL}/media/audio-cover/{audio['id']}.jpg"
    assert len(api.get(audio["url"]).content) == audio["sent"]
    assert api.get(audio["thumbnailUrl"]).content == samples.jpeg()


def test_the_audio_object_tells_duration_and_bitrate_or_null(api: Api, audio: Json) -> None:
    """§6 object durationSeconds, §6 object bitrate: whole seconds and kbps, null where nothing can be parsed."""
    assert audio["durationSeconds"] == 2
    assert isinstance(audio["bitrate"], int)
    broken = api.new_audio(b"ID3" + bytes(200))
    assert (broken["durationSeconds"], broken["bitrate"]) == (None, None)


def test_get_gives_the_same_audio_object(api: Api, audio: Json) -> None:
    """§6 GET: the object of the upload."""
    assert api.data(f"/v1/audio/{audio['id']}") == {name: value for name, value in audio.items() if name != "sent"}


def test_an_item_of_the_media_list_has_its_kinds_fields(api: Api, audio: Json) -> None:
    """§7 item url, §7 item thumbnailUrl, §7 item durationSeconds, §7 item tags, §7 item mimeType: by kind."""
    image = api.new_image(samples.png(width=7, height=5), tags='["q2"]')
    items = {item["type"]: item for item in api.data("/v1/media")["items"]}
    assert items["audio"]["durationSeconds"] == audio["durationSeconds"]
    assert items["audio"]["bitrate"] == audio["bitrate"]
    assert "durationSeconds" not in items["image"]
    shown = items["image"]
    assert (shown["url"], shown["thumbnailUrl"], shown["title"]) == (image["url"], image["url"], "dot.png")
    assert (shown["tags"], shown["mimeType"], shown["width"], shown["height"]) == (["q2"], "image/png", 7, 5)


TEXT = f"# T\n\ntwo words ![a]({samples.data_uri(samples.png())}) ![b](https://e.example/b.png) ![c](./c.png)\n"


@pytest.fixture
def document(api: Api) -> Json:
    """A document with one embedded, one external and one local image."""
    made: Json = ok(api.post_doc(TEXT, "d/n.markdown", tags=["x", "y"], isPublic=False), 201)
    return made


def test_the_document_object_says_what_was_stored(api: Api, document: Json) -> None:
    """§8 object id, §8 object title, §8 object filename, §8 object sizeBytes, §8 object isPublic, §8 object tags,
    §8 object hasInlineContent, §8 object createdAt: as derived and sent; bytes are those of the stored text."""
    stored = api.raw(document["id"])
    assert ID.fullmatch(document["id"])
    expected = {
        "title": "T",
        "filename": "n.markdown",
        "sizeBytes": len(stored.encode()),
        "isPublic": False,
        "tags": ["x", "y"],
        "hasInlineContent": True,
    }
    assert {name: document[name] for name in expected} == expected
    assert parse_time(document["createdAt"]) == parse_time(document["updatedAt"])


def test_the_document_object_counts_words_and_images(api: Api, document: Json) -> None:
    """§8 object wordCount, §8 object imageCount, §8 object rewrittenCount, §8 object coverUrl: all references are
    counted, one is hosted and is the cover; format is markdown, kbId and relativePath are null."""
    hosted = api.data("/v1/images")["images"][0]["url"]
    assert (document["imageCount"], document["rewrittenCount"], document["coverUrl"]) == (3, 1, hosted)
    assert 3 <= document["wordCount"] <= 8  # an estimate
    assert (document["format"], document["kbId"], document["relativePath"]) == ("markdown", None, None)


def test_the_upload_reply_tells_failures_and_warnings(api: Api) -> None:
    """§8 POST failedCount, §8 POST failures, §8 POST warnings, §8 POST duplicate, §8.1 409: a failed image is listed,
    a local one is a warning, and the same content again is 200 with duplicate, never 409."""
    text = "![a](data:image/png;base64,AAAA) ![b](./b.png)"
    made = api.new_doc(text)
    assert made["failedCount"] == 1
    failure = made["failures"][0]
    assert (failure["index"], failure["mimeType"], failure["reason"]) == (0, "image/png", "SIGNATURE_MISMATCH")
    assert failure["message"]
    assert len(made["warnings"]) == 1
    assert made["duplicate"] is False
    again = ok(api.post_doc(text), 200)
    assert (again["duplicate"], again["id"]) == (True, made["id"])
