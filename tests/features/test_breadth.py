import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.panels import TinyPanel

from flowbt.features.breadth import (
    breadth_slope,
    cap_minus_equal,
    mega_cap_leadership,
    new_highs_lows,
    pct_above_mean,
    share_above_mean,
    slope,
    small_minus_large,
)
from flowbt.ground.errors import FieldError

DAYS = pd.date_range("2022-01-03", periods=400, freq="B")


def index_close(growth):
    return pd.Series(100 * (1 + growth) ** np.arange(400), DAYS)


def member_panel(rising=6, falling=4, **extra):
    data = {("member_close", f"M{k}"): index_close(0.001 if k < rising else -0.001) for k in range(rising + falling)}
    return TinyPanel({("close", "SPX"): index_close(0.002), **data, **extra}, symbols=("SPX",))


def test_six_of_ten_rising_members_are_above_their_mean():
    assert pct_above_mean(member_panel())["SPX"].iloc[-1] == pytest.approx(0.6)
    assert new_highs_lows(member_panel())["SPX"].iloc[-1] == pytest.approx(0.2)


def test_the_share_equals_a_plain_count():
    close = pd.DataFrame(np.random.default_rng(1).normal(0, 1, (300, 20)).cumsum(axis=0) + 100)
    last = close.iloc[-50:]
    assert share_above_mean(close, 50).iloc[-1] == pytest.approx(np.mean(last.iloc[-1] > last.mean()))


def test_a_member_that_is_not_yet_listed_does_not_count():
    panel = member_panel()
    panel.data["member_close", "NEW"] = index_close(-0.01).where(DAYS[-50] < DAYS)
    assert pct_above_mean(panel)["SPX"].iloc[-1] == pytest.approx(0.6)


def test_a_published_share_stands_in_for_members():
    panel = TinyPanel({("close", "SPX"): index_close(0), ("pct_above_200d", "US"): index_close(0) * 0.55}, symbols=("SPX",))
    assert pct_above_mean(panel)["SPX"].iloc[0] == pytest.approx(0.55)
    assert panel.stand_ins == [("pct_above_200d", "US")]


def test_cap_weight_leads_when_the_index_outruns_its_members():
    panel = member_panel(rising=5, falling=5)
    equal = np.mean([1.001**21, 0.999**21]) - 1
    assert cap_minus_equal(panel)["SPX"].iloc[-1] == pytest.approx(1.002**21 - 1 - equal)


def test_leadership_of_named_and_of_largest_members():
    panel = member_panel(rising=5, falling=5)
    for k in range(10):
        panel.data["member_volume", f"M{k}"] = pd.Series(1000.0 if k < 2 else 1.0, DAYS)
    largest = mega_cap_leadership(panel, top=2)["SPX"]
    pd.testing.assert_series_equal(largest.iloc[-200:], mega_cap_leadership(panel, names=("M0", "M1"))["SPX"].iloc[-200:])
    assert largest.iloc[-1] > 0


def test_the_largest_cannot_be_ranked_without_volume():
    with pytest.raises(FieldError, match=r"give names"):
        mega_cap_leadership(member_panel())


def test_funds_stand_in_for_small_and_large():
    panel = TinyPanel({("close", "SPY"): index_close(0.001), ("close", "IWM"): index_close(0.002)}, symbols=("SPY",))
    assert small_minus_large(panel)["SPY"].iloc[-1] == pytest.approx(1.002**21 - 1.001**21)
    assert panel.stand_ins == [("close", "IWM"), ("close", "SPY")]


def test_the_slope_is_scipys():
    x = np.random.default_rng(2).normal(size=100)
    expected = stats.linregress(np.arange(21), x[-21:]).slope
    assert slope(pd.DataFrame({"A": x}), 21)["A"].iloc[-1] == pytest.approx(expected)


def test_breadth_builds_while_members_join_and_then_stalls():
    share = pd.Series(np.r_[np.linspace(20, 80, 200), np.full(200, 80.0)], DAYS)
    panel = TinyPanel({("close", "SPX"): index_close(0), ("pct_above_200d", "US"): share}, symbols=("SPX",))
    found = breadth_slope(panel)
    assert found.building["SPX"].iloc[21:200].all()
    assert found.stalled["SPX"].iloc[221:].all()
    assert not found.stalled["SPX"].iloc[:200].any()
