import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from flowbt.engine.simulate import simulate
from flowbt.engine.types import Account, Costs, Market, Signals, Targets
from flowbt.ground.clock import Clock
from flowbt.studies.run import placebo
from flowbt.studies.run.placebo import against_placebos, held_exposure, offsets_of, placebos_of, rotated_returns

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


def test_the_sweeps_kernels_walk_what_is_large_and_has_numbers_for_rules(noise, monkeypatch):
    returns, state = noise
    signals, walked = Signals(long=frame(state), exit=frame(~state), stop=0.05), []
    monkeypatch.setattr(placebo, "rotated_rules", lambda *given: walked.append(len(given[-1])) or nullcontext(iter(())))
    ready = prepared(returns, signals)
    for large, expected in ((BARS, []), (BARS - 1, [3])):
        monkeypatch.setattr(placebo, "LARGE", large)
        with placebo.rotated(ready, 3, 5) as found:
            assert len(list(found)) == 3 - sum(expected)
        assert walked == expected
    assert placebo.plain_rules(ready) is not None
    for other in (Targets(frame(state * 0.7)), Signals(long=frame(state), stop=frame(0.1 * state)), Signals(long=frame(state), structure="a call"), Signals()):
        assert placebo.plain_rules(prepared(returns, other)) is None


@pytest.mark.parametrize(
    ("bars", "hold", "count", "first", "last"),
    [(600, None, 999, 63, 537), (600, None, 199, 63, 537), (600, 100, 199, 100, 500), (100, 5, 99, 25, 75), (100, 5, 20, 40, 60), (2, None, 9, 1, 1)],
)
def test_offsets_keep_their_distance_either_way_round_as_far_as_the_span_has_room(bars, hold, count, first, last):
    held = [Signals(hold=hold), Signals(hold=None if hold is None else pd.DataFrame({"X": [1.0, np.nan, hold]}))]
    for decision in held:
        found = [offsets_of(decision, bars, count, seed) for seed in range(40)]
        assert {len(one) for one in found} == {len({*one}) for one in found} == {min(count, last - first + 1)}
        assert (min(map(min, found)), max(map(max, found))) == (first, last)
    assert found[0] == offsets_of(decision, bars, count, 0)
    assert offsets_of(Signals(hold=np.inf), 600, 199, 3) == offsets_of(Signals(), 600, 199, 3)  # held to the end: no bars to count


def test_a_run_is_counted_among_its_rotations(noise):
    returns, state = noise
    ready = prepared(returns, Signals(long=frame(state), exit=frame(~state), size=0.5))
    book = simulate(ready.market, ready.decision, ready.costs, ready.account)
    found = against_placebos(ready, book, 20, 7)
    others = np.array([one.mean() / one.std(ddof=1) for one in rotated_returns(ready, 20, 7)])
    assert found.real == pytest.approx(book.returns.mean() / book.returns.std(ddof=1) * 252**0.5)
    assert found.placebos == pytest.approx(others * 252**0.5)
    assert found.timing.p_rotated == (1 + (others * 252**0.5 >= found.real).sum()) / 21
    assert (found.mean, found.quantile(0.9)) == pytest.approx((np.mean(found.placebos), np.quantile(found.placebos, 0.9)))
    assert found.variance == pytest.approx(np.var(others, ddof=1))
    few = against_placebos(ready, book, 1, 7)
    assert (len(few.placebos), np.isnan(few.variance)) == (1, True)


def test_who_never_trades_has_no_rotations_and_proves_nothing(noise):
    ready = prepared(noise[0], Signals(long=frame(np.zeros(BARS, bool))))
    found = against_placebos(ready, simulate(ready.market, ready.decision, ready.costs, ready.account), 5, 7)
    assert (np.isnan(found.real), found.placebos, found.timing.p_rotated, found.timing.chance) == (True, (), 1.0, 1.0)
    assert np.isnan([found.mean, found.quantile(0.5), found.variance]).all()
    with placebo.rotated(ready, 0, 7) as none:
        assert list(none) == []


@pytest.mark.parametrize("carry", [True, False])
def test_what_is_held_is_units_at_the_mark_before_over_equity_in_blocks_of_symbols(monkeypatch, carry):
    rng = np.random.default_rng(4)
    close = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal((60, 3)), axis=0))
    close[20, 1], close[30, 2], close[31, 2] = np.nan, 0.001, 50.0
    funding = 0.001 * rng.standard_normal(close.shape)
    three = Market(INDEX[:60], ("A", "B", "C"), close, close, close, close, funding, Clock())
    sides = [pd.DataFrame(rng.random(close.shape) < 0.2, three.index, three.symbols) for _ in range(2)]
    book = simulate(three, Signals(sides[0], sides[1] & ~sides[0], hold=4), Costs(), Account())
    mark, units = pd.DataFrame(close).ffill().to_numpy(), np.zeros(3)
    monkeypatch.setattr(placebo, "COLUMNS", 2)
    blocks = list(held_exposure(book, carry))
    assert [one.shape for one, _ in blocks] == [(60, 2), (60, 1)]
    exposure, moved = (np.hstack(one) for one in zip(*blocks, strict=True))
    for bar in range(1, 60):
        for order in book.orders[book.orders["bar"] == bar].to_dict("records"):
            units[three.symbols.index(order["symbol"])] += order["units"] * (1 if order["side"] == "buy" else -1)
        assert exposure[bar] == pytest.approx(units * mark[bar - 1] / book.value.iloc[bar - 1])
        assert moved[bar] == pytest.approx(np.minimum(mark[bar] / mark[bar - 1] * (1 - funding[bar] * carry) - 1, 10.0))
    assert moved[31, 2] == 10.0


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
