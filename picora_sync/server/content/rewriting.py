"""Data URIs of a document replaced by URLs (contract §9.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from picora_sync.server.content import data_uris
from picora_sync.server.content.data_uris import DataUri, Unusable
from picora_sync.server.content.image_formats import ImageInfo
from picora_sync.server.content.image_survey import ImageSurvey
from picora_sync.server.content.markdown_images import ImageReference, Span, replace

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


def rewrite(body: str, images: list[ImageReference], survey: ImageSurvey, store: Store) -> Rewritten:
    """Store every image inside the text once and put its URL in its place; what fails stays and is reported.

    Args:
        body: the text.
        images: the references that carry an image, in document order.
        survey: what was found in all of the text.
        store: takes an image and gives its URL.
    """
    work = _Work(store)
    for image in images:
        work.take(image)
    webs = [web for web in (survey.web, work.first) if web is not None]
    return Rewritten(
        body=replace(body, work.replacements.items()) if work.replacements else body,
        rewritten_count=len(set(work.replacements.values())),
        cover_url=min(webs)[1] if webs else None,
        failures=work.failures,
        warnings=survey.warnings(),
    )


def left_alone(body: str, survey: ImageSurvey) -> Rewritten:
    """The text as it is, for a client that wants no rewriting."""
    return Rewritten(body, 0, survey.web and survey.web[1], [], survey.warnings())


class _Work:
    """The state of one rewriting: each distinct data URI is stored once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._outcomes: dict[str, str | Unusable] = {}
        self.replacements: dict[Span, str] = {}
        self.failures: list[dict[str, object]] = []
        self.first: tuple[int, str] | None = None

    def take(self, image: ImageReference) -> None:
        uri = data_uris.parse(image.url)
        if uri is None:
            return
        outcome = self._outcome(uri, image)
        if isinstance(outcome, Unusable):
            failure = {"index": image.index, "mimeType": uri.mime, "reason": outcome.reason, "message": outcome.message}
            self.failures.append(failure)
        elif self.first is None:
            self.first = image.index, outcome

    def _outcome(self, uri: DataUri, image: ImageReference) -> str | Unusable:
        if image.span is None:
            return Unusable("UNSUPPORTED_TYPE", "the place of the data in the text cannot be told")
        outcome = self._outcomes.get(image.url)
        if outcome is None:
            outcome = self._outcomes[image.url] = self._stored(uri, image.index)
        if isinstance(outcome, str):
            self.replacements[image.span] = outcome
        return outcome

    def _stored(self, uri: DataUri, index: int) -> str | Unusable:
        try:
            source, content, info = data_uris.decode(uri)
            return self._store(source, content, info, index)
        except Unusable as failure:
            return failure
