"""Turns an Obsidian note into the Markdown that its author sees, by edits at parsed source offsets (design §5).

What this does to a given text is part of every stored hash: a change here uploads notes again when they are next
derived, so it needs a better reason than taste.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from picora_sync.content.blocks import marks_of
from picora_sync.content.comments import strip_comments
from picora_sync.content.graft import grafted, lowered
from picora_sync.content.images import html_images, local_target
from picora_sync.content.markdown import LOOKBACK_BYTES, Image, Source, Wikilink, edited, parse
from picora_sync.content.materials import Materials, OtherNote
from picora_sync.content.transclusion import Sections, placed
from picora_sync.content.wikilinks import Reference, as_link_text, at_line_start, is_plain_link, link_url
from picora_sync.core.model import ASSET_SUFFIXES, AUDIO_SUFFIXES, suffix_of

MAX_DEPTH = 5
MAX_EMBEDS = 1_000
REPEATS = 4
FREE_REPEATS_BYTES = 1 << 20
"""So often may the whole of each embedded note be written out, and so much besides."""

Edit = tuple[int, int, str]
"""Replace the bytes from the first to the second offset."""

_ATTACHMENTS = AUDIO_SUFFIXES | {
    *(".pdf", ".canvas", ".base", ".bmp", ".avif", ".tif", ".tiff", ".heic", ".mp4", ".webm", ".ogv", ".mov", ".mkv"),
    *(".opus", ".3gp", ".aac", ".zip", ".docx", ".xlsx", ".pptx", ".excalidraw"),
}
_SYNTAX = re.compile(r"\[\[|!\[|<(?:img|source|video)|\^[a-z0-9-]+[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
_DESTINATION = re.compile(rb"\]\([\s>]*(<(?:\\.|[^<>\\])*>|[^\s]+?)(?=\)\Z|\s)", re.DOTALL)
_CONTAINER_ONLY = re.compile(rb"(?:[ \t>]|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text comes from: the note's vault path, and the embeds (note, fragment) that led to it."""

    note: str
    trail: tuple[tuple[str, str], ...] = ()


def transform(body: str, place: Place, materials: Materials) -> str:
    """A body without comments as it is sent: images inside, wikilinks as text, embedded notes written out.

    Raises Oversized when it grows beyond what may be sent, and what reading another file raises.
    """
    return _Transformer(body, materials).transform(body, place)


class _Transformer:
    def __init__(self, body: str, materials: Materials) -> None:
        self._body = body
        self._materials = materials
        self._remarks = materials.remarks
        self._embeds = 0
        self._references: dict[str, Reference] = {}
        self._links: dict[tuple[str, str], tuple[str | None, str | None]] = {}
        self._sections: dict[str, Sections] = {}
        self._repeated_bytes = 0

    def transform(self, body: str, place: Place) -> str:
        if not _SYNTAX.search(body):
            return body
        source = parse(body)
        return edited(source.data, self._edits(source, place))

    def _edits(self, source: Source, place: Place) -> Iterator[Edit]:
        """All edits; an inner one that overlaps an outer one is dropped by ``edited``."""
        if self._materials.embeds_images:
            for image in source.images:
                yield from self._image(source.data, image, place)
            for span in source.html:
                for html_image in html_images(source.data, span):
                    uri = self._image_uri(html_image.dest, place)
                    if uri:
                        yield html_image.start, html_image.end, f"{html_image.quote}{uri}{html_image.quote}"
        for link in source.wikilinks:
            replacement = self._embed(source, link, place) if link.embed else self._link(source.data, link, place)
            if replacement is not None:
                yield link.start, link.end, replacement
        for mark in marks_of(source.data):
            yield mark.start, mark.end, ""

    # --- images ------------------------------------------------------------------------------------------------------

    def _image(self, data: bytes, image: Image, place: Place) -> Iterator[Edit]:
        if image.inline and not image.dest:
            self._remarks.about("IMAGE_UNNAMED", data[image.start : image.end].decode())
        where = _DESTINATION.match(data, image.alt_end, image.end) if image.inline else None
        if image.inline and where is None:
            return
        uri = self._image_uri(image.dest, place)
        if uri is None:
            return
        if where is not None:
            yield *where.span(1), uri
        else:  # a definition may serve links, too: only the image gets the bytes
            title = ' "{}"'.format(image.title.replace("\\", "\\\\").replace('"', '\\"')) if image.title else ""
            yield image.alt_end, image.end, f"]({uri}{title})"

    def _image_uri(self, dest: str, place: Place) -> str | None:
        """The data URI for a Markdown or HTML destination; None if it is not ours to embed, or cannot be."""
        target = local_target(dest)
        if target is None:
            return None
        suffix = suffix_of(target)
        if suffix not in ASSET_SUFFIXES:
            self._remarks.about(_unsupported(suffix) if suffix else "IMAGE_NOT_FOUND", target)
            return None
        return self._materials.image(target, place.note)

    # --- wikilinks ---------------------------------------------------------------------------------------------------

    def _link(self, data: bytes, link: Wikilink, place: Place) -> str | None:
        text, url = self._link_parts(link.inner, place)
        if text is None or is_plain_link(data, link.end):
            return None
        return _fitting(data, link, text) if url is None else f"[{as_link_text(text)}]({url})"

    def _link_parts(self, inner: str, place: Place) -> tuple[str | None, str | None]:
        """The text and the address of a wikilink; no text if it is none. Many links are written many times."""
        key = (inner, place.note)
        if key not in self._links:
            reference = Reference.of(inner)
            is_link = bool(reference.target or reference.fragment)
            self._links[key] = (reference.text(), self._link_url(reference, place)) if is_link else (None, None)
        return self._links[key]

    def _link_url(self, reference: Reference, place: Place) -> str | None:
        base = self._materials.link_base
        if not base:
            return None
        path = self._materials.lookups.note(reference.target, place.note) if reference.target else place.note
        note = self._materials.note(path) if path is not None else None
        return link_url(base, note.folder_path, note.permalink, reference.headings) if note is not None else None

    def _embed(self, source: Source, link: Wikilink, place: Place) -> str | None:
        data = source.data
        reference = self._references.get(link.inner) or Reference.of(link.inner)
        self._references[link.inner] = reference
        suffix = suffix_of(reference.target)
        if not (reference.target or reference.fragment) or is_plain_link(data, link.end):
            return None
        if suffix in ASSET_SUFFIXES:
            return self._image_embed(data, link, reference, place)
        if suffix in _ATTACHMENTS:
            self._remarks.about(_unsupported(suffix), reference.target)
            return _fitting(data, link, Reference(reference.target, alias=reference.alias).embed_text())
        content = self._embedded_note(reference, link.flat, place)
        if content is None:
            return _fitting(data, link, reference.embed_text())
        if self._materials.lowers_headings:
            content = lowered(content, source.level_at(link.start))
        return placed(data, link, content, source.newline) if content.strip() else ""

    def _image_embed(self, data: bytes, link: Wikilink, reference: Reference, place: Place) -> str | None:
        if not self._materials.embeds_images:
            return _fitting(data, link, reference.embed_text())
        uri = self._materials.image(reference.target, place.note)
        return None if uri is None else f"![{reference.alt()}]({uri})"

    def _embedded_note(self, reference: Reference, flat: bool, place: Place) -> str | None:
        """The transformed text of an embedded note, None (and a remark) if it is not to be shown."""
        name = f"{reference.target}#{reference.fragment}" if reference.fragment else reference.target
        self._embeds += 1
        if self._embeds > MAX_EMBEDS:
            self._remarks.about("EMBED_TOO_DEEP", name)
            return None
        materials = self._materials
        path = materials.lookups.note(reference.target, place.note) if reference.target else place.note
        key = (path or "", reference.fragment)
        refusal, content = "", None
        if path is None:
            refusal = "EMBED_NOT_FOUND"
        elif flat:
            refusal = "EMBED_NO_ROOM"
        elif key in place.trail or len(place.trail) >= MAX_DEPTH:
            refusal = "EMBED_TOO_DEEP"
        elif (note := materials.note(path)) is None:
            refusal = "EMBED_NOT_SHARED"
        elif (content := self._content(path, note, reference)) is None:
            refusal = "EMBED_NOT_FOUND"
        elif not self._may_repeat(len(content)):
            refusal = "EMBED_TOO_DEEP"
        if refusal or content is None or path is None:
            self._remarks.about(refusal, name)
            return None
        content = self._grafted(content)
        materials.spend(len(content.encode()))
        return self.transform(content, Place(path, (*place.trail, key)))

    def _content(self, path: str, note: OtherNote, reference: Reference) -> str | None:
        """The part of a note that an embed names."""
        if path not in self._sections:
            self._sections[path] = Sections(strip_comments(note.body).text)
            self._repeated_bytes -= REPEATS * len(note.body)
        sections = self._sections[path]
        if not reference.fragment:
            return sections.section(())
        part = sections.block(reference.block) if reference.block else sections.section(reference.headings)
        return None if part is None else sections.completed(part)

    def _grafted(self, content: str) -> str:
        """An embedded text with labels that nothing else in the note has."""
        suffix = f"-{self._embeds}"
        while f"{suffix}]" in self._body:
            suffix += "x"
        return grafted(content, suffix, "\r\n" if "\r\n" in content else "\n")

    def _may_repeat(self, size: int) -> bool:
        """Whether so much may be read again: a few small notes that embed each other could be written out for hours."""
        self._repeated_bytes += size
        return self._repeated_bytes <= FREE_REPEATS_BYTES


def _unsupported(suffix: str) -> str:
    """The remark on what cannot be shown in a note, by its kind."""
    if suffix in AUDIO_SUFFIXES:
        return "EMBED_AUDIO"
    return {".canvas": "EMBED_CANVAS", ".base": "EMBED_BASE"}.get(suffix, "EMBED_UNSUPPORTED")


def _fitting(data: bytes, link: Wikilink, text: str) -> str:
    """The text for the place of a link: at the start of a line it must not turn into a block of another kind."""
    begin = max(0, link.start - LOOKBACK_BYTES)
    before = data[max(begin, data.rfind(b"\n", begin, link.start) + 1) : link.start]
    return at_line_start(text) if _CONTAINER_ONLY.fullmatch(before) else text
