"""Everything around the daemon: time, folders, the server and the road to it, people, and sudden death."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from picora_sync.control.orders import Orders
from picora_sync.core.model import FileRef, kind_of
from picora_sync.errors import IndexUnwritable
from picora_sync.index import Index
from picora_sync.reconciler.context import Clocks
from tests.simulation import acts
from tests.simulation.chance import seeded
from tests.simulation.chapters import CHAPTERS, answers
from tests.simulation.folders import Folders
from tests.simulation.premises import Lodger
from tests.simulation.process import Crash, Process, Readings
from tests.simulation.promises import Promises
from tests.simulation.remote import Road, Server
from tests.simulation.shelf import Shelf
from tests.simulation.sight import Sight
from tests.simulation.timeline import DISK, Act, Scenario
from tests.simulation.tree import Tree

EPOCH_S = 2_200_000_000.0
"""Later than any real clock, so that the real change times of inodes always lie far in the past."""
QUIET_LIMIT_S = 4 * 3600.0
MOST_STEPS = 60_000
DAY_S = 24 * 3600.0
RESTART_S = 30.0
IDLE_S = 30.0
"""The loop looks around this often."""
MILD = frozenset((*DISK, "remove_many", "crash", "stop", "approve", "approved", "rescan", "plant"))
"""What is no trouble to a daemon that has time to look around, or starts again."""
SLOWLY_READ = 0.3
"""So often a file is read at one moment, and what it held is heard of at another."""
ALONE_S = 900.0
"""So long it is let sleep while nothing happens, though it would look around more often."""


class NeverQuiet(AssertionError):
    """Work goes on, or waits, for hours after all changes and faults stopped."""


class World:
    """One simulation. :meth:`run` raises what went wrong."""

    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self.scenario = scenario
        self.seed = scenario.seed
        self.now_s = 10_000.0
        self.jumped_s = 0.0
        self.slept_s = 0.0
        self.tardy_s = 0.0
        self.dice = random.Random(scenario.seed)  # noqa: S311  (a simulation)
        self.folders = Folders(scenario.policies, directory, Clocks(self.mono, self.wall), self._told)
        clock = lambda: EPOCH_S + self.now_s + self.slept_s + scenario.skew_s  # noqa: E731
        self._chapter = chapter = CHAPTERS[scenario.chapter]
        self.server = Server(
            Lodger(clock, rate_limits=scenario.rate_limits, soft_delete=chapter.soft_delete, purge=chapter.purge)
        )
        self.promises = Promises(self)
        self.road = Road(
            self.server,
            self.pass_time,
            self.point,
            self.promises.carried_out,
            self.promises.about_to_send,
            self.promises.heard,
            self.promises.refused,
            clock,
            self.errand,
            lambda: 0.05 if scenario.calm else self.dice.choice((0.01, 0.05, 0.3, 2.0)),
        )
        self.shelf = Shelf(directory / "state")
        self.process: Process | None = None
        self.watcher = Sight(lost=True)
        self.trace: list[str] = []
        self.to_come: list[Act] = []
        self.chaos = False
        self.dying = False
        self.power_cut = False
        self._steps = 0
        self.points_left: int | None = None
        self.restart_at = self.down_until = 0.0
        self.deaf_until = 0.0
        self.deaf_spells: list[tuple[float, float]] = []
        self.late: list[tuple[float, str, str]] = []
        self.troubled_at = self.fault_at = 0.0
        self._tally: Counter[str] = Counter()
        self._before_start: list[Callable[[], None]] = []
        self._after_start: list[Callable[[], None]] = []
        self._reloads: list[Callable[[], None]] = []
        self._errands: list[tuple[float, Callable[[], object]]] = []
        self.verify_s = chapter.verify_s
        self._deeds = acts.DEEDS | {answers.late_twin.__name__: answers.late_twin} | chapter.deeds
        self._mild = MILD | chapter.mild

    def close(self) -> None:
        self.server.close()
        self.shelf.close()

    @property
    def index(self) -> Index:
        """The index of the running process, or that a next one will find."""
        return self.shelf.index

    # --- clocks -----------------------------------------------------------------------------------------------------

    def mono(self) -> float:
        return self.now_s

    def wall(self) -> float:
        """The clock of the machine the daemon runs on."""
        return EPOCH_S + self.now_s + self.slept_s + self.jumped_s

    def real_s(self) -> float:
        """Seconds that passed for everybody, also while the machine slept."""
        return self.now_s + self.slept_s

    def is_untroubled(self) -> bool:
        """Whether nothing keeps the daemon from its work at this moment."""
        road = self.road
        calm = road.up and not road.refusing and not road.armed and not self.tardy_s and self.now_s >= self.deaf_until
        return calm and self.process is not None and all(tree.is_sound for tree in self.folders.trees.values())

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and happen what is due meanwhile."""
        until = self.now_s + seconds
        while self._next_at() <= until:
            self.now_s = max(self.now_s, self._next_at())
            self._happen()
        self.now_s = until
        self.point(dies=False)

    def point(self, *, dies: bool = True) -> None:
        """A moment between two effects: here the process may die."""
        if dies and self.points_left is not None:
            self.points_left -= 1
            if self.points_left <= 0:
                self.points_left, self.dying = None, True
        if self.dying and self.process is not None:
            raise Crash

    # --- the course of events ---------------------------------------------------------------------------------------

    def run(self) -> None:
        """First run, quiet, chaos, healing, and silence. The same seed is the same course of events."""
        with seeded(self.seed):
            self._run()

    def _run(self) -> None:
        for act in self.scenario.initial:
            acts.on_disk(self, act)
        self._chapter.begin(self)
        self._start()
        self._until_quiet()
        self._live_for(3 * 3600.0)
        begin = self.now_s
        self.to_come = sorted(act._replace(at_s=begin + act.at_s) for act in self.scenario.acts)
        self.chaos = True
        self._live_for(max((act.at_s for act in self.to_come), default=begin) - begin + 30.0)
        self.chaos = False
        self._heal()
        self.promises.settled()
        before, left = len(self.promises.mutations), len(self.index.leftovers.all())
        self._live_for(2.2 * 3600.0)
        late = _beyond_refusals(self.promises.mutations[before:], left)
        assert not late, f"1: calls are made though nothing changes: {late}"

    def _heal(self) -> None:
        self.road.armed.clear()
        self.road.up, self.road.lag_s = True, 0.0
        self.deaf_until, self.points_left, self.power_cut, self.tardy_s = 0.0, None, False, 0.0
        self._run_errands(float("inf"))
        for tree in self.folders.trees.values():
            tree.mount()
            tree.unlock()
        self._chapter.heal(self)
        self._live_for(self.dice.choice((0.0, 100.0, 4000.0)))
        self._die()
        self.restart_at = self.now_s
        self._until_quiet()
        self.promises.check_holds(self._chapter.knows_moves)
        for _ in range(4):
            if not [ref for ref, _, approved in self.index.holds.held() if not approved]:
                break
            self._die()
            self.approve_listed()
            self.restart_at = self.now_s
            self._until_quiet()
        self._live_for(4000.0 if self.verify_s >= DAY_S else 2 * self.verify_s)
        self._until_quiet()

    def _until_quiet(self) -> None:
        end = self.now_s + QUIET_LIMIT_S
        while self.now_s < end:
            self._live_for(1.0)
            if self.process is not None and not self.process.busy():
                return
        raise NeverQuiet(f"1: not quiet after {QUIET_LIMIT_S:.0f} s")

    def _live_for(self, seconds: float) -> None:
        end = self.now_s + seconds
        while True:
            try:
                self._step()
                if self.now_s >= end:
                    return
                until_event_s = max(self._next_at() - self.now_s, 0.0) + 0.01  # an event wakes the loop
                self.pass_time(min(self._pause_s(), until_event_s, max(end - self.now_s, 0.01)))
            except Crash:
                self._die()
            except IndexUnwritable as error:
                self._end(error)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise NeverQuiet("1: the loop spins")
        if self.process is None:
            if self.now_s >= self.restart_at:
                self._start()
            return
        if self._reloads:
            self._reload()
            return
        self.process.step()
        self.promises.look_around()
        if self.promises.broken:
            raise AssertionError(self.promises.broken[0])
        jobs = self.process.pool.jobs
        for _ in range(self.dice.randint(0, len(jobs)) if self.chaos else len(jobs)):
            if not jobs:
                break
            self.process.pool.run(self.dice.randrange(len(jobs)) if self.chaos else 0)
            self.point(dies=False)
        self._have_read(self.process.readings)

    def _have_read(self, readings: Readings) -> None:
        """All that is asked for; in chaos some of it, and of that some is handed over later than it was read."""
        for _ in range(self.dice.randint(0, 2 * readings.waiting()) if self.chaos else readings.waiting()):
            lines = readings.lines()
            if not lines:
                break
            line = self.dice.choice(lines) if self.chaos else lines[0]
            if self.chaos and self.dice.random() < SLOWLY_READ:
                readings.read(line)
            else:
                readings.hand_over(line)
            self.point(dies=False)

    def _pause_s(self) -> float:
        if self.process is None:
            return 1.0
        if self.process.pool.jobs or self.process.readings.waiting():
            return self.dice.uniform(0.02, 1.0)
        if self.process.answered() or (self.process.pool.woke and not self.chaos):
            return 0.01
        if self.process.queue.settling():
            return 1.0
        longest_s = IDLE_S if self.chaos else ALONE_S
        return min(longest_s, max(0.05, self.process.next_due() - self.now_s))

    def _start(self) -> None:
        self.dying = False
        due, self._before_start = self._before_start, []
        for each in due:
            with suppress(IndexUnwritable):  # the person who tries it is told
                each()
        if self._before_start:  # something did not work yet
            self.restart_at = self.down_until
            return
        process = Process(self, self.index)
        try:
            process.start()
        except Crash:
            return
        except IndexUnwritable as error:
            self._end(error)
            return
        self.process = process
        self.watcher.regain(self.now_s)
        self.troubled_at = self.now_s
        self.promises.started()
        self.note("started")
        while self._after_start:
            self._after_start.pop(0)()

    def _reload(self) -> None:
        """Another mirror takes over, with the same index; what was under way is cut off."""
        due, self._reloads = self._reloads, []
        for each in due:
            each()
        self._part()
        self.occurred("the configuration was read again")
        self._start()

    def _end(self, why: IndexUnwritable) -> None:
        """The process ends with a message; the service manager starts it again."""
        self.note(str(why))
        self.occurred("the index could not be written")
        self._die()
        self.restart_at = self.now_s + RESTART_S

    def _part(self) -> None:
        """The process is no more. What it was asked and had not begun is asked again of the next one."""
        if self.process is not None:
            self.watcher.lose("", self.now_s)
            for what in self.process.inbox:
                self.while_up(lambda what=what: self.order(what))
        self.process = None

    def _die(self) -> None:
        self._part()
        self.dying = False
        self.note("died, and the power was cut" if self.power_cut else "died")
        if self.chaos:
            self.occurred("the power was cut" if self.power_cut else "the process died")
        self.shelf.die(power_cut=self.power_cut)
        self.power_cut = False
        self.restart_at = self.now_s + (self.dice.choice((0.0, 5.0, 60.0, 400.0)) if self.chaos else 0.0)

    def occurred(self, what: str) -> None:
        """Count this."""
        self._tally[what] += 1

    def tally(self) -> Counter[str]:
        """What happened so far, and how often."""
        return self._tally + Counter({f"answer: {fault}": times for fault, times in self.road.faults.items()})

    def note(self, what: str) -> None:
        self.trace.append(f"{self.now_s:9.1f} {what}")
        self.trace += [f"          {line}" for line in self.road.log]
        self.road.log.clear()

    # --- acts -------------------------------------------------------------------------------------------------------

    def tree(self, act: Act) -> Tree:
        """The folder that an act is about."""
        trees = list(self.folders.trees.values())
        return trees[act.folder % len(trees)]

    def later(self, after_s: float, what: str, act: Act | None = None) -> None:
        """Let this follow."""
        self.to_come.append((act or Act(0.0, what))._replace(at_s=self.now_s + after_s, what=what))
        self.to_come.sort()

    def while_down(self, what: Callable[[], None]) -> None:
        """Stop the process, do this, and start it again."""
        self._before_start.append(what)
        self.dying = self.process is not None

    def reload(self, what: Callable[[], None]) -> None:
        """Change something, and have the running daemon read its configuration again."""
        self._reloads.append(what)

    def while_up(self, what: Callable[[], None]) -> None:
        """Do this at the next start."""
        self._after_start.append(what)

    def order(self, what: Callable[[Orders], object]) -> None:
        """Ask this of the daemon as soon as it runs, between two turns of its loop."""
        if self.process is not None:
            self.process.inbox.append(what)
        else:
            self.while_up(lambda: self.order(what))

    def errand(self, after_s: float, what: Callable[[], object]) -> None:
        """Do this then, whatever else happens."""
        self._errands.append((self.now_s + after_s, what))

    def jump(self, by_s: float) -> None:
        """Somebody sets the machine's clock."""
        self.jumped_s += by_s

    def approve_listed(self, folder: str | None = None) -> int:
        """A person reads the list, and agrees; to how many."""
        listed = [ref for ref, _, approved in self.index.holds.held(folder) if not approved]
        with self.index.transaction():
            self.index.holds.approve(listed)
        self.promises.approved(listed)
        return len(listed)

    def _next_at(self) -> float:
        times = [self.to_come[0].at_s] if self.to_come else []
        times += [at for at, _, _ in self.late]
        return min([*times, *(at for at, _ in self._errands)], default=float("inf"))

    def _run_errands(self, until_s: float) -> None:
        due = [errand for errand in self._errands if errand[0] <= until_s]
        for errand in due:
            self._errands.remove(errand)
            errand[1]()

    def _happen(self) -> None:
        for late in [late for late in self.late if late[0] <= self.now_s]:
            self.late.remove(late)
            self._deliver(late[1], late[2])
        self._run_errands(self.now_s)
        while self.to_come and self.to_come[0].at_s <= self.now_s:
            act = self.to_come.pop(0)
            self.note(f"{act.what} {act.folder} {act.a} {act.b}")
            if act.what not in self._mild:
                self.fault_at = self.now_s
            if self._deeds.get(act.what, acts.on_disk)(self, act) is not False:
                self.occurred(act.what)
            self.promises.changes += 1

    # --- events -----------------------------------------------------------------------------------------------------

    def _told(self, folder: str, path: str) -> None:
        """What a watcher would tell; in chaos late, twice, out of order, or not at all."""
        if self.now_s < self.deaf_until:
            self.occurred("an event was lost")
            return
        copies = 1 if self.scenario.calm else self.dice.choice((1, 1, 1, 2))
        if copies > 1:
            self.occurred("an event came twice")
        for _ in range(copies):
            late_s = 0.0 if self.scenario.calm else self.dice.choice((0.0, 0.0, 0.5, 4.0))
            late_s += self.tardy_s
            if any(at > self.now_s + late_s for at, _, _ in self.late):
                self.occurred("an event was overtaken")
            self.late.append((self.now_s + late_s, folder, path))
        if self.scenario.calm:
            self.late, late = [], self.late
            for _, name, each in late:
                self._deliver(name, each)

    def _deliver(self, folder: str, path: str) -> None:
        if self.process is None:
            return
        if not path:
            self.process.queue.rescan(folder, "a directory changed")
        elif kind_of(path) is not None or path.endswith(("png", ".picoraignore")):
            self.process.queue.touch(FileRef(folder, path))


def _beyond_refusals(calls: list[str], left: int) -> list[str]:
    """These calls without the deletions that are refused, and tried again each hour."""
    deletions = [call for call in calls if call.startswith("DELETE")]
    return [call for call in calls if call not in deletions] if len(deletions) <= 3 * left else calls
