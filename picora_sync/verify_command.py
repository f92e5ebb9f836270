"""``verify``: index and account compared, beside a running daemon too, and put right on request (design §9)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from picora_sync.account import client_of, limits_for, refuse_another
from picora_sync.config.model import Config
from picora_sync.control.messages import Repair, Withheld, Wrong
from picora_sync.core.comparison import CONFIRM_AFTER_S, Mismatch
from picora_sync.core.model import FileRef, PlanLimits, RemoteObject
from picora_sync.core.pacing import Pacing
from picora_sync.daemon import Daemon
from picora_sync.errors import Stopped
from picora_sync.folder_factory import make_unit
from picora_sync.index import Index
from picora_sync.reconciler.audit.remote_query import bound_objects
from picora_sync.reconciler.audit.repair import GONE, beyond_budget, words
from picora_sync.reconciler.audit.verify import Audit, ContentCheck, steady
from picora_sync.reconciler.context import Unit
from picora_sync.reconciler.dispatch.bandwidth import Meter
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.report import INDEX_NAME, Discrepancy, Live, Progress, Tell, VerifyReport

Agree = Callable[[Sequence[str]], bool]
"""Asked whether so much may be uploaded again; the sentences say how much of which folder."""
CarryOut = Callable[[Repair], int]
"""Puts it right, and waits until that is done; how many requests it took."""


def verify(config: Config, key: str, stop: threading.Event, tell: Tell, *, sample: int = 0) -> VerifyReport:
    """Compare, and read the content of so many objects chosen at random; changes nothing, needs no lock.

    Raises IndexDamaged, ConfigError if the index is of another account, the RemoteError that ended it, Stopped.
    """
    with _looking(config, key, stop, tell, sample) as looked:
        return looked.report()


def repair(
    config: Config,
    key: str,
    stop: threading.Event,
    tell: Tell,
    agree: Agree,
    carry_out: CarryOut,
    *,
    sample: int = 0,
) -> VerifyReport:
    """Compare as :func:`verify` does, look again 90 s later for what is gone, and have ``carry_out`` put right what
    differs: the running daemon, or :func:`by_itself`.

    Raises what :func:`verify` and ``carry_out`` raise.
    """
    with _looking(config, key, stop, tell, sample) as looked:
        looked.confirm_gone(stop, tell)
        held = looked.beyond_budget()
        if held and agree(sorted(set(held.values()))):
            held = {}
        report = looked.report()
        requests = carry_out(_order(looked, held))
    with _copy(config) as now:
        return _after(report, now, held, report.requests + requests)


def by_itself(config: Config, key: str, stop: threading.Event, order: Repair, on_live: Callable[[Live], None]) -> int:
    """Carry out a repair where no daemon runs, and mirror once; how many requests that took. Raises AnotherInstance."""
    with Daemon.open(config, key, stop=stop) as daemon:
        daemon.connect()
        daemon.orders.carry_out(order)
        daemon.sync(on_live, wait=False)
        return daemon.report().requests


def _order(looked: _Looked, held: Mapping[FileRef, str]) -> Repair:
    spared = {row.bound for row in looked.index.files.get_many(held)}
    rows = [*map(_wrong, looked.findings), *(Wrong(object=item.id, what="content") for item in looked.damaged)]
    return Repair(
        rows=tuple(row for row in rows if row.what == "changed" or row.object not in spared),
        held=tuple(Withheld(folder=ref.folder, path=ref.path, why=why) for ref, why in held.items()),
    )


def _wrong(finding: Mismatch) -> Wrong:
    if finding.seen is None:
        return Wrong(object=finding.object.id, what="missing")
    change = finding.change
    return Wrong(object=finding.object.id, what="changed", title=change.title, tags=change.tags, public=change.public)


@dataclass
class _Looked:
    """What comparing showed. ``index`` is a copy from when it began."""

    index: Index
    audit: Audit
    others: int
    findings: list[Mismatch]
    contents: Mapping[str, ContentCheck]
    requests: Callable[[], int]
    server_time: Callable[[], float | None]

    @property
    def damaged(self) -> list[RemoteObject]:
        """The objects that hold other bytes than were sent."""
        known = bound_objects(self.index)
        return [
            known[each] for each, content in self.contents.items() if content is ContentCheck.OTHER and each in known
        ]

    def confirm_gone(self, stop: threading.Event, tell: Tell) -> None:
        """Only what is not there 90 s later either is gone (design §8)."""
        gone = [finding for finding in self.findings if finding.seen is None]
        self.findings = [finding for finding in self.findings if finding.seen is not None]
        self.findings += _confirmed(gone, self.audit, tell, stop)

    def beyond_budget(self) -> dict[FileRef, str]:
        """The files that are not uploaded again without a person."""
        gone = [finding.object for finding in self.findings if finding.seen is None]
        what = "vanished from Picora, or are damaged there" if self.damaged else GONE
        return beyond_budget(self.index, [*gone, *self.damaged], self.server_time(), what)

    def report(self) -> VerifyReport:
        """All of it in numbers, and each discrepancy."""
        found = [_found(self.index, finding) for finding in self.findings]
        found += [_discrepancy(self.index, item, "content", "") for item in self.damaged]
        return VerifyReport(
            compared=len(bound_objects(self.index)),
            others=self.others,
            sampled=len(self.contents),
            unread=sum(content is ContentCheck.UNREAD for content in self.contents.values()),
            found=found,
            requests=self.requests(),
        )


@contextmanager
def _looking(config: Config, key: str, stop: threading.Event, tell: Tell, sample: int) -> Iterator[_Looked]:
    pacer = ThreadPacer(Pacing(), time.monotonic, stop)
    with _copy(config) as index, client_of(config, key, pacer, stop) as client:
        account = client.with_usage(client.verify())
        refuse_another(account, index, config)
        audit = Audit(client, tell, pacer.eta_s)
        comparison = audit.compare(index)
        findings = audit.look_at(comparison.suspects)
        with _copy(config) as now:
            findings = steady(findings, now)
        gone = {finding.object.id for finding in findings if finding.seen is None}
        readable = [item for item in bound_objects(index).values() if item.sha256 is not None and item.id not in gone]
        chosen = random.sample(readable, min(sample, len(readable)))
        contents = audit.read(chosen, index, _units(config, limits_for(account, index)))
        yield _Looked(index, audit, comparison.others, findings, contents, lambda: pacer.requests, client.server_time)


def _confirmed(gone: list[Mismatch], audit: Audit, tell: Tell, stop: threading.Event) -> list[Mismatch]:
    """Those that are not there 90 s later either (design §8)."""
    if not gone:
        return []
    for left_s in range(CONFIRM_AFTER_S, 0, -1):
        tell(Progress("waiting before what seems to be gone is looked for again", 0, len(gone), left_s))
        if stop.wait(1.0):
            raise Stopped
    return [finding for finding in audit.look_at([each.object for each in gone]) if finding.seen is None]


def _after(report: VerifyReport, now: Index, held: Mapping[FileRef, str], requests: int) -> VerifyReport:
    """How many of the discrepancies are there no more."""
    open_refs, bound = {*now.files.unfinished(), *held}, bound_objects(now)

    def is_mended(each: Discrepancy) -> bool:
        return open_refs.isdisjoint(each.files) and (each.what == "changed" or each.id not in bound)

    waiting = sum(not held.keys().isdisjoint(each.files) for each in report.found)
    return replace(report, repaired=sum(map(is_mended, report.found)), held=waiting, requests=requests)


def _found(index: Index, finding: Mismatch) -> Discrepancy:
    what = "missing" if finding.seen is None else "changed"
    return _discrepancy(index, finding.object, what, words(finding.change))


def _discrepancy(index: Index, item: RemoteObject, what: str, detail: str) -> Discrepancy:
    files = sorted(row.ref for row in index.files.bound_to([item.id]))
    return Discrepancy(what, item.id, item.url, files, detail)


def _units(config: Config, limits: PlanLimits) -> dict[str, Unit]:
    return {folder.name: make_unit(folder, config.state_dir, Meter(), lambda: limits)[0] for folder in config.folders}


@contextmanager
def _copy(config: Config) -> Iterator[Index]:
    """The index as it is at this moment; an empty one if there is none."""
    index = Index.open_for_reading(config.state_dir / INDEX_NAME) or Index.in_memory()
    try:
        copy = index.copy_in_memory()
    finally:
        index.close()
    try:
        with copy.reading():
            yield copy
    finally:
        copy.close()
