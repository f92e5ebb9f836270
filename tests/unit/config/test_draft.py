"""A drafted configuration reads back as what was answered, whatever the answers hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.config.draft import Draft, FolderDraft, draft_text
from picora_sync.config.findings import ConfigInvalid
from picora_sync.config.load import parse_config
from picora_sync.config.model import Visibility
from picora_sync.core.ignore import IgnoreRules

FILE = Path("/home/ada/.config/picora-sync/config.yaml")
HOME = {"HOME": "/home/ada"}
names = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..")
)


@given(st.lists(names, min_size=1, max_size=4, unique_by=str.casefold), names, st.sampled_from([None, *Visibility]))
def test_what_is_drafted_is_what_is_read(folders: list[str], key: str, visibility: Visibility | None) -> None:
    drafts = tuple(FolderDraft(Path("/srv", str(n), name), visibility) for n, name in enumerate(folders))
    draft = Draft(drafts, "https://picora.example", Path("/k", key), Path("/s", key))
    try:
        config = parse_config(draft_text(draft), FILE, HOME)
    except ConfigInvalid as error:  # a folder's name has rules of its own
        assert all("name" in finding.message for finding in error.findings), error.message  # noqa: PT017
        return
    assert [folder.root for folder in config.folders] == [str(each.path) for each in drafts]
    assert (config.account.key_file, config.state_dir) == (Path("/k", key), Path("/s", key))
    assert {folder.public for folder in config.folders} == {visibility and visibility is Visibility.PUBLIC}


def test_folders_of_one_name_get_names_that_commands_can_tell_apart() -> None:
    drafts = tuple(FolderDraft(Path(path)) for path in ("/a/Notes", "/b/notes", "/c/Notes"))
    config = parse_config(draft_text(Draft(drafts)), FILE, HOME)
    assert [folder.name for folder in config.folders] == ["Notes", "notes-2", "Notes-3"]


@pytest.mark.parametrize("name", ["Templates", "my [old] *templates*?", "${HOME}", "#1", "!no"])
def test_templates_are_ignored_by_their_name_alone(name: str) -> None:
    text = draft_text(Draft((FolderDraft(Path("/srv/notes"), templates=(name,)),)))
    (folder,) = parse_config(text, FILE, HOME).folders
    rules = IgnoreRules.of(folder.ignore)
    assert rules.why_ignored(f"{name}/a.md") is not None
    assert rules.why_ignored("Other/a.md") is None
    assert rules.why_ignored(f"deeper/{name}/a.md") is None
