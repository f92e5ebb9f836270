"""Can the simulations fail? Each mutant takes one protection out of the product; its chapter must notice.

``python -m tests.simulation.mutants`` applies them one by one to a copy, and says which seed found each.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.simulation.chapters import scenario
from tests.simulation.simulate import simulate

ROOT = Path(__file__).parents[2]
MOST_S = 1800.0


class Mutant(NamedTuple):
    """``old`` stands in ``file`` (below picora_sync) and becomes ``new``, which breaks a ``promise`` of design §13;
    ``seeds`` of its chapter, from ``first`` on, are tried.
    """

    promise: int
    what: str
    file: str
    old: str
    new: str
    chapter: str
    first: int = 0
    seeds: int = 60


MUTANTS = (
    Mutant(
        1,
        "a changed setting is not heard",
        "reconciler/intake/scan.py",
        "context.index.files.rederive_all(policy.name)",
        "pass",
        "configuration",
        first=12,
    ),
    Mutant(
        1,
        "a renamed folder forgets its bindings",
        "index/store.py",
        'for table in ("file", "dependency", "problem", "binding",',
        'for table in ("file", "dependency", "problem",',
        "configuration",
    ),
    Mutant(
        1,
        "what somebody else changed is not compared",
        "core/comparison.py",
        "elif difference(item, seen):",
        "elif False:",
        "others",
    ),
    Mutant(
        1,
        "a document that a lost upload would make anew is deleted at once",
        "reconciler/deletion/orphans.py",
        "again = may_be_made_anew(context, orphan.object)",
        "again = False",
        "answers",
        first=27,
    ),
    Mutant(
        1,
        "what is deleted stays in the trash",
        "remote/deletion.py",
        "query = HARD if kind is Kind.DOC else {}",
        "query = {}",
        "trash",
    ),
    Mutant(
        1,
        "what Picora refused to delete is called done",
        "reconciler/results/failure.py",
        "self._context.index.leftovers.refuse((delete.object_id for delete in deletes), problem, wall)",
        "[]",
        "refusals",
    ),
    Mutant(
        2,
        "a mount point that is not there is an empty directory",
        "reconciler/intake/scan.py",
        "harmless = {",
        "harmless = changed or {",
        "mounts",
        first=1,
    ),
    Mutant(
        2,
        "what cannot be read is gone",
        "disk/faults.py",
        "GONE = frozenset({errno.ENOENT, errno.ENOTDIR})",
        "GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EIO})",
        "disks",
        first=44,
    ),
    Mutant(
        2,
        "an old version goes first although another file is bound to it",
        "reconciler/dispatch/quota.py",
        "all(row.ref in refs for row in users)",
        "bool(refs) and users is not None",
        "full",
    ),
    Mutant(
        3,
        "audio that an earlier process sent is not looked for",
        "reconciler/uploads/unconfirmed.py",
        "intent_at=intent.opened_at, posted_before=intent.sends)",
        "intent_at=intent.opened_at, posted_before=0)",
        "power",
        first=15,
    ),
    Mutant(
        3,
        "audio that the index does not know is not looked for",
        "reconciler/uploads/unindexed.py",
        "return (*self._by_hash.get(sha256, ()), *untold)",
        "return ()",
        "bereft",
        first=0,
    ),
    Mutant(
        4,
        "a paused folder makes nothing private",
        "reconciler/dispatch/dispatcher.py",
        "(self._is_paused(patch) and not patch.makes_private)",
        "self._is_paused(patch)",
        "privacy",
        first=4,
    ),
    Mutant(
        4,
        "nobody looks at a note before it has settled",
        "core/settle.py",
        "PEEK_QUIET_S = 2.0",
        "PEEK_QUIET_S = 2e9",
        "privacy",
        first=50,
    ),
    Mutant(
        4,
        "a note that is renamed and made private at once is a new one",
        "reconciler/intake/privacy.py",
        "return [row for row in rows if not is_another(row.born_ns, born_ns)]",
        "return []",
        "privacy",
        first=12,
    ),
    Mutant(
        4,
        "a call that only informs, and is refused, stops all others",
        "remote/client.py",
        'log.debug("not told: %s", error.message)',
        "raise",
        "aside",
        first=0,
        seeds=10,
    ),
    Mutant(
        5,
        "every duplicate is ours",
        "core/ownership.py",
        "return (posted_before or posted.repeated) and is_made_since(posted.object, intent_at)",
        "return True",
        "others",
        first=18,
    ),
    Mutant(
        5,
        "what was there before the upload is ours",
        "core/ownership.py",
        "return made_s is not None and made_s >= server_s - CLOCKS_APART_S",
        "return True",
        "others",
        first=18,
    ),
    Mutant(
        6,
        "a hold ends with the process",
        "index/holds.py",
        "ON CONFLICT (folder, path) DO UPDATE SET why = excluded.why",
        "ON CONFLICT (folder, path) DO UPDATE SET why = excluded.why, approved = 1",
        "people",
    ),
    Mutant(
        6,
        "an inode proves that a file is the same",
        "core/succession.py",
        "return before.born_ns == now.born_ns",
        "return True",
        "moves",
    ),
    Mutant(
        6,
        "what is kept stays ours",
        "reconciler/context.py",
        "self.index.objects.forget(object_id)",
        "self.index.objects.get(object_id)",
        "people",
    ),
    Mutant(
        6,
        "a thousand removals more are few",
        "core/guard.py",
        "return max(FEW, int(ledger.bound * SHARE))",
        "return max(FEW, int(ledger.bound * SHARE)) + 1000",
        "people",
    ),
    Mutant(
        6,
        "a folder may be left empty",
        "core/guard.py",
        "if len(waiting - ledger.merged) >= ledger.bound:",
        "if False:",
        "people",
    ),
    Mutant(
        7,
        "a rename is an upload",
        "core/planner.py",
        "homes.setdefault((item.kind, item.sha256), item)",
        "pass",
        "",
    ),
    Mutant(
        7,
        "Retry-After stops nobody else",
        "core/pacing.py",
        "delay_s = rates.refused_for_s",
        "delay_s = 0.0",
        "answers",
    ),
    Mutant(
        7,
        "offline, it asks twice a second",
        "reconciler/dispatch/gates.py",
        "self._jitter.uniform(0.5, min(LONGEST_PAUSE_S, 2.0 ** min(self._failures, 10)))",
        "0.5",
        "",
    ),
    Mutant(
        8,
        "audio is sent as soon as it is there",
        "core/policy.py",
        "AUDIO_SETTLE = Settle(quiet_s=15.0)",
        "AUDIO_SETTLE = Settle(quiet_s=0.0)",
        "",
        first=3,
    ),
    Mutant(
        8,
        "what a new index knows of audio is sent although somebody still writes it",
        "reconciler/loop.py",
        "if touched_s_ago < unit.policy.settle(kind).quiet_s:",
        "if False:",
        "loss",
        first=7,
    ),
    Mutant(
        9,
        "commits are not synchronised",
        "index/store.py",
        '"PRAGMA synchronous = FULL"',
        '"PRAGMA synchronous = NORMAL"',
        "power",
        first=3,
    ),
    Mutant(
        9,
        "events are the truth: no scan finds what they lacked",
        "reconciler/intake/scan.py",
        "yield Difference(FileRef(name, path), LONG_AGO_S, changed=False)",
        "continue",
        "events",
    ),
    Mutant(
        9,
        "a clock that jumped back makes a change look old",
        "reconciler/intake/inspect.py",
        "row.fingerprint == fingerprint and",
        "row.fingerprint is not None and row.fingerprint.mtime_ns >= fingerprint.mtime_ns and",
        "clocks",
    ),
    Mutant(
        10,
        "an answer that is no JSON is a surprise",
        "remote/values.py",
        "except (ValueError, RecursionError):",
        "except RecursionError:",
        "",
        first=2,
    ),
    Mutant(
        10,
        "nothing is said of what cannot be sent",
        "reconciler/intake/inspect.py",
        "self._context.index.files.block(ref, problem, fingerprint, self._context.clocks.wall())",
        "self._context.index.files.ignore(ref, problem.message, fingerprint, self._context.clocks.wall())",
        "",
    ),
)


def mutated(mutant: Mutant, source: str) -> str:
    """The file with the protection taken out."""
    assert mutant.old in source, f"{mutant.file} does not hold: {mutant.old}"
    return source.replace(mutant.old, mutant.new, 1)


def found_by(mutant: Mutant) -> str | None:
    """The failure that finds it out, one that the product as it is does not have; None if it lives."""
    with tempfile.TemporaryDirectory(prefix="picora-mutant-") as copy:
        for name in ("picora_sync", "tests"):
            shutil.copytree(ROOT / name, Path(copy, name), ignore=shutil.ignore_patterns("__pycache__"))
        path = Path(copy, "picora_sync", mutant.file)
        path.write_text(mutated(mutant, path.read_text()))
        first, end = mutant.first, mutant.first + mutant.seeds
        while first < end:
            found = _failure(Path(copy), mutant.chapter, first, end - first)
            if found is None:
                return None
            seed = int(found.split()[1].rstrip(":"))
            if simulate(scenario(seed, mutant.chapter)) is None:
                return found
            first = seed + 1
    return None


def _failure(directory: Path, chapter: str, first: int, seeds: int) -> str | None:
    """The first failure of these seeds, in one line."""
    options = ("--chapter", chapter, "--whole", "--from", str(first), "--seeds", str(seeds))
    ran = subprocess.run(
        (sys.executable, "-m", "tests.simulation.simulate", *options),
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(directory)},
        capture_output=True,
        text=True,
        timeout=MOST_S,
        check=False,
    )
    found = re.search(r"^seed .*", ran.stdout, re.MULTILINE)
    assert ran.returncode == 0 or found, ran.stderr
    return found[0] if found else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="those whose description contains this: chapter, words")
    parser.add_argument("--promise", type=int, default=0, help="those that break this one")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    lived = 0
    for mutant in MUTANTS:
        if chosen.only in f"{mutant.chapter}: {mutant.what}" and chosen.promise in (0, mutant.promise):
            found = found_by(mutant)
            lived += found is None
            sys.stdout.write(f"{mutant.promise}: {mutant.what}: {(found or 'LIVES')[:160]}\n")
            sys.stdout.flush()
    return 1 if lived else 0


if __name__ == "__main__":
    raise SystemExit(main())
