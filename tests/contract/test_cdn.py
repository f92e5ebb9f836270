"""§10 CDN GETs: content types, caching, ranges, HEAD, privacy."""

import re

import httpx
import pytest

from tests.contract import samples
from tests.contract.harness import BASE_URL, Api, Json, ok
from tests.contract.samples import AUDIO, IMAGES

DATA = AUDIO["ogg"].data
SIZE = len(DATA)


@pytest.fixture
def ogg(api: Api) -> Json:
    audio: Json = ok(api.post_audio(DATA, "rain.ogg", "audio/ogg"), 201)
    return audio


@pytest.mark.parametrize("ext", IMAGES)
def test_an_image_is_served_with_its_headers(api: Api, anonymous: Api, ext: str) -> None:
    """§10 {media}/{imageId}.{ext}: right Content-Type, long Cache-Control, ETag, nosniff."""
    sample = IMAGES[ext]
    url = ok(api.post_image(sample.data, sample.name, sample.mime), 201)["url"]
    response = anonymous.get(url)
    assert response.status_code == 200
    assert response.headers["content-type"].split(";")[0] == sample.mime
    assert response.headers["cache-control"] == "public, max-age=31536000"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["etag"]


def test_an_svg_is_sandboxed(api: Api, anonymous: Api) -> None:
    """§10 SVG responses: Content-Security-Policy default-src 'none'; style-src 'unsafe-inline'; sandbox."""
    url = ok(api.post_image(samples.svg(), "a.svg", "image/svg+xml"), 201)["url"]
    policy = anonymous.get(url).headers["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    default = api.new_audio()["thumbnailUrl"]
    assert anonymous.get(default).headers["content-security-policy"] == policy


@pytest.mark.parametrize("ext", AUDIO)
def test_audio_is_served_with_its_headers(api: Api, anonymous: Api, ext: str) -> None:
    """§10 {media}/audio/{id}.{ext}: 200 anonymous, Accept-Ranges: bytes, the bytes as sent."""
    sample = AUDIO[ext]
    response = anonymous.get(ok(api.post_audio(sample.data, sample.name, sample.mime), 201)["url"])
    assert (response.status_code, response.content) == (200, sample.data)
    assert response.headers["content-type"] == sample.mime
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-length"] == str(len(sample.data))
    assert response.headers["etag"]


RANGES = [
    ("first", "bytes=0-3", 0, 4),
    ("one-byte", "bytes=5-5", 5, 6),
    ("middle", "bytes=100-199", 100, 200),
    ("open", "bytes=100-", 100, SIZE),
    ("suffix", "bytes=-7", SIZE - 7, SIZE),
    ("suffix-too-long", f"bytes=-{SIZE + 50}", 0, SIZE),
    ("past-the-end", f"bytes=100-{SIZE + 50}", 100, SIZE),
    ("last-byte", f"bytes={SIZE - 1}-{SIZE - 1}", SIZE - 1, SIZE),
    ("whole", "bytes=0-", 0, SIZE),
]


@pytest.mark.parametrize(("header", "start", "end"), [row[1:] for row in RANGES], ids=[row[0] for row in RANGES])
def test_a_range_is_206(anonymous: Api, ogg: Json, header: str, start: int, end: int) -> None:
    """§10 audio: 206 with Range; Content-Range and exactly those bytes."""
    response = anonymous.get(ogg["url"], headers={"Range": header})
    assert (response.status_code, response.content) == (206, DATA[start:end])
    assert response.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert response.headers["content-length"] == str(end - start)
    assert response.headers["content-type"] == "audio/ogg"


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", f"bytes={SIZE + 9}-{SIZE + 10}", "bytes=-0"])
def test_a_range_outside_the_file_is_416(anonymous: Api, ogg: Json, header: str) -> None:
    """§10 audio Range (RFC 9110): unsatisfiable is 416 with Content-Range bytes */size."""
    response = anonymous.get(ogg["url"], headers={"Range": header})
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("header", ["items=0-3", "bytes=x-y", "bytes=9-3", "bytes", "bytes=-", "bytes=", "bytes=0-3-5"])
def test_a_range_that_makes_no_sense_is_ignored(anonymous: Api, ogg: Json, header: str) -> None:
    """§10 audio Range (RFC 9110): an invalid or unknown range is ignored, or refused as 416/400; never wrong bytes."""
    response = anonymous.get(ogg["url"], headers={"Range": header})
    assert response.status_code in {200, 400, 416}
    if response.status_code == 200:
        assert response.content == DATA


def test_several_ranges_give_no_wrong_bytes(anonymous: Api, ogg: Json) -> None:
    """§10 audio Range: several ranges may be answered in full, in parts, or refused."""
    response = anonymous.get(ogg["url"], headers={"Range": "bytes=0-3,10-13"})
    assert response.status_code in {200, 206, 416}
    if response.status_code == 200:
        assert response.content == DATA
    if response.status_code == 206 and "content-range" not in response.headers:
        assert response.headers["content-type"].startswith("multipart/byteranges")


def test_if_range_guards_a_resumed_download(anonymous: Api, ogg: Json) -> None:
    """§10 audio Range + ETag (RFC 9110 If-Range): same ETag 206, other ETag the whole file."""
    etag = anonymous.get(ogg["url"]).headers["etag"]
    for validator, status, body in ((etag, 206, DATA[4:8]), ('"other"', 200, DATA), (f"W/{etag}", 200, DATA)):
        response = anonymous.get(ogg["url"], headers={"Range": "bytes=4-7", "If-Range": validator})
        assert (response.status_code, response.content) == (status, body)


def test_head_is_get_without_a_body(anonymous: Api, ogg: Json) -> None:
    """§10 CDN: HEAD carries GET's headers."""
    get, head = anonymous.get(ogg["url"]), anonymous.head(ogg["url"])
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "accept-ranges"):
        assert head.headers[name] == get.headers[name]


def test_a_known_etag_is_304(anonymous: Api, ogg: Json) -> None:
    """§10 CDN ETag: If-None-Match gives 304 without a body."""
    etag = anonymous.get(ogg["url"]).headers["etag"]
    response = anonymous.get(ogg["url"], headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")


def _private(api: Api, kind: str) -> str:
    if kind == "image":
        url: str = api.new_image(samples.png(b"private"), isPublic="false")["url"]
        return url
    audio = api.new_audio(samples.mp3(samples.apic(samples.jpeg(), "image/jpeg")), isPublic="false")
    return str(audio["url" if kind == "audio" else "thumbnailUrl"])


KINDS = ["image", "audio", "cover"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_private_file_is_the_owners(api: Api, other: Api, anonymous: Api, kind: str) -> None:
    """§10 private, §10 {media}/audio-cover/{id}.jpg: anonymous 401, owner's bearer 200, another user's bearer 404;
    covers follow the audio."""
    url = _private(api, kind)
    assert anonymous.get(url).status_code == 401
    assert anonymous.head(url).status_code == 401
    assert anonymous.get(url, headers={"Range": "bytes=0-3"}).status_code == 401
    assert anonymous.get(url, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert other.get(url).status_code == 404
    assert api.get(url).status_code == 200


def test_a_private_file_does_not_leak_through_its_etag(api: Api, anonymous: Api) -> None:
    """§10 private: no 304 and no 416 for strangers."""
    url = _private(api, "audio")
    etag = api.get(url).headers["etag"]
    assert anonymous.get(url, headers={"If-None-Match": etag}).status_code == 401
    assert anonymous.get(url, headers={"Range": "bytes=99999999-"}).status_code == 401


def test_visibility_takes_effect_at_once(api: Api, anonymous: Api) -> None:
    """§10 private: file and cover follow a PATCH of the audio."""
    audio = api.new_audio(samples.mp3(samples.apic(samples.jpeg(), "image/jpeg")))
    for public, status in ((False, 401), (True, 200)):
        ok(api.patch(f"/v1/audio/{audio['id']}", json={"is_public": public}))
        assert anonymous.get(audio["url"]).status_code == status
        assert anonymous.get(audio["thumbnailUrl"]).status_code == status


UNKNOWN = [
    "/media/abcdefghijk.png",
    "/media/audio/" + "x" * 21 + ".mp3",
    "/media/audio-cover/" + "x" * 21 + ".jpg",
    "/media/audio-cover/default-exe.svg",
    "/media/",
    "/media/nothing/at/all",
    "/media/..%2f..%2fetc%2fpasswd",
    "/media/audio/..%2f..%2fpicora.db",
    "/media/%00.png",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_file_is_404(api: Api, anonymous: Api, path: str) -> None:
    """§10 deleted or unknown: 404, for everybody."""
    for client in (api, anonymous):
        assert client.get(BASE_URL + path).status_code == 404


@pytest.mark.parametrize("kind", ["image", "audio"])
def test_the_extension_is_part_of_the_name(api: Api, anonymous: Api, kind: str) -> None:
    """§10 CDN: a known id under another extension is unknown."""
    url = api.new_image()["url"] if kind == "image" else api.new_audio()["url"]
    assert anonymous.get(re.sub(r"\.\w+$", ".html", url)).status_code == 404


def test_the_cdn_allows_any_origin(api: Api, anonymous: Api) -> None:
    """§15 #32 CORS: embeds work from any page."""
    response: httpx.Response = anonymous.get(api.new_audio()["url"], headers={"Origin": "https://blog.example"})
    assert response.headers["access-control-allow-origin"] == "*"


def test_a_default_cover_is_a_file_like_any_other(anonymous: Api) -> None:
    """§10 CDN: ETag, Accept-Ranges, Range, If-None-Match and HEAD hold for the default covers too."""
    path = "/media/audio-cover/default-flac.svg"
    whole = anonymous.get(path)
    etag = whole.headers["etag"]
    assert (whole.headers["accept-ranges"], whole.headers["content-type"]) == ("bytes", "image/svg+xml")
    part = anonymous.get(path, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert anonymous.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert anonymous.get(path, headers={"Range": "bytes=99999-"}).status_code == 416
    assert anonymous.head(path).headers["content-length"] == str(len(whole.content))
