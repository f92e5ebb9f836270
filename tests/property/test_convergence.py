"""Whatever happens to files, network and process: when it is quiet, Picora equals the folders (design §13)."""

from __future__ import annotations

import hashlib
from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from picora_sync.core.model import FileRef, Kind, Wanted
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Derived
from picora_sync.errors import OutcomeUnknown, QuotaExceeded, RateLimited, RemoteError, ServerFault, Unreachable
from picora_sync.reconciler.uploads.late import LATEST_S
from tests.fakes.disk import UNREADABLE
from tests.fakes.mirror import Mirror

FOLDERS = (Folder("notes", "/notes"), Folder("site", "/site", public=True))
PATHS = ["a.md", "b.md", "d/c.md", "e.mp3", "d/f.mp3"]
TEXTS = [
    *("one", "two", "data: image", "public: true\ndata: image", "public: true\nthree", "public: false\nthree"),
    *("title: T\ntags: x y\nfour", "title: T\ntags: y z\nfive", " ", "\udcff"),
]
SOUNDS = ["la", "li", "lu"]
ERRORS: dict[str, RemoteError] = {
    "unreachable": Unreachable("no route"),
    "unknown": OutcomeUnknown("reset"),
    "fault": ServerFault("broken", status=500),
    "limited": RateLimited("slow down", retry_after_s=3.0),
    "full": QuotaExceeded("full", meta={"type": "doc_count"}),
}
CARRIED_OUT = {"unknown", "fault"}
METHODS = ["post_doc", "post_audio", "patch", "delete", "get", "find_audio"]

folders = st.sampled_from([policy.name for policy in FOLDERS])
paths = st.sampled_from(PATHS)
pauses = st.sampled_from([0, 0, 3, 16, 45])
"""Short of, at and beyond the times that files settle; and beyond the grace of a deletion."""


class Convergence(RuleBasedStateMachine):
    """People and the world act by rules; the end checks the promises."""

    mirror: Mirror

    @initialize(theirs=st.lists(st.sampled_from(TEXTS[:6]), max_size=2, unique=True))
    def begin(self, theirs: list[str]) -> None:
        self.mirror = Mirror(*FOLDERS)
        self.theirs = {self.mirror.picora.plant(Kind.DOC, text, public=n == 1).id for n, text in enumerate(theirs)}

    # --- what people do ---------------------------------------------------------------------------------------------

    @rule(folder=folders, path=paths, number=st.integers(0, 9), pause=pauses)
    def write(self, folder: str, path: str, number: int, pause: int) -> None:
        texts = SOUNDS if path.endswith(".mp3") else TEXTS
        self.mirror.write(path, texts[number % len(texts)].encode("utf-8", "surrogateescape"), folder)
        self.mirror.run(pause)

    @rule(folder=folders, path=paths, number=st.integers(0, 9), again=st.integers(0, 9), pause=pauses)
    def lose_the_reply(self, folder: str, path: str, number: int, again: int, pause: int) -> None:
        """A file is uploaded, but no answer comes; it may be changed before Picora can be reached again."""
        self.mirror.picora.fail("post_doc", ERRORS["unknown"], after=True)
        self.mirror.picora.fail("post_audio", ERRORS["unknown"], after=True)
        self.mirror.picora.well = False
        self.write(folder, path, number, 16)
        self.write(folder, path, again, pause)
        self.mirror.picora.well = True

    @rule(folder=folders, path=paths, pause=pauses)
    def remove(self, folder: str, path: str, pause: int) -> None:
        if path in self.mirror.disks[folder].files:
            self.mirror.disks[folder].remove(path)
            self.mirror.queue.touch(FileRef(folder, path))
            self.mirror.run(pause)

    @rule(source=folders, old=paths, place=folders, new=paths, pause=pauses)
    def move(self, source: str, old: str, place: str, new: str, pause: int) -> None:
        if old in self.mirror.disks[source].files and old[-3:] == new[-3:] and (source, old) != (place, new):
            self.mirror.disks[place].files[new] = self.mirror.disks[source].files[old]
            self.mirror.disks[source].remove(old)
            self.mirror.queue.touch(FileRef(place, new))
            self.mirror.queue.touch(FileRef(source, old))
            self.mirror.run(pause)

    @rule(folder=folders, path=paths, on=st.booleans(), pause=pauses)
    def ignore(self, folder: str, path: str, on: bool, pause: int) -> None:
        rules = self.mirror.disks[folder].rules
        if on:
            rules[path] = "a rule"
        else:
            rules.pop(path, None)
        self.mirror.queue.rescan(folder, "rules changed")
        self.mirror.run(pause)

    @rule(folder=folders, path=paths, root=st.booleans(), pause=pauses)
    def break_for_a_while(self, folder: str, path: str, root: bool, pause: int) -> None:
        disk = self.mirror.disks[folder]
        disk.broken[path] = UNREADABLE
        disk.missing_root = root
        self.mirror.queue.touch(FileRef(folder, path))
        self.mirror.run(pause)
        disk.broken.clear()
        disk.missing_root = False
        self.mirror.queue.rescan(folder, "mended")

    @rule(folder=folders)
    def approve(self, folder: str) -> None:
        self.mirror.index.holds.approve([ref for ref, _, _ in self.mirror.index.holds.held(folder)])
        self.mirror.reconciler.removals.reconsider_held([folder])

    # --- what the world does ----------------------------------------------------------------------------------------

    @rule(pause=pauses)
    def wait(self, pause: int) -> None:
        self.mirror.run(pause)

    @rule(
        method=st.sampled_from(METHODS), name=st.sampled_from(sorted(ERRORS)), after=st.booleans(), n=st.integers(1, 6)
    )
    def fail(self, method: str, name: str, after: bool, n: int) -> None:
        if name == "full" and not method.startswith("post"):
            return
        self.mirror.picora.fail(method, ERRORS[name], after=after and name in CARRIED_OUT, times=n)

    @rule(pause=pauses)
    def be_offline(self, pause: int) -> None:
        self.mirror.picora.up = False
        self.mirror.run(pause)
        self.mirror.picora.up = True

    @rule(seconds=st.integers(0, 12), carried_out=st.booleans())
    def die(self, seconds: int, carried_out: bool) -> None:
        """The process ends with jobs that no worker took up yet, or whose replies nobody reads any more."""
        self.mirror.mono_s += seconds
        self.mirror.reconciler.turn()
        if carried_out:
            self.mirror.pool.run()
        self.mirror.restart()

    # --- what holds at any time -------------------------------------------------------------------------------------

    @invariant()
    def nothing_of_others_is_deleted(self) -> None:
        if hasattr(self, "mirror"):
            assert self.theirs <= self.mirror.picora.objects.keys()

    # --- what holds in the end --------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "mirror"):
            return
        self._heal()
        self._check_remote()
        before = len(self.mirror.picora.mutations())
        self.mirror.scan()
        self.mirror.quiet()
        assert self.mirror.picora.mutations()[before:] == []

    def _heal(self) -> None:
        mirror = self.mirror
        mirror.picora.up = mirror.picora.well = True
        mirror.picora.faults.clear()
        for disk in mirror.disks.values():
            disk.broken.clear()
            disk.missing_root = False
        mirror.scan()
        mirror.quiet()
        mirror.run(3700.0 + LATEST_S)  # what was blocked by an answer is tried hourly, and may be made anew after that
        for folder in mirror.policies:
            self.approve(folder)
        mirror.quiet()

    def _wishes(self) -> dict[tuple[Kind, str], list[Wanted]]:
        """What the files that can be mirrored want, by content."""
        wishes: dict[tuple[Kind, str], list[Wanted]] = {}
        for name, disk in self.mirror.disks.items():
            for path in disk.files.keys() - disk.rules.keys():
                derived = self.mirror.contents[name].derive(path)
                if isinstance(derived, Derived):
                    wishes.setdefault((derived.wanted.kind, derived.wanted.sha256), []).append(derived.wanted)
        return wishes

    def _kept(self) -> set[str]:
        """The objects that files which cannot be sent as they are now keep (design §5), be it under their old names."""
        stalled = self.mirror.reconciler.removals._stalled  # noqa: SLF001  (what it waits for is looked at here)
        rows = self.mirror.index.files.all()
        return {row.bound for row in rows if row.bound is not None and (row.blocked is not None or row.ref in stalled)}

    def _check_remote(self) -> None:
        picora, wishes, kept = self.mirror.picora, self._wishes(), self._kept()
        held = Counter((item.kind, item.sha256) for item in picora.objects.values())
        assert wishes.keys() <= held.keys(), "something is not on Picora"
        assert max(held.values(), default=1) == 1, "something is stored twice"
        for item in picora.objects.values():
            mine = wishes.get((item.kind, item.sha256 or ""))
            if mine is None:
                assert item.id in self.theirs | kept, f"{item} should be gone"
                continue
            public = all(wish.public for wish in mine)
            if item.id not in kept:
                assert item.public == public
                assert item.title in {wish.title for wish in mine}
                assert {tag for wish in mine for tag in wish.tags} == set(item.tags) or item.kind is Kind.AUDIO
            assert public or not item.public, "public against a wish"
            if item.id not in self.theirs and any(wish.embeds for wish in mine):
                assert item.rewritten == public
            if item.kind is Kind.DOC:
                assert hashlib.sha256(picora.texts[item.id].encode()).hexdigest() == item.sha256


Convergence.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestConvergence = Convergence.TestCase
