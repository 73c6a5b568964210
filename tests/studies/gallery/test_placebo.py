"""Rotation keeps everything about a decision but its timing; and it tells an edge from none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.engine.simulate import simulate
from flowbt.engine.types import Account, Costs, Market, Signals, Targets
from flowbt.studies.run.backtest import prepare
from flowbt.studies.run.placebo import against_placebos, offsets_of, placebo_of, placebos_of
from flowbt.studies.run.request import Prepared, Request

INDEX = pd.date_range("2020-01-01", periods=400, unit="ns")
STRATEGIES = Path(__file__).parents[3] / "strategies"


def events(seed=1, share=0.05):
    return pd.DataFrame(np.random.default_rng(seed).random((400, 2)) < share, index=INDEX, columns=["A", "B"])


@pytest.mark.parametrize("seed", range(12))
def test_a_rotation_keeps_activity_and_symbols_together(seed):
    long = events()
    moved = placebo_of(Signals(long=long, short=~long, hold=5), seed)
    assert moved.long.index.equals(INDEX)
    assert moved.long.sum().equals(long.sum())
    assert moved.short.equals(~moved.long)  # one offset for all frames
    offset = next(k for k in range(400) if np.array_equal(np.roll(long.to_numpy(), k, axis=0), moved.long.to_numpy()))
    assert 63 <= offset <= 400 - 63


def test_a_long_hold_moves_further():
    for moved in placebos_of(Signals(long=events(), hold=150), 40, seed=3):
        offset = next(k for k in range(400) if np.array_equal(np.roll(events().to_numpy(), k, axis=0), moved.long.to_numpy()))
        assert 150 <= offset <= 250


def test_seeds_repeat_and_differ():
    weights = pd.DataFrame(np.random.default_rng(2).normal(size=(400, 2)), index=INDEX, columns=["A", "B"])
    first, again, other = (placebo_of(Targets(weights, band=0.1), seed).weights for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_rotations_of_one_call_differ_while_they_can():
    moved = [one.long.to_numpy().tobytes() for one in placebos_of(Signals(long=events()), 100, seed=5)]
    assert len(set(moved)) == 100


@pytest.mark.parametrize(("bars", "hold", "count"), [(126, 5, 65), (20, 5, 11), (400, 5, 199), (600, 400, 199), (4, 1, 3)])
def test_a_rotation_is_counted_once(bars, hold, count):
    """126 bars had one offset, counted 199 times: p was 1 / 200 where it is 1 / 2."""
    found = offsets_of(Signals(long=events(), hold=hold), bars, 199, 7)
    assert len(found) == len(set(found)) == count
    assert 0 < min(found) <= max(found) < bars


def market(edge: float, event: pd.DataFrame) -> Market:
    """Two noisy symbols whose next bar earns `edge` after an event."""
    noise = np.random.default_rng(8).normal(0, 0.01, (400, 2)) + edge * event.shift(1, fill_value=False).to_numpy()
    close = 100 * np.exp(np.cumsum(noise, axis=0))
    start = np.vstack([[100.0, 100.0], close[:-1]])
    return Market(INDEX, ("A", "B"), start, np.maximum(start, close), np.minimum(start, close), close, np.zeros((400, 2)))


@pytest.mark.parametrize(("edge", "low", "high"), [(0.02, 0.0, 0.02), (0.0, 0.05, 1.0)])
def test_found_tell_an_edge_from_none(edge, low, high):
    event = events(seed=4)
    traded, decision = market(edge, event), Signals(long=event, hold=1)
    prepared = Prepared(None, {}, None, traded, decision, Costs(), Account())  # type: ignore[arg-type]
    found = against_placebos(prepared, simulate(traded, decision), count=99, seed=1)
    assert low <= found.timing.p_rotated <= high
    assert found.quantile(0.05) < found.mean < found.quantile(0.95)


def test_a_strategy_that_never_traded_has_no_verdict():
    none = Signals(long=events(share=0.0))
    prepared = Prepared(None, {}, None, market(0.0, events()), none, Costs(), Account())  # type: ignore[arg-type]
    found = against_placebos(prepared, simulate(prepared.market, none), count=9, seed=1)
    assert (found.timing.p_rotated, found.placebos) == (1.0, ())
    assert np.isnan(found.real)


def test_the_coin_earns_nothing_before_costs(catalog):
    free = Costs(fees=0.0, slippage=0.0, borrow=0.0)
    first = prepare(catalog, Request(STRATEGIES / "placebo_coin.py", costs=free))
    means = []
    for salt in range(40):
        decision = first.strategy.decide(first.panel, {**first.parameters, "salt": salt, "chance": 0.2})
        long, short = (frame.loc[first.market.index] for frame in (decision.long, decision.short))
        book = simulate(first.market, replace(decision, long=long, short=short), free, first.account)
        means.append(book.returns.mean() * 252)
    assert abs(np.mean(means)) < 3 * np.std(means) / np.sqrt(len(means))
