"""§7 DELETE /v1/media."""

import pytest

from tests.contract import samples
from tests.contract.harness import Api, Json, must_fail, ok

NOBODY = "x" * 21


def test_a_batch_deletes_what_it_can(api: Api, other: Api, anonymous: Api) -> None:
    """§7 DELETE: 200 even on partial failure; deleted ids, failed with id, type, reason; nothing rolled back."""
    audio, image = api.new_audio(), api.new_image()
    theirs = other.new_audio()
    items = [
        {"id": audio["id"], "type": "audio"},
        {"id": NOBODY, "type": "audio"},
        {"id": theirs["id"], "type": "audio"},
        {"id": NOBODY, "type": "video"},
        {"id": image["id"], "type": "image"},
    ]
    data = ok(api.delete("/v1/media", json={"items": items}))
    assert sorted(data["deleted"]) == sorted([audio["id"], image["id"]])
    failed = {(entry["id"], entry["type"]): entry["reason"] for entry in data["failed"]}
    assert set(failed) == {(NOBODY, "audio"), (theirs["id"], "audio"), (NOBODY, "video")}
    assert failed[NOBODY, "audio"] == failed[NOBODY, "video"] == "NOT_FOUND"
    assert failed[theirs["id"], "audio"] in {"NOT_FOUND", "FORBIDDEN"}
    for url in (audio["url"], image["url"]):
        assert anonymous.get(url).status_code == 404
    assert anonymous.get(theirs["url"]).status_code == 200
    assert api.data("/v1/media")["items"] == []


def test_the_type_must_fit(api: Api) -> None:
    """§7 DELETE: an id of another type is NOT_FOUND and stays."""
    audio, image = api.new_audio(), api.new_image()
    items = [{"id": audio["id"], "type": "image"}, {"id": image["id"], "type": "audio"}]
    data = ok(api.delete("/v1/media", json={"items": items}))
    assert (data["deleted"], [entry["reason"] for entry in data["failed"]]) == ([], ["NOT_FOUND"] * 2)
    assert len(api.data("/v1/media")["items"]) == 2


def test_documents_are_no_media(api: Api) -> None:
    """§7 DELETE: a document's id is NOT_FOUND."""
    doc = api.new_doc()
    data = ok(api.delete("/v1/media", json={"items": [{"id": doc["id"], "type": "audio"}]}))
    assert data["deleted"] == []
    assert api.data(f"/v1/docs/{doc['id']}")["id"] == doc["id"]


def test_a_batch_takes_100(api: Api) -> None:
    """§7 DELETE: 1-100 items."""
    images = [api.new_image(samples.png(str(number).encode()))["id"] for number in range(3)]
    ids = [*images, *(f"{number:011}" for number in range(97))]
    data = ok(api.delete("/v1/media", json={"items": [{"id": image, "type": "image"} for image in ids]}))
    assert (sorted(data["deleted"]), len(data["failed"])) == (sorted(images), 97)


ITEM = {"id": NOBODY, "type": "audio"}
BAD: list[tuple[str, Json]] = [
    ("missing", {}),
    ("empty", {"items": []}),
    ("101", {"items": [ITEM] * 101}),
    ("no-id", {"items": [ITEM, {"type": "audio"}]}),
    ("no-type", {"items": [{"id": NOBODY}]}),
    ("bad-type", {"items": [{"id": NOBODY, "type": "doc"}]}),
    ("strings", {"items": [NOBODY]}),
    ("object", {"items": ITEM}),
    ("number-id", {"items": [{"id": 5, "type": "audio"}]}),
]


@pytest.mark.parametrize("body", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_batch_is_422(api: Api, body: Json) -> None:
    """§7 DELETE: 422 if items is empty, over 100, or lacks id/type; nothing is deleted."""
    audio = api.new_audio()
    if isinstance(body.get("items"), list) and body["items"]:
        body = {"items": [{"id": audio["id"], "type": "audio"}, *body["items"]]}
    must_fail(api.delete("/v1/media", json=body), 422, "VALIDATION_ERROR")
    assert api.data(f"/v1/audio/{audio['id']}")["id"] == audio["id"]
