"""How it is, in words: what ``status`` says in its first line, and of the account (design §9)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping

from picora_sync.cli.status_view import AccountStanding, FolderStanding, MirrorStatus
from picora_sync.cli.words import count, duration, place, size
from picora_sync.core.attention import About, Concern
from picora_sync.core.model import FileState

_BAR_COLUMNS = 20
_KINDS = {"doc": "documents", "audio": "audio"}
_MOVING = (FileState.UPLOADING, FileState.QUEUED, FileState.SETTLING)


def headline(now: MirrorStatus) -> str:
    """The state in one word, and why."""
    why = {"ok": _fine, "working": _working, "attention": _attention, "stopped": _stopped}[now.state](now)
    return f"{now.state.upper()}: {why}"


def _fine(now: MirrorStatus) -> str:
    counts = _counts(now)
    files = sum(number for state, number in counts.items() if state != FileState.IGNORED)
    public = sum(folder.public for folder in now.folders)
    told = (
        f"{count(files, 'file')} mirrored, {public or 'none'} of them public" if files else "there is nothing to mirror"
    )
    if not now.running:
        told += ", as of the last `sync`"
    paused = [folder.name for folder in now.folders if folder.paused]
    return f"{told}; {', '.join(paused)} paused" if paused else told


def _working(now: MirrorStatus) -> str:
    counts = _counts(now)
    told = ", ".join(f"{counts[state]} {state.value}" for state in _MOVING if counts[state])
    eta_s = max((folder.eta_s for folder in now.folders), default=0)
    return f"{told} of {count(sum(counts.values()) - counts[FileState.IGNORED], 'file')}" + _left(eta_s)


def _attention(now: MirrorStatus) -> str:
    first = now.wrong[0]
    alike = [each for each in now.wrong if each.problem.code == first.problem.code]
    more = len(now.wrong) - len(alike)
    what = f"{_name(first)}{first.problem.message}"
    if len(alike) > 1:
        what = f"{count(len(alike), _noun(first))}, such as {what}"
    return f"{what} (and {count(more, 'other problem')})" if more else what


def _stopped(now: MirrorStatus) -> str:
    died = next((each for each in now.wrong if each.about is About.DAEMON), None)
    if died is not None:
        return died.problem.message
    seen = now.account.checked_at
    if seen is None:
        return "nothing was mirrored yet"
    return f"no daemon runs; the last one was at work {ago(seen)}"


def account_lines(account: AccountStanding) -> Iterator[str]:
    """Whose it is, how it answers, what it holds, and what may still be asked."""
    plan = f", plan {account.plan}" if account.plan else ""
    yield f"Account {account.url}: {account.state}{plan}, key last accepted {ago(account.accepted_at)}"
    if account.trouble:
        yield f"  {account.trouble}"
    for kind, quota in account.quotas.items():
        yield f"  {_KINDS.get(kind, kind):9}  {_bar(quota)}  {_used(kind, quota)}"
    if account.budget:
        yield f"  requests   {', '.join(_budget(name, left) for name, left in account.budget.items())} left"


def ago(at: float | None) -> str:
    """``2 min ago``, ``never``."""
    return "never" if at is None else f"{duration(time.time() - at)} ago"


def _counts(now: MirrorStatus) -> Counter[str]:
    counts = Counter[str]()
    for folder in now.folders:
        counts.update(folder.states)
    return counts


def states_of(folder: FolderStanding) -> str:
    """``12 synced, 3 queued, 2 min left``."""
    shown = ", ".join(f"{number} {state}" for state, number in folder.states.items() if number)
    return (shown or "none") + _left(folder.eta_s)


def _left(eta_s: float) -> str:
    return f", about {duration(eta_s)} left" if eta_s else ""


def _name(concern: Concern) -> str:
    return f"{place(concern.ref)}: " if concern.ref.folder else ""


def _noun(concern: Concern) -> str:
    return "file" if concern.about is About.FILE else "problem"


def _bar(quota: Mapping[str, int]) -> str:
    filled = round(_BAR_COLUMNS * min(1.0, quota["used"] / quota["limit"])) if quota["limit"] else _BAR_COLUMNS
    return f"[{'#' * filled}{'.' * (_BAR_COLUMNS - filled)}]"


def _used(kind: str, quota: Mapping[str, int]) -> str:
    if kind == "audio":
        return f"{size(quota['used'])} of {size(quota['limit'])}"
    return f"{quota['used']:,} of {quota['limit']:,}"


def _budget(name: str, rest: Mapping[str, int]) -> str:
    per = "in this hour" if name == "hour" else f"{name} a minute"
    return f"{rest['left']:,} of {rest['limit']:,} {per}"
