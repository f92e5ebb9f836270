"""How one folder is to be mirrored: the frozen result of the configuration (design §10), free of YAML."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from picora_sync.core.model import Kind


class OnDelete(StrEnum):
    """What a local deletion does remotely."""

    DELETE = "delete"
    KEEP = "keep"


class WhenFull(StrEnum):
    """What a new version of a file does for which the account has no room beside the old one: wait until room is made,
    or have the old one deleted before it is sent.
    """

    WAIT = "wait"
    DELETE_FIRST = "delete_first"


class Select(StrEnum):
    """Which notes are mirrored: all, or only those whose frontmatter says public."""

    ALL = "all"
    PUBLISHED = "published"


class PrivateImages(StrEnum):
    """Images of a private note: kept inside as data URIs, rewritten (public on Picora!), or left out."""

    KEEP = "keep"
    PUBLISH = "publish"
    SKIP = "skip"


class EmbedHeadings(StrEnum):
    """Headings of an embedded note: kept as they are, or lowered below the heading that the embed stands under."""

    KEEP = "keep"
    BELOW = "below"


class TagsFrom(StrEnum):
    """Where the tags of a note come from: its frontmatter, or also ``#tags`` in its text."""

    FRONTMATTER = "frontmatter"
    ALL = "all"


class TitleFrom(StrEnum):
    """Where a title comes from: content first (frontmatter, heading, audio tag), or always the file name."""

    CONTENT = "content"
    FILENAME = "filename"


@dataclass(frozen=True, slots=True)
class Settle:
    """A file is sent after ``quiet_s`` without a change, and at the latest ``at_most_s`` after the first one.

    Audio is never sent while it still grows, so ``at_most_s`` does not apply to a file whose size changes.
    """

    quiet_s: float
    at_most_s: float = 300.0


DOC_SETTLE = Settle(quiet_s=10.0)
AUDIO_SETTLE = Settle(quiet_s=15.0)


@dataclass(frozen=True, slots=True)
class Folder:
    """One configured folder.

    ``root`` is absolute; ``vault`` is the absolute root of name resolution, "" for the default.
    ``public`` is None for the default of each kind (docs private, audio public; design §4 "Visibility").
    """

    name: str
    root: str
    public: bool | None = None
    tags: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    doc_settle: Settle = DOC_SETTLE
    audio_settle: Settle = AUDIO_SETTLE
    delete_after_s: float = 30.0
    rescan_s: float = 3600.0
    on_delete: OnDelete = OnDelete.DELETE
    keep_replaced_s: float = 0.0
    when_full: WhenFull = WhenFull.WAIT
    select: Select = Select.ALL
    title: TitleFrom = TitleFrom.CONTENT
    title_template: str = ""
    follow_symlinks: bool = False
    obsidian: bool = True
    vault: str = ""
    link_base: str = ""
    private_images: PrivateImages = PrivateImages.KEEP
    embed_headings: EmbedHeadings = EmbedHeadings.KEEP
    tags_from: TagsFrom = TagsFrom.FRONTMATTER
    delete_adopted: bool = False

    def default_public(self, kind: Kind) -> bool:
        """The visibility of a file that says nothing itself."""
        return self.public if self.public is not None else kind is Kind.AUDIO

    @property
    def shaping(self) -> str:
        """What of this goes into what the files want: another text means that they must be derived again.

        Only what differs from the default is named, so that a setting which a later version adds changes nothing.
        """
        said = {each.name: getattr(self, each.name) for each in fields(self) if each.name in _SHAPING}
        return json.dumps({key: value for key, value in said.items() if value != _DEFAULTS[key]}, sort_keys=True)

    def newly_private(self, shaping: str | None) -> frozenset[Kind]:
        """The kinds that are private by default now, and were not when :attr:`shaping` was this."""
        before = replace(self, public=json.loads(shaping or "{}").get("public"))
        return frozenset(kind for kind in Kind if before.default_public(kind) and not self.default_public(kind))

    def settle(self, kind: Kind | None) -> Settle:
        """How long a file of this kind (None: an attachment) must be quiet."""
        return self.audio_settle if kind is Kind.AUDIO else self.doc_settle


_SHAPING = frozenset(
    {
        *("public", "tags", "ignore", "select", "title", "title_template", "follow_symlinks", "obsidian", "vault"),
        *("link_base", "private_images", "embed_headings", "tags_from"),
    }
)
_DEFAULTS = {each.name: each.default for each in fields(Folder)}
