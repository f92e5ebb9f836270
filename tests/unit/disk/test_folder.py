"""What a folder says of its files: present, absent, ignored or unknown, and never the wrong one."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from picora_sync.core.ignore import BadPattern
from picora_sync.core.model import Problem
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Absent, Ignored, Present, Unknown
from picora_sync.disk.folder import FolderDisk
from picora_sync.errors import FileUnreadable

NOT_UTF8 = os.fsdecode(b"caf\xe9.md")
CASES = [
    pytest.param("x" * 252 + ".md", id="255-bytes"),
    pytest.param("a\nb.md", id="newline"),
    pytest.param("😀.md", id="emoji"),
    pytest.param(NOT_UTF8, id="not-utf8"),
    pytest.param("-rf *.MD", id="shell-words-and-upper-case"),
    pytest.param("deep/er/still/a.markdown", id="nested"),
    pytest.param("folder.md/a.mp3", id="in-a-folder-named-like-a-note"),
]


def folder_at(root: Path, *ignore: str, follow_symlinks: bool = False) -> Folder:
    return Folder(name="notes", root=str(root), ignore=ignore, follow_symlinks=follow_symlinks)


def disk_at(root: Path, *ignore: str, follow_symlinks: bool = False) -> FolderDisk:
    return FolderDisk(folder_at(root, *ignore, follow_symlinks=follow_symlinks))


def put(path: Path, text: str = "# Hello\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def reason(presence: object) -> str:
    assert isinstance(presence, Ignored), presence
    return presence.why


def code(presence: object) -> str:
    assert isinstance(presence, Unknown), presence
    return presence.problem.code


@pytest.mark.parametrize("name", CASES)
def test_scan_and_look_agree_on_a_file(tmp_path: Path, name: str) -> None:
    put(tmp_path / name)
    disk = disk_at(tmp_path)
    scan = disk.scan()
    assert list(scan.files) == [name]
    assert disk.look(name) == Present(scan.files[name])
    assert not scan.failed
    assert not scan.problems


def test_composed_and_decomposed_twins_are_two_files(tmp_path: Path) -> None:
    twins = {unicodedata.normalize(form, "é.md") for form in ("NFC", "NFD")}
    for name in twins:
        put(tmp_path / name)
    assert set(disk_at(tmp_path).scan().files) == twins


def test_scan_gives_only_the_kinds_that_are_mirrored(tmp_path: Path) -> None:
    for name in ("a.md", "b.mp3", "c.png", "d.txt", "e"):
        put(tmp_path / name)
    scan = disk_at(tmp_path).scan()
    assert set(scan.files) == {"a.md", "b.mp3"}
    assert not scan.ignored


def test_scan_names_the_rule_of_each_file_it_leaves_out(tmp_path: Path) -> None:
    put(tmp_path / ".hidden.md")
    put(tmp_path / "x.excalidraw.md")
    put(tmp_path / "sub" / "a.md")
    put(tmp_path / "sub" / ".picoraignore", "a.md\n")
    scan = disk_at(tmp_path).scan()
    assert set(scan.ignored) == {".hidden.md", "x.excalidraw.md", "sub/a.md"}
    assert scan.ignored["sub/a.md"] == "pattern 'a.md' in line 1 of sub/.picoraignore"
    assert not scan.files


@pytest.mark.parametrize("name", ["drafts/a.md", ".obsidian/a.md", "state/a.md"])
def test_ignored_directories_are_not_walked_but_their_files_are_not_absent(tmp_path: Path, name: str) -> None:
    put(tmp_path / name)
    disk = FolderDisk(folder_at(tmp_path, "drafts/**"), state_paths=[str(tmp_path / "state"), "/elsewhere"])
    assert not disk.scan().files
    assert reason(disk.look(name))
    assert disk.why_ignored(name)
    assert disk.look(name.replace("a.md", "b.md")) == Absent()


@pytest.mark.parametrize("path", ["a.md", "no/where/a.md", "file.md/a.md"])
def test_only_what_is_not_there_is_absent(tmp_path: Path, path: str) -> None:
    put(tmp_path / "file.md")
    assert disk_at(tmp_path).look(path) == Absent()


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        pytest.param(os.mkfifo, "pipe", id="pipe"),
        pytest.param(a_socket, "socket", id="socket"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "symbolic link", id="link"),
    ],
)
def test_what_is_no_regular_file_is_ignored(tmp_path: Path, make: Callable[[Path], None], word: str) -> None:
    make(tmp_path / "a.md")
    disk = disk_at(tmp_path)
    assert word in reason(disk.look("a.md"))
    assert word in disk.scan().ignored["a.md"]


def test_directory_named_like_a_note_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    disk = disk_at(tmp_path)
    assert "directory" in reason(disk.look("a.md"))
    assert not disk.scan().files


def test_file_of_another_kind_is_ignored(tmp_path: Path) -> None:
    put(tmp_path / "a.txt")
    assert reason(disk_at(tmp_path).look("a.txt"))


def test_file_below_a_linked_directory_is_ignored_unless_links_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "real" / "a.md")
    (tmp_path / "link").symlink_to("real")
    disk = disk_at(tmp_path)
    assert "symbolic link" in reason(disk.look("link/a.md"))
    assert set(disk.scan().files) == {"real/a.md"}


def test_links_inside_the_folder_are_followed_on_request(tmp_path: Path) -> None:
    put(tmp_path / "real" / "a.md")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "b.md").symlink_to("real/a.md")
    disk = disk_at(tmp_path, follow_symlinks=True)
    scan = disk.scan()
    assert set(scan.files) == {"real/a.md", "link/a.md", "b.md"}
    for path, fingerprint in scan.files.items():
        assert disk.look(path) == Present(fingerprint)


def test_links_out_of_the_folder_are_reported_and_never_followed(tmp_path: Path) -> None:
    root = tmp_path / "notes"
    put(root / "a.md")
    put(tmp_path / "secret" / "s.md")
    (root / "dir").symlink_to("../secret")
    (root / "file.md").symlink_to("../secret/s.md")
    disk = disk_at(root, follow_symlinks=True)
    scan = disk.scan()
    assert set(scan.files) == {"a.md"}
    assert {path: problem.code for path, problem in scan.gaps.items()} == {
        "dir": "LINK_OUTSIDE",
        "file.md": "LINK_OUTSIDE",
    }
    assert "leads out" in reason(disk.look("dir/s.md"))
    assert "leads out" in reason(disk.look("file.md"))


def test_circles_of_links_end(tmp_path: Path) -> None:
    put(tmp_path / "a" / "n.md")
    put(tmp_path / "b" / "m.md")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "a" / "b").symlink_to("../b")
    (tmp_path / "b" / "a").symlink_to("../a")
    (tmp_path / "self.md").symlink_to("self.md")
    disk = disk_at(tmp_path, follow_symlinks=True)
    scan = disk.scan()
    assert set(scan.files) == {"a/n.md", "b/m.md", "a/b/m.md", "b/a/n.md"}
    assert scan.problems["a/up"].code == "LINK_LOOP"
    assert not scan.failed
    assert code(disk.look("self.md")) == "SYMLINK"


def test_link_whose_target_is_gone_is_absent(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("gone.md")
    disk = disk_at(tmp_path, follow_symlinks=True)
    assert disk.look("a.md") == Absent()
    assert not disk.scan().files


def test_directory_without_permission_is_unknown_and_nothing_else_is(unprivileged: Path) -> None:
    put(unprivileged / "shut" / "deep" / "a.md")
    put(unprivileged / "open" / "b.md")
    (unprivileged / "shut").chmod(0)
    disk = disk_at(unprivileged)
    scan = disk.scan()
    assert set(scan.files) == {"open/b.md"}
    assert {path: problem.code for path, problem in scan.failed.items()} == {"shut": "PERMISSION_DENIED"}
    assert code(disk.look("shut/deep/a.md")) == "PERMISSION_DENIED"


def test_directory_that_can_be_listed_but_not_entered_is_unknown(unprivileged: Path) -> None:
    put(unprivileged / "shut" / "a.md")
    (unprivileged / "shut").chmod(0o444)
    scan = disk_at(unprivileged).scan()
    assert not scan.files
    assert set(scan.failed) == {"shut"}


def test_directory_nested_too_deep_to_be_named_is_unknown(tmp_path: Path) -> None:
    put(tmp_path / "a.md")
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    scan = disk_at(tmp_path).scan()
    assert set(scan.files) == {"a.md"}
    assert [problem.code for problem in scan.failed.values()] == ["NAME_TOO_LONG"]


def test_too_long_a_path_is_unknown(tmp_path: Path) -> None:
    assert code(disk_at(tmp_path).look("x" * 256 + ".md")) == "NAME_TOO_LONG"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[z-a]\n", "IGNORE_FILE_INVALID", id="not-a-pattern"),
        pytest.param("x" * (1 << 20) + "\n\n", "IGNORE_FILE_UNREADABLE", id="too-large"),
        pytest.param(None, "IGNORE_FILE_UNREADABLE", id="a-pipe"),
    ],
)
def test_unusable_ignore_file_makes_its_subtree_unknown(tmp_path: Path, text: str | None, expected: str) -> None:
    put(tmp_path / "a.md")
    put(tmp_path / "sub" / "deep" / "b.md")
    if text is None:
        os.mkfifo(tmp_path / "sub" / ".picoraignore")
    else:
        put(tmp_path / "sub" / ".picoraignore", text)
    disk = disk_at(tmp_path)
    scan = disk.scan()
    assert set(scan.files) == {"a.md"}
    assert scan.failed["sub"].code == expected
    assert "Until it can be used" in scan.failed["sub"].hint
    assert code(disk.look("sub/deep/b.md")) == expected
    assert disk.why_ignored("sub/deep/b.md")


def test_unusable_ignore_file_at_the_root_makes_all_unknown(tmp_path: Path) -> None:
    put(tmp_path / "a.md")
    put(tmp_path / ".picoraignore", "!\n")
    disk = disk_at(tmp_path)
    assert disk.scan().failed[""].code == "IGNORE_FILE_INVALID"
    assert not disk.scan().files
    assert code(disk.look("a.md")) == "IGNORE_FILE_INVALID"


def test_ignore_file_that_could_not_be_read_for_a_moment_counts_again_after_it(tmp_path: Path) -> None:
    put(tmp_path / "a.md")
    put(tmp_path / ".picoraignore", "b.md\n")
    disk = disk_at(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        during = disk.look("a.md")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert code(during) == "IGNORE_FILE_UNREADABLE"
    assert isinstance(disk.look("a.md"), Present)


def test_only_what_is_there_and_not_left_out_is_mirrored(tmp_path: Path) -> None:
    for path in ("folder/a.md", "folder/left out.md", "elsewhere/secret.md"):
        put(tmp_path / path)
    (tmp_path / "folder/link.md").symlink_to("../elsewhere/secret.md")
    disk = disk_at(tmp_path / "folder", "left*", follow_symlinks=True)
    assert [disk.mirrors(path) for path in ("a.md", "left out.md", "link.md", "gone.md")] == [True, False, False, False]


def test_whether_a_file_is_mirrored_cannot_be_known_without_its_rules(tmp_path: Path) -> None:
    put(tmp_path / "a.md")
    put(tmp_path / ".picoraignore", "!\n")
    with pytest.raises(FileUnreadable):
        disk_at(tmp_path).mirrors("a.md")


def test_changed_ignore_file_counts_at_once(tmp_path: Path) -> None:
    put(tmp_path / "sub" / "a.md")
    disk = disk_at(tmp_path)
    assert isinstance(disk.look("sub/a.md"), Present)
    put(tmp_path / "sub" / ".picoraignore", "\ufeffa.md\r\n")
    assert reason(disk.look("sub/a.md"))
    put(tmp_path / "sub" / ".picoraignore", "b.md, really\n")
    assert isinstance(disk.look("sub/a.md"), Present)
    (tmp_path / "sub" / ".picoraignore").unlink()
    assert isinstance(disk.look("sub/a.md"), Present)


def test_wrong_configured_pattern_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadPattern, match="line 1 of the folder's ignore list"):
        disk_at(tmp_path, "!")


# --- the root -------------------------------------------------------------------------------------------------------


def test_first_run_marks_the_root_and_later_runs_know_it(tmp_path: Path) -> None:
    root_id = disk_at(tmp_path).mark_root(None)
    assert isinstance(root_id, str)
    assert len(root_id) == 32
    again = disk_at(tmp_path)
    assert again.mark_root(root_id) == root_id
    assert again.check_root() is None
    assert not again.scan().files


def test_mark_of_an_earlier_installation_is_kept(tmp_path: Path) -> None:
    root_id = disk_at(tmp_path).mark_root(None)
    assert disk_at(tmp_path).mark_root(None) == root_id


def test_folder_that_moved_keeps_its_id(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    root_id = disk_at(tmp_path / "a").mark_root(None)
    assert isinstance(root_id, str)
    (tmp_path / "a").rename(tmp_path / "b")
    assert disk_at(tmp_path / "b").mark_root(root_id) == root_id


def unmount(root: Path) -> None:
    root.rename(root.with_name("away"))


def unmount_to_empty(root: Path) -> None:
    unmount(root)
    root.mkdir()


def mount_another(root: Path) -> None:
    unmount_to_empty(root)
    disk_at(root).mark_root(None)


def becomes_a_file(root: Path) -> None:
    unmount(root)
    root.write_text("")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(unmount, "ROOT_MISSING", id="missing"),
        pytest.param(unmount_to_empty, "ROOT_UNMARKED", id="empty-mount-point"),
        pytest.param(mount_another, "ROOT_OTHER", id="another-disk"),
        pytest.param(becomes_a_file, "ROOT_MISSING", id="a-file"),
    ],
)
def test_root_that_is_not_ours_makes_everything_unknown(
    tmp_path: Path, change: Callable[[Path], None], expected: str
) -> None:
    root = tmp_path / "notes"
    put(root / "a.md")
    disk = disk_at(root)
    root_id = disk.mark_root(None)
    assert isinstance(root_id, str)
    assert set(disk.scan().files) == {"a.md"}
    change(root)
    problem = disk.check_root()
    assert problem is not None
    assert problem.code == expected
    assert "Nothing is sent or deleted meanwhile." in problem.hint
    assert disk.scan().failed == {"": problem}
    assert code(disk.look("a.md")) == expected
    restarted = disk_at(root).mark_root(root_id)
    assert isinstance(restarted, Problem)
    assert restarted.code == expected


def test_lost_mark_is_explained_by_the_command_that_mends_it(tmp_path: Path) -> None:
    root = tmp_path / "my notes"
    put(root / "a.md")
    disk = disk_at(root)
    disk.mark_root(None)
    (root / ".picora-sync" / "folder").unlink()
    (root / ".picora-sync").rmdir()
    problem = disk.check_root()
    assert problem is not None
    command = problem.hint.partition("mark it again: ")[2]
    assert os.waitstatus_to_exitcode(os.system(command)) == 0  # noqa: S605  # the command is what is tested
    assert disk.check_root() is None


def link_the_directory(root: Path, victim: Path) -> None:
    (root / ".picora-sync").symlink_to(victim)


def link_the_file(root: Path, victim: Path) -> None:
    (root / ".picora-sync").mkdir()
    (root / ".picora-sync" / "folder").symlink_to(victim / "folder")


def link_nowhere(root: Path, _victim: Path) -> None:
    (root / ".picora-sync").symlink_to("nowhere")


def link_the_file_nowhere(root: Path, victim: Path) -> None:
    (root / ".picora-sync").mkdir()
    (root / ".picora-sync" / "folder").symlink_to(victim / "new")


def a_file(root: Path, _victim: Path) -> None:
    (root / ".picora-sync").write_text("mine")


def a_pipe(root: Path, _victim: Path) -> None:
    (root / ".picora-sync").mkdir()
    os.mkfifo(root / ".picora-sync" / "folder")


def a_pipe_for_a_directory(root: Path, _victim: Path) -> None:
    os.mkfifo(root / ".picora-sync")


def a_directory(root: Path, _victim: Path) -> None:
    (root / ".picora-sync" / "folder").mkdir(parents=True)


@pytest.mark.parametrize(
    "misplace",
    [
        link_the_directory, link_the_file, link_nowhere, link_the_file_nowhere,
        a_file, a_pipe, a_pipe_for_a_directory, a_directory,
    ],
    ids=lambda each: each.__name__,
)  # fmt: skip
@pytest.mark.parametrize("content", ["somebody else's\n", ""], ids=["full", "empty"])
def test_mark_is_never_read_or_written_through_a_link_or_anything_else(
    tmp_path: Path, misplace: Callable[[Path, Path], None], content: str
) -> None:
    root, victim = tmp_path / "notes", tmp_path / "victim"
    put(root / "a.md")
    victim.mkdir()
    (victim / "folder").write_text(content)
    misplace(root, victim)
    for known in (None, "0" * 32):
        problem = disk_at(root).mark_root(known)
        assert isinstance(problem, Problem)
        assert problem.code == "ROOT_MARK_MISPLACED"
        assert "Nothing is sent or deleted meanwhile." in problem.hint
    disk = disk_at(root)
    disk.mark_root(None)
    assert code(disk.look("a.md")) == "ROOT_MARK_MISPLACED"
    assert disk.scan().failed[""].code == "ROOT_MARK_MISPLACED"
    assert [path.name for path in victim.iterdir()] == ["folder"]
    assert (victim / "folder").read_text() == content


def test_folder_goes_on_when_the_link_is_moved_away(tmp_path: Path) -> None:
    root = tmp_path / "notes"
    put(root / "a.md")
    (root / ".picora-sync").symlink_to("nowhere")
    disk = disk_at(root)
    assert isinstance(disk.mark_root(None), Problem)
    (root / ".picora-sync").unlink()
    assert set(disk.scan().files) == {"a.md"}
    assert isinstance(disk.mark_root(None), str)


def test_hard_link_for_a_mark_is_replaced_not_written_through(tmp_path: Path) -> None:
    root = tmp_path / "notes"
    put(root / "a.md")
    put(tmp_path / "empty", "")
    (root / ".picora-sync").mkdir()
    (root / ".picora-sync" / "folder").hardlink_to(tmp_path / "empty")
    assert isinstance(disk_at(root).mark_root(None), str)
    assert (tmp_path / "empty").read_bytes() == b""


def test_directory_of_the_mark_that_turns_into_a_link_is_noticed(tmp_path: Path) -> None:
    root = tmp_path / "notes"
    put(root / "a.md")
    disk = disk_at(root)
    disk.mark_root(None)
    assert disk.check_root() is None
    (root / ".picora-sync").rename(tmp_path / "elsewhere")
    (root / ".picora-sync").symlink_to(tmp_path / "elsewhere")
    problem = disk.check_root()
    assert problem is not None
    assert problem.code == "ROOT_MARK_MISPLACED"


def test_mark_that_cannot_be_finished_leaves_nothing_behind(tmp_path: Path) -> None:
    put(tmp_path / ".picora-sync" / "folder", "")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, limits[1]))
    try:
        problem = disk_at(tmp_path).mark_root(None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert isinstance(problem, Problem)
    assert os.listdir(tmp_path / ".picora-sync") == ["folder"]  # noqa: PTH208  # names alone


def test_root_without_permission_is_unknown(unprivileged: Path) -> None:
    root = unprivileged / "shut" / "notes"
    put(root / "a.md")
    disk = disk_at(root)
    disk.mark_root(None)
    (unprivileged / "shut").chmod(0)
    assert code(disk.look("a.md")) == "PERMISSION_DENIED"
    assert disk.scan().failed[""].code == "PERMISSION_DENIED"


def test_mark_that_cannot_be_read_is_no_lost_mark(unprivileged: Path) -> None:
    disk = disk_at(unprivileged)
    disk.mark_root(None)
    (unprivileged / ".picora-sync" / "folder").chmod(0)
    problem = disk.check_root()
    assert problem is not None
    assert problem.code == "PERMISSION_DENIED"


def test_read_only_root_is_known_by_its_files(unprivileged: Path) -> None:
    put(unprivileged / "a.md")
    unprivileged.chmod(0o555)
    disk = disk_at(unprivileged)
    assert disk.mark_root(None) == ""
    assert set(disk.scan().files) == {"a.md"}
    unprivileged.chmod(0o755)
    (unprivileged / "a.md").unlink()
    assert code(disk.look("a.md")) == "ROOT_EMPTY"
    problem = disk_at(unprivileged).mark_root("", ["a.md"])
    assert isinstance(problem, Problem)
    assert disk_at(unprivileged).mark_root("", []) == ""


def test_missing_root_is_not_marked_on_the_first_run(tmp_path: Path) -> None:
    problem = disk_at(tmp_path / "nowhere").mark_root(None)
    assert isinstance(problem, Problem)
    assert problem.code == "ROOT_MISSING"
    assert not (tmp_path / "nowhere").exists()


def test_root_that_vanishes_during_a_scan_takes_the_scan_with_it(tmp_path: Path) -> None:
    put(tmp_path / "a.md")
    put(tmp_path / "sub" / "b.md")
    disk = disk_at(tmp_path)
    disk.mark_root(None)
    marker = tmp_path / ".picora-sync" / "folder"
    pending = [marker]

    def unmark(event: str, args: tuple[object, ...]) -> None:
        if pending and event == "os.scandir" and str(args[0]) == str(tmp_path / "sub"):
            pending.pop().unlink()

    sys.addaudithook(unmark)  # stays for good, but does nothing from now on
    scan = disk.scan()
    assert not pending
    assert not scan.files
    assert scan.failed[""].code == "ROOT_UNMARKED"


# --- mount points ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "known", [frozenset({"disk"}), frozenset({"disk", "sub"}), frozenset({"gone"})], ids=["ceased", "two", "vanished"]
)
def test_subtree_whose_mount_point_changed_is_unknown(tmp_path: Path, known: frozenset[str]) -> None:
    for name in ("a.md", "disk/b.md", "sub/deep/c.md"):
        put(tmp_path / name)
    disk = FolderDisk(folder_at(tmp_path))
    disk.expect_mounts(known)
    scan = disk.scan()
    assert set(scan.failed) == known
    expected = {name for name in ("a.md", "disk/b.md", "sub/deep/c.md") if name.partition("/")[0] not in known}
    assert set(scan.files) == expected
    for mount in known:
        assert code(disk.look(f"{mount}/b.md")) == "MOUNT_CHANGED"
    disk.expect_mounts(None)
    assert not disk.scan().failed
    assert isinstance(disk.look("disk/b.md"), Present)


def test_vanished_mount_point_that_is_ignored_meanwhile_is_ignored(tmp_path: Path) -> None:
    put(tmp_path / "disk" / "a.md")
    disk = FolderDisk(folder_at(tmp_path, "disk/"))
    disk.expect_mounts(frozenset({"disk"}))
    assert not disk.scan().failed
    assert reason(disk.look("disk/a.md"))


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="needs a mount point to look at")  # noqa: S108
def test_mount_points_are_found() -> None:
    assert "shm" in disk_at(Path("/dev")).scan().mounts


def test_folder_is_one_device_by_default(tmp_path: Path) -> None:
    put(tmp_path / "a" / "b.md")
    disk = disk_at(tmp_path)
    assert disk.scan().mounts == frozenset()
    assert isinstance(disk.look("a/b.md"), Present)


def test_sound_that_is_not_taken_is_counted_unless_it_is_ignored(tmp_path: Path) -> None:
    for name in (
        "a.opus",
        "b.OPUS",
        "sub/c.mp4",
        "d.txt",
        "e.png",
        "f.mp3",
        ".hidden.opus",
        "skip/g.opus",
        "sub/h.aac",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".picoraignore").write_text("skip/\n*.aac\n")
    found = FolderDisk(Folder("notes", str(tmp_path))).scan()
    assert found.untaken == {".opus": 2, ".mp4": 1}
