"""The unit files say what the program's exit codes and notifications promise, and systemd accepts them."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from picora_sync.config.keys import CREDENTIAL
from picora_sync.errors import ConfigError, KeyRefused

ROOT = Path(__file__).parents[3]
UNITS = {scope: ROOT / "systemd" / scope / "picora-sync.service" for scope in ("user", "system")}

# The directives of systemd.unit(5), systemd.service(5), systemd.exec(5) that these units may use: a typing mistake is
# no error to systemd, only a warning in its log.
DIRECTIVES = {
    "Unit": {"Description", "Wants", "After", "StartLimitIntervalSec", "StartLimitBurst"},
    "Service": {
        *("Type", "User", "Environment", "ExecStart", "ExecReload", "WatchdogSec", "TimeoutStartSec", "TimeoutStopSec"),
        *("Restart", "RestartSec", "RestartPreventExitStatus", "LoadCredential", "StateDirectory"),
        *("StateDirectoryMode", "UMask", "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities"),
        *("ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectClock", "ProtectControlGroups"),
        *("ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc"),
        *("ProcSubset", "LockPersonality", "MemoryDenyWriteExecute", "RemoveIPC", "RestrictAddressFamilies"),
        *("RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "SystemCallArchitectures"),
        *("SystemCallFilter", "SystemCallErrorNumber"),
    },
    "Install": {"WantedBy"},
}

Unit = dict[str, dict[str, list[str]]]


def read(scope: str) -> Unit:
    sections: Unit = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in UNITS[scope].read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            sections[section][name].append(value)
    return sections


@pytest.mark.parametrize("scope", UNITS)
def test_every_directive_is_one_that_systemd_knows(scope: str) -> None:
    used = {(section, name) for section, values in read(scope).items() for name in values}
    known = {(section, name) for section, names in DIRECTIVES.items() for name in names}
    assert used - known == set()


@pytest.mark.parametrize("scope", UNITS)
def test_a_restart_is_not_tried_where_it_cannot_help(scope: str) -> None:
    service = read(scope)["Service"]
    final = {str(ConfigError.exit_code), str(KeyRefused.exit_code), "2"}
    assert service["Restart"] == ["on-failure"]
    assert set(service["RestartPreventExitStatus"][0].split()) == final


@pytest.mark.parametrize("scope", UNITS)
def test_the_daemon_notifies_is_watched_and_reloads(scope: str) -> None:
    service = read(scope)["Service"]
    assert service["Type"] == ["notify"]
    assert service["WatchdogSec"] == ["2min"]
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["ExecStart"][0].startswith("/usr/bin/env picora-sync ")
    assert service["ExecStart"][0].endswith(" run")


def test_the_system_unit_hands_the_key_over_under_the_name_that_is_looked_for() -> None:
    assert read("system")["Service"]["LoadCredential"][0].split(":")[0] == CREDENTIAL


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here: the strict reading above stands")
@pytest.mark.parametrize("scope", UNITS)
def test_systemd_accepts_the_unit_without_a_word(scope: str, tmp_path: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", f"--{scope}", str(UNITS[scope])]
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_launchd_agent_runs_the_daemon_and_restarts_it_after_a_failure() -> None:
    agent = plistlib.loads((ROOT / "launchd" / "me.picora.sync.plist").read_bytes())
    assert agent["Label"] == "me.picora.sync"
    assert agent["ProgramArguments"][-1].startswith("exec picora-sync run ")
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["Umask"] == 0o077
