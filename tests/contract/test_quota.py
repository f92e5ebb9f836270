"""§14 quota: exact, freed at once, independent; nobody sees or pays for somebody else."""

from collections.abc import Callable

import pytest

from tests.contract import samples
from tests.contract.harness import MIB, Api, Service, must_fail, ok


def usage(api: Api) -> dict[str, int]:
    data = api.data("/v1/user/me/usage")
    return {
        "docs": data["docs"]["totalCount"],
        "audio": data["audio"]["storageUsed"],
        "images": data["images"]["storageUsed"],
    }


def test_the_document_quota_is_exact_and_freed(service: Service) -> None:
    """§14 doc_count 100 on trial, §14 upload doc + 1, delete - 1 at once; §2 403 QUOTA_EXCEEDED type doc_count."""
    api = service.tenant(plan="trial")
    ids = [api.new_doc(f"# {number}\n")["id"] for number in range(100)]
    must_fail(api.post_doc("# one too many\n"), 403, "QUOTA_EXCEEDED", type="doc_count")
    assert usage(api)["docs"] == 100
    assert ok(api.post_doc("# 7\n"), 200)["duplicate"] is True
    ok(api.delete(f"/v1/docs/{ids[0]}"))
    api.new_doc("# one in its place\n")
    must_fail(api.post_doc("# one too many\n"), 403, "QUOTA_EXCEEDED", type="doc_count")
    ok(api.delete("/v1/docs", json={"ids": ids[1:4]}))
    assert usage(api)["docs"] == 97


def test_a_full_account_still_works_otherwise(service: Service) -> None:
    """§14 over quota: only new uploads of that dimension fail; reads, patches, deletes and other dimensions work."""
    api = service.tenant(plan="trial")
    ids = [api.new_doc(f"# {number}\n")["id"] for number in range(100)]
    must_fail(api.post_doc(), 403, "QUOTA_EXCEEDED")
    api.new_audio()
    api.new_image()
    assert api.raw(ids[5]) == "# 5\n"
    ok(api.patch(f"/v1/docs/{ids[5]}", json={"title": "Still"}))
    ok(api.delete(f"/v1/docs/{ids[5]}"))


def test_limits_come_before_the_quota(service: Service) -> None:
    """§15 #1 order: size 422 comes before quota 403."""
    api = service.tenant(plan="trial")
    for number in range(100):
        api.new_doc(f"# {number}\n")
    must_fail(api.post_doc("x" * (MIB + 1)), 422, "DOC_FILE_TOO_LARGE")


def test_an_account_over_its_new_plan_can_be_emptied(service: Service) -> None:
    """§14 over quota: what is held stays readable and deletable after a smaller plan."""
    api = service.tenant(plan="pro")
    audio, doc = api.new_audio(), api.new_doc()
    service.move_to_plan(api, "none")
    assert api.get(audio["url"]).status_code == 200
    assert api.raw(doc["id"]) == "# Hello\n"
    must_fail(api.post_audio(samples.mp3()), 403, "FORBIDDEN")
    assert api.delete(f"/v1/audio/{audio['id']}").status_code == 204
    ok(api.delete(f"/v1/docs/{doc['id']}"))
    assert usage(api) == {"docs": 0, "audio": 0, "images": 0}


def test_the_media_quota_is_exact_and_freed(new_service: Callable[..., Service]) -> None:
    """§14 media storage 500 MB on trial: filled to the last byte; one byte more is 403 type media_storage; freed."""
    service = new_service()
    api = service.tenant(plan="trial")
    piece = b"ID3".ljust(50 * MIB, b"\0")
    last = [api.new_audio(piece)["id"] for _ in range(10)]
    assert usage(api)["audio"] == 500 * MIB
    full = must_fail(api.post_audio(b"ID3"), 403, "QUOTA_EXCEEDED", type="media_storage")
    assert {full["meta"].get(name, 500 * MIB) for name in ("limit", "used")} == {500 * MIB}
    api.new_image()
    api.new_doc()
    assert api.delete(f"/v1/audio/{last[0]}").status_code == 204
    api.new_audio(piece[:-2])
    must_fail(api.post_audio(b"ID3"), 403, "QUOTA_EXCEEDED", type="media_storage")
    assert usage(api)["audio"] == 500 * MIB - 2
    ok(api.delete("/v1/media", json={"items": [{"id": audio_id, "type": "audio"} for audio_id in last[1:]]}))
    assert usage(api)["audio"] == 50 * MIB - 2


def test_the_image_quota_is_exact_and_freed(new_service: Callable[..., Service]) -> None:
    """§14 image storage 100 MB on trial: exact, type img_storage; §15 #24: a doc then succeeds with a failure."""
    api = new_service().tenant(plan="trial")
    small = len(samples.png())
    for fill, size in ((b"1", 50 * MIB), (b"2", 50 * MIB - small)):
        salted = samples.png(fill)
        assert api.new_image(salted.ljust(size, b"\0"))["sizeBytes"] == size
    uri = samples.data_uri(samples.png(b"more"))
    must_fail(api.post_image(samples.png(b"x")), 403, "QUOTA_EXCEEDED", type="img_storage")
    kept = api.new_image(samples.png())
    assert usage(api)["images"] == 100 * MIB
    made = api.new_doc(f"![a]({uri})\n")
    assert [failure["reason"] for failure in made["failures"]] == ["QUOTA_EXCEEDED"]
    assert api.raw(made["id"]) == f"![a]({uri})\n"
    again = api.new_doc(f"# Known bytes\n\n![a]({samples.data_uri(samples.png())})\n")
    assert (again["rewrittenCount"], again["failedCount"]) == (1, 0)
    ok(api.delete(f"/v1/images/{kept['id']}"))
    assert usage(api)["images"] == 100 * MIB - small


def test_deleting_audio_and_images_frees_their_bytes(api: Api) -> None:
    """§14 delete audio / image: minus sizeBytes at once, by either route."""
    audio = [api.new_audio()["id"] for _ in range(2)]
    images = [api.new_image(samples.png(name))["id"] for name in (b"a", b"b")]
    api.delete(f"/v1/audio/{audio[0]}")
    api.delete(f"/v1/images/{images[0]}")
    items = [{"id": audio[1], "type": "audio"}, {"id": images[1], "type": "image"}]
    ok(api.delete("/v1/media", json={"items": items}))
    assert usage(api) == {"docs": 0, "audio": 0, "images": 0}


def test_a_refused_upload_uses_no_quota(api: Api) -> None:
    """§14 upload audio / image: checked before storing, so a 422 leaves usage and lists as they were."""
    must_fail(api.post_audio(samples.ogg(), "a.mp3", "audio/mpeg"), 422)
    must_fail(api.post_image(b"no image", "a.png", "image/png"), 422)
    must_fail(api.post_doc("# x\n", tags=[""]), 422)
    assert usage(api) == {"docs": 0, "audio": 0, "images": 0}


@pytest.mark.parametrize("path", ["/v1/docs", "/v1/media", "/v1/images", "/v1/sync/state"])
def test_lists_hold_only_the_callers_things(api: Api, other: Api, path: str) -> None:
    """§2 404, §7, §8, §12: the caller's library; tenants are isolated."""
    api.new_doc()
    api.new_image()
    api.new_audio()
    api.delete(f"/v1/audio/{api.new_audio()['id']}")
    data = other.data(path)
    assert data[next(key for key in ("images", "items", "changes") if key in data)] == []
    assert usage(other) == {"docs": 0, "audio": 0, "images": 0}


def test_equal_images_of_two_users_are_two(api: Api, other: Api) -> None:
    """§8.1 images: known bytes are known per user; deleting one leaves the other."""
    mine, theirs = api.new_image(), other.new_image()
    assert mine["id"] != theirs["id"]
    ok(api.delete(f"/v1/images/{mine['id']}"))
    assert other.get(theirs["url"]).content == samples.png()


def test_equal_audio_of_two_users_is_two(api: Api, other: Api) -> None:
    """§8.1 audio: deleting one user's audio leaves the other's bytes."""
    mine, theirs = api.new_audio(), other.new_audio()
    api.delete(f"/v1/audio/{mine['id']}")
    assert other.get(theirs["url"]).content == samples.AUDIO["mp3"].data
