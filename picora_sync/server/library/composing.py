"""From an uploaded text to the document that is stored (contract §9)."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from threading import Lock

from picora_sync.server import errors
from picora_sync.server.accounts import Credential
from picora_sync.server.content import frontmatter, markdown_images, rewriting, words
from picora_sync.server.content.data_uris import Unusable
from picora_sync.server.content.frontmatter import Frontmatter
from picora_sync.server.content.image_formats import EXTENSIONS, ImageInfo
from picora_sync.server.content.image_survey import ImageSurvey
from picora_sync.server.content.markdown_images import Outline
from picora_sync.server.content.markdown_nesting import NestedTooDeeply
from picora_sync.server.errors import ApiError, StorageUnavailable
from picora_sync.server.library.images import Images, NewImage
from picora_sync.server.library.views import Urls

MAX_TITLE_CHARACTERS = 200
# Reading a text costs up to 80 times its size in memory: long ones wait for each other (decision 0087).
_LARGE_CHARACTERS = 256 * 1024


@dataclass(frozen=True)
class Draft:
    """An upload whose fields have been checked; None means: take it from the text."""

    filename: str
    content: str
    title: str | None = None
    tags: list[str] | None = None
    public: bool | None = None
    rewrite_images: bool = True


@dataclass(frozen=True)
class Outlined:
    """What reading the text found."""

    frontmatter: Frontmatter
    body: str
    outline: Outline
    survey: ImageSurvey


@dataclass(frozen=True)
class Composed:
    """A document ready to be stored; ``new_images`` were stored for it."""

    text: str
    title: str
    tags: list[str]
    public: bool
    word_count: int
    image_count: int
    rewritten_count: int
    cover_url: str | None
    failures: list[dict[str, object]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    new_images: list[str] = field(default_factory=list)


class Composer:
    """Applies the plan's limits, the priorities of metadata, and the rewriting of images."""

    def __init__(self, images: Images, urls: Urls) -> None:
        self._images = images
        self._urls = urls
        self._large = Lock()

    def check(self, owner: Credential, size_bytes: int) -> None:
        """Refuse a text over the plan's size.

        Raises:
            ApiError: 422 DOC_FILE_TOO_LARGE.
        """
        limit = owner.plan.doc_file_bytes
        if size_bytes > limit:
            meta = {"field": "content", "limit": limit, "actual": size_bytes}
            raise ApiError(422, "DOC_FILE_TOO_LARGE", f"The document is over {limit} bytes", meta=meta)

    def outline(self, owner: Credential, draft: Draft) -> Outlined:
        """Read the text; refuse one with more embedded images than the plan has.

        Raises:
            ApiError: 422 DOC_IMAGE_LIMIT_EXCEEDED, or VALIDATION_ERROR for what nests too deeply.
        """
        front = frontmatter.parse(draft.content)
        body = draft.content[front.body_start :]
        limit = owner.plan.doc_images
        survey = ImageSurvey(limit)
        try:
            with self._large if len(body) > _LARGE_CHARACTERS else nullcontext():
                outline = markdown_images.outline(body, survey.take)
        except NestedTooDeeply as error:
            raise errors.invalid("content", "Lists and quotes of the document are nested too deeply") from error
        if survey.embedded > limit:
            meta = {"field": "content", "limit": limit, "actual": survey.embedded}
            raise ApiError(422, "DOC_IMAGE_LIMIT_EXCEEDED", f"The document embeds over {limit} images", meta=meta)
        return Outlined(front, body, outline, survey)

    def compose(self, owner: Credential, draft: Draft, outlined: Outlined) -> Composed:
        """The document as it will be stored; its images are stored already."""
        front, body, survey = outlined.frontmatter, outlined.body, outlined.survey
        new_images: list[str] = []
        notes: list[str] = []
        if draft.rewrite_images:
            store = self._storing(owner, new_images, notes)
            rewritten = rewriting.rewrite(body, outlined.outline.images, survey, store)
        else:
            rewritten = rewriting.left_alone(body, survey)
        title = draft.title or front.title or outlined.outline.heading or draft.filename
        return Composed(
            text=draft.content[: front.body_start] + rewritten.body,
            title=_without_nul(title)[:MAX_TITLE_CHARACTERS],
            tags=draft.tags if draft.tags is not None else front.tags or [],
            public=_first_told(draft.public, front.public),
            word_count=words.count(body),
            image_count=survey.count,
            rewritten_count=rewritten.rewritten_count,
            cover_url=rewritten.cover_url and _without_nul(rewritten.cover_url),
            failures=rewritten.failures,
            warnings=front.warnings + rewritten.warnings + notes,
            new_images=new_images,
        )

    def undo(self, owner: Credential, composed: Composed) -> None:
        """Remove the images that were stored for a document that was not; what fails here leaves whole images."""
        with suppress(StorageUnavailable):
            for image_id in composed.new_images:
                self._images.delete(owner.user_id, image_id)

    def _storing(self, owner: Credential, new_images: list[str], notes: list[str]) -> rewriting.Store:
        def store(source: bytes, content: bytes, info: ImageInfo, index: int) -> str:
            image = NewImage(
                content=content,
                size_bytes=len(content),
                source_hash=hashlib.sha256(source).hexdigest(),
                content_hash=hashlib.sha256(content).hexdigest(),
                info=info,
                filename=f"image-{index + 1}.{EXTENSIONS[info.mime]}",
                tags=[],
                public=True,  # embedded images would break otherwise (contract §15 #25)
            )
            try:
                row, is_new = self._images.store(owner, image.source_hash, lambda: image)
            except StorageUnavailable as error:
                raise Unusable("STORAGE_ERROR", "the image could not be stored") from error
            except ApiError as error:
                raise Unusable(error.code, error.message) from error
            if is_new:
                new_images.append(row["id"])
            elif not row["public"]:  # nobody asked to publish it (decision 0089)
                notes.append(f"image {index} is private in the library: others will not see it")
            return self._urls.image(row)

        return store


def _without_nul(text: str) -> str:
    """As CommonMark replaces NUL; PostgreSQL stores none."""
    return text.replace("\x00", "\ufffd")


def _first_told(*values: bool | None) -> bool:
    """The first value somebody gave; documents are public otherwise."""
    return next((value for value in values if value is not None), True)
