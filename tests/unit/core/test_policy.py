"""What of a folder's configuration makes its files want something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from picora_sync.core.model import Kind
from picora_sync.core.policy import EmbedHeadings, Folder, OnDelete, PrivateImages, Select, Settle, TagsFrom, TitleFrom

NOTES = Folder("notes", "/notes")


@pytest.mark.parametrize(
    "changes",
    [
        {"public": True},
        {"public": False},
        {"tags": ("vault",)},
        {"ignore": ("drafts/**",)},
        {"select": Select.PUBLISHED},
        {"title": TitleFrom.FILENAME},
        {"title_template": "{folder}: {title}"},
        {"follow_symlinks": True},
        {"obsidian": False},
        {"vault": "/"},
        {"link_base": "https://example.org"},
        {"private_images": PrivateImages.SKIP},
        {"embed_headings": EmbedHeadings.BELOW},
        {"tags_from": TagsFrom.ALL},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_setting_that_shapes_what_is_sent_is_noticed(changes: dict[str, object]) -> None:
    assert replace(NOTES, **changes).shaping != NOTES.shaping  # type: ignore[arg-type]  # fields of Folder


@pytest.mark.parametrize(
    "changes",
    [
        {"root": "/moved"},
        {"doc_settle": Settle(1.0)},
        {"delete_after_s": 1.0},
        {"rescan_s": 1.0},
        {"on_delete": OnDelete.KEEP},
        {"keep_replaced_s": 1.0},
        {"delete_adopted": True},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_setting_about_when_and_whether_leaves_the_files_alone(changes: dict[str, object]) -> None:
    assert replace(NOTES, **changes).shaping == NOTES.shaping  # type: ignore[arg-type]  # fields of Folder


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (True, False, {Kind.DOC, Kind.AUDIO}),
        (True, None, {Kind.DOC}),
        (None, False, {Kind.AUDIO}),
        (False, False, set()),
        (None, None, set()),
        (False, True, set()),
    ],
)
def test_which_kinds_are_private_from_now_on(before: bool | None, now: bool | None, kinds: set[Kind]) -> None:
    assert replace(NOTES, public=now).newly_private(replace(NOTES, public=before).shaping) == kinds


def test_of_a_folder_that_nothing_is_known_of_audio_may_have_been_public() -> None:
    assert replace(NOTES, public=False).newly_private(None) == {Kind.AUDIO}
