from __future__ import annotations

import click
import pytest

from picora_sync import errors
from picora_sync.cli.failures import CommandFailed, exit_code_for
from picora_sync.config.keys import KeyUnusable


def every_error() -> list[type[errors.PicoraSyncError]]:
    found, waiting = [], [errors.PicoraSyncError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return [kind for kind in found if kind.__module__.startswith("picora_sync.")]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_each_error_is_told_in_a_sentence_with_its_hint_and_its_exit_code(
    kind: type[errors.PicoraSyncError], capsys: pytest.CaptureFixture[str]
) -> None:
    error = kind.__new__(kind)
    errors.PicoraSyncError.__init__(error, "it went wrong", hint="do this")
    assert exit_code_for(error, verbose=False) == kind.exit_code
    assert capsys.readouterr().err == "Error: it went wrong\nHint: do this\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(errors.Unreachable("x"), 69, id="unreachable"),
        pytest.param(errors.NotPicora("x"), 69, id="not-picora"),
        pytest.param(errors.OutcomeUnknown("x"), 69, id="no-answer"),
        pytest.param(errors.AnotherInstance("x"), 73, id="another-instance"),
        pytest.param(errors.ServerFault("x"), 69, id="server-fault"),
        pytest.param(errors.RateLimited("x", retry_after_s=1), 69, id="too-many-requests"),
        pytest.param(errors.Rejected("x"), 69, id="a-success-that-is-none"),
        pytest.param(errors.KeyRefused("x"), 77, id="key-refused"),
        pytest.param(errors.ScopeMissing("x"), 77, id="key-may-not"),
        pytest.param(KeyUnusable("x"), 77, id="no-key"),
        pytest.param(errors.ConfigError("x"), 78, id="config"),
        pytest.param(errors.IndexDamaged("x"), 1, id="index-damaged"),
        pytest.param(CommandFailed("x", exit_code=2), 2, id="command-failed"),
        pytest.param(click.UsageError("x"), 2, id="usage"),
        pytest.param(click.FileError("f", "x"), 1, id="click"),
        pytest.param(click.Abort(), 130, id="aborted"),
        pytest.param(KeyboardInterrupt(), 130, id="ctrl-c"),
        pytest.param(errors.Stopped(), 130, id="stopped-while-waiting"),
        pytest.param(ValueError("x"), 70, id="unexpected"),
    ],
)
def test_the_exit_codes_are_those_of_the_design(error: BaseException, code: int) -> None:
    assert exit_code_for(error, verbose=False) == code


def test_an_unexpected_error_shows_its_traceback_only_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    error = ValueError("odd")
    exit_code_for(error, verbose=False)
    short = capsys.readouterr().err
    exit_code_for(error, verbose=True)
    long = capsys.readouterr().err
    assert "unexpected ValueError: odd" in short
    assert "Traceback" not in short
    assert "\nError: " in long
    assert long.startswith("ValueError: odd")


def test_a_server_that_is_not_installed_is_named_with_the_command_that_installs_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code_for(ModuleNotFoundError("No module named 'falcon'", name="falcon"), verbose=False) == 1
    assert "pip install '.[server]'" in capsys.readouterr().err


def test_control_characters_of_a_message_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_for(CommandFailed("a\x1b[2Jb", hint="c\x07d"), verbose=False)
    assert capsys.readouterr().err == "Error: a\\x1b[2Jb\nHint: c\\x07d\n"


def test_no_answer_of_a_server_is_taken_for_a_pass_that_finished() -> None:
    assert {kind.exit_code for kind in every_error() if issubclass(kind, errors.RemoteError)} == {69, 77}
