"""§6 GET, PATCH and DELETE /v1/audio/:id; covers."""

from typing import Any

import pytest

from tests.contract import samples
from tests.contract.harness import BASE_URL, Api, must_fail, ok
from tests.contract.samples import AUDIO

NOBODY = "x" * 21


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"title": "New"}, "title", "New"),
        ({"title": "x" * 255}, "title", "x" * 255),
        ({"is_public": False}, "isPublic", False),
        ({"isPublic": False}, "isPublic", False),
        ({"is_public": False, "isPublic": True}, "isPublic", False),
    ],
    ids=["title", "title-255", "is_public", "alias", "documented-name-wins"],
)
def test_patch_changes_what_it_names(api: Api, change: dict[str, Any], field: str, value: object) -> None:
    """§6 PATCH: title ≤ 255, is_public (§15 #6: isPublic as alias); answers data null; re-GET shows it."""
    before = api.new_audio()
    assert ok(api.patch(f"/v1/audio/{before['id']}", json=change)) is None
    assert api.data(f"/v1/audio/{before['id']}") == {**before, field: value}


def test_an_empty_patch_is_a_no_op(api: Api) -> None:
    """§6 PATCH: `{}` is a no-op."""
    before = api.new_audio()
    assert ok(api.patch(f"/v1/audio/{before['id']}", json={})) is None
    assert ok(api.patch(f"/v1/audio/{before['id']}", json={"colour": "red"})) is None
    assert api.data(f"/v1/audio/{before['id']}") == before


BAD_PATCHES: list[tuple[dict[str, Any], str]] = [
    ({"title": "x" * 256}, "title"),
    ({"title": ""}, "title"),
    ({"title": 5}, "title"),
    ({"is_public": "maybe"}, "is_public"),
    ({"is_public": []}, "is_public"),
]


@pytest.mark.parametrize(("change", "field"), BAD_PATCHES, ids=["256", "empty", "number", "word", "list"])
def test_a_bad_patch_changes_nothing(api: Api, change: dict[str, Any], field: str) -> None:
    """§6 errors 422 (PATCH), §15 #7 #16: meta.field names the field."""
    before = api.new_audio()
    response = api.patch(f"/v1/audio/{before['id']}", json={"title": "Fine", **change})
    must_fail(response, 422, "VALIDATION_ERROR", field=field)
    assert api.data(f"/v1/audio/{before['id']}") == before


def test_delete_is_204_and_final(api: Api, anonymous: Api) -> None:
    """§6 DELETE: 204, empty; object, cover, row and CDN URL are gone at once."""
    audio = api.new_audio(samples.mp3(samples.apic(samples.jpeg(), "image/jpeg")))
    response = api.delete(f"/v1/audio/{audio['id']}")
    assert (response.status_code, response.content) == (204, b"")
    must_fail(api.get(f"/v1/audio/{audio['id']}"), 404, "NOT_FOUND")
    must_fail(api.delete(f"/v1/audio/{audio['id']}"), 404, "NOT_FOUND")
    assert anonymous.get(audio["url"]).status_code == 404
    assert anonymous.get(audio["thumbnailUrl"]).status_code == 404
    assert api.data("/v1/media")["items"] == []


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("audio_id", [NOBODY, "short", "x" * 64, "%00", "a.b"])
def test_an_unknown_id_is_404(api: Api, method: str, audio_id: str) -> None:
    """§6 errors 404: the id does not exist."""
    must_fail(api.client.request(method, f"/v1/audio/{audio_id}", json={}), 404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("public", ["true", "false"])
def test_audio_of_another_user_is_403(api: Api, other: Api, method: str, public: str) -> None:
    """§2 403 FORBIDDEN: audio belongs to another user; nothing happens to it."""
    audio = api.new_audio(isPublic=public)
    must_fail(other.client.request(method, f"/v1/audio/{audio['id']}", json={"title": "Mine"}), 403, "FORBIDDEN")
    assert api.data(f"/v1/audio/{audio['id']}") == audio


def test_an_id_of_another_kind_is_404(api: Api) -> None:
    """§6 errors 404: a document's id is no audio."""
    must_fail(api.get(f"/v1/audio/{api.new_doc()['id']}"), 404, "NOT_FOUND")


COVERS = [
    ("mp3", "image/jpeg", samples.jpeg()),
    ("mp3", "image/png", samples.png()),
    ("flac", "image/jpeg", samples.jpeg()),
    ("flac", "image/png", samples.png()),
]


@pytest.mark.parametrize(("ext", "mime", "picture"), COVERS, ids=[f"{row[0]}-{row[1]}" for row in COVERS])
def test_embedded_artwork_becomes_the_cover(api: Api, anonymous: Api, ext: str, mime: str, picture: bytes) -> None:
    """§6 thumbnailUrl: APIC / PICTURE at audio-cover/{id}.jpg; §15 #15: PNG keeps its true Content-Type."""
    data = samples.mp3(samples.apic(picture, mime)) if ext == "mp3" else samples.flac(2, picture, mime)
    audio = ok(api.post_audio(data, f"a.{ext}", AUDIO[ext].mime), 201)
    assert audio["thumbnailUrl"] == f"{BASE_URL}/media/audio-cover/{audio['id']}.jpg"
    cover = anonymous.get(audio["thumbnailUrl"])
    assert (cover.status_code, cover.content) == (200, picture)
    assert cover.headers["content-type"].split(";")[0] == mime


@pytest.mark.parametrize("ext", AUDIO)
def test_audio_without_artwork_has_its_formats_default_cover(api: Api, anonymous: Api, ext: str) -> None:
    """§15 #15 Default covers: audio-cover/default-{ext}.svg, served to anybody."""
    sample = AUDIO[ext]
    audio = ok(api.post_audio(sample.data, sample.name, sample.mime, isPublic="false"), 201)
    assert audio["thumbnailUrl"] == f"{BASE_URL}/media/audio-cover/default-{ext}.svg"
    cover = anonymous.get(audio["thumbnailUrl"])
    assert cover.status_code == 200
    assert cover.headers["content-type"].split(";")[0] == "image/svg+xml"
    assert b"<svg" in cover.content


def test_a_deleted_audio_leaves_the_default_cover(api: Api, anonymous: Api) -> None:
    """§15 #15 Default covers: shared by all, so no DELETE removes them."""
    audio = api.new_audio()
    api.delete(f"/v1/audio/{audio['id']}")
    assert anonymous.get(audio["thumbnailUrl"]).status_code == 200


def test_the_title_and_visibility_leave_the_url_alone(api: Api, anonymous: Api) -> None:
    """§6 url: stable, safe to embed."""
    audio = api.new_audio()
    api.patch(f"/v1/audio/{audio['id']}", json={"title": "New"})
    assert api.data(f"/v1/audio/{audio['id']}")["url"] == audio["url"]
    assert anonymous.get(audio["url"]).status_code == 200
