"""``python -m tests.soak SCRIPT [--seed N] …``: one long run, its result as a line of JSON; exits 1 on differences.

``python -m tests.soak all [--seed N]`` runs them all, and exits 1 if any of them found differences.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.soak import burst, disk, kill, network, orders, series, unmount
from tests.soak.result import Result

NEW_SEEDS = 1_000_000
"""What nobody chose is at least this."""


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    options = _parser().parse_args()
    return int(options.main(options))


def _all(options: argparse.Namespace) -> int:
    seed = NEW_SEEDS + secrets.randbelow(NEW_SEEDS) if options.seed is None else options.seed
    outcomes = series.run_all(series.soaks(seed), _say)
    _say("")
    _say(series.table(outcomes))
    return 0 if all(outcome.good for outcome in outcomes) else 1


def _one(options: argparse.Namespace) -> int:
    where = options.where or Path(tempfile.mkdtemp(prefix="picora-soak-"))
    result: Result = options.run(where, options)
    _say(result.as_json())
    if result.differences:
        print(f"what it left: {where}", file=sys.stderr)  # noqa: T201
        return 1
    shutil.rmtree(where, ignore_errors=True)
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # this is a command


def _kill(where: Path, options: argparse.Namespace) -> Result:
    return kill.run(
        where, options.seed, victim=options.victim, kills=options.kills, signals=options.signal, short=options.short
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    scripts = parser.add_subparsers(required=True, metavar="SCRIPT")

    def script(name: str, run: Callable[[Path, argparse.Namespace], Result]) -> argparse.ArgumentParser:
        added = scripts.add_parser(name)
        added.add_argument("--seed", type=int, default=1)
        added.add_argument("--where", type=Path, help="a directory for everything it makes; kept if given or it fails")
        added.add_argument("--short", action="store_true", help="as in CI")
        added.set_defaults(run=run, main=_one)
        return added

    every = scripts.add_parser("all")
    every.add_argument("--seed", type=int, help="of each; otherwise a new one")
    every.set_defaults(main=_all)
    one = script("kill", _kill)
    one.add_argument("--victim", choices=kill.VICTIMS, default="daemon")
    one.add_argument("--kills", type=int, default=200)
    one.add_argument("--signal", choices=kill.SIGNALS, default="kill")
    one = script("network", lambda w, o: network.run(w, o.seed, faults=o.faults, short=o.short))
    one.add_argument("--faults", type=int, default=300)
    one = script("orders", lambda w, o: orders.run(w, o.seed, orders=o.orders, short=o.short))
    one.add_argument("--orders", type=int, default=300)
    one = script("disk", lambda w, o: disk.run(w, o.seed, fillings=o.fillings, short=o.short))
    one.add_argument("--fillings", type=int, default=60)
    one = script("unmount", lambda w, o: unmount.run(w, o.seed, rounds=o.rounds, short=o.short))
    one.add_argument("--rounds", type=int, default=20)
    one = script("burst", lambda w, o: burst.run(w, o.seed, files=o.files, short=o.short))
    one.add_argument("--files", type=int, default=50_000)
    return parser


if __name__ == "__main__":
    sys.exit(main())
