"""How folders and account are: what ``status`` prints, and its ``--json`` document (design §9)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from picora_sync.attention import NOT_ASKED, Scene, gather, state_of
from picora_sync.cli.disk_full import shortage
from picora_sync.cli.settings import MirrorState
from picora_sync.cli.summaries import pauses
from picora_sync.core.attention import Concern, most_pressing
from picora_sync.core.model import FileState
from picora_sync.core.policy import Folder
from picora_sync.core.silence import does_not_answer
from picora_sync.index.listing import count_states
from picora_sync.report import SHOWN, Live
from picora_sync.workers import in_time

_MOVING = (FileState.SETTLING, FileState.QUEUED, FileState.UPLOADING)


@dataclass(frozen=True, slots=True)
class FolderStanding:
    """One folder. ``scanned_at``, ``next_scan_at`` and ``changed_at`` (when a file last got or lost an object) are
    seconds since 1970, None for never. ``public`` counts the files that everybody can read, or may be able to.

    ``watch`` of a mirror that does not run says only whether the folder is there.
    """

    name: str
    path: str
    states: dict[str, int]
    watch: str
    why: str
    eta_s: int
    scanned_at: float | None
    next_scan_at: float | None
    paused: bool
    paused_until: float | None = None
    public: int = 0
    changed_at: float | None = None


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """The account as it was at ``checked_at``; ``not asked yet`` before that. ``accepted_at`` is when the mirror
    that wrote this last had an answer that needs the key, None if it had none. ``quotas``: limit and use by kind,
    ``budget``: limit and rest of each class of requests, as they were then.
    """

    state: str
    url: str
    trouble: str
    checked_at: float | None
    accepted_at: float | None = None
    plan: str | None = None
    quotas: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    budget: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """The document; its fields are only ever added to. ``state`` is ``ok``, ``working``, ``attention`` or ``stopped``.
    ``shortage`` says that there is little room for the index; ``wrong`` is what somebody must see to, the most pressing
    first, ``problems`` how much there is to read in `problems`, of which ``notes`` are nothing to see to.
    """

    state: str
    running: bool
    pid: int | None
    folders: tuple[FolderStanding, ...]
    account: AccountStanding
    shortage: str
    problems: int
    wrong: tuple[Concern, ...]
    notes: int = 0


def standing(look: MirrorState) -> MirrorStatus:
    """Put together what index and last snapshot say."""
    account = _account(look)
    current = look.live if look.running else None
    public = look.index.objects.count_public()
    folders = tuple(
        replace(
            _folder(look, folder, current),
            public=public.get(folder.name, 0),
            changed_at=look.index.objects.changed_at(folder.name),
        )
        for folder in look.config.folders
    )
    scene = _scene(look, account, folders)
    wrong = gather(look.index, look.folders, scene)
    moving = any(folder.states[state] for folder in folders for state in _MOVING)
    return MirrorStatus(
        state=state_of(wrong, scene, moving=moving),
        running=look.running,
        pid=current.pid if current else None,
        folders=folders,
        account=account,
        shortage=scene.shortage,
        problems=len(wrong),
        wrong=tuple(most_pressing(wrong)[:SHOWN]),
        notes=sum(not each.serious for each in wrong),
    )


def everything_wrong(look: MirrorState) -> list[Concern]:
    """What ``problems`` lists."""
    current = look.live if look.running else None
    folders = [_folder(look, folder, current) for folder in look.config.folders]
    return gather(look.index, look.folders, _scene(look, _account(look), folders))


def _account(look: MirrorState) -> AccountStanding:
    live, url = look.live, look.config.account.url
    known = look.index.meta("base_url")
    if live is None:
        return AccountStanding(NOT_ASKED, url, "", None)
    if not look.running and known not in (None, url):
        return AccountStanding(NOT_ASKED, url, f"not asked at this address yet; the index is of {known}", None)
    return AccountStanding(
        live.account,
        url,
        live.trouble,
        live.at,
        live.accepted_at,
        live.plan or None,
        {kind: {"limit": limit, "used": used} for kind, (limit, used) in live.quotas.items()},
        {name: {"limit": limit, "left": left} for name, (limit, left) in live.budget.items()},
    )


def _scene(look: MirrorState, account: AccountStanding, folders: Iterable[FolderStanding]) -> Scene:
    live = look.live
    return Scene(
        account=account.state,
        trouble=account.trouble,
        live=live,
        running=look.running,
        alive=live is not None and look.running and _is_alive(live.pid),
        now=time.time(),
        shortage=shortage(look.config.state_dir),
        missing={folder.name: folder.why for folder in folders if folder.watch == "missing"},
    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _folder(look: MirrorState, folder: Folder, live: Live | None) -> FolderStanding:
    states = count_states(look.index, folder.name, look.moving)
    watch, why = _watch(folder, live)
    known = look.index.folder(folder.name)
    scanned_at = known[2] if known else None
    paused = pauses(look.config, look.index)
    moves = any(states[state] for state in _MOVING)
    return FolderStanding(
        name=folder.name,
        path=folder.root,
        states={state.value: states[state] for state in FileState},
        watch=watch,
        why=why,
        eta_s=round(live.eta_s) if live and moves else 0,
        scanned_at=scanned_at,
        next_scan_at=scanned_at + folder.rescan_s if live and scanned_at is not None else None,
        paused=folder.name in paused,
        paused_until=paused.get(folder.name),
    )


def _watch(folder: Folder, live: Live | None) -> tuple[str, str]:
    for seen in live.folders if live else ():
        if seen.name == folder.name:
            return seen.watch, seen.why
    there = in_time(folder.root, os.path.isdir, None)
    if there is None:
        return "missing", does_not_answer(folder.root).message
    return ("ok", "") if there else ("missing", f"{folder.root} is not there")
