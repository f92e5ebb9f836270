"""A plan tells who will be able to read what: for every file it says what a run then does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from picora_sync.reconciler.planning.dry_run import forecast
from picora_sync.report import Planned
from tests.fakes.mirror import Mirror

PATHS = ("a.md", "b.md", "c.md", "s.mp3")
TEXTS = ("", "one", "two", "public: true\none", "public: true\ntwo", "public: false\none")
"""What a file may hold; nothing: it is not there."""

vaults = st.fixed_dictionaries({path: st.sampled_from(TEXTS) for path in PATHS})


def put(mirror: Mirror, vault: dict[str, str]) -> None:
    for path, text in vault.items():
        if text:
            mirror.disk.write(path, text.encode())
        elif path in mirror.disk.files:
            mirror.disk.remove(path)


def seen(mirror: Mirror) -> dict[str, bool]:
    """Whether the world can read what each file is bound to, as Picora has it."""
    rows = ((row.ref.path, row.bound) for row in mirror.index.files.all())
    return {path: mirror.picora.objects[bound].public is True for path, bound in rows if bound is not None}


def planned(mirror: Mirror) -> list[Planned]:
    context = mirror.reconciler.context
    report = forecast(mirror.index.copy_in_memory(), context.units.values(), context.clocks, lambda _: 0.0)
    return [*report.actions, *report.held]


@settings(max_examples=25, deadline=None)
@given(vaults, vaults, st.booleans(), st.booleans())
def test_the_plan_tells_of_each_file_what_a_run_makes_of_it(
    first: dict[str, str], then: dict[str, str], public_first: bool, public_then: bool
) -> None:
    mirror = Mirror()
    mirror.configure(public=public_first)
    put(mirror, first)
    mirror.quiet()
    mirror.run(3600)
    before = seen(mirror)
    mirror.configure(public=public_then)
    put(mirror, then)
    told = planned(mirror)
    mirror.scan()
    mirror.quiet()
    mirror.run(3600)
    after = seen(mirror)
    for path, public in after.items():
        said = [each.public_after for each in told if each.path == path and each.op != "delete"]
        assert public in said or (not said and public is before.get(path))
