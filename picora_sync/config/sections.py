"""The file's own shape: one struct per section, one annotated field per key. Reader and JSON schema both follow it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from picora_sync.config.model import Plan, Visibility
from picora_sync.config.values import (
    ApiUrl,
    Duration,
    FolderName,
    IgnorePattern,
    Interval,
    LinkBase,
    PathText,
    Size,
    Tag,
    TitleTemplate,
)
from picora_sync.core.policy import EmbedHeadings, OnDelete, PrivateImages, Select, TagsFrom, TitleFrom, WhenFull


class AccountSection(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The Picora account everything is mirrored to."""

    url: Annotated[ApiUrl | None, Meta(description="Base address of the API; http:// only on this machine.")] = None
    plan: Annotated[
        Plan | None, Meta(description="The account's plan: its limits are used where the server does not tell them.")
    ] = None
    key_file: Annotated[
        PathText | None, Meta(description="A file that holds the API key and that only you can read (chmod 600).")
    ] = None


class SettleTimes(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """When files of one kind have stopped changing."""

    quiet: Annotated[Duration | None, Meta(description="Sent after this long without a change.")] = None
    at_most: Annotated[Duration | None, Meta(description="Sent this long after the first change in any case.")] = None


class SettleSection(SettleTimes, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """When a file has stopped changing: times for both kinds, and for each."""

    notes: Annotated[SettleTimes | None, Meta(description="For notes only.")] = None
    audio: Annotated[SettleTimes | None, Meta(description="For audio only; never sent while it still grows.")] = None


class FolderSection(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """One local folder, mirrored one way."""

    path: Annotated[PathText, Meta(description="The folder; ~ and ${VAR} are expanded. It may be mounted later.")]
    name: Annotated[FolderName | None, Meta(description="What commands call it; the directory's name if left out.")] = (
        None
    )
    visibility: Annotated[
        Visibility | None,
        Meta(description="For files that say nothing themselves. Left out: notes private, audio public."),
    ] = None
    tags: Annotated[tuple[Tag, ...], Meta(description="Added to the tags of every note.", max_length=10)] = ()
    ignore: Annotated[
        tuple[IgnorePattern, ...], Meta(description="Patterns in gitignore syntax; .picoraignore adds to them.")
    ] = ()
    settle: Annotated[SettleSection | None, Meta(description="When a file has stopped changing.")] = None
    delete_after: Annotated[Duration | None, Meta(description="How long a vanished file may come back.")] = None
    rescan: Annotated[Duration | None, Meta(description="How often the whole folder is looked through.")] = None
    on_delete: Annotated[OnDelete, Meta(description="What deleting a file does on Picora.")] = OnDelete.DELETE
    keep_replaced: Annotated[
        Duration | None,
        Meta(description="How long the object of an edited file stays, for clients that pinned its URL."),
    ] = None
    when_full: Annotated[
        WhenFull,
        Meta(description="A new version that does not fit beside the old one: wait for room, or delete the old first."),
    ] = WhenFull.WAIT
    select: Annotated[Select, Meta(description="all, or only notes whose frontmatter says public.")] = Select.ALL
    title: Annotated[TitleFrom, Meta(description="Titles from the content, or always from the file name.")] = (
        TitleFrom.CONTENT
    )
    title_template: Annotated[TitleTemplate | None, Meta(description="A title with {fields}; wins over the rest.")] = (
        None
    )
    follow_symlinks: Annotated[bool, Meta(description="Follow symbolic links that stay inside the folder.")] = False
    obsidian: Annotated[bool, Meta(description="off sends notes byte for byte.")] = True
    vault: Annotated[
        PathText | None,
        Meta(description="Root for looking up names; the nearest directory with .obsidian if left out."),
    ] = None
    link_base: Annotated[
        LinkBase | None, Meta(description="[[Note]] becomes a link below this address; only its text if left out.")
    ] = None
    private_images: Annotated[PrivateImages, Meta(description="Images of private notes: keep them inside, or not.")] = (
        PrivateImages.KEEP
    )
    embed_headings: Annotated[
        EmbedHeadings, Meta(description="Headings of embedded notes: as they are, or below the one they stand under.")
    ] = EmbedHeadings.KEEP
    tags_from: Annotated[TagsFrom, Meta(description="Tags from the frontmatter, or also #tags in the text.")] = (
        TagsFrom.FRONTMATTER
    )
    delete_adopted: Annotated[
        bool, Meta(description="Also delete objects that were on Picora before picora-sync came.")
    ] = False


class FileSection(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The configuration of picora-sync."""

    folders: Annotated[tuple[FolderSection, ...], Meta(description="What is mirrored.", min_length=1)]
    account: AccountSection = AccountSection()
    state_dir: Annotated[PathText | None, Meta(description="Where the index lives; one instance per directory.")] = None
    verify: Annotated[
        Interval | None, Meta(description="How often index and account are compared by listing, or off.")
    ] = None
    max_upload_rate: Annotated[Size | None, Meta(description="Bandwidth for audio uploads, per second.")] = None
