"""``verify``: index and account compared, beside a running daemon too, and put right on request (design §9)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from picora_sync.config.model import Config
from picora_sync.core.comparison import CONFIRM_AFTER_S, Comparison, Finding
from picora_sync.core.model import FileRef, PlanLimits, RemoteObject
from picora_sync.core.pacing import Pacing
from picora_sync.daemon import Daemon
from picora_sync.errors import ConfigError, Stopped
from picora_sync.index import Index
from picora_sync.reconciler import mending
from picora_sync.reconciler.auditing import Audit, Content, steady
from picora_sync.reconciler.context import Unit
from picora_sync.reconciler.enquiry import bound_objects
from picora_sync.reconciler.transfers import Meter
from picora_sync.remote.client import PicoraClient
from picora_sync.remote.pacer import ThreadPacer
from picora_sync.summary import INDEX_NAME, Discrepancy, Live, Progress, VerifyReport
from picora_sync.units import make_unit

Tell = Callable[[Progress], None]
Agree = Callable[[Sequence[str]], bool]
"""Asked whether so much may be uploaded again; the sentences say how much of which folder."""


def verify(config: Config, key: str, stop: threading.Event, tell: Tell, *, sample: int = 0) -> VerifyReport:
    """Compare, and read the content of so many objects chosen at random; changes nothing, needs no lock.

    Raises IndexDamaged, ConfigError if the index is of another account, the RemoteError that ended it, Stopped.
    """
    pacer = ThreadPacer(Pacing(), time.monotonic, stop)
    with _copy(config) as index, PicoraClient(config.account.url, key, pacer=pacer, stop=stop) as client:
        account = client.verify()
        if index.meta("user_id") not in (None, account.user_id):
            raise ConfigError(
                f"the index in {config.state_dir} belongs to another account",
                hint="use the key of that account, or give this account its own state_dir",
            )
        audit = Audit(client, tell, pacer.eta_s)
        comparison = audit.compare(index)
        findings = audit.look_at(comparison.suspects)
        with _copy(config) as now:
            findings = steady(findings, now)
        contents = audit.read(_sample(index, sample), index, _units(config, account.limits))
        return _report(index, comparison, findings, contents, pacer.requests)


def repair(
    config: Config, key: str, stop: threading.Event, tell: Tell, agree: Agree, on_live: Callable[[Live], None]
) -> VerifyReport:
    """Compare, put right what differs, and make again what a second look 90 s later does not find either; then mirror
    once, which carries it out.

    Raises AnotherInstance, and what :func:`verify` raises.
    """
    with Daemon.open(config, key, stop=stop) as daemon:
        daemon.connect()
        index, audit = daemon.index, daemon.audit(tell)
        comparison = audit.compare(index)
        findings = audit.look_at(comparison.suspects)
        changed = [finding for finding in findings if finding.seen is not None]
        gone = _confirmed([finding for finding in findings if finding.seen is None], audit, tell, stop)
        report = _report(index, comparison, [*changed, *gone], {}, 0)
        vanished = [finding.object for finding in gone]
        held = mending.beyond_budget(index, vanished, time.time())
        if held and agree(sorted(set(held.values()))):
            held = {}
        _write_down(index, changed, vanished, held)
        daemon.sync(on_live, wait=False)
        return _after(report, index, held, daemon.report().requests)


def _confirmed(gone: list[Finding], audit: Audit, tell: Tell, stop: threading.Event) -> list[Finding]:
    """Those that are not there 90 s later either (design §8)."""
    if not gone:
        return []
    for left_s in range(CONFIRM_AFTER_S, 0, -1):
        tell(Progress("waiting before what seems to be gone is looked for again", 0, len(gone), left_s))
        if stop.wait(1.0):
            raise Stopped
    return [finding for finding in audit.look_at([each.object for each in gone]) if finding.seen is None]


def _write_down(
    index: Index, changed: Iterable[Finding], vanished: Iterable[RemoteObject], held: Mapping[FileRef, str]
) -> None:
    wall = time.time()
    with index.transaction():
        for finding in changed:
            mending.note_change(index, finding)
        for item in vanished:
            if not any(row.ref in held for row in index.files.bound_to([item.id])):
                mending.make_again(index, item, wall)
        mending.tell_held(index, held)


def _after(report: VerifyReport, index: Index, held: Mapping[FileRef, str], requests: int) -> VerifyReport:
    """How many of the discrepancies are there no more."""
    open_refs = {*index.files.unfinished(), *held}
    repaired = sum(open_refs.isdisjoint(each.files) for each in report.found)
    waiting = sum(not held.keys().isdisjoint(each.files) for each in report.found)
    return VerifyReport(
        compared=report.compared,
        others=report.others,
        found=report.found,
        repaired=repaired,
        held=waiting,
        requests=requests,
    )


def _report(
    index: Index,
    comparison: Comparison,
    findings: Iterable[Finding],
    contents: Mapping[str, Content],
    requests: int,
) -> VerifyReport:
    found = [
        _discrepancy(index, finding.object, "missing" if finding.seen is None else "changed", finding)
        for finding in findings
    ]
    for object_id, content in contents.items():
        item = index.objects.get(object_id)
        if content is Content.OTHER and item is not None:
            found.append(_discrepancy(index, item, "content"))
    return VerifyReport(
        compared=len(bound_objects(index)),
        others=comparison.others,
        sampled=len(contents),
        unread=sum(content is Content.UNREAD for content in contents.values()),
        found=found,
        requests=requests,
    )


def _discrepancy(index: Index, item: RemoteObject, what: str, finding: Finding | None = None) -> Discrepancy:
    files = sorted(row.ref for row in index.files.bound_to([item.id]))
    return Discrepancy(what, item.id, item.url, files, mending.words(finding.change) if finding else "")


def _sample(index: Index, number: int) -> list[RemoteObject]:
    readable = [item for item in bound_objects(index).values() if item.sha256 is not None]
    return random.sample(readable, min(number, len(readable)))


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
