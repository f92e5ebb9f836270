"""Every error this program raises on purpose, as one tree.

    PicoraSyncError                 message for people, hint what to do, exit code
    ├── ConfigError                 the configuration file is wrong (78)
    ├── AnotherInstance             the state directory is in use (73)
    ├── CommandRefused              what a command asks cannot be done (1, 2 for a mistake in it)
    ├── DaemonSilent                a daemon runs, and cannot be asked (1)
    ├── IndexDamaged                the index cannot be read (1)
    ├── IndexUnwritable             the index cannot be written: its disk is full, or failing (1)
    ├── FileChanged                 a file changed while it was read or sent: look again
    ├── FileUnreadable              a file or directory cannot be read
    └── RemoteError                 what Picora, or the way to it, answered (69)
        ├── Unreachable             no connection: the request was certainly not carried out
        ├── UploadCut               the connection broke before the request was whole: not carried out
        ├── OutcomeUnknown          sent, but no whole answer came back: it may have been carried out
        ├── NotPicora               something answered that is not the Picora API
        ├── KeyRefused              401 (77)
        ├── ScopeMissing            403: the key may not do this (77)
        ├── PlanRequired            403: the plan does not include this
        ├── QuotaExceeded           403: no room left in one dimension
        ├── NotFound                404 with the API's envelope
        ├── RateLimited             429
        ├── Rejected                400, 409, 413, 422: this request will never succeed as it is
        └── ServerFault             5xx with an answer

:class:`Stopped` stands apart: it is no error, it ends a wait because the program is ending.
"""

from __future__ import annotations

from typing import ClassVar


def in_full(message: str, hint: str) -> str:
    """A message and its hint in one line, as sentences."""
    if not hint:
        return message
    end = "" if message.endswith((".", "!", "?", "…")) else "."
    return f"{message}{end} {hint[:1].upper()}{hint[1:]}" if hint[:1].isalpha() else f"{message}{end} {hint}"


class PicoraSyncError(Exception):
    """Base of the tree: a sentence for people, and what they can do about it."""

    code = "ERROR"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def in_full(self) -> str:
        """The sentence, and what to do about it."""
        return in_full(self.message, self.hint)


class Stopped(Exception):
    """A wait was ended because the program is ending; nothing was sent."""


class ConfigError(PicoraSyncError):
    """The configuration cannot be used; the message names file and line."""

    code = "CONFIG_INVALID"
    exit_code = 78


class AnotherInstance(PicoraSyncError):
    """Another picora-sync holds the lock of this state directory."""

    code = "ANOTHER_INSTANCE"
    exit_code = 73


class CommandRefused(PicoraSyncError):
    """What a command asks of a mirror cannot be done; nothing was changed."""

    def __init__(self, code: str, message: str, *, hint: str = "", exit_code: int = 1) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.exit_code = exit_code


class DaemonSilent(PicoraSyncError):
    """A process works with the state directory, and does not say what became of what it was asked."""

    code = "DAEMON_SILENT"


class IndexDamaged(PicoraSyncError):
    """The SQLite index failed its check, or was written by a newer version."""

    code = "INDEX_DAMAGED"


class IndexUnwritable(PicoraSyncError):
    """The disk of the index takes no more; what was committed before stands."""

    code = "INDEX_UNWRITABLE"


class FileChanged(PicoraSyncError):
    """The file is not what it was when it was hashed; nothing of it was accepted remotely."""

    code = "FILE_CHANGED"


class FileUnreadable(PicoraSyncError):
    """The file exists, or may exist, but its bytes cannot be had: unknown, never absent."""

    code = "FILE_UNREADABLE"

    def __init__(self, message: str, *, hint: str = "", code: str = "FILE_UNREADABLE") -> None:
        super().__init__(message, hint=hint)
        self.problem_code = code


class RemoteError(PicoraSyncError):
    """An answer, or the lack of one, that kept a call from succeeding.

    ``repeatable`` tells whether the same request may simply be sent again later. ``request_id`` is
    the server's ``x-request-id`` (contract §1), None if there was no answer. ``perhaps_done`` is set where an earlier
    attempt of the same call may have been carried out, whatever became of the last one.
    """

    code = "REMOTE_ERROR"
    exit_code = 69  # of a command that could not go on without the answer
    repeatable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        api_code: str | None = None,
        meta: dict[str, object] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.api_code = api_code
        self.meta = meta or {}
        self.request_id = request_id
        self.perhaps_done = False


class Unreachable(RemoteError):
    """DNS, connect or TLS failed: the request was never received."""

    code = "UNREACHABLE"
    repeatable = True


class UploadCut(RemoteError):
    """The connection broke, or an answer came, before the end of the request was sent: it was not carried out."""

    code = "UPLOAD_CUT"
    repeatable = True


class OutcomeUnknown(RemoteError):
    """The request left, but no complete answer arrived (time-out, reset, truncated body)."""

    code = "OUTCOME_UNKNOWN"
    repeatable = True


class NotPicora(RemoteError):
    """The peer answered with something that is not the API's JSON (a proxy page, another service)."""

    code = "NOT_PICORA"


class KeyRefused(RemoteError):
    """401: the API key is missing, wrong or revoked (contract §2)."""

    code = "KEY_REFUSED"
    exit_code = 77


class ScopeMissing(RemoteError):
    """403 for the key, not for the plan: it lacks a scope (contract §1.1, §15 #3, §16 #24)."""

    code = "SCOPE_MISSING"
    exit_code = KeyRefused.exit_code


class PlanRequired(RemoteError):
    """403 because the account's plan does not include this kind of upload (contract §14, §16 #26)."""

    code = "PLAN_REQUIRED"


class QuotaExceeded(RemoteError):
    """403 because one quota dimension is full; ``dimension`` as in contract §2, or "" if unnamed."""

    code = "QUOTA_EXCEEDED"

    @property
    def dimension(self) -> str:
        """The full dimension (``media_storage``, ``doc_count``, ``img_storage``), "" if the server named none."""
        return str(self.meta.get("type", ""))


class NotFound(RemoteError):
    """404 that carries the API's JSON envelope; any other 404 is :class:`NotPicora`."""

    code = "NOT_FOUND"


class RateLimited(RemoteError):
    """429; ``retry_after_s`` is how long the server asked us to wait (contract §3)."""

    code = "RATE_LIMITED"
    repeatable = True

    def __init__(self, message: str, *, retry_after_s: float, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # the same keywords as RemoteError
        self.retry_after_s = retry_after_s


class Rejected(RemoteError):
    """400, 409, 413 or 422: the request itself is wrong for this server; repeating it cannot help."""

    code = "REJECTED"


class ServerFault(RemoteError):
    """5xx with an answer: the server failed, and says so (contract §2)."""

    code = "SERVER_FAULT"
    repeatable = True
