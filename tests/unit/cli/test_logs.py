from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import click
import pytest

from picora_sync.cli.logs import JournalLines, JsonLines, TextLines, formatter_for, start_logging
from picora_sync.cli.program import Invocation, program


def record(level: int, message: str, *, failed: bool = False) -> logging.LogRecord:
    error = ValueError("odd\x1b") if failed else None
    trace = (ValueError, error, None) if error else None
    return logging.LogRecord("picora_sync.daemon", level, "f", 1, message, (), trace)


@pytest.fixture
def kept_logging() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root, ours = logging.getLogger(), logging.getLogger("picora_sync")
    handlers, levels = list(root.handlers), (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3), (logging.CRITICAL, 3)],
)
def test_journald_reads_the_priority_at_the_start_of_each_line(level: int, priority: int) -> None:
    assert JournalLines().format(record(level, "a\nb")) == f"<{priority}>a\\nb"
    lines = JournalLines().format(record(level, "a", failed=True)).split("\n")
    assert all(line.startswith(f"<{priority}>") for line in lines)
    assert len(lines) > 1


def test_text_lines_cannot_steer_a_terminal() -> None:
    text = TextLines().format(record(logging.WARNING, "a\x1b[2J", failed=True))
    assert "WARNING a\\x1b[2J" in text
    assert "\x1b" not in text
    assert "WARNING" not in TextLines().format(record(logging.INFO, "a"))


def test_json_lines_are_one_object_each() -> None:
    document = json.loads(JsonLines().format(record(logging.ERROR, "a\n\udcff", failed=True)))
    assert document["level"] == "error"
    assert document["logger"] == "picora_sync.daemon"
    assert document["message"] == "a\n\\udcff"
    assert "odd" in document["trace"]


@pytest.mark.parametrize(
    ("log_format", "environ", "kind"),
    [
        pytest.param("text", {}, TextLines, id="terminal"),
        pytest.param("text", {"JOURNAL_STREAM": "8:1"}, JournalLines, id="journal"),
        pytest.param("text", {"NOTIFY_SOCKET": "/run/x"}, JournalLines, id="service"),
        pytest.param("json", {"JOURNAL_STREAM": "8:1"}, JsonLines, id="json-was-asked-for"),
    ],
)
def test_the_form_follows_who_reads(log_format: str, environ: dict[str, str], kind: type) -> None:
    assert type(formatter_for(log_format, environ)) is kind


@pytest.mark.usefixtures("kept_logging")
@pytest.mark.parametrize(("verbose", "shown"), [(False, ["info"]), (True, ["debug", "info"])], ids=["plain", "-v"])
def test_the_log_goes_to_standard_error_and_libraries_only_warn(
    verbose: bool, shown: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    start_logging(click.Context(program, obj=Invocation(verbose=verbose)), logging.INFO)
    logging.getLogger("picora_sync.daemon").debug("debug")
    logging.getLogger("picora_sync.daemon").info("info")
    logging.getLogger("httpx").info("library")
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == shown
