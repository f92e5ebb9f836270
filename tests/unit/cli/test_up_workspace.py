from __future__ import annotations

import os
from pathlib import Path

import pytest

from picora_sync.cli.embedded import EmbeddedPicora
from picora_sync.cli.failures import CommandFailed
from picora_sync.cli.up_workspace import Playground, check_roots, make_folders
from picora_sync.config.load import load_config
from picora_sync.core.ignore import IgnoreRules
from picora_sync.core.model import Kind
from picora_sync.errors import AnotherInstance
from picora_sync.index import Index
from picora_sync.index.lock import InstanceLock
from picora_sync.report import INDEX_NAME

PICORA = EmbeddedPicora("http://127.0.0.1:4711", "sk_live_x", 1)


@pytest.fixture
def playground(tmp_path: Path) -> Playground:
    made = Playground(tmp_path / "data")
    made.prepare([])
    return made


def test_folders_are_named_after_their_directories_and_names_are_made_unique(tmp_path: Path) -> None:
    folders = make_folders(["/a/notes", "/b/Notes", "/c/notes", "/"], {}, tmp_path)
    assert [folder.name for folder in folders] == ["notes", "Notes-2", "notes-3", "root"]


def test_a_folder_keeps_the_name_of_the_last_time_and_others_do_not_get_it(
    playground: Playground, tmp_path: Path
) -> None:
    assert playground.names() == {}
    index = Index.open(playground.state_dir / INDEX_NAME)
    index.set_folder("notes", "/b/notes", "id")
    index.close()
    folders = make_folders(["/a/notes", "/b/notes"], playground.names(), tmp_path)
    assert [(folder.root, folder.name) for folder in folders] == [("/a/notes", "notes-2"), ("/b/notes", "notes")]


def test_files_settle_quickly(tmp_path: Path) -> None:
    (folder,) = make_folders(["/a"], {}, tmp_path)
    assert (folder.settle(Kind.DOC).quiet_s, folder.settle(Kind.AUDIO).quiet_s, folder.delete_after_s) == (2, 3, 5)


def test_a_data_directory_inside_a_folder_is_not_mirrored(tmp_path: Path) -> None:
    data = tmp_path / "my [data]" / "#1"
    (folder,) = make_folders([os.path.realpath(tmp_path)], {}, data)
    rules = IgnoreRules.of(folder.ignore)
    assert rules.why_ignored("my [data]/#1", is_dir=True)
    assert rules.why_ignored("my d/#1", is_dir=True) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["gone"], "there is no folder gone", id="missing"),
        pytest.param(["file.md"], "file.md is no folder", id="file"),
        pytest.param(["outer", "outer/inner"], "lies inside", id="nested"),
    ],
)
def test_what_cannot_be_mirrored_is_wrong_usage(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file.md").touch()
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandFailed, match=message) as caught:
        check_roots(arguments)
    assert caught.value.exit_code == 2


def test_a_folder_named_twice_is_mirrored_once(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert check_roots([str(tmp_path), str(tmp_path / "link")]) == [os.path.realpath(tmp_path)]


def test_the_configuration_is_written_for_the_other_commands(playground: Playground, tmp_path: Path) -> None:
    assert playground.port() == 0
    (tmp_path / "no${tes").mkdir()
    folders = make_folders([str(tmp_path / "no${tes")], {}, playground.data)
    config = playground.config(PICORA, folders)
    assert load_config(playground.config_file, {}) == config
    assert playground.port() == 4711
    assert "sk_live_x" not in playground.config_file.read_text()


def test_only_the_owner_may_look_into_the_state(playground: Playground) -> None:
    assert playground.state_dir.stat().st_mode & 0o77 == 0


def test_a_data_directory_in_use_is_refused(playground: Playground) -> None:
    lock = InstanceLock(playground.state_dir)
    lock.acquire()
    with pytest.raises(AnotherInstance):
        playground.prepare([])
    lock.release()


@pytest.mark.parametrize("inside", ["", "/server", "/state/x"], ids=["itself", "server", "state"])
def test_what_up_keeps_cannot_be_mirrored_into_itself(inside: str, tmp_path: Path) -> None:
    data = tmp_path.resolve() / "data"
    with pytest.raises(CommandFailed, match="into itself") as caught:
        Playground(data).prepare([f"{data}{inside}"])
    assert caught.value.exit_code == 2
    assert not data.exists()


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandFailed, match="cannot be used"):
        Playground(tmp_path / "file").prepare([])


def test_the_configuration_is_never_written_through_a_link(playground: Playground, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("config.new", "config.yaml"):
        (playground.data / name).symlink_to(victim)
    playground.config(PICORA, [])
    assert victim.read_text() == "mine"
    assert not playground.config_file.is_symlink()
