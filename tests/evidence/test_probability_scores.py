"""Brier and log scores beside the base rate."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from flowbt.evidence.claims.base_rates import BaseRate, Bet, PastPrices, base_rate, came_true, remaining
from flowbt.evidence.claims.probability_scores import Settled, brier, clusters, log_score, score_of

YEARS = [(f"20{year:02}-01-01", f"20{year:02}-12-01") for year in range(10, 20)]


def settled(p, base, true, span=("2020-01-01", "2020-02-01")):
    return Settled(p, base, true, *span)


def test_scores_are_the_textbooks():
    p, true = np.array([0.9, 0.9, 0.2]), np.array([1.0, 0.0, 0.0])
    assert brier(p, true) == pytest.approx([0.01, 0.81, 0.04])
    assert log_score(p, true) == pytest.approx(-np.log([0.9, 0.1, 0.8]))


def test_overlapping_forecasts_are_one_cluster_also_through_others():
    spans = [("2020-01-01", "2020-03-01"), ("2020-05-01", "2020-06-01"), ("2020-02-01", "2020-05-01"), ("2020-06-02", "2020-07-01")]
    assert clusters([settled(0.5, 0.5, True, span) for span in spans]).tolist() == [0, 0, 0, 1]


def test_forecasts_of_separate_years_have_the_interval_of_a_t_test():
    some = [settled(0.9, 0.5, k % 3 > 0, span) for k, span in enumerate(YEARS)]
    gain = 0.25 - brier(np.full(10, 0.9), np.array([one.true for one in some], dtype=float))
    want = stats.ttest_1samp(gain, 0.0).confidence_interval()
    assert (score_of(some).brier.low, score_of(some).brier.high) == pytest.approx(tuple(want))


def test_one_cluster_has_no_interval_and_nothing_has_no_score():
    found = score_of([settled(0.9, 0.4, True), settled(0.9, 0.4, False)])
    assert (found.clusters, found.brier.low, found.came_true, found.expected_base) == (1, None, 1, 0.8)
    assert score_of([]) is None


def test_a_forecast_that_says_the_base_rate_gains_nothing():
    found = score_of([settled(0.3, 0.3, k % 2 == 0, span) for k, span in enumerate(YEARS)])
    assert (found.brier.gain, found.log.gain) == (0.0, 0.0)


def test_all_bets_must_come_true_in_the_same_window():
    labels = pd.bdate_range("2015-01-01", periods=1000)
    up = pd.Series(100.0 * 1.01 ** (np.arange(1000) % 2), index=labels)
    down = pd.Series(100.0 * 1.01 ** (1 - np.arange(1000) % 2), index=labels)
    bets = [PastPrices(Bet("ends", "A", "", up=0.0), up), PastPrices(Bet("ends", "B", "", up=0.0), down)]
    assert [base_rate([one], 1).share for one in bets] == pytest.approx([0.5, 0.5], abs=0.01)
    assert base_rate(bets, 1).share == 0.0
    assert 0 < base_rate(bets, 1).probability < 0.01


def test_what_is_left_of_a_bet_is_asked_from_the_price_of_now():
    left = remaining(Bet("touches", "X", "", up=0.10), 0.05)
    assert left.up == pytest.approx(1.10 / 1.05 - 1)
    closes = pd.Series(np.r_[np.full(5, 100.0), 95.0, 100.0], index=pd.bdate_range("2020-01-01", periods=7))
    put = Bet("pays", "X", "", legs=(("put", 1.0, 1.0),))
    assert came_true(PastPrices(put, closes, 0.04), 1).tolist() == [False, False, False, False, True, False]


def test_a_share_of_few_windows_is_no_certainty():
    assert (BaseRate(0.0, 4.0).probability, BaseRate(1.0, 4.0).probability) == (0.1, 0.9)


@pytest.mark.parametrize("rule", ["touches", "first"])
@pytest.mark.parametrize("ranged", [True, False])
def test_levels_are_touched_by_highs_and_lows_where_there_are_any(rule, ranged):
    rng = np.random.default_rng(5)
    close = pd.Series(100 * np.exp(np.cumsum(rng.normal(0, 0.01, 400))), index=pd.bdate_range("2020-01-01", periods=400))
    low, high = close * 0.985, close * 1.01
    high.iloc[50:60] = np.nan  # the close counts there
    bet = Bet(rule, "X", "", up=0.03, down=-0.03 if rule == "first" else np.nan)
    one = PastPrices(bet, close, 0.0, low, high) if ranged else PastPrices(bet, close)
    want = []
    for n in range(400 - 7):
        hit = ""
        for k in range(n + 1, n + 8):
            top, bottom = (high.iloc[k], low.iloc[k]) if ranged and k not in range(50, 60) else (close.iloc[k], low.iloc[k] if ranged else close.iloc[k])
            up, down = top / close.iloc[n] - 1 >= 0.03, rule == "first" and bottom / close.iloc[n] - 1 <= -0.03
            hit = hit or ("both" if up and down else "up" if up else "down" if down else "")
        want.append(hit == ("up" if rule == "touches" else "down"))
    assert came_true(one, 7).tolist() == want
    assert base_rate([one], 7).ranged == pytest.approx(390 / 400 if ranged else 0.0)
