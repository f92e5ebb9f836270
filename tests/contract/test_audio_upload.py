"""§6 POST /v1/audio: formats, titles, visibility, refusals; §14 per-file limits; §15 #9 #11-#14."""

import re
from collections.abc import Callable

import pytest

from tests.contract import samples
from tests.contract.harness import BASE_URL, MIB, Api, Json, Service, multipart, must_fail, ok
from tests.contract.samples import AUDIO

AUDIO_FIELDS = {
    "id",
    "type",
    "url",
    "filename",
    "sizeBytes",
    "mimeType",
    "title",
    "thumbnailUrl",
    "durationSeconds",
    "bitrate",
    "status",
    "isPublic",
    "createdAt",
}
MIMES = [
    ("audio/mpeg", "mp3", "audio/mpeg"),
    ("audio/mp3", "mp3", "audio/mpeg"),
    ("audio/x-m4a", "m4a", "audio/mp4"),
    ("audio/mp4", "m4a", "audio/mp4"),
    ("audio/wav", "wav", "audio/wav"),
    ("audio/x-wav", "wav", "audio/wav"),
    ("audio/flac", "flac", "audio/flac"),
    ("audio/ogg", "ogg", "audio/ogg"),
]


def assert_audio(audio: Json) -> None:
    """The Audio object's fields and their types."""
    assert set(audio) >= AUDIO_FIELDS
    assert "updatedAt" not in audio
    assert (audio["type"], audio["status"]) == ("audio", "ready")
    assert isinstance(audio["isPublic"], bool)
    assert audio["title"]
    assert audio["thumbnailUrl"].startswith("http")


@pytest.mark.parametrize(("mime", "ext", "canonical"), MIMES, ids=[row[0] for row in MIMES])
def test_each_mime_of_the_whitelist_is_accepted(api: Api, mime: str, ext: str, canonical: str) -> None:
    """§6 whitelist audio/mpeg, §6 whitelist audio/mp4, §6 whitelist audio/wav, §6 whitelist audio/flac,
    §6 whitelist audio/ogg: the eight part MIMEs give five formats with canonical MIME and extension, playable at
    once."""
    sample = AUDIO[ext]
    audio = ok(api.post_audio(sample.data, sample.name, mime), 201)
    assert_audio(audio)
    assert audio["mimeType"] == canonical
    assert audio["url"] == f"{BASE_URL}/media/audio/{audio['id']}.{ext}"
    assert (audio["filename"], audio["sizeBytes"]) == (sample.name, len(sample.data))
    assert api.get(audio["url"]).content == sample.data
    assert ok(api.get(f"/v1/audio/{audio['id']}")) == audio


@pytest.mark.parametrize("ext", AUDIO)
@pytest.mark.parametrize("declared", ["application/octet-stream", None], ids=["octet-stream", "missing"])
@pytest.mark.parametrize("spelling", [str.lower, str.upper], ids=["lower", "upper"])
def test_an_undeclared_type_is_inferred_from_the_extension(
    api: Api, ext: str, declared: str | None, spelling: Callable[[str], str]
) -> None:
    """§6 octet-stream: missing or application/octet-stream part type means "infer from extension"."""
    head = f'Content-Disposition: form-data; name="file"; filename="rain.{spelling(ext)}"'
    head += f"\r\nContent-Type: {declared}" if declared else ""
    audio = ok(api.post("/v1/audio", **multipart((head, AUDIO[ext].data))), 201)
    assert (audio["mimeType"], audio["url"].rsplit(".", 1)[1]) == (AUDIO[ext].mime, ext)


WRONG_MAGIC = [
    ("audio/mpeg", "mp3", samples.flac()),
    ("audio/mpeg", "mp3", b"\xff\xfa" + samples.mp3()[2:]),
    ("audio/mpeg", "mp3", b"\xff\xf3" + samples.mp3()[2:]),
    ("audio/mpeg", "mp3", b"\xff\xf2" + samples.mp3()[2:]),
    ("audio/mpeg", "mp3", b"ID"),
    ("audio/mp4", "m4a", samples.mp3()),
    ("audio/x-m4a", "m4a", b"\0\0\0\x18moov" + bytes(64)),
    ("audio/wav", "wav", samples.ogg()),
    ("audio/flac", "flac", samples.wav()),
    ("audio/ogg", "ogg", samples.mp3()),
    ("audio/ogg", "ogg", b""),
    ("application/octet-stream", "mp3", b"plain text"),
]
WRONG_IDS = [
    "mp3-is-flac",
    "mp3-fffa",
    "mp3-fff3",
    "mp3-fff2",
    "mp3-two-bytes",
    "m4a-is-mp3",
    "m4a-no-ftyp",
    "wav-is-ogg",
    "flac-is-wav",
    "ogg-is-mp3",
    "empty",
    "inferred-then-checked",
]


@pytest.mark.parametrize(("mime", "ext", "data"), WRONG_MAGIC, ids=WRONG_IDS)
def test_bytes_that_are_not_the_declared_format_are_refused(api: Api, mime: str, ext: str, data: bytes) -> None:
    """§6 magic, §15 #11 #12: 422 VALIDATION_ERROR with meta field=file, reason=signature; nothing is stored."""
    must_fail(api.post_audio(data, f"rain.{ext}", mime), 422, "VALIDATION_ERROR", field="file", reason="signature")
    assert api.data("/v1/media")["items"] == []


@pytest.mark.parametrize("data", samples.M4A_TREES.values(), ids=samples.M4A_TREES)
def test_an_m4a_may_begin_with_another_box(api: Api, data: bytes) -> None:
    """§6, §15 #12: "validated downstream": a tree of boxes with a track of sound."""
    audio = ok(api.post_audio(data, "rain.m4a", "audio/mp4"), 201)
    assert audio["durationSeconds"] == 2


@pytest.mark.parametrize("data", samples.NO_M4A.values(), ids=samples.NO_M4A)
def test_what_is_no_tree_with_sound_is_no_m4a(api: Api, data: bytes) -> None:
    """§15 #12."""
    must_fail(api.post_audio(data, "rain.m4a", "audio/mp4"), 422, "VALIDATION_ERROR", field="file", reason="signature")


def test_an_mp3_may_start_with_a_frame(api: Api) -> None:
    """§6 magic mp3: `FF FB` without an ID3 tag."""
    assert api.new_audio(samples.mp3())["mimeType"] == "audio/mpeg"


BAD_MIMES = ["text/plain", "video/mp4", "audio/aac", "image/png", "audio/webm"]


@pytest.mark.parametrize("mime", BAD_MIMES)
def test_a_type_outside_the_whitelist_is_refused(api: Api, mime: str) -> None:
    """§6 whitelist, §15 #11: 422 VALIDATION_ERROR with meta reason=mime."""
    must_fail(api.post_audio(samples.mp3(), "rain.mp3", mime), 422, "VALIDATION_ERROR", field="file", reason="mime")


@pytest.mark.parametrize("name", ["rain.txt", "rain", "rain.mp3.zip"])
def test_an_undeclared_type_with_an_unknown_extension_is_refused(api: Api, name: str) -> None:
    """§6 octet-stream, §15 #11: nothing to infer from: reason=mime."""
    response = api.post_audio(samples.mp3(), name, "application/octet-stream")
    must_fail(response, 422, "VALIDATION_ERROR", field="file", reason="mime")


def test_the_mime_decides_over_the_extension(api: Api) -> None:
    """§15 #13: the MIME decides format and stored extension; the filename is kept."""
    audio = ok(api.post_audio(samples.flac(), "rain.mp3", "audio/flac"), 201)
    assert (audio["mimeType"], audio["filename"]) == ("audio/flac", "rain.mp3")
    assert audio["url"].endswith(".flac")


@pytest.mark.parametrize("head", ['name="other"; filename="a.mp3"', 'name="file"'], ids=["no-file", "no-filename"])
def test_the_file_part_is_required(api: Api, head: str) -> None:
    """§6 file: required, bytes with a filename."""
    part = (f"Content-Disposition: form-data; {head}\r\nContent-Type: audio/mpeg", b"ID3 text")
    must_fail(api.post("/v1/audio", **multipart(part)), 422, "VALIDATION_ERROR", field="file")


def test_the_title_defaults_to_the_filename(api: Api) -> None:
    """§6 title: default = the filename, even when the file has a title tag (§16 #15)."""
    assert api.new_audio(samples.mp3(samples.id3()))["title"] == "rain.mp3"


@pytest.mark.parametrize(
    "title", ["Rain on tin", "雨音 🌧 é", "x" * 255, "🌧" * 255], ids=["plain", "cjk", "255", "255-emoji"]
)
def test_a_title_is_kept(api: Api, title: str) -> None:
    """§6 title: string ≤ 255 characters (§15 #18: Unicode code points)."""
    assert api.new_audio(title=title)["title"] == title


@pytest.mark.parametrize("title", ["x" * 256, ""], ids=["256", "empty"])
def test_a_bad_title_is_refused(api: Api, title: str) -> None:
    """§6 title, §15 #16: over 255 or explicitly empty is 422."""
    must_fail(api.post_audio(samples.mp3(), title=title), 422, "VALIDATION_ERROR", field="title")


NAMES = [
    ("dir/sub/rain.mp3", "rain.mp3"),
    ("雨.mp3", "雨.mp3"),
    ("a b's.mp3", "a b's.mp3"),
]


@pytest.mark.parametrize(("sent", "kept"), NAMES, ids=["path", "unicode", "space-quote"])
def test_a_filename_is_kept_without_its_path(api: Api, sent: str, kept: str) -> None:
    """§6 filename, §15 #16: as uploaded, basename only."""
    head = f'Content-Disposition: form-data; name="file"; filename="{sent}"\r\nContent-Type: audio/mpeg'
    assert ok(api.post("/v1/audio", **multipart((head, samples.mp3()))), 201)["filename"] == kept


def test_control_characters_leave_a_filename(api: Api) -> None:
    """§15 #16: control characters dropped."""
    head = 'Content-Disposition: form-data; name="file"; filename="ra\x07i\x1bn.mp3"\r\nContent-Type: audio/mpeg'
    response = api.post("/v1/audio", **multipart((head, samples.mp3())))
    assert ok(response, 201)["filename"] == "rain.mp3"


@pytest.mark.parametrize(
    ("sent", "public"), [("true", True), ("false", False), ("1", True), ("0", False), (None, True)]
)
def test_visibility_defaults_to_public(api: Api, sent: str | None, public: bool) -> None:
    """§6 isPublic: true/false (§15 #7: 1/0), default true."""
    fields = {} if sent is None else {"isPublic": sent}
    assert api.new_audio(**fields)["isPublic"] is public


@pytest.mark.parametrize("sent", ["yes", "", "TRUE?"])
def test_a_bad_visibility_is_refused(api: Api, sent: str) -> None:
    """§15 #7: a bad bool is 422 with meta.field."""
    must_fail(api.post_audio(samples.mp3(), isPublic=sent), 422, "VALIDATION_ERROR", field="isPublic")


def test_the_same_bytes_twice_are_two_resources(api: Api) -> None:
    """§8.1 audio POST: none; §15 #9: new resource each time."""
    first, second = api.new_audio(), api.new_audio()
    assert first["id"] != second["id"]
    assert len(api.data("/v1/media", type="audio")["items"]) == 2


@pytest.mark.parametrize("ext", AUDIO)
def test_duration_and_bitrate_are_parsed(api: Api, ext: str) -> None:
    """§15 #14: all five formats; duration in whole seconds, bitrate the average in kbps."""
    sample = AUDIO[ext]
    audio = ok(api.post_audio(sample.data, sample.name, sample.mime), 201)
    assert audio["durationSeconds"] == 2
    assert audio["bitrate"] == pytest.approx(len(sample.data) * 8 / 2000, rel=0.05)
    assert audio["bitrate"] == int(audio["bitrate"])


JUNK = [
    ("mp3", b"ID3 junk that no parser accepts"),
    ("m4a", b"\0\0\0\x08ftyp" + b"junk"),
    ("wav", b"RIFFjunk"),
    ("flac", b"fLaCjunk"),
    ("ogg", b"OggSjunk"),
]


@pytest.mark.parametrize(("ext", "data"), JUNK, ids=[row[0] for row in JUNK])
def test_bytes_that_cannot_be_parsed_have_no_duration(api: Api, ext: str, data: bytes) -> None:
    """§15 #14: failure gives null, never an error; §15 #11: unknown duration passes."""
    audio = ok(api.post_audio(data, f"a.{ext}", AUDIO[ext].mime), 201)
    assert (audio["durationSeconds"], audio["bitrate"]) == (None, None)
    assert re.search(r"default-", audio["thumbnailUrl"])


DURATIONS = [("trial", 600), ("pro", 3600), ("pro_plus", 14_400)]


@pytest.mark.parametrize(("plan", "limit_s"), DURATIONS, ids=[row[0] for row in DURATIONS])
def test_a_recording_longer_than_the_plan_allows_is_refused(service: Service, plan: str, limit_s: int) -> None:
    """§14 audio duration 10 min / 1 h / 4 h; §15 #11: 422 with meta field=file, reason=duration."""
    api = service.tenant(plan=plan)
    for make in (samples.flac, samples.ogg):
        data, mime = make(limit_s + 2), "audio/flac" if make is samples.flac else "audio/ogg"
        must_fail(api.post_audio(data, "a", mime), 422, "VALIDATION_ERROR", field="file", reason="duration")
        assert ok(api.post_audio(make(limit_s), "a", mime), 201)["durationSeconds"] == limit_s


SIZES = [("trial", 50), ("pro", 100)]


@pytest.mark.parametrize(("plan", "limit_mib"), SIZES, ids=[row[0] for row in SIZES])
def test_a_file_larger_than_the_plan_allows_is_refused(service: Service, plan: str, limit_mib: int) -> None:
    """§14 audio file size 50 MB / 100 MB; §15 #8 #11: 422 with meta field=file, reason=size."""
    data = b"ID3".ljust(limit_mib * MIB + 1, b"\0")
    response = service.tenant(plan=plan).post_audio(data)
    must_fail(response, 422, "VALIDATION_ERROR", field="file", reason="size")
