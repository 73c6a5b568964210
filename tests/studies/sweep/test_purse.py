"""An account that holds less than one unit of money is walked as any other, in every walk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.engine import cases
from tests.engine.test_every_walk import hold_equal


@pytest.mark.parametrize(("drawn", "seeds", "walk"), [(cases.calm, 40, "run_single"), (cases.handful, 3, "run_several"), (cases.crowd, 2, "run_trials")])
def test_less_than_one_is_no_ruin(drawn, seeds: int, walk: str) -> None:  # type: ignore[no-untyped-def]
    for seed in range(seeds):
        case = drawn(seed)
        marks = hold_equal(case._replace(account=replace(case.account, cash=0.01)), False)
        assert walk in marks or drawn is cases.calm
