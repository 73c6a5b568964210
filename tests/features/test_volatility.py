"""Volatility: estimators against hand-written sums and simulated truth, rank against percentile, the term structure."""

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features import iv_minus_realised, iv_percentile, iv_rank, realised_volatility, vix_term_structure, volatility_index
from flowbt.features.rolling import share_below, signed_run
from flowbt.features.volatility import close_to_close, yang_zhang


def _frame(values: object) -> pd.DataFrame:
    array = np.asarray(values, dtype=float)
    return pd.DataFrame({"SPX": array}, index=pd.bdate_range("2020-01-01", periods=len(array)))


def _bars(n: int, daily: float, steps: int = 2000) -> tuple[pd.DataFrame, ...]:
    """Bars of a random walk of known volatility: a third of the variance overnight, the rest within the session."""
    rng = np.random.default_rng(3)
    night = rng.normal(0, daily * np.sqrt(1 / 3), n)
    path = np.cumsum(rng.normal(0, daily * np.sqrt(2 / 3 / steps), (n, steps)), axis=1)
    opens = np.cumsum(night) + np.concatenate([[0.0], np.cumsum(path[:-1, -1])])
    high, low = np.maximum(path.max(axis=1), 0), np.minimum(path.min(axis=1), 0)
    return tuple(_frame(100 * np.exp(x)) for x in (opens, opens + high, opens + low, opens + path[:, -1]))


def test_yang_zhang_finds_the_true_volatility() -> None:
    bars = _bars(800, 0.01)
    assert yang_zhang(*bars, window=790).iloc[-1, 0] == pytest.approx(100 * 0.01 * np.sqrt(252), rel=0.05)


def test_yang_zhang_by_hand() -> None:
    o, h, lo, c = (np.log(f["SPX"].to_numpy()) for f in _bars(12, 0.02))
    n, t = 10, slice(2, 12)
    night, day = o[2:] - c[1:-1], (c - o)[t]
    rs = np.mean(((h - c) * (h - o) + (lo - c) * (lo - o))[t])
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    expected = 100 * np.sqrt(252 * (np.var(night, ddof=1) + k * np.var(day, ddof=1) + (1 - k) * rs))
    assert yang_zhang(*_bars(12, 0.02), window=n).iloc[-1, 0] == pytest.approx(expected)


def test_close_to_close_by_hand() -> None:
    close = _frame([100, 101, 99, 102, 103])
    expected = 100 * np.sqrt(365) * np.std(np.diff(np.log([101, 99, 102, 103])), ddof=1)
    assert close_to_close(close, 3, 365).iloc[-1, 0] == pytest.approx(expected)


def test_realised_takes_four_prices_where_they_are() -> None:
    bars = _bars(60, 0.01)
    panel = TinyPanel({"close": bars[3], **dict(zip(("open", "high", "low"), bars, strict=False))})
    pd.testing.assert_frame_equal(realised_volatility(panel), yang_zhang(*bars, window=21))
    pd.testing.assert_frame_equal(realised_volatility(panel, method="close"), close_to_close(bars[3], 21))


def test_rank_and_percentile_differ() -> None:
    vix = _frame([10, 11, 12, 13, 80, 14])
    panel = TinyPanel({"close": vix, ("close", "VIX"): vix["SPX"]})
    assert iv_rank(panel, window=6).iloc[-1, 0] == pytest.approx(4 / 70)
    assert iv_percentile(panel, window=6).iloc[-1, 0] == pytest.approx(4 / 5)


def test_percentile_of_ties_counts_half() -> None:
    assert share_below(_frame([1, 1, 1]), 3).iloc[-1, 0] == 0.5


def test_run_length_ends_at_zero_and_at_missing() -> None:
    assert signed_run(_frame([1, 1, -1, -1, -1, 0, np.nan, 1]))["SPX"].tolist() == [1, 2, -1, -2, -3, 0, 0, 1]


def test_iv_minus_realised() -> None:
    close, vix = _frame(np.linspace(100, 110, 40)), _frame([25.0] * 40)
    panel = TinyPanel({"close": close, ("close", "VIX"): vix["SPX"]})
    assert iv_minus_realised(panel).iloc[-1, 0] == pytest.approx(25 - close_to_close(close, 21).iloc[-1, 0])


def test_term_structure_inverts_and_missing_never_does() -> None:
    series = {("close", s): _frame(v)["SPX"] for s, v in {"VIX": [20, 20, 20], "VIX9D": [18, 22, np.nan], "VIX3M": [22, 22, 22]}.items()}
    term = vix_term_structure(TinyPanel({"close": _frame([1, 1, 1]), **series}))
    assert term.short["SPX"].tolist()[:2] == [0.9, 1.1]
    assert term.inverted["SPX"].tolist() == [False, True, False]


def test_volatility_index_gives_level_and_standing() -> None:
    vvix = _frame([90, 95, 85, 130])
    level = volatility_index(TinyPanel({"close": vvix, ("close", "VVIX"): vvix["SPX"]}), window=4)
    assert (level.level.iloc[-1, 0], level.percentile.iloc[-1, 0]) == (130.0, 1.0)
    assert level.zscore.iloc[-1, 0] == pytest.approx((130 - 100) / np.std([90, 95, 85, 130], ddof=1))
