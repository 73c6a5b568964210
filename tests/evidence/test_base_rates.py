"""How often a bet came true, against a loop over windows."""

import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.claims import base_rates
from flowbt.evidence.claims.base_rates import FEWEST, BaseRate, Bet, PastPrices, base_rate, came_true, remaining

DAYS = pd.bdate_range("2022-01-03", periods=300)
RNG = np.random.default_rng(8)
CLOSE = pd.Series(100 * np.exp(np.cumsum(RNG.normal(0, 0.01, 300))), DAYS)
HIGH, LOW = CLOSE * (1 + RNG.random(300) * 0.01), CLOSE * (1 - RNG.random(300) * 0.01)
LOW.iloc[40:60] = np.nan


def slow(bet, close, low, high, bars, cost):
    """In words: from each close, what happens on the next `bars` bars."""
    out = []
    for start in range(len(close) - bars):
        spot, window = close.iloc[start], range(start + 1, start + bars + 1)
        ups, downs = [high.iloc[k] / spot - 1 for k in window], [low.iloc[k] / spot - 1 for k in window]
        end = close.iloc[start + bars] / spot
        if bet.rule == "touches":
            out.append(max(ups) >= bet.up if np.isfinite(bet.up) else min(downs) <= bet.down)
        elif bet.rule == "first":
            at = [next((n for n, one in enumerate(hit) if one), bars) for hit in ([d <= bet.down for d in downs], [u >= bet.up for u in ups])]
            out.append(at[0] < at[1])
        elif bet.rule == "falls":
            out.append(any(close.iloc[k] / close.iloc[max(k - bet.within, 0) : k + 1].max() - 1 <= bet.down for k in window))
        else:
            worth = sum(number * max(0.0, end - strike if kind == "call" else strike - end) for kind, strike, number in bet.legs)
            out.append(worth > cost if bet.rule == "pays" else end - 1 > bet.up)
    return out


BETS = [
    Bet("touches", "X", "up", up=0.02),
    Bet("touches", "X", "down", down=-0.02),
    Bet("first", "X", "down first", up=0.015, down=-0.015),
    Bet("ends", "X", "up", up=0.005),
    Bet("falls", "X", "fall", down=-0.03, within=5),
    Bet("pays", "X", "spread", legs=(("call", 1.0, 1.0), ("call", 1.02, -1.0), ("put", 0.99, 2.0))),
]


@pytest.mark.parametrize("bet", BETS, ids=lambda bet: f"{bet.rule} {bet.words}")
@pytest.mark.parametrize("bars", [1, 7])
def test_a_bet_came_true_where_a_loop_says_so(bet, bars):
    found = came_true(PastPrices(bet, CLOSE, 0.012, LOW, HIGH), bars)
    assert found.tolist() == slow(bet, CLOSE, LOW.fillna(CLOSE), HIGH, bars, 0.012)
    assert 0 < found.mean() < 1
    assert found.index.equals(DAYS[:-bars])
    bare = came_true(PastPrices(bet, CLOSE, 0.012), bars)  # closes where there are no highs and lows
    assert bare.tolist() == slow(bet, CLOSE, CLOSE, CLOSE, bars, 0.012)
    assert came_true(PastPrices(bet, CLOSE.iloc[:bars]), bars).empty
    assert len(came_true(PastPrices(bet, CLOSE.iloc[: bars + 1]), bars)) == 1
    holed = CLOSE.mask(np.arange(300) % 9 == 4)
    assert came_true(PastPrices(bet, holed), bars).index.equals(holed.dropna().index[:-bars])


def test_the_rate_is_of_windows_in_which_all_bets_came_true():
    up, fall = PastPrices(BETS[0], CLOSE, 0.0, LOW, HIGH), PastPrices(BETS[4], CLOSE.iloc[20:])
    found = base_rate([up, fall], 5)
    both = came_true(up, 5).iloc[20:] & came_true(fall, 5)
    assert (found.share, found.windows) == (both.mean(), len(both) / 5)
    assert found.ranged == pytest.approx(280 / 300)  # of lows that are missing nothing is known
    assert base_rate([fall], 5).ranged is None
    assert base_rate([PastPrices(BETS[1], CLOSE)], 5).ranged == 0.0
    assert base_rate([], 5) is None
    enough = CLOSE.iloc[: FEWEST + 5]
    assert base_rate([PastPrices(BETS[3], enough)], 5).windows == FEWEST / 5
    assert base_rate([PastPrices(BETS[3], enough.iloc[1:])], 5) is None


def test_as_a_probability_half_a_success_and_half_a_failure_are_added(monkeypatch):
    assert BaseRate(0.0, 9.0).probability == 0.05
    assert BaseRate(1.0, 9.0).probability == 0.95
    assert BaseRate(0.25, 4.0).probability == pytest.approx(1.5 / 5)
    monkeypatch.setattr(base_rates, "FEWEST", 2)
    assert base_rate([PastPrices(BETS[3], CLOSE.iloc[:12])], 10).windows == 1.0  # never less than one


def test_what_is_left_of_a_bet_once_its_price_has_moved():
    left = remaining(Bet("first", "X", "", up=0.10, down=-0.10, legs=(("call", 1.1, 2.0),)), 0.05)
    assert (left.up, left.down) == pytest.approx((1.10 / 1.05 - 1, 0.90 / 1.05 - 1))
    assert left.legs == (("call", pytest.approx(1.1 / 1.05), 2.0),)


@pytest.mark.parametrize(("rule", "move", "reached"), [("falls", 97 / 100 - 1, True), ("touches", 97 / 100 - 1, True), ("ends", 97 / 100 - 1, False)])
def test_a_level_is_reached_by_a_price_at_it_and_passed_only_by_one_beyond(rule, move, reached):
    close = pd.Series([100.0, 97.0], DAYS[:2])
    bet = Bet(rule, "X", "", down=move, within=1) if rule != "ends" else Bet(rule, "X", "", up=move)
    assert came_true(PastPrices(bet, close), 1).tolist() == [reached]
    first = Bet("first", "X", "", down=move, up=104 / 100 - 1)
    assert came_true(PastPrices(first, close), 1).tolist() == [True]
    assert came_true(PastPrices(first, close, high=pd.Series([100.0, 104.0], DAYS[:2])), 1).tolist() == [False]  # both on one bar
