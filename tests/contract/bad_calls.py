"""Malformed calls by rule: wrong keys, scopes, ids, methods, paths, files and forms; and all malformed requests."""

import json
from collections.abc import Iterator

from tests.contract import samples
from tests.contract.bad_requests import INVALID, UNKNOWN_ID, Bad, Json, bodies, queries
from tests.contract.harness import multipart

# --- who asks for what ----------------------------------------------------------------------------------------------

CALLS: dict[str, tuple[str, Json]] = {
    "GET /v1/auth/verify": ("read", {}),
    "GET /v1/user/me/usage": ("read", {}),
    "GET /v1/user/me/rate-limits": ("read", {}),
    "GET /v1/docs": ("read", {}),
    "GET /v1/docs/{doc}": ("read", {}),
    "GET /v1/docs/{doc}/raw": ("read", {}),
    "GET /v1/audio/{audio}": ("read", {}),
    "GET /v1/images": ("read", {}),
    "GET /v1/images/{image}": ("read", {}),
    "GET /v1/media": ("read", {}),
    "GET /v1/sync/state": ("read", {}),
    "POST /v1/docs": ("read_write", {"json": {"filename": "a.md", "content": "x"}}),
    "POST /v1/audio": ("read_write", {"files": {"file": ("a.mp3", samples.mp3(), "audio/mpeg")}}),
    "POST /v1/images": ("read_write", {"files": {"file": ("a.png", samples.png(b"bad"), "image/png")}}),
    "PATCH /v1/docs/{doc}": ("read_write", {"json": {"title": "x"}}),
    "PATCH /v1/audio/{audio}": ("read_write", {"json": {"title": "x"}}),
    "DELETE /v1/docs/{doc}": ("read_write_delete", {}),
    "DELETE /v1/docs": ("read_write_delete", {"json": {"ids": [UNKNOWN_ID]}}),
    "DELETE /v1/audio/{audio}": ("read_write_delete", {}),
    "DELETE /v1/images/{image}": ("read_write_delete", {}),
    "DELETE /v1/media": ("read_write_delete", {"json": {"items": [{"id": UNKNOWN_ID, "type": "audio"}]}}),
}
NO_KEY: dict[str, str | None] = {
    "absent": None,
    "empty": "",
    "basic": "Basic dXNlcjpwYXNz",
    "no-token": "Bearer",
    "blank-token": "Bearer  ",
    "unknown": "Bearer sk_live_" + "0" * 32,
    "short": "Bearer sk_live_",
    "two-tokens": "Bearer sk_live_a sk_live_b",
    "quoted": 'Bearer "sk_live_' + "0" * 32 + '"',
    "bare": "sk_live_" + "0" * 32,
}
SCOPES = ("read", "read_write", "read_write_delete")


def callers() -> Iterator[Bad]:
    """§2: 401 without a valid bearer; §1.1, §15 #3: 403 for a key that may not."""
    for call, (needed, send) in CALLS.items():
        method, path = call.split()
        for kind, value in NO_KEY.items():
            headers = {} if value is None else {"headers": {"Authorization": value}}
            yield Bad(f"{call} key {kind}", method, path, 401, "UNAUTHORIZED", {}, send | headers, "none")
        for scope in SCOPES[: SCOPES.index(needed)]:
            meta = {"required": [needed]}
            yield Bad(f"{call} scope {scope}", method, path, 403, "INSUFFICIENT_SCOPE", meta, send, scope)


# --- what is not there ----------------------------------------------------------------------------------------------

NO_ID = {
    "unknown": UNKNOWN_ID,
    "short": "abc",
    "one": "x",
    "long": "a" * 200,
    "dots": "..%2F..%2Fkey",
    "quote": "'%20or%20'1'='1",
    "nul": "%00",
    "newline": "a%0d%0ab",
    "space": "%20",
    "percent": "%25",
    "star": "*",
}
OTHER_KIND = {"doc": "{audio}", "audio": "{image}", "image": "{doc}"}
NO_METHOD: dict[str, tuple[str, ...]] = {
    "/health": ("POST", "DELETE", "PUT"),
    "/v1/auth/verify": ("POST", "DELETE", "PATCH", "PUT"),
    "/v1/user/me/usage": ("POST", "DELETE"),
    "/v1/user/me/rate-limits": ("POST", "DELETE"),
    "/v1/docs": ("PUT", "PATCH"),
    "/v1/docs/{doc}": ("POST", "PUT"),
    "/v1/docs/{doc}/raw": ("POST", "PATCH", "DELETE", "PUT"),
    "/v1/audio": ("GET", "DELETE", "PUT", "PATCH"),
    "/v1/audio/{audio}": ("POST", "PUT"),
    "/v1/images": ("DELETE", "PATCH", "PUT"),
    "/v1/images/{image}": ("POST", "PUT", "PATCH"),
    "/v1/media": ("POST", "PATCH", "PUT"),
    "/v1/sync/state": ("POST", "DELETE"),
    "/media/{image}.png": ("POST", "PUT", "DELETE", "PATCH"),
}
NO_ROUTE = (
    *("/v1", "/v2/docs", "/docs", "/v1/doc", "/v1/docs/{doc}/text", "/v1/docs/{doc}/raw/x", "/V1/DOCS", "/admin"),
    *("/v1/uploads", "/v1/uploads/x", "/v1/videos", "/v1/kbs", "/v1/images/{image}/raw", "/v1/audio/{audio}/raw"),
    *("/media", "/media/audio/x/y", "/.env", "/key", "/picora.db", "/openapi.yaml", "/index.html"),
)
NO_FILE = (
    *("x", "x.png", "{image}", "{image}.jpg", "{image}.PNG", "{image}.png.png", "{doc}.md", "..%2fkey", "%2e%2e%2fkey"),
    *("default-exe.svg", "default-mp3.png", "{image}.png%00", "{image}.png%0d%0aX-Evil:%201", ".png"),
)


def absent() -> Iterator[Bad]:
    """§2: 404 NOT_FOUND for ids that are nobody's or of another kind."""
    for call, (_, send) in CALLS.items():
        method, path = call.split()
        for kind, own in OTHER_KIND.items():
            if f"{{{kind}}}" in path:
                for name, value in (NO_ID | {"other-kind": own}).items():
                    where = path.replace(f"{{{kind}}}", value)
                    yield Bad(f"{call} id {name}", method, where, 404, "NOT_FOUND", send=send)


def unrouted() -> Iterator[Bad]:
    """§15 #1: 404 and 405 come before anything else; §10: files that are not there."""
    for path, methods in NO_METHOD.items():
        for method in methods:
            yield Bad(f"{method} {path} method", method, path, 405, "METHOD_NOT_ALLOWED")
    for path in NO_ROUTE:
        for method in ("GET", "POST"):
            yield Bad(f"{method} {path} route", method, path, 404, "NOT_FOUND")
    for folder in ("/media/", "/media/audio/", "/media/audio-cover/"):
        for name in NO_FILE:
            yield Bad(f"GET {folder}{name} file", "GET", folder + name, 404, "NOT_FOUND")


# --- files ----------------------------------------------------------------------------------------------------------

MIMES = {
    **dict.fromkeys(("audio/mpeg", "audio/mp3"), "mp3"),
    **dict.fromkeys(("audio/x-m4a", "audio/mp4"), "m4a"),
    **dict.fromkeys(("audio/wav", "audio/x-wav"), "wav"),
    "audio/flac": "flac",
    "audio/ogg": "ogg",
}
NO_MIME = (
    *("audio/aac", "audio/webm", "audio/midi", "video/mp4", "image/png", "text/plain", "application/pdf", "audio/*"),
    *("audio", "x", "application/json", "text/html", "application/ogg"),
)
NO_EXTENSION = ("rain", "rain.txt", "rain.mp3.exe", "rain.aac", "rain.", "mp3")
NO_AUDIO = {
    "empty": b"",
    "zeros": bytes(64),
    "text": b"hello, this is no audio at all",
    "html": b"<!doctype html><script>alert(1)</script>",
    "png": samples.png(),
    "frame-fa": b"\xff\xfa" + bytes(62),
    "late": b" " + samples.AUDIO["mp3"].data[:200],
}
NO_IMAGE = {
    "empty": b"",
    "zeros": bytes(64),
    "text": b"hello",
    "html": b"<!doctype html><script>alert(1)</script>",
    "bmp": b"BM" + bytes(60),
    "tiff": b"II*\0" + bytes(60),
    "audio": samples.AUDIO["mp3"].data,
    "half-png": b"\x89PN",
    "svg-open": b'<svg xmlns="http://www.w3.org/2000/svg">',
    "svg-entity": b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
    "svg-no-namespace": b"<svg></svg>",
    "xml": b"<?xml version='1.0'?><a/>",
}
FORM_FLAG = ("yes", "TRUE", "", "2", "null", "on")
FORM_TAGS = (
    "a",
    "a,b",
    "{}",
    "[1]",
    '["a,b"]',
    '[""]',
    '["',
    "null",
    "5",
    json.dumps(["t" * 33]),
    json.dumps([*"abcdefghijk"]),
)
RIGHT_FILE = {
    "/v1/audio": ("a.mp3", samples.mp3(), "audio/mpeg"),
    "/v1/images": ("a.png", samples.png(b"f"), "image/png"),
}


def files() -> Iterator[Bad]:
    """§6, §10, §15 #7 #11 #12 #16: 422 with ``meta.field``, and ``meta.reason`` for the file itself."""
    for mime, right in MIMES.items():
        others = {ext: sample.data for ext, sample in samples.AUDIO.items() if ext != right}
        for kind, content in (NO_AUDIO | others).items():
            yield _file("/v1/audio", f"{mime} {kind}", ("rain.bin", content, mime), "signature")
    for mime in NO_MIME:
        yield _file("/v1/audio", f"mime {mime}", ("rain.mp3", samples.mp3(), mime), "mime")
    for name in NO_EXTENSION:
        yield _file("/v1/audio", f"name {name}", (name, samples.mp3(), "application/octet-stream"), "mime")
    for kind, content in NO_IMAGE.items():
        yield _file("/v1/images", f"image {kind}", ("dot.png", content, "image/png"), "signature")
    for path, right_file in RIGHT_FILE.items():
        wrong = {"isPublic": FORM_FLAG, "is_public": FORM_FLAG}
        wrong |= {"title": ("", " ", "t" * 256, "a\x00b")} if path == "/v1/audio" else {"tags": FORM_TAGS}
        for name, values in wrong.items():
            for value in values:
                send = {"files": {"file": right_file}, "data": {name: value}}
                yield Bad(f"{path} {name}={value[:20]!r}", "POST", path, *INVALID, {"field": name}, send)


def _file(path: str, name: str, file: tuple[str, bytes, str], reason: str) -> Bad:
    return Bad(f"{path} {name}", "POST", path, *INVALID, {"field": "file", "reason": reason}, {"files": {"file": file}})


def forms() -> Iterator[Bad]:
    """§2: 400 for a form that cannot be read; §6, §10: 422 without a file."""
    disposition = 'Content-Disposition: form-data; name="file"'
    form = multipart((f'{disposition}; filename="a.mp3"', samples.mp3()))
    content, headers = form["content"], form["headers"]
    cut = {"cut-in-file": content[:200], "cut-in-head": content[:40], "cut-at-end": content[:-4], "empty": b""}
    broken = {name: {"content": part, "headers": headers} for name, part in cut.items()} | {
        "other-boundary": {"content": content, "headers": {"Content-Type": "multipart/form-data; boundary=other"}},
        "no-boundary": {"content": content, "headers": {"Content-Type": "multipart/form-data"}},
        "empty-boundary": {"content": content, "headers": {"Content-Type": "multipart/form-data; boundary="}},
        "long-boundary": {
            "content": content,
            "headers": {"Content-Type": f"multipart/form-data; boundary={'b' * 300}"},
        },
        "head-without-end": multipart(("X" * 20_000, b"")),
        "many-parts": multipart(*[(f'Content-Disposition: form-data; name="p{n}"', b"") for n in range(100)]),
        "part-without-name": multipart(("Content-Type: text/plain", b"x")),
    }
    without = {
        "no-type": {"content": content},
        "json": {"json": {"file": "x"}},
        "urlencoded": {"data": {"file": "x"}},
        "mixed": {"content": content, "headers": {"Content-Type": "multipart/mixed; boundary=contract-boundary"}},
        "no-parts": multipart(),
        "no-file": multipart(('Content-Disposition: form-data; name="title"', b"x")),
        "no-filename": multipart((disposition, samples.mp3())),
        "empty-filename": multipart((f'{disposition}; filename=""', samples.mp3())),
        "directory-filename": multipart((f'{disposition}; filename="a/"', samples.mp3())),
        "other-name": multipart(('Content-Disposition: form-data; name="files"; filename="a.mp3"', samples.mp3())),
    }
    for path in RIGHT_FILE:
        for name, send in broken.items():
            yield Bad(f"{path} form {name}", "POST", path, 400, "BAD_REQUEST", send=send)
        for name, send in without.items():
            yield Bad(f"{path} form {name}", "POST", path, *INVALID, {"field": "file"}, send)


ALL = (*bodies(), *queries(), *callers(), *absent(), *unrouted(), *files(), *forms())
