"""``service`` says what it would write, sees what a service sees, and tells what a manager complains of."""

from __future__ import annotations

import os
import plistlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from picora_sync.cli.failures import CommandFailed
from picora_sync.cli.service_host import (
    Person,
    carry_out,
    environment_of,
    installation,
    me,
    somebody,
    system_account,
    write,
)
from picora_sync.service.installation import Installation
from picora_sync.service.managers import Act, Command, Launchd
from picora_sync.service.units import system_unit

SAYS = "import sys; sys.exit('Failed to connect to bus: No medium found')"


@dataclass(frozen=True)
class Scripted:
    """A manager whose commands are given."""

    file: Path
    doing: tuple[Command, ...] = ()
    absent: str = ""
    told: list[str] = field(default_factory=list)

    def content(self, installation: Installation) -> bytes:
        return str(installation.config_file).encode()

    def commands(self, act: Act) -> tuple[Command, ...]:
        self.told.append(act.value)
        return self.doing


@pytest.fixture
def keyed(mirror: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PICORA_API_KEY", "CREDENTIALS_DIRECTORY", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    key = mirror.directory / "key"
    key.write_text("sk_live_secret")
    key.chmod(0o600)
    file: Path = mirror.config_file
    return file


def test_print_shows_a_unit_of_this_installation_and_configuration(keyed: Path, invoke: Callable[..., Any]) -> None:
    ran = invoke("--config", keyed, "service", "install", "--print")
    assert (ran.code, ran.err) == (0, "")
    assert f"ExecStart={sys.executable} -P -m picora_sync --config {keyed} run\n" in ran.out


def test_the_system_service_may_write_to_what_the_configuration_names(keyed: Path) -> None:
    found = installation(keyed, me(), system=True)
    assert found.writable == (keyed.parent / "state", keyed.parent / "notes", keyed.parent / "podcast")
    assert found.key_file is None, "the account itself can read the key"


def test_the_same_works_for_launchd(keyed: Path) -> None:
    manager = Launchd(keyed.parent, 501)
    content = plistlib.loads(manager.content(installation(keyed, me(), system=False)))
    assert content["ProgramArguments"][0] == sys.executable


def test_a_key_that_only_the_shell_knows_is_none_for_a_service(
    keyed: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (keyed.parent / "key").unlink()
    monkeypatch.setenv("PICORA_API_KEY", "sk_live_of_the_shell")
    ran = invoke("--config", keyed, "service", "install", "--print")
    assert (ran.code, ran.out) == (77, "")
    assert ran.err.startswith("Error: the service finds no key: ")
    assert "sk_live_of_the_shell" not in ran.err


def test_a_configuration_that_needs_the_shells_variables_is_refused_with_its_line(
    keyed: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_NOTES", "notes")
    keyed.write_text(keyed.read_text().replace("path: notes", "path: ${MY_NOTES}"))
    ran = invoke("--config", keyed, "service", "install", "--print")
    assert (ran.code, ran.out) == (78, "")
    assert f"{keyed}:4:" in ran.err


def test_what_a_person_sees_as_a_service_is_hardly_anything_of_the_shell() -> None:
    shell = {
        "SHELL": "/bin/sh",
        "PICORA_API_KEY": "secret",
        "XDG_RUNTIME_DIR": "/run/user/7",
        "https_proxy": "http://p",
    }
    ada = Person("ada", 7, 7, Path("/home/ada"))
    seen = environment_of(ada, shell)
    assert seen["HOME"] == "/home/ada"
    assert set(seen) == {"HOME", "USER", "LOGNAME", "PATH", "XDG_RUNTIME_DIR", "https_proxy"}
    assert set(environment_of(Person("ada", 7, 7, Path("/home/ada"), other=True), shell)) == {
        *("HOME", "USER", "LOGNAME", "PATH")
    }


def test_root_by_sudo_is_not_taken_for_oneself(
    keyed: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "ada")
    ran = invoke("--config", keyed, "service", "install", "--print")
    as_root = os.geteuid() == 0
    assert (ran.code, "leave out sudo" in ran.err) == ((2, True) if as_root else (0, False))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may run as anybody")
def test_only_root_installs_for_somebody_else(keyed: Path) -> None:
    with pytest.raises(CommandFailed, match="only root can run a service as nobody"):
        installation(keyed, somebody("nobody", keyed), system=True)


def test_the_systems_service_is_found_by_the_configuration_that_it_names(tmp_path: Path) -> None:
    config = Path("/srv/my $ 50% config.yaml")
    for user, file in {"ada": config, "bob": Path("/srv/other.yaml")}.items():
        unit = system_unit(Installation(("/bin/true",), file), user)
        (tmp_path / f"picora-sync@{user}.service").write_text(unit)
    assert system_account(config, tmp_path) == "ada"
    assert system_account(Path("/srv/none.yaml"), tmp_path) is None
    assert system_account(config, tmp_path / "nowhere") is None


def test_only_the_last_command_must_succeed(tmp_path: Path) -> None:
    fails, works = (sys.executable, "-c", SAYS), (sys.executable, "-c", "")
    carry_out(Scripted(tmp_path / "unit", (fails, works)), Act.ENABLE)
    carry_out(Scripted(tmp_path / "unit"), Act.FORGET)
    with pytest.raises(CommandFailed, match="No medium found") as failed:
        carry_out(Scripted(tmp_path / "unit", (works, fails)), Act.ENABLE)
    assert "not through su" in failed.value.hint


@pytest.mark.parametrize(
    ("manager", "message", "code"),
    [
        (Scripted(Path("unit"), (("no-such-tool",),)), "no-such-tool is not installed", 1),
        (Scripted(Path("unit"), absent="systemd does not run this machine"), "systemd does not run this machine", 78),
    ],
)
def test_a_manager_that_is_not_there_is_told(manager: Scripted, message: str, code: int) -> None:
    with pytest.raises(CommandFailed, match=message) as failed:
        carry_out(manager, Act.START)
    assert (failed.value.exit_code, bool(failed.value.hint)) == (code, True)


def test_the_file_is_whole_and_can_be_read_by_the_managers_tools(tmp_path: Path) -> None:
    manager = Scripted(tmp_path / "made" / "unit")
    write(manager, b"one")
    write(manager, b"two")
    assert manager.file.read_bytes() == b"two"
    assert [*manager.file.parent.iterdir()] == [manager.file]
    assert manager.file.stat().st_mode & 0o777 == 0o644


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "made").write_text("a file")
    with pytest.raises(CommandFailed, match="cannot be written") as failed:
        write(Scripted(tmp_path / "made" / "unit"), b"")
    assert "sudo" in failed.value.hint


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["install", "--user", "ada"], 2, "--user belongs to --system"),
        (["install", "--system", "--user", "no-such-account"], 1, "there is no account no-such-account"),
        (["install", "--system", "--user", "root"], 2, "needs no rights of root"),
        (["start", "--system", "--user", "nobody"], 3, "is not installed"),
        (["stop"], 3, "is not installed"),
        (["restart"], 3, "is not installed"),
        (["uninstall"], 3, "is not installed"),
        (["status"], 3, "is not installed"),
        (["logs", "--follow"], 3, "is not installed"),
        (["instal"], 2, "did you mean 'install'?"),
        (["logs", "--lines", "x"], 2, "No such option"),
    ],
    ids=str,
)
def test_each_wrong_use_is_told_with_what_to_do(
    words: list[str], code: int, message: str, keyed: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(keyed.parent))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    ran = invoke("--config", keyed, "service", *words)
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err
    assert "Hint: " in ran.err or code == 2
