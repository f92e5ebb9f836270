"""Real processes: what the commands exit with, say and leave behind. Each is bounded in time and ended by its id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx
import pytest

from picora_sync.server.accounts import Scope, add_key, add_user, revoke_key
from picora_sync.server.settings import ServerSettings

WITHIN_S = 60.0
PROGRAM = [sys.executable, "-P", "-m", "picora_sync"]
ENVIRON = {name: value for name, value in os.environ.items() if name not in {"PICORA_API_KEY", "NOTIFY_SOCKET"}}


def run(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *map(str, arguments)]
    environ = {**ENVIRON, **(env or {})}
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, env=environ, check=False)


@dataclass
class Processes:
    """Starts processes, and ends those that a test left."""

    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str | Path, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        command = [*PROGRAM, *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=ENVIRON)
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=WITHIN_S)


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.end()


def lines_until(process: subprocess.Popen[str], stream: IO[str] | None, wanted: Sequence[str]) -> list[str]:
    """Lines of a pipe until each of ``wanted`` was in one of them; a process that stays silent is ended."""
    assert stream is not None
    missing, lines = set(wanted), []
    overdue = threading.Timer(WITHIN_S, process.kill)
    overdue.start()
    try:
        while missing:
            line = stream.readline()
            assert line, f"not seen: {missing} in {lines}"
            lines.append(line)
            missing -= {each for each in missing if each in line}
    finally:
        overdue.cancel()
    return lines


@dataclass(frozen=True)
class Setup:
    url: str
    key: str
    directory: Path
    data: Path
    user_id: str

    @property
    def notes(self) -> Path:
        return self.directory / "notes"

    def config(self, *, url: str | None = None, key: str | None = None) -> Path:
        key_file = self.directory / "key"
        key_file.write_text(key or self.key)
        key_file.chmod(0o600)
        file = self.directory / "config.yaml"
        file.write_text(
            f"account: {{url: '{url or self.url}', key_file: key}}\nstate_dir: state\n"
            "folders:\n  - {path: notes, settle: {quiet: 100ms}, delete_after: 100ms}\n"
        )
        return file


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the server says that all tests share."""
    processes = Processes()
    data = tmp_path_factory.mktemp("serve") / "picora"
    server = processes.start("serve", "--json", "--port", "0", "--no-rate-limits", "--data", data)
    yield json.loads(lines_until(server, server.stdout, ["url"])[0])
    processes.end()


def test_serve_says_in_json_what_a_client_needs(ready: dict[str, str]) -> None:
    assert set(ready) >= {"url", "media_url", "key", "plan", "data"}
    assert ready["plan"] == "pro_plus"


@pytest.fixture
def setup(tmp_path: Path, ready: dict[str, str]) -> Setup:
    """An account of its own on that server, and a folder with two notes."""
    library = ServerSettings(data=Path(ready["data"]))
    user_id = add_user(library, plan="pro_plus")
    made = Setup(ready["url"], add_key(library, user_id), tmp_path, library.data, user_id)
    made.notes.mkdir()
    (made.notes / "one.md").write_text("# One\n")
    (made.notes / "two.md").write_text("---\npublic: true\n---\n# Two\n")
    return made


def test_sync_mirrors_and_says_so_in_json_then_has_nothing_to_do(setup: Setup) -> None:
    config = setup.config()
    plan = json.loads(run("plan", "--json", "--config", config).stdout)
    assert sorted((action["op"], action["path"]) for action in plan["actions"]) == [
        ("upload", "one.md"),
        ("upload", "two.md"),
    ]
    assert all(action["why"] for action in plan["actions"])
    assert (plan["held"], plan["requests"]["upload"], plan["eta_s"]) == ([], 2, plan["eta_s"])
    assert json.loads(run("sync", "--dry-run", "--json", "--config", config).stdout) == plan
    first = run("sync", "--json", "--config", config)
    assert first.returncode == 0, first.stderr
    document = json.loads(first.stdout)
    assert [(each["path"], each["url"][:7]) for each in document.pop("made_public")] == [("two.md", "http://")]
    assert {**document, "requests": 0} == {
        "files": 2, "synced": 2, "blocked": 0, "held": 0, "uploaded": 2, "patched": 0, "deleted": 0,
        "requests": 0, "problems": [],
    }  # fmt: skip
    again = json.loads(run("sync", "--json", "--config", config).stdout)
    assert (again["synced"], again["uploaded"], again["patched"], again["deleted"]) == (2, 0, 0, 0)
    assert run("plan", "--config", config).stdout == "Nothing to do.\n"
    url = run("url", "--config", config, setup.notes / "two.md").stdout.strip()
    assert "# Two" in httpx.get(url, timeout=WITHIN_S).text


def test_a_blocked_file_makes_the_exit_code_1_and_is_told(setup: Setup) -> None:
    (setup.notes / "bad.md").write_bytes(b"\xff\xfe\x00")
    ran = run("sync", "--config", setup.config())
    assert ran.returncode == 1, ran.stderr
    assert "3 files: 2 synced, 1 blocked" in ran.stdout
    assert "notes/bad.md: " in ran.stdout
    assert "Hint: " in ran.stdout


def test_a_wrong_key_exits_with_77(setup: Setup) -> None:
    config = setup.config(key="sk_live_" + "x" * 32)
    ran = run("sync", "--config", config)
    assert ran.returncode == 77
    assert "Error: " in ran.stderr
    assert "Traceback" not in ran.stderr
    account = json.loads(run("status", "--config", config, "--json").stdout)["account"]
    assert (account["state"], account["trouble"] != "") == ("refused", True)


def test_no_server_exits_with_69(setup: Setup) -> None:
    ran = run("sync", "--config", setup.config(url="http://127.0.0.1:9"))
    assert ran.returncode == 69
    assert "Hint: " in ran.stderr


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("read_write_delete", "the key's scope is read_write_delete"),
        ("read_write", "what you delete here stays on Picora"),
        ("read", "nothing can be uploaded"),
    ],
)
def test_config_check_says_whose_key_it_is_and_what_it_may(
    scope: Scope, said: str, ready: dict[str, str], setup: Setup
) -> None:
    settings = ServerSettings(data=Path(ready["data"]))
    user = add_user(settings, plan="trial")
    config = setup.config(key=add_key(settings, user, scope))
    account = json.loads(run("config", "check", "--json", "--config", config).stdout)["account"]
    assert account == {"user": user, "plan": "trial", "scopes": scope}
    assert said in run("config", "check", "--config", config).stdout


def test_a_wrong_configuration_exits_with_78(setup: Setup) -> None:
    config = setup.config()
    config.write_text(config.read_text().replace("folders", "folder"))
    ran = run("sync", "--config", config)
    assert (ran.returncode, ran.stdout) == (78, "")
    assert f"{config}:3:1: unknown key 'folder'" in ran.stderr


def test_a_second_instance_exits_with_73_and_the_first_one_ends_cleanly(setup: Setup, processes: Processes) -> None:
    config = setup.config()
    daemon = processes.start("run", "--config", config, stderr=subprocess.PIPE)
    lines_until(daemon, daemon.stderr, ["account: ok"])
    assert run("run", "--config", config).returncode == 73
    status = json.loads(run("status", "--json", "--config", config).stdout)
    assert (status["running"], status["pid"], status["account"]["state"]) == (True, daemon.pid, "ok")
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(WITHIN_S) == 0
    ended = run("status", "--json", "--config", config)
    status = json.loads(ended.stdout)
    assert (ended.returncode, status["state"], status["running"], status["wrong"]) == (3, "stopped", False, [])


def test_status_says_whether_anything_was_asked_and_whether_what_should_run_does(
    setup: Setup, processes: Processes
) -> None:
    config = setup.config()
    first = run("status", "--json", "--config", config)
    assert (first.returncode, json.loads(first.stdout)["state"]) == (3, "stopped")
    assert json.loads(first.stdout)["account"]["state"] == "not asked yet"
    assert "Picora was not asked yet" in run("problems", "--config", config).stdout
    assert run("sync", "--config", config).returncode == 0
    after = run("status", "--json", "--config", config)
    assert (after.returncode, json.loads(after.stdout)["state"]) == (0, "ok")
    daemon = processes.start("run", "--config", config, stderr=subprocess.PIPE)
    lines_until(daemon, daemon.stderr, ["account: ok"])
    assert run("status", "--config", config).returncode == 0
    daemon.kill()
    daemon.wait(WITHIN_S)
    died = run("status", "--config", config)
    assert (died.returncode, died.stdout.splitlines()[0].partition(":")[0]) == (3, "STOPPED")
    assert "ended unexpectedly" in died.stdout.splitlines()[0]
    assert "DAEMON_DIED" in run("problems", "--config", config).stdout


def test_a_new_key_in_the_place_of_a_refused_one_is_enough(setup: Setup, processes: Processes) -> None:
    config = setup.config()
    daemon = processes.start("run", "--config", config, stderr=subprocess.PIPE)
    lines_until(daemon, daemon.stderr, ["account: ok"])
    library = ServerSettings(data=setup.data)
    (setup.directory / "key").write_text(add_key(library, setup.user_id))
    assert revoke_key(library, setup.key)
    (setup.notes / "new.md").write_text("new\n")
    lines_until(daemon, daemon.stderr, ["account: refused", "trying it", "account: ok", "uploaded new.md"])


def test_sighup_reads_the_configuration_again_and_keeps_the_old_one_if_it_is_wrong(
    setup: Setup, processes: Processes
) -> None:
    config = setup.config()
    daemon = processes.start("run", "--config", config, stderr=subprocess.PIPE)
    lines_until(daemon, daemon.stderr, ["account: ok"])
    good = config.read_text()
    config.write_text(good + "nonsense: 1\n")
    daemon.send_signal(signal.SIGHUP)
    lines_until(daemon, daemon.stderr, ["still using the configuration from before"])
    config.write_text(good + f"  - {{path: {setup.directory}/more}}\n")
    daemon.send_signal(signal.SIGHUP)
    lines_until(daemon, daemon.stderr, ["read the configuration again", "mirroring 2 folders"])
    daemon.send_signal(signal.SIGINT)
    assert daemon.wait(WITHIN_S) == 0


def test_serve_refuses_an_address_others_can_reach(tmp_path: Path) -> None:
    ran = run("serve", "--host", "0.0.0.0", "--data", tmp_path)  # noqa: S104  # that it is refused is the claim
    assert ran.returncode == 2
    assert "--allow-remote" in ran.stderr


def test_serve_says_that_a_port_is_taken(setup: Setup) -> None:
    port = setup.url.rpartition(":")[2]
    ran = run("serve", "--port", port, "--data", setup.directory / "other")
    assert ran.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in ran.stderr


def test_a_reader_that_leaves_early_is_no_error(setup: Setup) -> None:
    command = " ".join([*PROGRAM, "--config", str(setup.config()), "config", "show"])
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"],  # noqa: S607  # the one on the PATH
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        env=ENVIRON,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
