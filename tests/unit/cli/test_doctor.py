"""``doctor``: each finding comes from facts alone and names what mends it; the bundle holds no secret."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from picora_sync.cli.doctor.bundle import Cleaner
from picora_sync.cli.doctor.facts import (
    AccountFacts,
    Facts,
    FolderFacts,
    MirrorFacts,
    ServiceFacts,
    StateFacts,
    Trouble,
    Versions,
)
from picora_sync.cli.doctor.findings import RULES, findings

WELL = Facts(
    versions=Versions("picora-sync/1", "3.11", "3.40", "Linux", "/opt", daemon="picora-sync/1"),
    config_file="/home/ada/my config.yaml",
    key_source="/home/ada/key",
    account=AccountFacts("https://p.example", "u1", "pro", "read_write_delete", ahead_s=1.0),
    folders=(FolderFacts("notes", "/srv/my notes", directories=10),),
    watches=8192,
    state=StateFacts("/state", 0o700, 10**9, 10**6, indexed=True),
    service=ServiceFacts("systemd", file="/u/picora-sync.service", installed=True, user="ada"),
    mirror=MirrorFacts("ok", running=True, public=3),
)
OURS = "picora-sync --config '/home/ada/my config.yaml'"


def with_folder(**change: Any) -> Facts:
    return replace(WELL, folders=(replace(WELL.folders[0], **change),))


def with_part(name: str, **change: Any) -> Facts:
    return replace(WELL, **{name: replace(getattr(WELL, name), **change)})


TABLE: list[tuple[str, Facts, str, str]] = [
    ("no configuration", replace(WELL, config=Trouble("none", "", "CONFIG_MISSING")), "none", f"{OURS} init"),
    ("bad configuration", replace(WELL, config=Trouble("2 mistakes", "fix")), "2 mistakes", f"{OURS} config check"),
    ("open key", replace(WELL, key=Trouble("open", "run: chmod 600 '/k'")), "open", "chmod 600 '/k'"),
    ("no key", replace(WELL, key=Trouble("no API key", "set it")), "no API key", ""),
    ("offline", with_part("account", trouble=Trouble("no connection")), "no connection", f"{OURS} config check"),
    (
        "behind a proxy",
        with_part("account", trouble=Trouble("no connection"), proxy="proxy:3128"),
        "no connection (through the proxy proxy:3128)",
        f"{OURS} config check",
    ),
    ("read only", with_part("account", scope="read"), "nothing can be uploaded or made private", ""),
    ("no deletes", with_part("account", scope="read_write"), "the key may not delete", ""),
    ("clock ahead", with_part("account", ahead_s=3600.0), "1 h ahead of Picora's", "sudo timedatectl set-ntp true"),
    ("clock behind", with_part("account", ahead_s=-301.0), "behind Picora's", "sudo timedatectl set-ntp true"),
    ("folder gone", with_folder(there=False), "is not there: nothing of it is sent", "ls -ld '/srv/my notes'"),
    ("folder closed", with_folder(readable=False), "cannot be read", "chmod u+rx '/srv/my notes'"),
    (
        "closed below",
        with_folder(closed=("/srv/my notes/a b",)),
        "nothing below it is sent",
        "chmod u+rx '/srv/my notes/a b'",
    ),
    (
        "many directories",
        with_folder(directories=300_000),
        "300,000 directories, and 8,192 can be watched",
        "echo fs.inotify.max_user_watches=600000 | sudo tee /etc/sysctl.d/60-picora-sync.conf && sudo sysctl --system",
    ),
    ("damaged", with_part("state", fault=Trouble("damaged", "", "INDEX_DAMAGED")), "damaged", f"{OURS} rebuild"),
    ("unreadable index", with_part("state", fault=Trouble("not yours")), "not yours", f"{OURS} status"),
    ("open state", with_part("state", mode=0o755), "others can look into /state", "chmod 700 /state"),
    ("full disk", with_part("state", free_bytes=2048), "has only 2.0 KB left", "df -h /state"),
    ("state on NFS", with_part("state", network="nfs4"), "where locks may fail", ""),
    ("service moved", with_part("service", outdated=("-a", "+b")), "another installation", f"{OURS} service install"),
    ("service refused", with_part("service", refused=Trouble("no key")), "it would not start: no key", ""),
    ("service stopped", with_part("mirror", running=False), "does not run", f"{OURS} service start"),
    (
        "system service moved",
        with_part("service", outdated=("-a",), system=True),
        "another installation",
        f"sudo {OURS} service install --system --user ada",
    ),
    (
        "system service, seen by root",
        replace(with_part("mirror", running=False), service=replace(WELL.service, system=True, by_root=True)),  # type: ignore[type-var]
        "does not run",
        f"{OURS} service start --system --user ada",
    ),
    (
        "old daemon",
        with_part("versions", daemon="picora-sync/0"),
        "the running daemon is picora-sync/0",
        f"{OURS} service restart",
    ),
    ("exposed", with_part("mirror", exposed=("notes/a.md",)), "should be private: notes/a.md", f"{OURS} sync"),
    (
        "problems",
        with_part("mirror", state="attention", problems={"NOTE_TOO_LARGE": 2}),
        "2 problems to see to: NOTE_TOO_LARGE (2)",
        f"{OURS} problems",
    ),
]


@pytest.mark.parametrize(("facts", "message", "command"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_finding_names_what_is_wrong_and_what_mends_it(facts: Facts, message: str, command: str) -> None:
    (finding,) = findings(facts)
    assert message in finding.message
    assert finding.command == command
    assert not finding.remark
    assert finding.command or finding.advice or finding.message.startswith("it would not start")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (with_folder(network="nfs4"), "it is on nfs4"),
        (with_folder(writable=False), "without its marker"),
        (with_folder(ignores_case=True), "A.md and a.md"),
        (with_part("service", lingers=False), "ends when you log out"),
        (with_part("service", installed=False), "it is not installed"),
    ],
)
def test_what_needs_no_mending_is_a_remark(facts: Facts, message: str) -> None:
    (finding,) = findings(facts)
    assert message in finding.message
    assert finding.remark


def test_where_all_is_well_nothing_is_found() -> None:
    assert findings(WELL) == []
    assert findings(Facts(WELL.versions, "/c")) == []


def test_the_table_has_a_row_for_each_rule() -> None:
    assert {rule for _, facts, _, _ in TABLE for rule in RULES if list(rule(facts))} == set(RULES)


@pytest.fixture
def offline(mirror: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A mirror with a key, whose Picora does not answer, and a home of its own."""
    for name in ("PICORA_API_KEY", "CREDENTIALS_DIRECTORY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(mirror.directory))
    key = mirror.directory / "key"
    key.write_text("sk_live_planted_0123456789")
    key.chmod(0o600)
    mirror.state_dir.chmod(0o700)
    return mirror


def test_it_looks_without_changing_anything_and_exits_with_1_if_something_is_wrong(
    offline: Any, invoke: Callable[..., Any]
) -> None:
    before = sorted(offline.directory.rglob("*"))
    ran = invoke("--config", offline.config_file, "doctor")
    assert ran.code == 1
    assert "Wrong: account: GET /v1/auth/verify: no connection" in ran.out
    assert f"mend it: picora-sync --config {offline.config_file} config check" in ran.out
    assert sorted(offline.directory.rglob("*")) == before
    document = json.loads(invoke("--config", offline.config_file, "doctor", "--json").out)
    assert document["ok"] is False
    assert [each["name"] for each in document["facts"]["folders"]] == ["notes", "podcast"]


@pytest.mark.parametrize(
    ("damage", "about", "message"),
    [
        (lambda it: it.config_file.unlink(), "configuration", "there is no configuration"),
        (lambda it: it.config_file.write_text("folders: 7"), "configuration", "config.yaml:1:"),
        (lambda it: (it.directory / "key").chmod(0o644), "key", "others can read it"),
        (lambda it: (it.directory / "key").unlink(), "key", "no API key"),
        (lambda it: (it.directory / "podcast").rmdir(), "folder podcast", "is not there"),
        (lambda it: it.state_dir.chmod(0o755), "index", "others can look into"),
        (lambda it: (it.state_dir / "index.sqlite").write_bytes(b"no index" * 200), "index", "index"),
    ],
    ids=["none", "wrong", "open key", "no key", "no folder", "open state", "damaged"],
)
def test_what_is_broken_is_found(
    damage: Callable[[Any], object], about: str, message: str, offline: Any, invoke: Callable[..., Any]
) -> None:
    offline.index.close()
    damage(offline)
    ran = invoke("--config", offline.config_file, "doctor", "--json")
    assert (ran.code, ran.err) == (1, "")
    found = [each for each in json.loads(ran.out)["findings"] if each["about"] == about]
    assert message in found[0]["message"]
    assert found[0]["command"] or found[0]["advice"]


def test_the_bundle_holds_no_secret(offline: Any, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    planted = ["sk_live_planted_0123456789", "planted-proxy-word", "planted-other-key-4711"]
    monkeypatch.setenv("https_proxy", f"http://ada:{planted[1]}@proxy.example:3128")
    monkeypatch.setenv("PICORA_API_KEY", planted[2])
    text = offline.config_file.read_text()
    offline.config_file.write_text(
        f"# {planted[0]}\n{text.replace('path: podcast', 'path: podcast/${PICORA_API_KEY}')}"
    )
    file = offline.directory / "bundle.zip"
    ran = invoke("--config", offline.config_file, "doctor", "--bundle", file)
    assert ran.code == 1
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        assert {"doctor.json", "configuration.yaml"} <= set(archive.namelist())
        packed = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for secret in planted:
        for form in (secret, base64.b64encode(secret.encode()).decode(), secret.encode().hex()):
            assert form not in packed + ran.out + ran.err
    assert str(offline.directory) in packed
    again = invoke("--config", offline.config_file, "doctor", "--bundle", file)
    assert (again.code, "is there already" in again.err) == (1, True)


def test_a_key_in_any_form_is_taken_out_of_what_is_packed() -> None:
    clean = Cleaner("planted-other-key-4711", "")
    for form in ("planted-other-key-4711", "PLANTED-OTHER-KEY-4711", "planted%2Dother%2Dkey%2D4711"):
        assert "4711" not in clean(f"before {form} after")
    assert clean("Authorization: Bearer abcdefghijklmnopqrstuvwxyz") == "Authorization: Bearer [key]"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--bundle"], 2, "requires an argument"),
        (["--bundle", "nowhere/b.zip"], 1, "cannot be written"),
        (["--jsn"], 2, "No such option"),
        (["now"], 2, "unexpected extra argument"),
    ],
    ids=str,
)
def test_each_wrong_use_is_told(
    words: list[str], code: int, message: str, offline: Any, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(offline.directory)
    ran = invoke("--config", offline.config_file, "doctor", *words)
    assert ran.code == code
    assert message in ran.err


def test_nothing_is_found_missing_of_a_place_that_a_file_is_in(offline: Any, invoke: Callable[..., Any]) -> None:
    (offline.directory / "podcast").rmdir()
    (offline.directory / "podcast").write_text("a file")
    found = json.loads(invoke("--config", offline.config_file, "doctor", "--json").out)["findings"]
    assert [each["about"] for each in found if "is not there" in each["message"]] == ["folder podcast"]


def test_paths_are_quoted_in_commands() -> None:
    path = "/srv/it's; rm -rf ~"
    (finding,) = findings(with_folder(path=path, there=False))
    assert finding.command == "ls -ld '/srv/it'\"'\"'s; rm -rf ~'"
    assert Path(path).is_absolute()
