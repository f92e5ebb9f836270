from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PICORA_API_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def test_check_says_what_is_mirrored_where_and_where_the_key_is(mirror: Any, invoke: Callable[..., Any]) -> None:
    key = mirror.directory / "key"
    key.write_text("sk_live_secret")
    key.chmod(0o600)
    (mirror.directory / "podcast").rmdir()
    ran = invoke("--config", mirror.config_file, "config", "check")
    assert ran.code == 0
    assert "2 folders, account http://127.0.0.1:9" in ran.out
    assert "(podcast) is not there now" in ran.out
    assert f"comes from {key}" in ran.out
    assert "sk_live_secret" not in ran.out + ran.err


def test_check_without_a_key_exits_with_77(mirror: Any, invoke: Callable[..., Any]) -> None:
    assert invoke("--config", mirror.config_file, "config", "check").code == 77


@pytest.mark.parametrize(
    "command", [["config", "check"], ["sync"], ["run"], ["plan"], ["status"], ["ls"], ["url", "x"]]
)
def test_every_command_refuses_a_wrong_configuration_with_78_and_the_line(
    command: list[str], mirror: Any, invoke: Callable[..., Any]
) -> None:
    mirror.config_file.write_text("folders:\n  - path: notes\n    setle: 1s\n")
    ran = invoke("--config", mirror.config_file, *command)
    assert (ran.code, ran.out) == (78, "")
    assert f"{mirror.config_file}:3:5: unknown key 'setle'" in ran.err
    assert "did you mean 'settle'?" in ran.err


def test_all_mistakes_are_told_each_on_its_line(mirror: Any, invoke: Callable[..., Any]) -> None:
    mirror.config_file.write_text("folders:\n  - path: notes\n    setle: 1s\n    rescan: 5\n")
    lines = invoke("--config", mirror.config_file, "config", "check").err.splitlines()
    assert lines[0].startswith("Error: 2 mistakes in")
    assert [":3:5: " in lines[1], ":4:5: " in lines[2] or ":4:13: " in lines[2]] == [True, True]


def test_show_prints_what_can_be_loaded_again(mirror: Any, invoke: Callable[..., Any]) -> None:
    shown = invoke("--config", mirror.config_file, "config", "show").out
    mirror.config_file.write_text(shown)
    assert invoke("--config", mirror.config_file, "config", "show").out == shown
    document = json.loads(invoke("--config", mirror.config_file, "config", "show", "--json").out)
    assert [folder["name"] for folder in document["folders"]] == ["notes", "podcast"]


def test_schema_is_a_json_schema(invoke: Callable[..., Any]) -> None:
    ran = invoke("config", "schema")
    assert ran.code == 0
    assert json.loads(ran.out)["$schema"].startswith("https://json-schema.org/")
