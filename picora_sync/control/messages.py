"""What can be asked, and what is answered (docs/control.md). Fields are only ever added."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal, TypeVar

import msgspec

from picora_sync.core.model import FileRef, Problem
from picora_sync.errors import CommandRefused, PicoraSyncError
from picora_sync.report import Live, SyncReport

VERSION = 1
"""The first part of every path. Another number means that command and daemon cannot understand each other."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked. A field that the daemon does not know is refused: it could be the one that matters."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered. A field that the command does not know is passed over."""


# --- what is asked --------------------------------------------------------------------------------------------------


class ShowHeld(Request, frozen=True):
    """``GET approve``: the removals of a folder that wait for a person."""

    folder: str


class RemovalRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One removal as it was shown: the file, and the object that it would lose."""

    path: str
    object: str | None = None


class OpenAudio(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Audio that a program has open for writing, as it was shown: ``version`` is how the file looks."""

    path: str
    version: str


class Approve(Request, frozen=True):
    """``POST approve``: carry out exactly these removals; with ``keep``, forget the files and leave the objects.
    ``open``: send these files as they are, though a program has them open.
    """

    folder: str
    rows: tuple[RemovalRow, ...]
    keep: bool = False
    open: tuple[OpenAudio, ...] = ()


class Pause(Request, frozen=True):
    """``POST pause``: send nothing for this folder (None: for all) but what makes something private; ``for_s``: and go
    on by itself after so many seconds.
    """

    folder: str | None = None
    for_s: float | None = None


class Resume(Request, frozen=True):
    """``POST resume``: let the work of this folder (None: of all) go on."""

    folder: str | None = None


class Rescan(Request, frozen=True):
    """``POST rescan``: look through this folder (None: through all) now."""

    folder: str | None = None


class Resend(Request, frozen=True):
    """``POST resend``: read every file of this folder again, and send what would be sent differently now."""

    folder: str


class ShowKnown(Request, frozen=True):
    """``GET forget``: what is known of a folder that is not configured any more."""

    folder: str


class Forget(Request, frozen=True):
    """``POST forget``: forget such a folder; with ``delete`` its objects are deleted, too.

    ``files`` and ``objects`` are the numbers that were shown: with others nothing is done.
    """

    folder: str
    files: int
    objects: int
    delete: bool = False


class Reload(Request, frozen=True):
    """``POST reload``: read the configuration again."""


class Wrong(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object that is not as it should be: its metadata (with its present values), that it is gone, or its bytes."""

    object: str
    what: Literal["changed", "missing", "content"]
    title: str | None = None
    tags: tuple[str, ...] | None = None
    public: bool | None = None


class Withheld(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that is not uploaded again without a person, and why: it is named among the problems."""

    folder: str
    path: str
    why: str


class Repair(Request, frozen=True):
    """``POST repair``: put right what ``verify`` found; ``held`` is what it leaves alone."""

    rows: tuple[Wrong, ...]
    held: tuple[Withheld, ...] = ()


class Sync(Request, frozen=True):
    """``POST sync``: one full pass; the answer comes when it is over. With ``wait`` also over what settles."""

    wait: bool = True


ENDPOINTS: dict[tuple[str, str], type[Request]] = {
    ("GET", "approve"): ShowHeld,
    ("POST", "approve"): Approve,
    ("POST", "pause"): Pause,
    ("POST", "resume"): Resume,
    ("POST", "rescan"): Rescan,
    ("POST", "resend"): Resend,
    ("GET", "forget"): ShowKnown,
    ("POST", "forget"): Forget,
    ("POST", "reload"): Reload,
    ("POST", "repair"): Repair,
    ("POST", "sync"): Sync,
}
ROUTES = {kind: place for place, kind in ENDPOINTS.items()}


# --- what is answered -----------------------------------------------------------------------------------------------


class DaemonInfo(Reply, frozen=True):
    """``GET /v1/``: who answers."""

    version: int
    program: str
    pid: int


class HeldRow(Reply, frozen=True):
    """A removal that waits, and why; ``object`` and ``url`` are what would be deleted."""

    path: str
    why: str
    object: str | None = None
    url: str | None = None


class OpenRow(Reply, frozen=True):
    """Audio that waits for a program to close it, and why; see :class:`OpenAudio`."""

    path: str
    why: str
    version: str


class Held(Reply, frozen=True):
    """What waits for a person."""

    folder: str
    rows: tuple[HeldRow, ...]
    open: tuple[OpenRow, ...] = ()


class RefusedRow(Reply, frozen=True):
    """A row that was left as it is, because it is not (any more) what was shown."""

    path: str
    why: str


class Approved(Reply, frozen=True):
    """What became of the rows; ``sent`` counts the open files that are sent. ``paused``: nothing of it is carried out
    until the folder is resumed.
    """

    folder: str
    approved: int
    kept: int
    refused: tuple[RefusedRow, ...]
    paused: bool
    sent: int = 0


class FolderPause(Reply, frozen=True):
    """Whether a folder is paused, and the wall clock's time at which that ends by itself (None: it does not)."""

    name: str
    paused: bool
    until: float | None = None


class Paused(Reply, frozen=True):
    """How it is now, folder by folder."""

    folders: tuple[FolderPause, ...]


class FolderScan(Reply, frozen=True):
    """How many paths differ from the index, and so are looked at; ``trouble`` is why some could not be."""

    name: str
    different: int
    trouble: str = ""


class Rescanned(Reply, frozen=True):
    """What was looked through."""

    folders: tuple[FolderScan, ...]


class Resending(Reply, frozen=True):
    """How many files are read again."""

    folder: str
    files: int


class Known(Reply, frozen=True):
    """A folder that is not configured any more: ``objects`` are ours and no other folder's, ``others`` are not."""

    folder: str
    files: int
    objects: int
    others: int


class Forgotten(Reply, frozen=True):
    """What was forgotten, and how many objects are being deleted."""

    folder: str
    files: int
    deleting: int


class Reloaded(Reply, frozen=True):
    """The configuration in force from now on."""

    folders: tuple[str, ...]
    url: str


class Unrepaired(Reply, frozen=True):
    """An object that was left as it is, and why."""

    object: str
    why: str


class Repaired(Reply, frozen=True):
    """How many objects are being put right; a pass (``sync``) waits until that is done."""

    begun: int
    left: tuple[Unrepaired, ...]


class FileProblem(Reply, frozen=True):
    """One problem of a pass."""

    folder: str
    path: str
    code: str
    message: str
    hint: str = ""


class Passed(Reply, frozen=True):
    """What a pass came to, in the words of ``sync --json``."""

    files: int
    synced: int
    blocked: int
    held: int
    uploaded: int
    patched: int
    deleted: int
    requests: int
    problems: tuple[FileProblem, ...]
    left: int = 0
    gaps: int = 0

    @classmethod
    def of(cls, report: SyncReport) -> Passed:
        """The report as an answer."""
        numbers = {name: getattr(report, name) for name in _NUMBERS}
        problems = tuple(FileProblem(folder=ref.folder, path=ref.path, **asdict(p)) for ref, p in report.problems)
        return cls(**numbers, problems=problems)

    def report(self) -> SyncReport:
        """The reverse of :meth:`of`."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        problems = [(FileRef(p.folder, p.path), Problem(p.code, p.message, p.hint)) for p in self.problems]
        return SyncReport(**numbers, problems=problems)


_NUMBERS = ("files", "synced", "blocked", "held", "uploaded", "patched", "deleted", "requests", "left", "gaps")


class PassProgress(Reply, frozen=True):
    """A line of a pass that goes on: a snapshot, counted from the start of the pass."""

    live: Live


A = TypeVar("A", bound=Reply)
R = TypeVar("R", bound=Request)

# --- on the wire ----------------------------------------------------------------------------------------------------


def document(message: Request | Reply) -> dict[str, Any]:
    """The JSON object of a message."""
    found = msgspec.to_builtins(message, enc_hook=_plain)
    assert isinstance(found, dict)  # noqa: S101  (a struct is an object)
    return found


def _plain(value: object) -> float | str:
    """What a value of the configuration is for others: a number or a text."""
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise NotImplementedError  # msgspec says which type it is


def request_of(kind: type[R], given: object, *, from_query: bool = False) -> R:
    """The reverse; raises CommandRefused with the field that is wrong. Everything in a query is text."""
    try:
        return msgspec.convert(given, kind, strict=not from_query)
    except msgspec.ValidationError as error:
        raise CommandRefused("BAD_REQUEST", f"the request is wrong: {error}") from error


def answer_of(kind: type[A], given: object) -> A:
    """The reverse, of what a daemon said; raises CommandRefused if it is another answer."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise CommandRefused("BAD_ANSWER", f"the daemon answered something else: {error}", hint=RESTART) from error


RESTART = "is it another version? restart the daemon, then try again"


def error_document(error: PicoraSyncError) -> dict[str, Any]:
    """An error as an answer."""
    told = {"code": error.code, "message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    return {"error": told}


def error_of(given: object) -> CommandRefused | None:
    """The error in an answer, None if it holds none."""
    match given:
        case {"error": {"code": str(code), "message": str(message), "hint": str(hint), "exit_code": int(exit_code)}}:
            return CommandRefused(code, message, hint=hint, exit_code=exit_code)
        case _:
            return None
