"""The fused kernel against the engine and its measures, trial by trial."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.studies.sweep.markets import random_market, sweeper_of

from flowbt.engine.simulate import simulate
from flowbt.engine.sweep import live
from flowbt.engine.sweep.results import BarRange
from flowbt.engine.sweep.sums import METRICS
from flowbt.engine.types import Account, Costs, Market, Signals, Targets
from flowbt.evidence.measures import measure
from flowbt.ground.errors import EngineError

GRID = {
    "window": (3, 8),
    "level": (-0.01, 0.0, 0.01),
    "hold": (None, 1, 4),
    "stop": (None, 0.03),
    "take": (None, 0.04),
    "trail": (None, 0.02),
    "size": (None, 0.3, 0.9),
}


def both_ways(panel: Any, *, window: int, level: float, hold: Any, stop: Any, take: Any, trail: Any, size: Any) -> Signals:
    close = panel["close"]
    change = close.pct_change(window, fill_method=None)
    up, down = change > level, (change < -level) & (panel["gex", "SPX"] > -0.5)
    return Signals(long=up & ~down, short=down, exit=panel["gex", "SPX"] > 1.5, hold=hold, stop=stop, take=take, trail=trail, size=size)


def expected(market: Market, decision: Any, costs: Costs, account: Account) -> tuple[list[float], np.ndarray]:
    book = simulate(market, decision, costs, account)
    closed = book.trades[book.trades["reason"] != "open"]
    got = measure(book.returns, closed, market.year, activity=book.exposure)
    return [float(getattr(got, name)) for name in METRICS], book.returns.to_numpy()


def frames_of(decision: Any) -> list[tuple[str, pd.DataFrame]]:
    return [(name, value) for name, value in vars(decision).items() if isinstance(value, pd.DataFrame)]


def assert_same(got: np.ndarray, wanted: list[float]) -> None:
    for name, a, b in zip(METRICS, got, wanted, strict=True):
        assert (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, rel=1e-9, abs=1e-10), name


@pytest.mark.parametrize("seed", range(8))
def test_random_trials_equal_the_engine(seed: int) -> None:
    rng = np.random.default_rng(seed)
    market = random_market(n=1 + (seed % 3) * (seed < 6), seed=seed, gaps=seed < 6)  # without gaps one symbol has its own kernel
    costs = Costs(fees=0.001 * (seed % 2), slippage=0.0005, borrow=0.05)
    account = Account(margin=(1.0, 0.04)[seed % 2], max_gross=(1.0, 2.0)[seed % 2])
    sweeper = sweeper_of(both_ways, market, GRID, costs, account)
    codes = sweeper.space.codes(rng.choice(sweeper.space.size, 40, replace=False))
    got = sweeper.run(codes)
    assert not sweeper.unfused
    for row, code in zip(got.metrics, codes, strict=True):
        decision = both_ways(sweeper.tracer.panel, **sweeper.space.trial(code))
        assert_same(row, expected(market, decision, costs, account)[0])


def sized(panel: Any, *, window: int, stop: float) -> Signals:
    change = panel["close"].pct_change(window, fill_method=None)
    return Signals(long=change > 0, exit=(change < -0.01) * 0.5, size=change.abs().clip(0, 0.5) * 4, stop=stop)


def weighted(panel: Any, *, window: int, cap: float, band: float) -> Targets:
    return Targets((panel["close"].pct_change(window, fill_method=None) * 10).clip(-cap, cap), band=band)


def branching(panel: Any, *, kind: str, window: int) -> Signals:
    change = panel["close"].pct_change(window, fill_method=None)
    return Signals(long=change > 0, hold=window) if kind == "up" else Signals(short=change < 0, hold=3)


def called(panel: Any, *, level: float) -> Signals:
    close = panel["close"].copy()
    close[close < level] = np.nan
    return Signals(long=close.notna())


def odd_shapes(panel: Any, *, window: int, use: bool) -> Signals:
    close = panel["close"]
    narrow = close["S0"].rolling(window).mean() < close["S0"]
    return Signals(long=panel.spread(narrow) & use, exit=(close > 0).shift(window))


CASES = {
    "sized": (sized, {"window": (2, 5), "stop": (0.02, 0.05)}),
    "weighted": (weighted, {"window": (2, 5), "cap": (0.3, 0.6), "band": (0.0, 0.1)}),
    "branching": (branching, {"kind": ("up", "down"), "window": (2, 5)}),
    "called": (called, {"level": (95.0, 105.0)}),
    "odd": (odd_shapes, {"window": (2, 5), "use": (True, False)}),
}


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_decision_equals_the_engine(name: str) -> None:
    function, grid = CASES[name]
    market = random_market(n=2, seed=3)
    sweeper = sweeper_of(function, market, grid)
    codes = sweeper.space.codes(np.arange(sweeper.space.size))
    got = sweeper.run(codes, BarRange(returns=True))
    for row, returns, code in zip(got.metrics, got.returns, codes, strict=True):
        wanted, series = expected(market, function(sweeper.tracer.panel, **sweeper.space.trial(code)), Costs(), Account())
        assert_same(row, wanted)
        np.testing.assert_allclose(returns, series, rtol=0, atol=1e-12)


@pytest.mark.parametrize("function", [both_ways, sized])
def test_a_part_of_the_bars_is_a_run_on_those_bars(function: Any) -> None:
    grid = GRID if function is both_ways else CASES["sized"][1]
    market = random_market(seed=4)
    sweeper = sweeper_of(function, market, grid)
    codes = sweeper.space.codes(np.arange(0, sweeper.space.size, max(1, sweeper.space.size // 12)))
    got = sweeper.run(codes, BarRange(40, 120))
    short = market.cut(40, 120)
    for row, code in zip(got.metrics, codes, strict=True):
        decision = function(sweeper.tracer.panel, **sweeper.space.trial(code))
        cut = {name: value.iloc[40:120] for name, value in frames_of(decision)}
        assert_same(row, expected(short, dataclasses.replace(decision, **cut), Costs(), Account())[0])


@pytest.mark.parametrize("function", [both_ways, sized])
def test_rotation_shifts_every_signal_in_a_circle(function: Any) -> None:
    grid = GRID if function is both_ways else CASES["sized"][1]
    market = random_market(seed=5, gaps=False)
    sweeper = sweeper_of(function, market, grid)
    codes = sweeper.space.codes(np.arange(0, sweeper.space.size, max(1, sweeper.space.size // 12)))
    got = sweeper.run(codes, BarRange(rotate=37))
    for row, code in zip(got.metrics, codes, strict=True):
        decision = function(sweeper.tracer.panel, **sweeper.space.trial(code))
        turned = {
            name: pd.DataFrame(np.roll(value, 37, axis=0), value.index, value.columns) for name, value in vars(decision).items() if hasattr(value, "iloc")
        }
        assert_same(row, expected(market, dataclasses.replace(decision, **turned), Costs(), Account())[0])


def test_missing_funding_of_a_held_bar_is_an_error() -> None:
    whole = random_market(seed=6)
    market = dataclasses.replace(whole, funding=np.where(np.arange(150)[:, None] < 80, whole.funding, np.nan))
    sweeper = sweeper_of(sized, market, CASES["sized"][1])
    with pytest.raises(EngineError, match="funding"):
        sweeper.run(sweeper.space.codes(np.arange(4)))
    free = sweeper_of(sized, market, CASES["sized"][1], Costs(funding=False))
    assert np.isfinite(free.run(free.space.codes(np.arange(4))).column("total_return")).all()


OPPOSITES = {
    "~": lambda up: ~up,
    "logical_not": np.logical_not,
    "== False": lambda up: up == False,  # noqa: E712
    "False ==": lambda up: False == up,  # noqa: E712, SIM300
    "!= True": lambda up: up != np.True_,
}


@pytest.mark.parametrize("form", OPPOSITES)
def test_out_when_no_longer_in_is_the_same_mask_turned_round(form: str) -> None:
    def crossing(panel: Any, *, window: int) -> Signals:
        close = panel["close"]
        up = (close > close.rolling(window).mean()) & (close > close.shift(window))
        return Signals(long=up, exit=OPPOSITES[form](up))

    market = random_market(n=2, seed=1)
    one = sweeper_of(crossing, market, {"window": (3, 5, 8)})
    got = one.run(one.space.codes(np.arange(3)))
    for k, window in enumerate((3, 5, 8)):
        assert_same(got.metrics[k], expected(market, crossing(one.tracer.quiet, window=window), one.costs, one.account)[0])
    assert one.store.made == 6  # two comparisons for each window, whatever the exit


def test_what_denies_numbers_is_no_opposite() -> None:
    def wild(panel: Any, *, window: int) -> Signals:
        change = panel["close"].diff(window)
        return Signals(long=(change.clip(lower=0.0) == False) | (change > 1.0), hold=window)  # noqa: E712

    market = random_market(n=2, seed=2)
    one = sweeper_of(wild, market, {"window": (3, 5)})
    got = one.run(one.space.codes(np.arange(2)))
    assert not one.unfused
    assert_same(got.metrics[1], expected(market, wild(one.tracer.quiet, window=5), one.costs, one.account)[0])


@pytest.mark.parametrize(("symbols", "near", "walk"), [(1, 0, "run_single"), (8, 0, "run_several"), (9, 1 << 24, "run_several"), (9, 0, "run_trials")])
def test_some_symbols_over_many_bars_are_walked_by_bars(monkeypatch: pytest.MonkeyPatch, symbols: int, near: int, walk: str) -> None:
    monkeypatch.setattr(live, "NEAR", near)
    one = sweeper_of(both_ways, random_market(n=symbols, seed=3, gaps=False), GRID)
    assert live.kernel_of(one.bars).func.__name__ == walk  # type: ignore[attr-defined]
