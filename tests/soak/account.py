"""What the account should hold, read from the folders by other means than the product's, and what it does hold."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.harness import Server
from tests.soak.bait import is_bait, spoken
from tests.soak.world import FRAME, OPEN

_FRONT = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
STRANGERS = 3
"""So many documents, and audio files, are somebody else's."""

Key = tuple[str, str]
"""Kind and SHA-256."""


@dataclass(frozen=True)
class Due:
    """What one content should look like on Picora; files with equal content share it."""

    files: tuple[str, ...]
    titles: frozenset[str]
    tags: frozenset[str]
    public: bool


def due(roots: Mapping[str, Path], files: Iterable[Path]) -> dict[Key, Due]:
    """What these files should have become."""
    found: dict[Key, Due] = {}
    for path in files:
        folder = next(name for name, root in roots.items() if path.is_relative_to(root))
        content = path.read_bytes()
        key = ("doc" if path.suffix == ".md" else "audio", hashlib.sha256(content).hexdigest())
        one = _note(path, content.decode(), folder) if key[0] == "doc" else _audio(path, folder)
        other = found.get(key)
        found[key] = one if other is None else _shared(other, one)
    return found


def _shared(one: Due, other: Due) -> Due:
    return Due(
        (*one.files, *other.files), one.titles | other.titles, one.tags | other.tags, one.public and other.public
    )


def _audio(path: Path, folder: str) -> Due:
    return Due((str(path),), frozenset({path.stem}), frozenset(), folder == OPEN)


def _note(path: Path, text: str, folder: str) -> Due:
    match = _FRONT.match(text)
    fields = dict(line.split(": ", 1) for line in match[1].split("\n")) if match else {}
    body = match[2] if match else text
    heading = re.match(r"# (.*)", body)
    title = fields.get("title") or (heading[1] if heading else path.stem)
    tags = fields.get("tags", "[]").strip("[]").split(", ")
    public = {"true": True, "false": False}.get(fields.get("public", ""), folder == OPEN)
    return Due((str(path),), frozenset({title}), frozenset(tags) - {""}, public)


class Auditor:
    """Compares an account with what it should hold, byte for byte.

    What an id holds never changes on Picora, so bytes are read once per id, until :meth:`forget`.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._hashes: dict[str, str] = {}
        self._strangers: dict[str, tuple[str, str, bool]] = {}

    def upload_strangers(self) -> None:
        """Put objects into the account that are none of ours: they must stay as they are (promise 5)."""
        with self._server.client() as client:
            for n in range(STRANGERS):
                note = {"filename": f"theirs {n}.md", "content": f"# Theirs {n}\n", "title": "theirs", "isPublic": True}
                client.post("/v1/docs", json=note).raise_for_status()
                sound = (f"theirs {n}.mp3", FRAME.ljust(417, b"\0") * (20 + n), "audio/mpeg")
                client.post("/v1/audio", files={"file": sound}, data={"title": "theirs"}).raise_for_status()
        self._strangers = {item["id"]: _as_it_is(key, item) for key, item in self._objects()}

    def forget(self) -> None:
        """Read all bytes anew from here on."""
        self._hashes.clear()

    def differences(self, wanted: Mapping[Key, Due]) -> list[str]:
        """One line each; none if folder and account are equal."""
        found: list[str] = []
        held: dict[Key, list[dict[str, Any]]] = {}
        strangers = dict(self._strangers)
        for key, item in self._objects():
            if is_bait(item["title"]):
                continue
            theirs = strangers.pop(item["id"], None)
            if theirs is None:
                held.setdefault(key, []).append(item)
            elif theirs != _as_it_is(key, item):
                found.append(f"not ours, and changed: {item['id']} was {theirs}, and is {_as_it_is(key, item)}")
        found += [f"not ours, and gone: {object_id}, {theirs}" for object_id, theirs in strangers.items()]
        found += [f"missing: {key[0]} of {', '.join(wanted[key].files)}" for key in wanted.keys() - held.keys()]
        for key, items in held.items():
            names = ", ".join(f"{item['id']} “{item['title']}”" for item in items)
            if key not in wanted:
                found.append(f"orphan: {key[0]} {names}")
                continue
            if len(items) > 1:
                found.append(f"stored {len(items)} times: {key[0]} {names}")
            for item in items:
                found += self._metadata(item, wanted[key])
        return sorted(found)

    def _objects(self) -> Iterator[tuple[Key, dict[str, Any]]]:
        with self._server.client() as client:
            for item in self._server.docs():
                yield ("doc", self._hash(client, item["id"], f"/v1/docs/{item['id']}/raw")), item
            for item in self._server.audio():
                yield (str(item["type"]), self._hash(client, item["id"], item["url"])), item

    def _hash(self, client: httpx.Client, object_id: str, url: str) -> str:
        if object_id not in self._hashes:
            answer = client.get(url)
            if not answer.is_success:  # it may be deleted just now: a difference, if only for a moment
                return f"{url} cannot be read: {answer.status_code}"
            self._hashes[object_id] = hashlib.sha256(answer.content).hexdigest()
        return self._hashes[object_id]

    def _metadata(self, item: Mapping[str, Any], wanted: Due) -> Iterable[str]:
        what = f"{item['id']} of {', '.join(wanted.files)}"
        if item["isPublic"] != wanted.public:
            yield f"public={item['isPublic']}, wanted {wanted.public}: {what}"
        if item["title"] not in wanted.titles:
            yield f"titled “{item['title']}”, wanted one of {sorted(wanted.titles)}: {what}"
        if frozenset(item.get("tags", ())) != wanted.tags:
            yield f"tags {item.get('tags')}, wanted {sorted(wanted.tags)}: {what}"

    def leaks(self, wanted: Mapping[Key, Due]) -> list[str]:
        """What somebody without a key can read, though nobody should."""
        found = []
        private = {key for key, one in wanted.items() if not one.public}
        with self._server.anonymous() as client:
            urls = {item["id"]: f"/v1/docs/{item['id']}/raw" for item in self._server.docs()}
            urls |= {item["id"]: item["url"] for item in self._server.audio()}
            for object_id, url in urls.items():
                answer = client.get(url)
                digest = hashlib.sha256(answer.content).hexdigest()
                if answer.is_success and {("doc", digest), ("audio", digest)} & private:
                    found.append(f"anybody can read {object_id}, which wants to be private")
        return found

    def spoken_bait(self) -> list[str]:
        """What of the bait was sent and should not have been."""
        with self._server.client() as client:
            bait = [item for item in self._server.docs() if is_bait(item["title"])]
            texts = [client.get(f"/v1/docs/{item['id']}/raw").text for item in bait]
        return spoken((*texts, *(item["title"] for item in bait)))


def _as_it_is(key: Key, item: Mapping[str, Any]) -> tuple[str, str, bool]:
    return key[1], item["title"], item["isPublic"]
