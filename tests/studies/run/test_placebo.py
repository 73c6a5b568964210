import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from flowbt.engine.simulate import simulate
from flowbt.engine.types import Account, Costs, Market, Signals, Targets
from flowbt.ground.clock import Clock
from flowbt.studies.run import placebo
from flowbt.studies.run.placebo import against_placebos, held_exposure, placebos_of, rotated_returns

BARS, LONG = 600, 2_520
INDEX = pd.bdate_range("2014-01-01", periods=BARS)


def market(returns):
    close = 100 * np.exp(np.cumsum(returns))[:, None]
    opened = np.vstack([close[:1], close[:-1]])
    return Market(INDEX, ("X",), opened, np.maximum(opened, close), np.minimum(opened, close), close, np.zeros_like(close), Clock())


def prepared(returns, decision):
    return SimpleNamespace(market=market(returns), decision=decision, costs=Costs(), account=Account())


def frame(values):
    return pd.DataFrame({"X": values}, index=INDEX)


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(8)
    return 0.0006 + 0.01 * rng.standard_normal(BARS), np.cumsum(rng.random(BARS) < 0.1) % 2 == 1


def judged(returns, decision):
    ready = prepared(returns, decision)
    return against_placebos(ready, simulate(ready.market, decision, ready.costs, ready.account), 199, 7).timing


@pytest.mark.parametrize("kind", ["signals", "targets"])
def test_rotations_of_the_kernel_are_those_of_whole_books(noise, kind):
    returns, state = noise
    decision = Signals(long=frame(state), exit=frame(~state), stop=0.05, size=0.8) if kind == "signals" else Targets(frame(state * 0.7), band=0.05)
    ready = prepared(returns, decision)
    books = [simulate(ready.market, one, ready.costs, ready.account).returns for one in placebos_of(decision, 3, 5)]
    np.testing.assert_allclose(list(rotated_returns(ready, 3, 5)), books, atol=1e-12)


def test_rotations_of_a_large_market_are_those_of_a_small_one(monkeypatch):
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal((BARS, 70)), axis=0))
    wide = Market(INDEX, tuple(f"S{k}" for k in range(70)), close, close * 1.01, close * 0.99, close, np.zeros_like(close), Clock())
    masks = [pd.DataFrame(rng.random(close.shape) < share, INDEX, wide.symbols) for share in (0.05, 0.03, 0.1)]
    ready = SimpleNamespace(market=wide, decision=Signals(*masks, hold=9, stop=0.05), costs=Costs(borrow=0.1), account=Account())
    with placebo.rotated(ready, 5, 5) as slow:
        slow = list(slow)
    monkeypatch.setattr(placebo, "LARGE", 0)
    with placebo.rotated(ready, 5, 5) as fast:
        np.testing.assert_allclose(list(fast), slow, atol=1e-12)


def test_exposure_is_what_the_book_held(noise):
    returns, state = noise
    decision = Targets(frame(state * 0.7))
    ready = prepared(returns, decision)
    book = simulate(ready.market, decision, Costs(fees=0, slippage=0), ready.account)
    [(exposure, moves)] = held_exposure(book)
    np.testing.assert_allclose((exposure * moves).sum(axis=1)[1:], book.returns.to_numpy()[1:], atol=0.002)


def test_coins_in_a_rising_market_are_not_better_than_their_exposure(noise):
    returns, state = noise
    found = judged(returns, Signals(long=frame(state), exit=frame(~state), size=1.0))
    assert found.real > 0.3
    assert not found.better


def test_what_holding_pays_is_no_skill(noise):
    """Funding and dividends are paid to who holds the average exposure as well."""
    _, state = noise
    flat = market(np.zeros(BARS))
    paying = Market(flat.index, flat.symbols, flat.open, flat.high, flat.low, flat.close, np.full((BARS, 1), -0.0005), Clock())
    decision = Signals(long=frame(state), exit=frame(~state), size=1.0)
    ready = SimpleNamespace(market=paying, decision=decision, costs=Costs(fees=0, slippage=0), account=Account())
    found = against_placebos(ready, simulate(paying, decision, ready.costs, ready.account), 19, 7)
    assert found.real > 10.0
    assert found.timing.skill.estimate == pytest.approx(0.0, abs=1e-6)


def test_timing_that_was_planted_is_better_than_its_exposure(noise):
    returns, state = noise
    after = np.concatenate([[False], state[:-1]])
    found = judged(returns + 0.002 * np.where(after, 1, -1), Signals(long=frame(state), exit=frame(~state), size=1.0))
    assert found.better
    assert found.skill.low > 0
    assert found.skill.estimate == pytest.approx(0.001 * 252, rel=0.5)


def test_one_short_before_a_crash_cannot_pass(noise):
    returns, _ = noise
    crash = returns.copy()
    crash[301:311] -= 0.05
    sold = np.zeros(BARS, bool)
    sold[300] = True
    found = judged(crash, Signals(short=frame(sold), hold=10, size=1.0))
    assert (found.real > 0.5, found.p_rotated <= 0.05, found.chance, found.better) == (True, True, 1.0, False)


def test_holding_all_the_time_times_nothing(noise):
    found = judged(noise[0], Targets(frame(np.ones(BARS))))
    assert found.chance > 0.2


def coin(seed, skill):
    """A rising market and a coin's states, with a planted timing of Sharpe ratio `skill`."""
    rng = np.random.default_rng(seed)
    returns, state = 0.0005 + 0.011 * rng.standard_normal(LONG) * np.exp(0.3 * np.sin(np.arange(LONG) / 200)), np.cumsum(rng.random(LONG) < 1 / 15) % 2 == 1
    return returns + skill / 252**0.5 * returns.std() * np.where(np.concatenate([[False], state[:-1]]), 1, -1), state


@pytest.mark.slow
@pytest.mark.parametrize(("skill", "count", "low", "high"), [(0.0, 500, 0.0, 0.08), (1.0, 100, 0.6, 1.0)])
def test_coins_pass_seldom_and_planted_skill_mostly(monkeypatch, skill, count, low, high):
    monkeypatch.setattr(sys.modules[__name__], "INDEX", pd.bdate_range("2010-01-01", periods=LONG))
    found = []
    for seed in range(count):
        returns, state = coin(seed, skill)
        found.append(judged(returns, Signals(long=frame(state), exit=frame(~state), size=1.0)).better)
    assert low <= np.mean(found) <= high
