import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features.streaks import first_closes, milestone, streak_of, win_streak
from flowbt.features.trailing import run_length
from flowbt.ground.errors import ParameterError

DAYS = pd.date_range("2024-01-02", periods=8, freq="B")


def frame(**columns):
    return pd.DataFrame(columns, index=DAYS[: len(next(iter(columns.values())))], dtype=float)


def test_run_length_counts_and_restarts():
    state = pd.Series([True, True, False, True, True, True, False])
    assert run_length(state).tolist() == [1, 2, 0, 1, 2, 3, 0]


def test_run_length_equals_a_plain_loop():
    states = np.random.default_rng(1).random((300, 3)) < 0.7
    expected = np.zeros(states.shape)
    for t in range(300):
        expected[t] = np.where(states[t], (expected[t - 1] if t else 0) + 1, 0)
    np.testing.assert_array_equal(run_length(pd.DataFrame(states)), expected)


def test_up_streak_of_a_known_path():
    panel = TinyPanel({"close": frame(SPY=[10, 11, 12, 12, 13, 14, 13, 14])})
    assert win_streak(panel)["SPY"].fillna(-1).tolist() == [-1, 1, 2, 0, 1, 2, 0, 1]
    assert win_streak(panel, kind="down")["SPY"].iloc[6] == 1


def test_beating_another_symbol_needs_no_rise():
    panel = TinyPanel({"close": frame(RUT=[100, 99, 98.5, 97]), ("close", "SPX"): frame(SPX=[100, 98, 96, 95.9])["SPX"]}, symbols=("RUT",))
    assert win_streak(panel, kind="beats")["RUT"].tolist()[1:] == [1, 2, 0]


def test_one_symbols_streak_is_spread_over_the_panel():
    panel = TinyPanel({"close": frame(SPY=[3, 2, 1]), ("close", "RUT"): frame(RUT=[1, 2, 3])["RUT"]}, symbols=("SPY",))
    assert win_streak(panel, symbol="RUT")["SPY"].tolist()[1:] == [1, 2]


def test_a_missing_close_ends_the_streak():
    counts = streak_of(frame(A=[1, 2, 3, np.nan, 4, 5]).pct_change(fill_method=None))["A"]
    assert counts.isna().tolist() == [True, False, False, True, True, False]
    assert counts.iloc[5] == 1


def test_an_unknown_kind_of_streak_is_refused():
    with pytest.raises(ParameterError, match="up, down, beats, lags"):
        win_streak(TinyPanel({"close": frame(A=[1, 2])}), kind="wins")


def test_first_closes_count_each_multiple_once():
    close = frame(SPX=[990, 1001, 995, 1005, 1999, 2100, 1990, 2050])
    assert first_closes(close, 1000)["SPX"].tolist() == [False, True, False, False, False, True, False, False]


def test_a_milestone_is_near_from_either_side_and_held_after_five_closes():
    panel = TinyPanel({"close": frame(SPX=[985, 995, 1001, 1002, 1003, 1004, 1005, 1040])})
    found = milestone(panel)
    assert found.near["SPX"].tolist() == [False, True, True, True, True, True, True, False]
    assert found.near_below["SPX"].tolist().index(True) == 1
    assert found.held["SPX"].tolist() == [False] * 6 + [True, False]


def test_a_milestone_lost_within_the_hold_is_never_held():
    panel = TinyPanel({"close": frame(SPX=[985, 1001, 999, 1002, 1003, 1004, 1005, 1040])})
    assert not milestone(panel).held["SPX"].any()


def test_a_span_that_starts_above_a_multiple_does_not_call_it_new():
    assert not first_closes(frame(SPX=[2500, 2600]), 1000).any().any()


def test_a_hole_in_the_closes_makes_a_hold_wait():
    panel = TinyPanel({"close": frame(SPX=[985, 1001, 1002, np.nan, 1003, 1004, 1005, 1040])})
    assert milestone(panel).held["SPX"].tolist() == [False] * 6 + [True, False]
    panel = TinyPanel({"close": frame(SPX=[985, 1001, np.nan, 999, 1003, 1004, 1005, 1040])})
    assert not milestone(panel).held["SPX"].any()
