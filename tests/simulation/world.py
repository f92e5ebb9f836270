"""Everything around the daemon: time, folders, the server and the road to it, people, and sudden death."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from picora_sync.core.model import FileRef, Kind, kind_of
from picora_sync.index import Index
from picora_sync.reconciler.context import Clocks
from tests.simulation.matter import matter
from tests.simulation.process import Crash, Process
from tests.simulation.promises import Promises
from tests.simulation.remote import Armed, Road, Server
from tests.simulation.timeline import Act, Scenario, fault_of
from tests.simulation.tree import Tree

EPOCH_S = 2_200_000_000.0
"""Later than any real clock, so that the real change times of inodes always lie far in the past."""
JUMPS_S = (40.0, 3600.0, 90_000.0, -40.0, -3600.0)
QUIET_LIMIT_S = 4 * 3600.0
MOST_STEPS = 60_000


class NeverQuiet(AssertionError):
    """Work goes on, or waits, for hours after all changes and faults stopped."""


class World:
    """One simulation. :meth:`run` raises what went wrong."""

    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self.scenario = scenario
        self.seed = scenario.seed
        self.policies = tuple(replace(policy, root=str(directory / policy.name)) for policy in scenario.policies)
        self._mono_s = 10_000.0
        self._jumped_s = 0.0
        self._dice = random.Random(scenario.seed)  # noqa: S311  (a simulation)
        self.trees = {
            p.name: Tree(p.name, Path(p.root), Clocks(self.mono, self.wall), self._told) for p in self.policies
        }
        clock = lambda: EPOCH_S + self._mono_s + scenario.skew_s  # noqa: E731
        self.server = Server(directory / "picora", clock, rate_limits=scenario.rate_limits)
        self.promises = Promises(self)
        self.road = Road(
            self.server,
            self.pass_time,
            self.point,
            self.promises.carried_out,
            self.promises.about_to_send,
            clock,
            lambda: 0.05 if scenario.calm else self._dice.choice((0.01, 0.05, 0.3, 2.0)),
        )
        self.index = Index.in_memory()
        self.process: Process | None = None
        self.trace: list[str] = []
        self._acts: list[Act] = []
        self._chaos = False
        self._dying = False
        self._steps = 0
        self._points_left: int | None = None
        self._restart_at = 0.0
        self._deaf_until = 0.0
        self._late: list[tuple[float, str, str]] = []

    def close(self) -> None:
        self.server.close()
        self.index.close()

    # --- clocks -----------------------------------------------------------------------------------------------------

    def mono(self) -> float:
        return self._mono_s

    def wall(self) -> float:
        """The clock of the machine the daemon runs on."""
        return EPOCH_S + self._mono_s + self._jumped_s

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and happen what is due meanwhile."""
        until = self._mono_s + seconds
        while self._next_at() <= until:
            self._mono_s = max(self._mono_s, self._next_at())
            self._happen()
        self._mono_s = until
        self.point(dies=False)

    def point(self, *, dies: bool = True) -> None:
        """A moment between two effects: here the process may die."""
        if dies and self._points_left is not None:
            self._points_left -= 1
            if self._points_left <= 0:
                self._points_left, self._dying = None, True
        if self._dying and self.process is not None:
            raise Crash

    # --- the course of events ---------------------------------------------------------------------------------------

    def run(self) -> None:
        """First run, quiet, chaos, healing, and silence."""
        for act in self.scenario.initial:
            self._disk(act)
        self._start()
        self._until_quiet()
        self._live_for(3 * 3600.0)
        begin = self._mono_s
        self._acts = sorted(act._replace(at_s=begin + act.at_s) for act in self.scenario.acts)
        self._chaos = True
        self._live_for(max((act.at_s for act in self._acts), default=begin) - begin + 30.0)
        self._chaos = False
        self._heal()
        self.promises.settled()
        before = len(self.promises.mutations)
        self._live_for(2.2 * 3600.0)
        late = self.promises.mutations[before:]
        assert not late, f"1: calls are made though nothing changes: {late}"

    def _heal(self) -> None:
        self.road.armed.clear()
        self.road.up, self.road.lag_s = True, 0.0
        self._deaf_until, self._points_left = 0.0, None
        for tree in self.trees.values():
            tree.mount()
            tree.unlock()
        self._live_for(self._dice.choice((0.0, 100.0, 4000.0)))
        self._die()
        self._restart_at = self._mono_s
        self._until_quiet()
        for _ in range(4):
            if not [ref for ref, _, approved in self.index.holds.held() if not approved]:
                break
            self._approve()
            self._until_quiet()
        self._live_for(4000.0)
        self._until_quiet()

    def _until_quiet(self) -> None:
        end = self._mono_s + QUIET_LIMIT_S
        while self._mono_s < end:
            self._live_for(1.0)
            if self.process is not None and not self.process.busy():
                return
        raise NeverQuiet(f"1: not quiet after {QUIET_LIMIT_S:.0f} s")

    def _live_for(self, seconds: float) -> None:
        end = self._mono_s + seconds
        while True:
            try:
                self._step()
                if self._mono_s >= end:
                    return
                until_event_s = max(self._next_at() - self._mono_s, 0.0) + 0.01  # an event wakes the loop
                self.pass_time(min(self._pause_s(), until_event_s, max(end - self._mono_s, 0.01)))
            except Crash:
                self._die()

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise NeverQuiet("1: the loop spins")
        if self.process is None:
            if self._mono_s >= self._restart_at:
                self._start()
            return
        self.process.step()
        self.promises.look_around()
        if self.promises.broken:
            raise AssertionError(self.promises.broken[0])
        jobs = self.process.pool.jobs
        for _ in range(self._dice.randint(0, len(jobs)) if self._chaos else len(jobs)):
            if not jobs:
                break
            self.process.pool.run(self._dice.randrange(len(jobs)) if self._chaos else 0)
            self.point(dies=False)

    def _pause_s(self) -> float:
        if self.process is None:
            return 1.0
        if self.process.pool.jobs:
            return self._dice.uniform(0.02, 1.0)
        if self.process.queue.settling():
            return 1.0
        return min(30.0, max(0.05, self.process.next_due() - self._mono_s))

    def _start(self) -> None:
        self._dying = False
        process = Process(self, self.index)
        try:
            process.start()
        except Crash:
            return
        self.process = process
        self.note("started")

    def _die(self) -> None:
        self.process = None
        self._dying = False
        self.note("died")
        self._restart_at = self._mono_s + (self._dice.choice((0.0, 5.0, 60.0, 400.0)) if self._chaos else 0.0)

    def note(self, what: str) -> None:
        self.trace.append(f"{self._mono_s:9.1f} {what}")
        self.trace += [f"          {line}" for line in self.road.log]
        self.road.log.clear()

    # --- acts -------------------------------------------------------------------------------------------------------

    def _next_at(self) -> float:
        times = [self._acts[0].at_s] if self._acts else []
        return min([*times, *(at for at, _, _ in self._late)], default=float("inf"))

    def _happen(self) -> None:
        for late in [late for late in self._late if late[0] <= self._mono_s]:
            self._late.remove(late)
            self._deliver(late[1], late[2])
        while self._acts and self._acts[0].at_s <= self._mono_s:
            act = self._acts.pop(0)
            self.note(f"{act.what} {act.folder} {act.a} {act.b}")
            special = getattr(self, f"_act_{act.what}", None)
            special(act) if special is not None else self._disk(act)
            self.promises.changes += 1

    def _disk(self, act: Act) -> None:
        tree = self._tree(act)
        if tree.mounted or act.what == "mount":
            getattr(tree, act.what)(act.a, act.b % 13 + 1 if act.what == "remove_many" else act.b)

    def _tree(self, act: Act) -> Tree:
        return self.trees[self.policies[act.folder % len(self.policies)].name]

    def _act_fault(self, act: Act) -> None:
        fault, method, times = fault_of(act)
        self.road.armed.append(Armed(fault, method, times))
        self.note(f"  {fault} on {method or 'any'} x{times}")

    def _act_offline(self, act: Act) -> None:
        self.road.up = False
        self._acts.append(Act(self._mono_s + act.a % 300, "online"))
        self._acts.sort()

    def _act_online(self, _: Act) -> None:
        self.road.up = True

    def _act_lag(self, act: Act) -> None:
        self.road.lag_s = float(act.a % 70)

    def _act_crash(self, act: Act) -> None:
        self._points_left = 1 + act.a % 40

    def _act_stop(self, _: Act) -> None:
        self._dying = True

    def _act_deaf(self, act: Act) -> None:
        self._deaf_until = self._mono_s + act.a % 200

    def _act_jump(self, act: Act) -> None:
        self._jumped_s += JUMPS_S[act.a % len(JUMPS_S)]

    def _act_rescan(self, act: Act) -> None:
        if self.process is not None:
            self.process.queue.rescan(self._tree(act).name, "asked for")

    def _act_approve(self, _: Act) -> None:
        """As the command does: it stops the daemon, approves what is listed, and starts it again."""
        if self.scenario.calm:
            return
        if self.process is not None:
            self._dying = True
        self._acts.insert(0, Act(self._mono_s, "approved"))

    def _act_approved(self, _: Act) -> None:
        if self.process is None:
            self._approve_listed()
        elif self._dying:
            self._acts.insert(0, Act(self._mono_s + 0.5, "approved"))
            self._acts.sort()

    def _approve(self) -> None:
        self._die()
        self._approve_listed()
        self._restart_at = self._mono_s

    def _approve_listed(self) -> None:
        listed = [ref for ref, _, approved in self.index.holds.held() if not approved]
        with self.index.transaction():
            self.index.holds.approve(listed)
        self.promises.approved(listed)

    def _act_plant(self, act: Act) -> None:
        """Somebody else uploads something, perhaps the same as what is in the folder; not while we are uploading it,
        since nobody could tell then whose it is.
        """
        tree, others = self._tree(act), self.server.others
        path = tree.choose(act.a)
        content = tree.lines[path].now if path is not None and act.b % 2 else matter(Kind.DOC, act.b)
        under_way = any(self.index.objects.intent(content.kind, sha) for sha in content.all_sent())
        if not content.sendable or content.torn or under_way:
            return
        before = self.server.held()
        if content.kind is Kind.AUDIO:
            others.post_audio(content.data, "theirs.flac", "audio/flac", title="theirs")
        else:
            others.post_doc(content.data.decode(), title="theirs", isPublic=act.b % 3 == 0)
        self.promises.theirs |= self.server.held().keys() - before.keys()

    # --- events -----------------------------------------------------------------------------------------------------

    def _told(self, folder: str, path: str) -> None:
        """What a watcher would tell; in chaos late, twice, out of order, or not at all."""
        if self._mono_s < self._deaf_until:
            return
        copies = 1 if self.scenario.calm else self._dice.choice((1, 1, 1, 2))
        for _ in range(copies):
            late_s = 0.0 if self.scenario.calm else self._dice.choice((0.0, 0.0, 0.5, 4.0))
            self._late.append((self._mono_s + late_s, folder, path))
        if self.scenario.calm:
            self._late, late = [], self._late
            for _, name, each in late:
                self._deliver(name, each)

    def _deliver(self, folder: str, path: str) -> None:
        if self.process is None:
            return
        if not path:
            self.process.queue.rescan(folder, "a directory changed")
        elif kind_of(path) is not None or path.endswith(("png", ".picoraignore")):
            self.process.queue.touch(FileRef(folder, path))
