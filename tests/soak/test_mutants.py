"""``make soak-mutants`` shows that each soak finds somebody out who takes a protection away."""

from __future__ import annotations

import pytest

from tests.soak.mutants import MUTANTS, Mutant
from tests.soak.test_soak import SHORT


def test_no_soak_is_left_out() -> None:
    soaks = [
        arguments[: arguments.index("--victim") + 2] if "--victim" in arguments else arguments[:1]
        for arguments in SHORT.values()
    ]
    assert {soak for soak in soaks if not any(mutant.soak[: len(soak)] == soak for mutant in MUTANTS)} == set()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_each_protection_is_one_line_that_is_still_there(mutant: Mutant) -> None:
    assert mutant.mutation.found() == 1, f"{mutant.mutation.path}: the line moved or changed: name the new one"
