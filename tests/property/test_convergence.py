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


class Convergence(RuleBasedStateMachine):
    """People and the world act by rules; the end checks the promises."""

    mirror: Mirror

    @initialize(theirs=st.lists(st.sampled_from(TEXTS[:6]), max_size=2, unique=True))
    def begin(self, theirs: list[str]) -> None:
        self.mirror = Mirror(*FOLDERS)
        self.theirs = {self.mirror.picora.plant(Kind.DOC, text, public=n == 1).id for n, text in enumerate(theirs)}

    # --- what people do ---------------------------------------------------------------------------------------------

    @rule(folder=folders, path=paths, number=st.integers(0, 9))
    def write(self, folder: str, path: str, number: int) -> None:
        texts = SOUNDS if path.endswith(".mp3") else TEXTS
        self.mirror.write(path, texts[number % len(texts)].encode("utf-8", "surrogateescape"), folder)

    @rule(folder=folders, path=paths)
    def remove(self, folder: str, path: str) -> None:
        if path in self.mirror.disks[folder].files:
            self.mirror.disks[folder].remove(path)
            self.mirror.queue.touch(FileRef(folder, path))

    @rule(source=folders, old=paths, place=folders, new=paths)
    def move(self, source: str, old: str, place: str, new: str) -> None:
        if old in self.mirror.disks[source].files and old[-3:] == new[-3:] and (source, old) != (place, new):
            self.mirror.disks[place].files[new] = self.mirror.disks[source].files[old]
            self.mirror.disks[source].remove(old)
            self.mirror.queue.touch(FileRef(place, new))
            self.mirror.queue.touch(FileRef(source, old))

    @rule(folder=folders, path=paths, on=st.booleans())
    def ignore(self, folder: str, path: str, on: bool) -> None:
        rules = self.mirror.disks[folder].rules
        if on:
            rules[path] = "a rule"
        else:
            rules.pop(path, None)
        self.mirror.queue.rescan(folder, "rules changed")

    @rule(folder=folders, path=paths)
    def break_file(self, folder: str, path: str) -> None:
        self.mirror.disks[folder].broken[path] = UNREADABLE
        self.mirror.queue.touch(FileRef(folder, path))

    @rule(folder=folders)
    def mend_files(self, folder: str) -> None:
        self.mirror.disks[folder].broken.clear()
        self.mirror.queue.rescan(folder, "mended")

    @rule(folder=folders, gone=st.booleans())
    def root(self, folder: str, gone: bool) -> None:
        self.mirror.disks[folder].missing_root = gone
        self.mirror.queue.rescan(folder, "root")

    @rule(folder=folders)
    def approve(self, folder: str) -> None:
        self.mirror.index.holds.approve([ref for ref, _, _ in self.mirror.index.holds.held(folder)])
        self.mirror.reconciler.removals.reconsider_held([folder])

    # --- what the world does ----------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0, 1, 3, 11, 16, 45]))
    def wait(self, seconds: int) -> None:
        self.mirror.run(seconds)

    @rule(
        method=st.sampled_from(METHODS), name=st.sampled_from(sorted(ERRORS)), after=st.booleans(), n=st.integers(1, 6)
    )
    def fail(self, method: str, name: str, after: bool, n: int) -> None:
        if name == "full" and not method.startswith("post"):
            return
        self.mirror.picora.fail(method, ERRORS[name], after=after and name in CARRIED_OUT, times=n)

    @rule(up=st.booleans())
    def network(self, up: bool) -> None:
        self.mirror.picora.up = up

    @rule(method=st.sampled_from(METHODS[:4]))
    def lose_the_reply(self, method: str) -> None:
        """The call is carried out, its reply is lost, and Picora cannot be reached for a while."""
        self.mirror.picora.fail(method, ERRORS["unknown"], after=True)
        self.mirror.picora.well = False

    @rule()
    def recover(self) -> None:
        self.mirror.picora.up = self.mirror.picora.well = True

    @rule()
    def die_before_sending(self) -> None:
        """The process ends with jobs that no worker took up yet."""
        self.mirror.reconciler.turn()
        self.mirror.restart()

    @rule()
    def die(self) -> None:
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
        mirror.run(3700.0)  # what was blocked by an answer is tried hourly
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
        """The objects that files which cannot be sent as they are now keep (design §5)."""
        return {row.bound for row in self.mirror.index.files.all() if row.blocked is not None and row.bound is not None}

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
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestConvergence = Convergence.TestCase
