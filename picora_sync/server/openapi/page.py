"""The description as one page for people: no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from picora_sync.server.openapi.description import Json, codes

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: 0.9em ui-monospace, monospace }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8886; border-radius: 6px }
details { border: 1px solid #8886; border-radius: 6px; margin: 0.5rem 0; padding: 0.4rem 0.75rem }
summary { cursor: pointer }
summary code { font-weight: 600 }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.5rem; border-top: 1px solid #8886 }
.method { display: inline-block; min-width: 4.5rem }
"""
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)
_CODE = re.compile(r"`([^`]*)`")
_PREFIX = "#/components/"
_BOUNDS = {
    "minimum": "from",
    "maximum": "to",
    "maxLength": "characters up to",
    "maxItems": "items up to",
    "default": "default",
    "format": "as",
}


def render(description: Json) -> str:
    """The page; every word of the description is escaped."""
    server = escape(description["servers"][0]["url"])
    paragraphs = "".join(f"<p>{_marked(text)}</p>" for text in description["info"]["description"].split("\n\n"))
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width"><title>Picora</title>',
            f"<style>{_STYLE}</style></head><body><h1>Picora</h1>",
            paragraphs,
            f"<pre>curl -H 'Authorization: Bearer &lt;key&gt;' {server}/v1/auth/verify</pre>",
            '<p>For programs: <a href="/openapi.json">openapi.json</a></p>',
            *_groups(description),
            "<h2>Refusals</h2><table><tr><th>Status</th><th>Code</th><th>When</th></tr>",
            *(_row(str(row["status"]), f"`{name}`", row["when"]) for name, row in codes().items()),
            "</table></body></html>\n",
        ]
    )


def _groups(description: Json) -> Iterator[str]:
    grouped: dict[str, list[str]] = {}
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                shared = item.get("parameters", [])
                grouped.setdefault(operation["tags"][0], []).append(
                    "".join(_operation(description, f"{method.upper()} {path}", operation, shared))
                )
    for name, operations in grouped.items():
        yield f"<h2>{escape(name)}</h2>"
        yield from operations


def _operation(description: Json, call: str, operation: Json, shared: list[Json]) -> Iterator[str]:
    method, path = call.split(" ")
    yield f'<details id="{escape(operation["operationId"])}"><summary><code><span class="method">{method}</span> '
    yield f"{escape(path)}</code> {_marked(operation['summary'])}</summary>"
    if "description" in operation:
        yield f"<p>{_marked(operation['description'])}</p>"
    if "x-scope" in operation:
        yield f"<p>Scope <code>{operation['x-scope']}</code>, rate limit <code>{operation['x-tier']}</code></p>"
    parameters = [_resolved(description, entry) for entry in (*shared, *operation.get("parameters", []))]
    if parameters:
        yield "<table><tr><th>Parameter</th><th>In</th><th>Values</th></tr>"
        for entry in parameters:
            values = f"{_kind(description, entry['schema'])} {entry.get('description', '')}"
            yield _row(f"`{entry['name']}`", entry["in"], values)
        yield "</table>"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body: <code>{escape(media_type)}</code></p><table><tr><th>Field</th><th></th><th>Values</th></tr>"
        yield from _fields(description, _resolved(description, content["schema"]))
        yield "</table>"
    yield "<table><tr><th>Status</th><th>Answer</th></tr>"
    for status, answer in operation["responses"].items():
        yield _row(status, answer["description"])
    yield "</table></details>"


def _fields(description: Json, schema: Json) -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        resolved = _resolved(description, field)
        if resolved.get("not") == {}:
            continue  # known, and refused
        needed = "required" if name in required else ""
        yield _row(f"`{name}`", needed, f"{_kind(description, resolved)} {resolved.get('description', '')}")


def _kind(description: Json, schema: Json) -> str:
    """The values of a schema in a few words."""
    schema = _resolved(description, schema)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    declared = schema.get("type", "any")
    kinds = [declared] if isinstance(declared, str) else [kind for kind in declared if kind != "null"]
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    return f"{'/'.join(kinds)}{' (' + ', '.join(bounds) + ')' if bounds else ''}."


def _resolved(description: Json, entry: Json) -> Json:
    """What a reference stands for."""
    found: Any = entry
    if "$ref" in entry:
        found = description["components"]
        for step in entry["$ref"].removeprefix(_PREFIX).split("/"):
            found = found[step]
    resolved: Json = found
    return resolved


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{_marked(cell)}</td>' for cell in cells)}</tr>"


def _marked(text: str) -> str:
    """Escaped text; backquotes become code."""
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
