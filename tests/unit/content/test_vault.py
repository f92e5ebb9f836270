"""Names are resolved as Obsidian does it, and a change of what they lead to is noticed."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from picora_sync.content.vault import Vault, vault_root
from picora_sync.core.model import Dependency, Problem
from picora_sync.core.policy import Folder
from picora_sync.errors import FileUnreadable
from tests.fakes.vault import PNG, PNG_URI, VaultOnDisk

FILES = (
    "a/x.png",
    "b/x.png",
    "b/deep/x.png",
    "x.md",
    "b/b/y.png",
    "y.png/z.png",
    "c/Ünï.png",
    "d/Case.png",
    "d/case.png",
)


@pytest.mark.parametrize(
    ("target", "directory", "found"),
    [
        ("a/x.png", "b", "a/x.png"),
        ("x.png", "b", "b/x.png"),
        ("x.png", "b/deep", "b/deep/x.png"),
        ("x.png", "c", "a/x.png"),
        ("deep/x.png", "", "b/deep/x.png"),
        ("b/y.png", "b", "b/b/y.png"),
        ("b/y.png", "", "b/b/y.png"),
        ("./x.png", "b", "b/x.png"),
        ("./x.png", "c", None),
        ("../a/x.png", "b", "a/x.png"),
        ("../x.png", "", None),
        ("../../etc/x.png", "b", None),
        ("/b/x.png", "a", "b/x.png"),
        ("/x.png", "a", None),
        ("X.PNG", "b", "b/x.png"),
        (unicodedata.normalize("NFD", "ünï.png"), "", "c/Ünï.png"),
        ("Case.png", "d", "d/Case.png"),
        ("case.png", "d", "d/case.png"),
        ("nope.png", "", None),
        ("eep/x.png", "", None),
        ("b", "", None),
        ("", "", None),
        (".", "", None),
    ],
)
def test_a_name_leads_where_obsidian_would_go(tmp_path: Path, target: str, directory: str, found: str | None) -> None:
    for path in FILES:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert Vault(Folder("f", str(tmp_path))).resolve(target, directory) == found


def test_a_name_on_disk_in_nfd_is_found_by_its_nfc_form(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "é.png")
    (tmp_path / name).touch()
    assert Vault(Folder("f", str(tmp_path))).resolve("é.png", "") == name


def test_hidden_directories_pipes_and_links_are_no_part_of_the_vault(tmp_path: Path) -> None:
    for path in (".trash/x.png", "real/y.png"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).touch()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "z.png").symlink_to("real/y.png")
    (tmp_path / "loop").symlink_to(tmp_path)
    vault = Vault(Folder("f", str(tmp_path)))
    assert [vault.resolve(name, "") for name in ("x.png", "pipe.png", "z.png", "y.png")] == [
        None,
        None,
        None,
        "real/y.png",
    ]


def test_followed_links_that_lead_back_up_end(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/y.png").touch()
    (tmp_path / "d/loop").symlink_to(tmp_path)
    vault = Vault(Folder("f", str(tmp_path), follow_symlinks=True))
    assert vault.resolve("y.png", "") == "d/y.png"


def test_followed_links_that_lead_to_themselves_are_nothing(tmp_path: Path) -> None:
    for name in ("x.png", "d"):
        (tmp_path / name).symlink_to(name)
    (tmp_path / "y.png").touch()
    vault = Vault(Folder("f", str(tmp_path), follow_symlinks=True))
    assert [vault.resolve(name, "") for name in ("x.png", "y.png")] == [None, "y.png"]


def test_the_vault_is_the_nearest_directory_with_obsidian_s_settings(tmp_path: Path) -> None:
    (tmp_path / ".obsidian").mkdir()
    root = tmp_path / "a/b"
    root.mkdir(parents=True)
    assert vault_root(Folder("f", str(root))) == str(tmp_path)
    assert vault_root(Folder("f", str(root), vault=str(tmp_path / "a"))) == str(tmp_path / "a")
    assert vault_root(Folder("f", str(root), vault=str(tmp_path / "other"))) == str(root)


def test_a_folder_that_cannot_be_looked_into_is_its_own_vault() -> None:
    root = f"/{'x' * 300}"  # the system refuses the name, as it refuses a directory without permission
    assert vault_root(Folder("f", root)) == root


def test_an_image_outside_the_folder_but_inside_the_vault_is_found(vault: VaultOnDisk) -> None:
    (vault.root / ".obsidian").mkdir()
    vault.write("assets/pic.png", PNG)
    vault.write("Public/note.md", "![](pic.png)")
    vault.write("Private.md", "secret")
    content = vault.content(root=str(vault.root / "Public"))
    derived = content.derive("note.md")
    assert not isinstance(derived, Problem)
    assert derived.text == f"![]({PNG_URI})"
    assert derived.wanted.depends[0].target == str(vault.root / "assets/pic.png")


def test_a_note_outside_the_folder_is_never_shown(vault: VaultOnDisk) -> None:
    (vault.root / ".obsidian").mkdir()
    vault.write("Private.md", "secret")
    vault.write("Public/note.md", "![[Private]]")
    derived = vault.derive("note.md", root=str(vault.root / "Public"))
    assert not isinstance(derived, Problem)
    assert derived.text == "Private"


def test_a_vault_that_cannot_be_looked_through_is_not_empty(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        Vault(Folder("f", str(tmp_path / "gone"))).resolve("x.png", "")


# --- dependencies ---------------------------------------------------------------------------------------------------


def _depends(vault: VaultOnDisk, text: str) -> tuple[Dependency, ...]:
    return vault.note(text, at="dir/note.md").wanted.depends


def test_every_name_that_was_looked_up_is_a_dependency_once(vault: VaultOnDisk) -> None:
    vault.write("a/Pic.png", PNG)
    vault.write("b/pic.png", PNG)
    vault.write("Other.md", "![[gone.png]]")
    depends = _depends(vault, "![](a/pic.png) ![](b/pic.png) ![[Other]] ![[Nobody]]")
    assert [(item.name, item.target is None) for item in depends] == [
        ("gone.png", True),
        ("nobody.markdown", True),
        ("nobody.md", True),
        ("other.md", False),
        ("pic.png", False),
    ]


def test_the_version_is_that_of_the_file_that_was_read(vault: VaultOnDisk) -> None:
    status = vault.write("pic.png", PNG).stat()
    assert _depends(vault, "![](pic.png)") == (
        Dependency("pic.png", str(vault.root / "pic.png"), (status.st_size, status.st_mtime_ns)),
    )


NOTE = "![](one.png) ![](two.png) ![](gone.png) ![](sub/gone2.png) ![[Other]] ![[Secret]]"


@pytest.mark.parametrize(
    ("path", "stale"),
    [
        ("one.png", True),
        ("a/two.png", True),
        ("b/two.png", True),
        ("c/two.png", True),
        ("c/One.PNG", True),
        ("x/gone.png", True),
        ("gone2.png", True),
        ("Other.md", True),
        ("Secret.md", True),
        ("elsewhere/other.md", True),
        ("three.png", False),
        ("third.md", False),
        (".hidden/gone.png", False),
    ],
)
def test_a_note_is_stale_when_a_name_leads_elsewhere_or_to_another_version(
    vault: VaultOnDisk, path: str, stale: bool
) -> None:
    for name in ("one.png", "a/two.png", "b/two.png", "x/gone2.png"):
        vault.write(name, PNG)
    vault.write("Other.md", "text")
    vault.write("Secret.md", "---\npublic: false\n---\n")
    content = vault.content(public=True)
    vault.write("dir/note.md", NOTE)
    derived = content.derive("dir/note.md")
    assert not isinstance(derived, Problem)
    content.refresh()
    assert not content.stale("dir/note.md", derived.wanted.depends)
    vault.write(path, b"\x89PNG\r\n\x1a\n another version")
    content.refresh()
    assert content.stale("dir/note.md", derived.wanted.depends) is stale


def test_a_note_is_stale_when_what_it_shows_is_gone(vault: VaultOnDisk) -> None:
    image = vault.write("one.png", PNG)
    content = vault.content()
    vault.write("note.md", "![](one.png)")
    derived = content.derive("note.md")
    assert not isinstance(derived, Problem)
    image.unlink()
    assert content.stale("note.md", derived.wanted.depends)


def test_a_vault_that_cannot_be_read_makes_nothing_stale(vault: VaultOnDisk) -> None:
    content = vault.content(root=str(vault.root / "gone"))
    assert not content.stale("note.md", [Dependency("x.png")])


def test_notes_without_look_ups_never_look_through_the_vault(vault: VaultOnDisk) -> None:
    content = vault.content(root=str(vault.root / "gone"))
    assert not content.stale("note.md", [])


def test_a_note_is_stale_when_an_image_that_it_shows_is_ignored_by_now(vault: VaultOnDisk) -> None:
    vault.write("a.png", PNG)
    shown = vault.note("---\npublic: true\n---\n![](a.png)")
    assert not vault.content().stale("note.md", shown.wanted.depends)
    assert vault.content(ignore=("a.png",)).stale("note.md", shown.wanted.depends)


def test_a_note_that_was_made_without_an_ignored_image_is_not_stale(vault: VaultOnDisk) -> None:
    vault.write("a.png", PNG)
    made = vault.note("---\npublic: true\n---\n![](a.png)", ignore=("a.png",))
    assert not vault.content(ignore=("a.png",)).stale("note.md", made.wanted.depends)
