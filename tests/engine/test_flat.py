"""When a position is flat: one answer for the run, the sweep, its parts, and vectorbt's book, down to dust."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.engine import cases
from tests.studies.sweep.markets import random_market, sweeper_of
from tests.studies.sweep.test_kernel import assert_same, expected

from flowbt.engine.simulate import simulate
from flowbt.engine.sweep.results import BarRange
from flowbt.engine.types import Account, Costs, Signals, Targets
from flowbt.engine.vbt.reconcile import reconcile
from flowbt.engine.walk.events import LEAST_WEIGHT

PARTS = (0.9, 0.5, 0.1, 0.99999, 1.0 - 1e-10)


def falls(panel: Any, *, part: float) -> Signals:
    change = panel["close"].pct_change(2, fill_method=None)
    return Signals(long=change > 0.005, exit=(change < 0.01) * part)


@pytest.mark.parametrize("part", PARTS)
def test_a_run_that_leaves_by_fractions_has_the_trades_of_vectorbt(part: float) -> None:
    rng = np.random.default_rng(1)
    m = cases.market(rng, bars=300)
    leave = cases.frame(m, (rng.random(m.close.shape) < 0.7) * part)
    book = simulate(m, Signals(long=cases.frame(m, rng.random(m.close.shape) < 0.2), exit=leave))
    assert reconcile(book) < 1e-9
    assert (book.trades["reason"] == "partial").sum() > 2  # what a last fraction would leave is sold with it


@pytest.mark.parametrize("part", PARTS)
def test_a_sweep_of_fractional_exits_is_the_run_also_on_a_part_of_the_bars(part: float) -> None:
    market = random_market(bars=300, seed=4, gaps=False)
    sweeper = sweeper_of(falls, market, {"part": (part,)})
    decision = falls(sweeper.tracer.panel, part=part)
    for first, last in ((0, 300), (50, 200)):
        rows = {name: value.iloc[first:last] for name, value in (("long", decision.long), ("exit", decision.exit))}
        got = sweeper.run(np.zeros((1, 1), np.int64), BarRange(first, last)).metrics[0]
        assert_same(got, expected(market.cut(first, last), Signals(**rows), Costs(), Account())[0])


def test_a_symbol_that_left_to_dust_can_be_entered_again() -> None:
    m = cases.market(np.random.default_rng(0), bars=40, symbols=1)
    bars = np.arange(40)[:, None]
    book = simulate(m, Signals(long=cases.frame(m, bars % 20 == 0), exit=cases.frame(m, np.where((bars > 1) & (bars % 20 > 0), 0.9, 0.0))))
    assert book.trades["entry_bar"].tolist() == [1, 21]
    assert (book.orders.groupby("trade")["side"].apply(list).str.len() == 9).all()  # ten to the minus eight is nothing


def test_weights_that_fall_to_nothing_close_the_trade() -> None:
    m = cases.market(np.random.default_rng(0), bars=40, symbols=1)
    weights = np.full((40, 1), np.nan)
    weights[[3, 20]] = [[0.5], [3e-9]]
    book = simulate(m, Targets(cases.frame(m, weights)))
    assert reconcile(book) < 1e-9
    assert book.trades["reason"].tolist() == ["signal"]


def test_a_weight_turned_to_the_least_there_is_only_closes() -> None:
    m = cases.market(np.random.default_rng(0), bars=10, symbols=1)
    weights = np.full((10, 1), np.nan)
    for least, reasons in ((LEAST_WEIGHT, ["entry", "signal"]), (1.1 * LEAST_WEIGHT, ["entry", "opposite", "entry"])):
        weights[[3, 6]] = [[-0.5], [least]]
        assert simulate(m, Targets(cases.frame(m, weights))).orders["reason"].tolist() == reasons


def test_too_little_room_to_be_counted_is_no_entry() -> None:
    m = cases.market(np.random.default_rng(0), bars=10, symbols=1)
    book = simulate(m, Signals(long=cases.frame(m, np.ones((10, 1), bool)), size=1e-15))
    assert len(book.orders) == 0
    assert isinstance(book.trades, pd.DataFrame)
