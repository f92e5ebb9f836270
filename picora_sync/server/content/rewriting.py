"""Data URIs of a document replaced by URLs (contract §9.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from picora_sync.server.content import data_uris
from picora_sync.server.content.data_uris import Unusable
from picora_sync.server.content.image_formats import ImageInfo
from picora_sync.server.content.markdown_images import ImageReference, Span, replace

_MAX_WARNINGS = 100
_SHOWN_CHARACTERS = 200

Store = Callable[[bytes, bytes, ImageInfo, int], str]
"""Stores an image: bytes as sent, bytes to keep, what they are, index of the reference; gives its URL.

Raises :class:`Unusable` when it cannot be stored."""


@dataclass(frozen=True)
class Rewritten:
    """The text as it will be stored, and what is reported about its images."""

    body: str
    rewritten_count: int
    cover_url: str | None
    failures: list[dict[str, object]]
    warnings: list[str]


def embedded_count(images: list[ImageReference]) -> int:
    """How many references carry base64 data: what the plan limits (contract §15 #21)."""
    return sum(1 for image in images if data_uris.parse(image.url) is not None)


def rewrite(body: str, images: list[ImageReference], store: Store) -> Rewritten:
    """Store every usable data URI once and put its URL in its place; what fails stays and is reported."""
    work = _Work(store)
    for index, image in enumerate(images):
        work.take(index, image)
    return Rewritten(
        body=replace(body, work.replacements.items()) if work.replacements else body,
        rewritten_count=len(set(work.replacements.values())),
        cover_url=work.cover_url,
        failures=work.failures,
        warnings=review(images),
    )


def review(images: list[ImageReference]) -> list[str]:
    """What a person should know about images that are kept as they are."""
    local = [index for index, image in enumerate(images) if _is_local(image.url)]
    warnings = [
        f"image {index} skipped: local path {images[index].url[:_SHOWN_CHARACTERS]}" for index in local[:_MAX_WARNINGS]
    ]
    if len(local) > _MAX_WARNINGS:
        warnings.append(f"{len(local) - _MAX_WARNINGS} more local images skipped")
    kept = sum(1 for image in images if _is_other_data(image.url))
    if kept:
        warnings.append(f"{kept} data URIs that are no base64 images are kept as they are")
    return warnings


def cover_of(images: list[ImageReference]) -> str | None:
    """The first image that has a web address."""
    return next((image.url for image in images if _is_web(image.url)), None)


class _Work:
    """The state of one rewriting: each distinct data URI is stored once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._outcomes: dict[str, str | Unusable] = {}
        self.replacements: dict[Span, str] = {}
        self.failures: list[dict[str, object]] = []
        self.cover_url: str | None = None

    def take(self, index: int, image: ImageReference) -> None:
        uri = data_uris.parse(image.url)
        url = image.url
        if uri is not None and uri.is_image:
            outcome = self._outcome(index, image)
            if isinstance(outcome, Unusable):
                self.failures.append(
                    {"index": index, "mimeType": uri.mime, "reason": outcome.reason, "message": outcome.message}
                )
                return
            url = outcome
        if self.cover_url is None and _is_web(url):
            self.cover_url = url

    def _outcome(self, index: int, image: ImageReference) -> str | Unusable:
        if image.span is None:
            return Unusable("UNSUPPORTED_TYPE", "the place of the data in the text cannot be told")
        outcome = self._outcomes.get(image.url)
        if outcome is None:
            outcome = self._outcomes[image.url] = self._stored(index, image.url)
        if isinstance(outcome, str):
            self.replacements[image.span] = outcome
        return outcome

    def _stored(self, index: int, url: str) -> str | Unusable:
        uri = data_uris.parse(url)
        if uri is None:  # the caller parsed it before
            return Unusable("UNSUPPORTED_TYPE", "not a data URI")
        try:
            source, content, info = data_uris.decode(uri)
            return self._store(source, content, info, index)
        except Unusable as failure:
            return failure


def _is_web(url: str) -> bool:
    return url[:8].lower().startswith(("http://", "https://"))


def _is_other_data(url: str) -> bool:
    if not data_uris.is_data(url):
        return False
    uri = data_uris.parse(url)
    return uri is None or not uri.is_image


def _is_local(url: str) -> bool:
    if data_uris.is_data(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "file" or not parts.netloc
