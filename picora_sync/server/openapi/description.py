"""The OpenAPI 3.1 description: the YAML files of this package with their short forms written out."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import yaml

Json = dict[str, Any]

_ABOUT = """\
The embedded Picora keeps Markdown documents, audio and images.

Every answer is `{"success": true, "data": …}` or `{"success": false, "error": …, "code": …, "meta": …}`, and carries \
`x-request-id`. Send `Authorization: Bearer <key>`. Unknown fields and parameters are ignored; ids and cursors are \
opaque. Beyond a rate limit the answer is 429, and `Retry-After` says how many seconds to wait. A compressed body is \
refused with 415, a `Host` that is not this server's with 421, and one body too many at the same time with 503."""
_RATE_HEADERS = tuple(
    f"{family}-{name}" for family in ("RateLimit", "X-RateLimit") for name in ("Limit", "Remaining", "Reset")
)
_NUMBER = {"required": True, "schema": {"type": "integer", "minimum": 0}}
_TEXT = {"required": True, "schema": {"type": "string"}}
_CONDITIONS = ("Range", "If-Range", "If-None-Match")
_ENTITY = {"ETag": _TEXT, "Accept-Ranges": {"required": True, "schema": {"const": "bytes"}}}


def describe(base_url: str, version: str) -> Json:
    """The whole description, for a server that answers at ``base_url``."""
    paths = copy.deepcopy(_written_out())
    return {
        "openapi": "3.1.0",
        "info": {"title": "Picora", "version": version, "description": _ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": _part("schemas"),
            "parameters": _part("parameters"),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def codes() -> Json:
    """Every code of a refusal: ``status``, ``when`` it is sent, and perhaps the types of its ``meta``."""
    return _part("errors")


@cache
def _written_out() -> Json:
    paths = _part("paths") | _part("paths_media")
    for item in paths.values():
        for method in [name for name in item if name != "parameters"]:
            short = item[method]
            probe = short.pop("head", None)
            item[method] = _operation(short)
            if probe is not None:
                item["head"] = _probe(item[method], probe)
    for item in paths.values():
        for answer in item.get("post", {}).get("responses", {}).values():
            if "id" in answer:
                answer["links"] = _links(paths, answer.pop("id"))
    return paths


def _links(paths: Json, parameter: str) -> Json:
    """From an answer that has an id to every operation that takes it."""
    return {
        operation["operationId"]: {
            "operationId": operation["operationId"],
            "parameters": {parameter: "$response.body#/data/id"},
        }
        for path, item in paths.items()
        if f"{{{parameter}}}" in path
        for method, operation in item.items()
        if method != "parameters"
    }


def _operation(short: Json) -> Json:
    """One operation in full: who may call it, and every answer it can give."""
    tier, scope, anonymous = (short.pop(name, None) for name in ("tier", "scope", "anonymous"))
    if "bytes" in short:
        short |= _file(short.pop("bytes"))
    answers = {status: _answer(answer) for status, answer in short.pop("answers").items()}
    refusals = ["INTERNAL", *short.pop("refusals", ())]
    if scope or anonymous:
        refusals.append("UNAUTHORIZED")
    if scope not in (None, "read"):
        refusals.append("INSUFFICIENT_SCOPE")
    if tier:
        refusals.append("RATE_LIMIT")
        short |= {"x-tier": tier, "x-scope": scope}
    short["security"] = [{"key": []}] if scope and not anonymous else [{}, {"key": []}] if anonymous else []
    short["responses"] = dict(sorted((answers | _refusals(refusals)).items()))
    for status, response in short["responses"].items():
        response.setdefault("headers", {})["X-Request-Id"] = _TEXT
        if tier and not anonymous and status != "401":
            response["headers"] |= dict.fromkeys(_RATE_HEADERS, _NUMBER)
    return short


def _answer(answer: Json) -> Json:
    """A success; ``data`` is put into the envelope."""
    if "data" in answer:
        properties = {"success": {"const": True}, "data": answer.pop("data")}
        schema = {"type": "object", "required": ["success", "data"], "properties": properties}
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def _refusals(names: Iterable[str]) -> Json:
    """One response per status, which names the codes that it can carry."""
    known = codes()
    grouped: dict[str, list[str]] = {}
    for name in names:
        grouped.setdefault(str(known[name]["status"]), []).append(name)
    return {status: _refusal(status, sorted(group), known) for status, group in grouped.items()}


def _refusal(status: str, names: list[str], known: Json) -> Json:
    meta = {key: {"type": kind} for name in names for key, kind in known[name].get("meta", {}).items()}
    schema: Json = {
        "type": "object",
        "required": ["success", "error", "code"],
        "properties": {
            "success": {"const": False},
            "error": {"type": "string", "minLength": 1},
            "code": {"enum": names},
            "meta": {"type": "object", "properties": meta},
        },
    }
    refusal: Json = {
        "description": " ".join(f"`{name}`: {known[name]['when']}" for name in names),
        "content": {"application/json": {"schema": schema}},
    }
    if status == "429":
        refusal["headers"] = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
    if status == "416":
        refusal["headers"] = {"Content-Range": _TEXT}
    return refusal


def _file(media_type: str) -> Json:
    """What a file's bytes can be asked for, and how they are sent."""
    content = {media_type: {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}}
    part = {"headers": _ENTITY | {"Content-Range": _TEXT}, "content": content}
    return {
        "parameters": [{"name": name, "in": "header", "schema": {"type": "string"}} for name in _CONDITIONS],
        "answers": {
            "200": {"description": "All bytes.", "headers": dict(_ENTITY), "content": content},
            "206": {"description": "The range that was asked for.", **part},
            "304": {"description": "You have it."},
        },
    }


def _probe(operation: Json, name: str) -> Json:
    """HEAD of a GET: the same headers, no bodies."""
    probe = copy.deepcopy(operation) | {"operationId": name, "summary": "The headers of that"}
    for response in probe["responses"].values():
        response.pop("content", None)
    return probe


def _part(name: str) -> Json:
    text = resources.files(__package__).joinpath(f"{name}.yaml").read_text("utf-8")
    part: Json = yaml.safe_load(text)
    return part
