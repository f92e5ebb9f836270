"""Everything that is wrong, in one list: what the index knows, and what is seen of process, account and disk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from picora_sync.core.attention import About, Concern
from picora_sync.core.model import FileRef, Problem
from picora_sync.index import Index
from picora_sync.index.notices import concerns
from picora_sync.report import Live

SILENT_S = 180.0
"""A loop that lives says so at least each half minute."""
NOT_ASKED = "not asked yet"
_NOWHERE = FileRef("", "")
_ACCOUNT = {
    "offline": Problem("OFFLINE", "Picora does not answer", "nothing to do: it is asked again until it answers"),
    "failing": Problem("FAILING", "Picora answers, but not whose key this is", "it is asked again until it does"),
    "restricted": Problem("KEY_RESTRICTED", "The API key may not do all that is needed", "make one that may"),
    "refused": Problem("KEY_REFUSED", "Picora refuses the API key", "put a good key where the old one is"),
    "limited": Problem("LIMITED", "Picora takes no more of some kind", "`picora-sync problems` names the files"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What can be seen from outside: ``account`` is its state in a word, ``trouble`` the sentence to it.

    ``live`` is the last snapshot, ``running`` whether a process holds the state directory now, ``alive`` whether that
    may be the one that wrote the snapshot. ``shortage`` says that the disk is full, ``missing`` which folders are not
    there, and why. ``now`` is the wall clock.
    """

    account: str
    trouble: str
    live: Live | None
    running: bool
    alive: bool
    now: float
    shortage: str
    missing: Mapping[str, str]

    @property
    def died(self) -> bool:
        """Whether a daemon ended without saying so."""
        return self.live is not None and self.live.daemon and not self.live.ended and not self.running

    @property
    def stopped(self) -> bool:
        """Whether nothing runs that should: the daemon that was there ended, or nothing ever ran."""
        return not self.running and (self.live is None or self.live.daemon)


def gather(index: Index, folders: Collection[str], scene: Scene) -> list[Concern]:
    """All of it: what concerns the whole process first, then files and folders as :func:`concerns` has them."""
    known = concerns(index, folders)
    told = {each.ref.folder for each in known if each.about is About.FOLDER and each.serious}
    return [*_around(scene), *(each for each in _missing(scene) if each.ref.folder not in told), *known]


def state_of(wrong: Collection[Concern], scene: Scene, *, moving: bool) -> str:
    """``ok``, ``working``, ``attention`` or ``stopped`` (design §9). ``stopped`` says no more than that nothing runs:
    what is wrong besides needs attention, whether anything runs or not.
    """
    if any(each.serious and each.about is not About.DAEMON for each in wrong):
        return "attention"
    if scene.stopped:
        return "stopped"
    if any(each.serious for each in wrong):
        return "attention"
    return "working" if moving and scene.running else "ok"


def _around(scene: Scene) -> Iterator[Concern]:
    if scene.shortage:
        hint = "make room: nothing is lost, and it goes on by itself"
        yield _serious(About.DISK, Problem("DISK_FULL", scene.shortage, hint))
    if (silent := _silent(scene)) is not None:
        yield _serious(About.DAEMON, silent)
    if scene.account in _ACCOUNT:
        problem = _ACCOUNT[scene.account]
        hint = "" if scene.trouble else problem.hint  # which says what to do itself
        yield _serious(About.ACCOUNT, Problem(problem.code, f"{problem.message}{_why(scene.trouble)}", hint))
    elif scene.account == NOT_ASKED:
        hint = "" if scene.running else "run `picora-sync sync`, or `picora-sync run`"
        yield Concern(
            About.ACCOUNT, _NOWHERE, Problem("NOT_ASKED", f"Picora was not asked yet{_why(scene.trouble)}", hint)
        )


def _silent(scene: Scene) -> Problem | None:
    live = scene.live
    if live is None:
        return None
    if scene.died:
        return Problem(
            "DAEMON_DIED",
            f"the daemon (process {live.pid}) ended unexpectedly; it was last seen {_ago(scene.now - live.at)}",
            "start it again with `picora-sync run`, or look into its log",
        )
    if scene.running and scene.alive and scene.now - live.at > SILENT_S:
        return Problem(
            "DAEMON_SILENT",
            f"process {live.pid} runs, but was last seen at work {_ago(scene.now - live.at)}",
            "look into its log; if it stays like this, restart it",
        )
    return None


def _missing(scene: Scene) -> Iterator[Concern]:
    for name, why in scene.missing.items():
        hint = "nothing of it is deleted; put it back, or take it out of the configuration"
        yield Concern(About.FOLDER, FileRef(name, ""), Problem("FOLDER_MISSING", why, hint), serious=True)


def _serious(about: About, problem: Problem) -> Concern:
    return Concern(about, _NOWHERE, problem, serious=True)


def _why(trouble: str) -> str:
    return f": {trouble}" if trouble else ""


def _ago(seconds: float) -> str:
    minutes = round(max(0.0, seconds) / 60)
    return "a moment ago" if not minutes else f"{minutes} min ago"
