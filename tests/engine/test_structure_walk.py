"""The compiled walk of option structures is its twin in plain Python, in everything it gives."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from tests.engine.structure_cases import case

from flowbt.engine.options.run import compiled_walk, desk_of, outcome_of, prepared_walk, rules_of_structure
from flowbt.engine.options.trading import NEVER
from flowbt.engine.options.twin import walk
from flowbt.engine.options.valuation import SharedPrices
from flowbt.engine.simulate import bars_of
from flowbt.engine.walk.events import REASONS
from flowbt.ground.errors import FlowbtError


def both_ways(seed: int) -> Counter[str]:
    """The case by kernel and twin, held equal; how often each thing happened."""
    market, signals, costs, account = case(seed)
    rules, bars = rules_of_structure(signals, market), bars_of(market, costs)
    desk, other = (desk_of(market, bars, signals, costs, account) for _ in range(2))
    try:
        expected = walk(other, rules)
    except FlowbtError as error:
        with pytest.raises(type(error), match="^" + re.escape(str(error)) + "$"):
            compiled_walk(desk, rules, SharedPrices())
        return Counter(refused=1)
    prices = SharedPrices()
    found = compiled_walk(desk, rules, prices)
    scale = np.nanmax(np.abs(np.append(expected.value, account.cash)))
    np.testing.assert_array_equal(found.order, expected.order)
    np.testing.assert_array_equal(found.by_open, expected.by_open)
    for name in ("fill", "after"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-9 * scale)
    for name in ("value", "borrow", "funding"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(found.exposure, expected.exposure, rtol=1e-8, atol=1e-9)
    assert [(one.symbol, one.begin, one.last, one.contract.kind, one.contract.expiry) for one in desk.columns] == [
        (one.symbol, one.begin, one.last, one.contract.kind, one.contract.expiry) for one in other.columns
    ]
    np.testing.assert_allclose([one.contract.strike for one in desk.columns], [one.contract.strike for one in other.columns], rtol=1e-10)
    for name in ("number", "symbol", "side", "since", "row", "priced_by"):
        assert [getattr(one, name) for one in desk.opened] == [getattr(one, name) for one in other.opened], name
    for name in ("entered", "money", "paid"):
        mine, theirs = ([getattr(one, name) for one in of.opened] for of in (desk, other))
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9 * scale)
    assert desk.owner == other.owner
    again = outcome_of(prepared_walk(market, bars, signals, costs, account), rules, prices)
    assert prices.found >= 0.9 * prices.priced
    np.testing.assert_array_equal(again.value, found.value)
    assert again.closed.sum() == len(other.opened) - len(other.held)
    assert NEVER == -1
    met = Counter(REASONS[reason] for reason in found.order[:, 2])
    met.update(one.priced_by for one in desk.opened)
    met["through zero"] += int((np.diff(found.order[:, 3]) > 0).sum()) if signals.structure.trading.hedge else 0
    met["ruin"] += int((found.value <= 0).any())
    return met


@pytest.mark.parametrize("block", range(2))
def test_the_compiled_walk_is_its_twin(block: int) -> None:
    met: Counter[str] = Counter()
    for seed in range(80 * block, 80 * block + 80):
        met += both_ways(seed)
    assert {"entry", "signal", "hold", "stop", "take", "liquidation", "partial", "expiry", "roll", "early", "hedge", "surface", "model"} <= set(met)
