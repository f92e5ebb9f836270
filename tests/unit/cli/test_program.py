from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from picora_sync.cli import front
from picora_sync.cli.front import COMMANDS
from picora_sync.cli.program import program

CONTEXT = click.Context(program)


def leaves() -> list[tuple[str, click.Command]]:
    found = []
    for name in COMMANDS:
        command = program.get_command(CONTEXT, name)
        assert command is not None
        inner = command.commands if isinstance(command, click.Group) else {"": command}
        found += [(f"{name} {each}".strip(), made) for each, made in inner.items()]
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_command_says_of_itself(name: str) -> None:
    command = program.get_command(CONTEXT, name)
    assert command is not None
    assert command.get_short_help_str(limit=200) == COMMANDS[name][1]


@pytest.mark.parametrize(("name", "command"), leaves(), ids=[name for name, _ in leaves()])
def test_each_help_text_has_an_example(name: str, command: click.Command) -> None:
    assert "Example: " in (command.epilog or "")
    assert f"picora-sync {name.partition(' ')[0]}" in command.epilog or f" {name}" in command.epilog
    assert command.help


def test_the_help_lists_every_command_without_importing_any(invoke: Callable[..., Any]) -> None:
    ran = invoke("--help")
    assert ran.code == 0
    assert all(f"  {name} " in ran.out for name in COMMANDS)


def test_the_help_of_the_program_names_its_options_as_they_are() -> None:
    shown = [parameter.get_help_record(CONTEXT) for parameter in program.get_params(CONTEXT)]
    assert [record for record in shown if record] == list(front.OPTIONS)


@pytest.mark.parametrize("width", range(50, 101))
def test_no_line_of_the_help_is_longer_than_the_terminal_is_wide(width: int) -> None:
    lines = front.help_text(width).splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()) == " ".join(front.help_text(10_000).split())


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["--help"], ["-h"], ["help"]], ids=" ".join)
def test_what_is_told_without_libraries_is_what_they_tell(
    arguments: list[str], invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert front.answer(arguments) == invoke(*arguments).out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--config", "{}", "config", "check"], id="before"),
        pytest.param(["config", "--config", "{}", "check"], id="between"),
        pytest.param(["config", "check", "--config", "{}"], id="after"),
    ],
)
def test_global_options_may_stand_anywhere(arguments: list[str], tmp_path: Path, invoke: Callable[..., Any]) -> None:
    ran = invoke(*(argument.format(tmp_path / "none.yaml") for argument in arguments))
    assert ran.code == 78
    assert f"there is no configuration at {tmp_path / 'none.yaml'}" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["--nonsense"],
        ["url"],
        ["sync", "--nonsense"],
        ["serve", "--port", "70000"],
        ["completion", "tcsh"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2_and_says_how_to_get_help(arguments: list[str], invoke: Callable[..., Any]) -> None:
    ran = invoke(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "--help" in ran.err or "-h" in ran.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["staus"], "'status'"),
        (["list"], "'ls'"),
        (["Status"], "'status'"),
        (["config", "chek"], "'check'"),
        (["help", "staus"], "'status'"),
        (["help", "config", "chek"], "'check'"),
        (["xyzzy"], "'picora-sync --help' lists the commands"),
        (["config", "xyzzy"], "'picora-sync config --help' lists the commands"),
        (["help", "ls", "x"], "ls has no commands of its own"),
        (["sync", "--no-wiat"], "'--no-wait'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_who_names_something_that_is_not_there_is_told_what_is(
    arguments: list[str], meant: str, invoke: Callable[..., Any]
) -> None:
    ran = invoke(*arguments)
    assert (ran.code, meant in ran.err.replace("Did you mean --no-wait", "'--no-wait'")) == (2, True)


def test_what_other_programs_call_a_command_is_a_command_here() -> None:
    assert set(front.OTHER_NAMES.values()) <= set(COMMANDS)
    assert not set(front.OTHER_NAMES) & set(COMMANDS)


def test_help_shows_what_the_help_option_shows(invoke: Callable[..., Any]) -> None:
    assert invoke("help", "config", "check").out == invoke("config", "check", "--help").out
    assert invoke("help", "url").out == invoke("url", "--help").out


def test_without_a_command_the_help_is_shown(invoke: Callable[..., Any]) -> None:
    ran = invoke()
    assert "Usage: picora-sync" in ran.out + ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_calls_this_program(shell: str, invoke: Callable[..., Any]) -> None:
    ran = invoke("completion", shell)
    assert ran.code == 0
    assert f"_PICORA_SYNC_COMPLETE={shell}_complete" in ran.out


def test_python_m_is_the_same_program() -> None:
    command = [sys.executable, "-P", "-m", "picora_sync", "--version"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert ran.stdout.startswith("picora-sync ")
