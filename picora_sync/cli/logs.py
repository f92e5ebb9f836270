"""Log lines on standard error: for a terminal, for journald, or one JSON object a line."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import IO

import click

from picora_sync.cli.program import Invocation
from picora_sync.cli.words import json_text, safe
from picora_sync.core.redaction import without_credentials

_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG_PRIORITY = 7


class _CurrentStderr(logging.Handler):
    """Writes to whatever standard error is now: a live view takes it over while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            stream: IO[str] = sys.stderr
            stream.write(self.format(record) + "\n")
            stream.flush()
        except OSError:
            # Nobody reads the log any more; that is no reason to stop mirroring.
            return


class TextLines(logging.Formatter):
    """``12:00:01 WARNING notes: …`` on one line; a traceback follows on lines of its own."""

    default_time_format = "%H:%M:%S"
    default_msec_format = None

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        return f"{self.formatTime(record)} {level}{_message(record)}{_trace(self, record)}"


class JournalLines(logging.Formatter):
    """``<4>notes: …``: each line begins with its priority (sd-daemon(3)); journald has its own clock."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), _DEBUG_PRIORITY)
        lines = (_message(record) + _trace(self, record)).split("\n")
        return "\n".join(f"<{priority}>{each}" for each in lines)


class JsonLines(logging.Formatter):
    """One object: at (seconds since 1970), level, logger, message, and trace after an unexpected error."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        document = {
            "at": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_credentials(record.getMessage()),
        }
        if record.exc_info:
            document["trace"] = without_credentials(self.formatException(record.exc_info))
        return json_text(document)


def formatter_for(log_format: str, environ: Mapping[str, str]) -> logging.Formatter:
    """JSON if asked for; with priorities if standard error is the journal's."""
    if log_format == "json":
        return JsonLines()
    if "JOURNAL_STREAM" in environ or "NOTIFY_SOCKET" in environ:
        return JournalLines()
    return TextLines()


def start_logging(ctx: click.Context, level: int) -> None:
    """Show this program's log from ``level`` on, everything with ``-v``; of libraries only warnings."""
    invocation = ctx.ensure_object(Invocation)
    handler = _CurrentStderr()
    handler.setFormatter(formatter_for(invocation.log_format, os.environ))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("picora_sync").setLevel(logging.DEBUG if invocation.verbose else level)


def _message(record: logging.LogRecord) -> str:
    return safe(without_credentials(record.getMessage()))


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    trace = without_credentials(formatter.formatException(record.exc_info))
    return "\n" + "\n".join(map(safe, trace.split("\n")))
