"""A decision moved in time by the sweep's kernels is the run of the decision moved by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.engine import cases

from flowbt.engine.decisions import rules_of
from flowbt.engine.simulate import bars_of
from flowbt.engine.sweep.rotations import rotated_rules, rules_are_numbers
from flowbt.engine.types import Costs, Market, Signals
from flowbt.engine.walk.kernel import Rules, Terms, run_signals


def drawn(symbols: int, missing: float = 0.0) -> tuple[Market, Signals]:
    rng = np.random.default_rng(symbols)
    m = cases.market(rng, 130, symbols, missing=missing, funding=True)
    frames = {name: cases.frame(m, rng.random(m.close.shape) < 0.1) for name in ("long", "short", "exit")}
    return m, Signals(**frames, hold=6, stop=0.02, take=0.03, trail=None, size=0.4)


@pytest.mark.parametrize(("symbols", "missing"), [(1, 0.0), (3, 0.0), (2, 0.1), (70, 0.0)])
def test_each_offset_gives_the_returns_of_the_decision_moved_down_by_it(symbols: int, missing: float) -> None:
    m, decision = drawn(symbols, missing)
    bars, rules, terms = bars_of(m, Costs()), rules_of(decision, m), Terms(1e5, 1e-4, 2e-4, 0.05, 1.0, 1.0)
    offsets = [0, 1, 64, 65, 129, -3]
    with rotated_rules(bars, rules, terms, offsets) as found:
        returns = list(found)
    for offset, ours in zip(offsets, returns, strict=True):
        turned = Rules(*(np.roll(part, offset, axis=0) for part in rules[:3]), *rules[3:])
        value = run_signals(bars, Rules(*map(np.ascontiguousarray, turned[:3]), *rules[3:]), terms)[0].value
        np.testing.assert_allclose(ours, np.diff(value, prepend=1e5) / np.append(1e5, value[:-1]), atol=1e-12)
    assert len({one.sum() for one in returns}) == len(offsets)


def test_frames_of_rules_and_parts_of_positions_are_walked_by_the_run() -> None:
    m, decision = drawn(2)
    assert rules_are_numbers(rules_of(decision, m))
    for change in ({"stop": cases.frame(m, np.full(m.close.shape, 0.1))}, {"exit": pd.DataFrame(decision.exit * 0.5)}):
        assert not rules_are_numbers(rules_of(Signals(**{**vars(decision), **change}), m))
