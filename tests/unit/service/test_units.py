"""The units say what the program's exit codes and notifications promise, and systemd accepts them."""

from __future__ import annotations

import os
import plistlib
import runpy
import shlex
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from picora_sync.config.keys import CREDENTIAL
from picora_sync.errors import ConfigError, KeyRefused
from picora_sync.service.agent import agent
from picora_sync.service.installation import Installation, carried
from picora_sync.service.managers import Act, Launchd, Systemd
from picora_sync.service.units import command_line, quoted, system_unit, user_unit

ROOT = Path(__file__).resolve().parents[3]
SYSTEMD = ROOT / "systemd"
ODD = "/srv/50% of 'my' \"notes\" \\ $HOME; {x}\n\udcff é"
PLAIN = Installation(("/bin/true", "-P"), Path("/srv/config.yaml"), (Path("/srv/state"), Path("/srv/notes")))
UNITS: dict[str, Callable[[Installation], str]] = {"user": user_unit, "system": lambda it: system_unit(it, "ada")}
INSTALLATIONS = {
    "plain": PLAIN,
    "odd": Installation(
        ("/bin/true",),
        Path(ODD),
        (Path(ODD), Path("/srv/-a b")),
        {"HTTPS_PROXY": "http://a b%c:3128"},
        Path("/srv/50%"),
    ),
}
UNIT, FOR_ADA = "picora-sync.service", "picora-sync@ada.service"
AGENT, AGENTS = "me.picora.sync", "/Users/ada/Library/LaunchAgents"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")

# The directives of systemd.unit(5), systemd.service(5), systemd.exec(5) that these units may use: a typing mistake is
# no error to systemd, only a warning in its log.
SECCOMP = {
    *("NoNewPrivileges", "LockPersonality", "MemoryDenyWriteExecute", "RestrictAddressFamilies", "RestrictNamespaces"),
    *("RestrictRealtime", "RestrictSUIDSGID", "SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber"),
}
ROOTS = {
    *("CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices"),
    *("PrivateUsers", "ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ReadWritePaths"),
    *("ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "ProcSubset", "RemoveIPC"),
}
DAEMON = {
    *("Type", "Environment", "ExecStart", "ExecReload", "WatchdogSec", "TimeoutStartSec", "TimeoutStopSec", "UMask"),
    *("Restart", "RestartSec", "RestartPreventExitStatus"),
}
DIRECTIVES = {"Unit": {"Description", "StartLimitIntervalSec", "StartLimitBurst"}, "Install": {"WantedBy"}}

Unit = dict[str, dict[str, list[str]]]


def read(text: str) -> Unit:
    sections: Unit = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            sections[section][name].append(value)
    return sections


@pytest.mark.parametrize(
    ("scope", "unit", "service"),
    [
        ("user", set[str](), DAEMON | SECCOMP),
        ("system", {"Wants", "After"}, DAEMON | SECCOMP | ROOTS | {"User", "LoadCredential"}),
    ],
)
def test_every_directive_is_one_that_this_manager_can_enforce(scope: str, unit: set[str], service: set[str]) -> None:
    """A user's own manager may make no mount namespace and drop no capability: with such a directive nothing starts."""
    used = read(UNITS[scope](INSTALLATIONS["odd"]))
    known = {"Unit": DIRECTIVES["Unit"] | unit, "Service": service, "Install": DIRECTIVES["Install"]}
    assert {section: set(names) - known[section] for section, names in used.items()} == {
        section: set() for section in known
    }


@pytest.mark.parametrize("scope", UNITS)
def test_a_restart_is_not_tried_where_it_cannot_help(scope: str) -> None:
    service = read(UNITS[scope](PLAIN))["Service"]
    final = {str(ConfigError.exit_code), str(KeyRefused.exit_code), "2"}
    assert service["Restart"] == ["on-failure"]
    assert set(service["RestartPreventExitStatus"][0].split()) == final


@pytest.mark.parametrize("scope", UNITS)
def test_the_daemon_notifies_is_watched_and_reloads(scope: str) -> None:
    service = read(UNITS[scope](PLAIN))["Service"]
    assert service["Type"] == ["notify"]
    assert service["WatchdogSec"] == ["2min"]
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["ExecStart"] == ["/bin/true -P --config /srv/config.yaml run"]


def test_the_system_unit_hands_over_a_key_that_the_account_cannot_read_under_the_name_that_is_looked_for() -> None:
    assert "LoadCredential" not in read(UNITS["system"](PLAIN))["Service"]
    handed = read(UNITS["system"](INSTALLATIONS["odd"]))["Service"]["LoadCredential"]
    assert handed == [f"{CREDENTIAL}:/srv/50%%"]


def test_the_system_unit_lets_state_and_folders_be_written_and_nothing_else() -> None:
    service = read(UNITS["system"](PLAIN))["Service"]
    assert service["ReadWritePaths"] == ["-/srv/state", "-/srv/notes"]
    assert (service["ProtectSystem"], service["ProtectHome"]) == (["strict"], ["read-only"])


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/srv/notes", "/srv/notes"),
        ("/srv/my notes", '"/srv/my notes"'),
        ("50%", '"50%%"'),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("a\nb", '"a\\x0ab"'),
        ("a\u2028b", '"a\\xe2\\x80\\xa8b"'),
        ("\udcff", '"\\xff"'),
        ("it's", '"it\'s"'),
        ("é 读", '"é 读"'),
    ],
)
def test_a_word_stays_one_word_on_one_line(word: str, written: str) -> None:
    assert quoted(word) == written


def test_a_dollar_is_doubled_where_systemd_would_look_for_a_variable() -> None:
    assert command_line(["/opt/$x/python", "--config", "/srv/$HOME"]) == "/opt/$x/python --config /srv/$$HOME"


@needs_systemd
@pytest.mark.parametrize("named", INSTALLATIONS)
@pytest.mark.parametrize("scope", UNITS)
def test_systemd_accepts_the_unit_without_a_word(scope: str, named: str, tmp_path: Path) -> None:
    unit = tmp_path / "picora-sync.service"
    unit.write_text(UNITS[scope](INSTALLATIONS[named]), encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", f"--{scope}", str(unit)]
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize(("scope", "most"), [("user", 62), ("system", 15)])
def test_systemd_finds_little_exposed(scope: str, most: int, tmp_path: Path) -> None:
    """``most`` is in tenths, as systemd-analyze's --threshold."""
    unit = tmp_path / "picora-sync.service"
    unit.write_text(UNITS[scope](PLAIN), encoding="utf-8")
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={most}", "--no-pager", str(unit)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout[-400:]


def test_the_units_in_the_project_are_what_is_written_for_the_usual_places() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "make_units.py"))["units"]()
    there = {str(file.relative_to(SYSTEMD)): file.read_text("utf-8") for file in SYSTEMD.rglob("*.service")}
    assert there == made


def test_the_launchd_agent_runs_the_daemon_and_restarts_it_after_a_failure() -> None:
    installed = Installation(("/opt/a b/python", "-P"), Path("/Users/ada/c.yaml"), environ={"NO_PROXY": "x"})
    content = plistlib.loads(agent(installed, Path("/Users/ada/Library/Logs/picora-sync.log")))
    assert content["Label"] == AGENT
    assert content["ProgramArguments"] == ["/opt/a b/python", "-P", "--config", "/Users/ada/c.yaml", "run"]
    assert content["KeepAlive"] == {"SuccessfulExit": False}
    assert content["StandardErrorPath"] == "/Users/ada/Library/Logs/picora-sync.log"
    assert content["EnvironmentVariables"] == {"NO_PROXY": "x"}
    assert content["Umask"] == 0o077


def test_a_service_is_given_what_leads_to_picora_and_no_password() -> None:
    shell = {
        "HTTPS_PROXY": "http://me:secret@proxy",
        "no_proxy": "here",
        "SSL_CERT_FILE": "/ca.pem",
        "SHELL": "/bin/sh",
    }
    assert carried({**shell, "XDG_STATE_HOME": ""}) == {"no_proxy": "here", "SSL_CERT_FILE": "/ca.pem"}


@pytest.mark.parametrize(
    ("manager", "place", "enabling"),
    [
        (
            Systemd(Path("/home/ada"), {}),
            "/home/ada/.config/systemd/user/picora-sync.service",
            ["systemctl --user daemon-reload", f"systemctl --user enable {UNIT}", f"systemctl --user restart {UNIT}"],
        ),
        (
            Systemd(Path("/home/ada"), {"XDG_CONFIG_HOME": "/cfg"}),
            "/cfg/systemd/user/picora-sync.service",
            ["systemctl --user daemon-reload", f"systemctl --user enable {UNIT}", f"systemctl --user restart {UNIT}"],
        ),
        (
            Systemd(Path("/home/ada"), {}, "ada"),
            "/etc/systemd/system/picora-sync@ada.service",
            ["systemctl daemon-reload", f"systemctl enable {FOR_ADA}", f"systemctl restart {FOR_ADA}"],
        ),
        (
            Launchd(Path("/Users/ada"), 501),
            f"{AGENTS}/{AGENT}.plist",
            [f"launchctl bootout gui/501/{AGENT}", f"launchctl bootstrap gui/501 {AGENTS}/{AGENT}.plist"],
        ),
    ],
    ids=["user", "xdg", "system", "launchd"],
)
def test_each_manager_has_its_place_and_its_commands(
    manager: Systemd | Launchd, place: str, enabling: list[str]
) -> None:
    assert str(manager.file) == place
    assert [*map(shlex.join, manager.commands(Act.ENABLE))] == enabling
    for act in Act:
        for command in manager.commands(act):
            assert command[0] in {"systemctl", "journalctl", "launchctl", "tail"}
