"""A note: decoded strictly, read for what it says of itself, and turned into what is sent (design §4, §5)."""

from __future__ import annotations

import hashlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder

from picora_sync.content.blocks import without_mark
from picora_sync.content.comments import strip_comments, strip_metadata, strip_path, strip_value
from picora_sync.content.frontmatter import LIMIT_CHARS, Frontmatter, parse_frontmatter
from picora_sync.content.hashtags import tags_in
from picora_sync.content.logseq import holds_logseq
from picora_sync.content.markdown import Unparsable, count_data_uris, first_h1
from picora_sync.content.materials import BOM, CEILING_BYTES, Materials, Oversized, Surroundings
from picora_sync.content.metadata import FieldValue
from picora_sync.content.publishers import foreign_keys
from picora_sync.content.transform import Place, transform
from picora_sync.content.visibility import WantedVisibility, visibility_of
from picora_sync.core.model import Fingerprint, Kind, PlanLimits, Problem, Wanted
from picora_sync.core.policy import Folder, PrivateImages, Select, TagsFrom
from picora_sync.core.ports import Derived
from picora_sync.core.tags import merge_tags, parse_tags
from picora_sync.core.titles import TitleRule, filename_for, title_for


def derive_note(
    path: str, data: bytes, fingerprint: Fingerprint, around: Surroundings, limits: PlanLimits
) -> Derived | Problem:
    """What the note at this path of the folder wants to be. Raises what reading the files it refers to raises."""
    text = _decoded(data)
    if isinstance(text, Problem):
        return text
    folder = around.folder
    front = parse_frontmatter(text.removeprefix(BOM))
    visibility = visibility_of(front, folder.default_public(Kind.DOC))
    published = _is_published(visibility, folder)
    public = visibility.public and published
    limit_bytes = document_limit(limits)
    materials = Materials(around, public=public, limit_bytes=limit_bytes)
    try:
        body = _shown_body(text, front, materials) if folder.obsidian else text.removeprefix(BOM)[front.end :]
        shown = _below(text, front, body, folder)
        title = _title(path, front, shown, folder)
        own_tags = _own_tags(front, shown, folder)
        transforms = folder.obsidian and (published or visibility.unclear)
        sent = _sent(path, text, front, body, materials) if transforms else text
        embedded = count_data_uris(sent)
    except Oversized as error:
        return _too_large_with_contents(len(data), error.limit_bytes)
    except Unparsable:
        return _UNPARSABLE
    encoded = sent.encode()
    problem = _unsendable(sent, len(encoded), embedded, limit_bytes, limits)
    if problem is not None:
        return problem
    tags, dropped = merge_tags((own_tags, folder.tags))
    materials.remarks.add(visibility.problem)
    materials.remarks.add(None if visibility.problem else _foreign(front))
    if folder.obsidian and holds_logseq(shown, in_graph=around.in_graph):
        materials.remarks.about("LOGSEQ_UNRESOLVED", "")
    materials.remarks.add(dropped)
    wanted = Wanted(
        kind=Kind.DOC,
        sha256=hashlib.sha256(encoded).hexdigest(),
        size_bytes=len(encoded),
        filename=filename_for(_shown_path(path, folder)),
        title=title,
        tags=tags,
        public=public,
        rewrite_images=public or folder.private_images is PrivateImages.PUBLISH,
        embeds=embedded > 0,
        selected=published,
        unclear=visibility.unclear,
        problems=materials.remarks.problems(),
        depends=materials.lookups.dependencies(),
    )
    return Derived(wanted, hashlib.sha256(data).hexdigest(), fingerprint, sent)


HEAD_BYTES = 4 * (LIMIT_CHARS + 2)
"""So many bytes hold all that is looked at for what a note says of itself, its byte order mark included."""


def is_private(head: bytes, folder: Folder) -> bool:
    """Whether a note that begins with these bytes, ``HEAD_BYTES`` of them or all, is private by its own words, sendable
    or not; nothing at all says nothing. This is the judgement of :func:`derive_note`.
    """
    cut = len(head) >= HEAD_BYTES
    try:
        text = getincrementaldecoder("utf-8")().decode(head, final=not cut)
        damaged = "\0" in text
    except UnicodeDecodeError:
        text, damaged = _guessed(head), True
    text = text.removeprefix(BOM)
    if not text.strip():
        return cut
    front = parse_frontmatter(text.replace("\0", "") if damaged else text)
    if damaged and any(char in text[: front.body] for char in "\0\ufffd"):
        return True  # whatever stood there
    visibility = visibility_of(front, folder.default_public(Kind.DOC))
    return not (visibility.public and _is_published(visibility, folder))


def _guessed(head: bytes) -> str:
    """What can be read of bytes that are no UTF-8."""
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return head.decode("utf-16", errors="replace")
    return head.decode(errors="replace")


def _is_published(visibility: WantedVisibility, folder: Folder) -> bool:
    return folder.select is Select.ALL or visibility.published


def document_limit(limits: PlanLimits) -> int:
    """The most bytes that may be sent as one document."""
    return CEILING_BYTES if limits.doc_bytes is None else min(limits.doc_bytes, CEILING_BYTES)


def too_large(size_bytes: int, limit_bytes: int) -> Problem:
    """The file is larger than a document may be."""
    return Problem(
        code="DOC_TOO_LARGE",
        message=f"the note has {size_bytes:,} bytes; a document may have {limit_bytes:,}",
        hint="split it, or move embedded data into image files",
    )


def _decoded(data: bytes) -> str | Problem:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return Problem(
            code="NOT_UTF8",
            message=f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8",
            hint="save the note as UTF-8; it may be in Windows-1252 or UTF-16",
        )
    if "\0" in text:
        return Problem(
            code="NUL_BYTE",
            message=f"byte {data.index(0)} is NUL, which no text holds",
            hint="the file may be damaged, or no text; restore it or save it again",
        )
    return text if text.removeprefix(BOM).strip() else _EMPTY


def _shown_body(text: str, front: Frontmatter, materials: Materials) -> str:
    """The note without its frontmatter and its comments."""
    text = text.removeprefix(BOM)
    stripped = strip_comments(text[front.end :], first_line=1 + text.count("\n", 0, front.end))
    materials.remarks.add(stripped.problem)
    return stripped.text


def _below(text: str, front: Frontmatter, body: str, folder: Folder) -> str:
    """The body without a block that is sent as part of it."""
    if front.body == front.end:
        return body
    below = text.removeprefix(BOM)[front.body :]
    return strip_comments(below).text if folder.obsidian else below


def _sent(path: str, text: str, front: Frontmatter, body: str, materials: Materials) -> str:
    head = text.removeprefix(BOM)[: front.end]
    stripped = strip_metadata(head)
    materials.remarks.add(stripped.problem)
    return stripped.text + transform(body, Place(materials.vault_path_of(path)), materials)


def _title(path: str, front: Frontmatter, body: str, folder: Folder) -> str:
    rule = TitleRule(folder.name, folder.title, folder.title_template)
    said = front.text("title")
    if folder.obsidian:
        said = strip_value(said)
    if not said.strip():
        said = first_h1(body, obsidian=folder.obsidian)
        said = without_mark(said) if folder.obsidian else said
    return title_for(Kind.DOC, _shown_path(path, folder), rule, said)


def _foreign(front: Frontmatter) -> Problem | None:
    keys = sorted(foreign_keys(front))
    if not keys:
        return None
    return Problem(
        code="FOREIGN_KEY",
        message=f"“{keys[0]}” is a key of another program, and says nothing to Picora",
        hint="write “public: true” or “public: false”; for notes that say neither, the folder's `visibility` holds",
    )


def _shown_path(path: str, folder: Folder) -> str:
    return strip_path(path) if folder.obsidian else path


def _own_tags(front: Frontmatter, body: str, folder: Folder) -> tuple[str, ...]:
    if folder.tags_from is TagsFrom.FRONTMATTER:
        return _listed(front.get("tags"))
    return (*_listed(front.get("tags")), *_listed(front.get("tag")), *(tags_in(body) if folder.obsidian else ()))


def _listed(value: FieldValue) -> tuple[str, ...]:
    if isinstance(value, str):
        return parse_tags(strip_value(value))
    return parse_tags(tuple(map(strip_value, value))) if isinstance(value, tuple) else ()


def _unsendable(sent: str, size_bytes: int, embedded: int, limit_bytes: int, limits: PlanLimits) -> Problem | None:
    if not sent.strip():
        return _EMPTY
    if size_bytes > limit_bytes:
        return _too_large_with_contents(size_bytes, limit_bytes)
    if limits.doc_images is not None and embedded > limits.doc_images:
        return Problem(
            code="DOC_TOO_MANY_IMAGES",
            message=f"the note holds {embedded} images; the plan allows {limits.doc_images} in one document",
            hint="split the note, or use fewer images",
        )
    return None


def _too_large_with_contents(size_bytes: int, limit_bytes: int) -> Problem:
    return Problem(
        code="DOC_TOO_LARGE",
        message=f"with its images and embedded notes the note of {size_bytes:,} bytes passes the limit of "
        f"{limit_bytes:,} bytes for a document",
        hint="use smaller or fewer images, or split the note",
    )


_EMPTY = Problem(
    code="EMPTY", message="the note holds nothing but blanks", hint="it is mirrored once it says something"
)
_UNPARSABLE = Problem(
    code="UNPARSABLE",
    message="the Markdown parser failed on this note",
    hint="please report it with the note; with “obsidian: off” notes are sent as they are",
)
