"""One shape of prices: read-only, cut in one place, with its clock."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from tests.engine import cases
from tests.studies.sweep.markets import random_market, sweeper_of

from flowbt.engine.simulate import bars_of
from flowbt.engine.sweep.results import BarRange
from flowbt.engine.types import PRICES, Costs, Market, Signals, Targets
from flowbt.ground.clock import Clock


def shorts(panel: Any, *, window: int) -> Signals:
    return Signals(short=panel["close"].pct_change(window, fill_method=None) < 0, exit=(panel["close"] > 0) * 0.3)


def weights(panel: Any, *, window: int) -> Targets:
    return Targets(-(panel["close"].pct_change(window, fill_method=None) > 0) * 0.3)


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("function", [shorts, weights])
def test_a_sweep_of_a_part_leaves_the_data_as_they_are(function: Any, n: int) -> None:
    market = random_market(n=n, seed=2, gaps=False)
    sweeper = sweeper_of(function, market, {"window": (2, 3)}, Costs(borrow=0.5))
    codes = sweeper.space.codes(np.arange(2))
    before = sweeper.run(codes).metrics
    sweeper.run(codes, BarRange(10, 40))
    np.testing.assert_array_equal(sweeper.run(codes).metrics, before)


def test_prices_and_bars_are_read_only_whatever_comes_in() -> None:
    m = cases.market(np.random.default_rng(0), symbols=2)
    odd = Market(m.index, m.symbols, *(np.asfortranarray(getattr(m, name)).astype(np.float32) for name in PRICES))
    for array in (*(getattr(odd, name) for name in PRICES), *bars_of(odd, Costs())):
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_a_cut_is_a_market_of_its_own() -> None:
    m = cases.market(np.random.default_rng(0), symbols=2)
    m = dataclasses.replace(m, close=np.where(np.arange(60)[:, None] == 20, np.nan, m.close))
    cut = bars_of(m.cut(20, 30), Costs())
    assert cut.days[-1] == 0.0
    assert bars_of(m, Costs()).days[29] > 0.0  # and the whole is untouched
    np.testing.assert_array_equal(cut.mark[0], m.open[20])  # what closed before is not known in it


def test_the_clock_travels_with_the_market() -> None:
    m = dataclasses.replace(cases.market(np.random.default_rng(0)), clock=Clock("24/7", "1h"))
    assert m.year == 8760.0
    assert m.cut(1, 9).clock == m.clock


def test_a_position_is_worth_the_last_close_and_before_any_the_last_open() -> None:
    m = cases.market(np.random.default_rng(0), bars=5, symbols=1)
    opened, close = (np.array([values]).T for values in ([0.0, 10.0, np.nan, 12.0, 13.0], [np.nan, np.nan, np.nan, 12.5, np.nan]))
    assert dataclasses.replace(m, open=opened, close=close).mark[:, 0].tolist() == pytest.approx([np.nan, 10.0, 10.0, 12.5, 12.5], nan_ok=True)


def test_an_extreme_that_is_missing_is_the_larger_or_smaller_of_open_and_close() -> None:
    m = cases.market(np.random.default_rng(0), bars=3, symbols=1)
    nan, opened, close = np.full((3, 1), np.nan), np.array([[10.0], [12.0], [-1.0]]), np.array([[11.0], [9.0], [8.0]])
    bars = bars_of(dataclasses.replace(m, open=opened, close=close, high=nan, low=nan), Costs())
    assert (bars.high[:, 0].tolist(), bars.low[:, 0].tolist()) == ([11.0, 12.0, 8.0], [10.0, 9.0, 8.0])
    assert np.isnan(bars.open[2, 0])  # what is not above zero cannot be traded
