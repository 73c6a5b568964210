"""Zones: the report's own table, the order of events, the statuses, the strength of a range."""

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features import expected_move_zone, range_strength, status_names, symbol_volatility, zone_sources
from flowbt.features.ranges import efficiency_ratio, random_walk_index, signed_adx
from flowbt.features.zones import zone_levels, zone_room
from flowbt.ground.errors import ParameterError

TABLE = """
SPX 6363 6573 6782 6783 -0.01 -6.18
SPY 634 655 676 676 0.03 -6.30
QQQ 560 584 608 606 0.30 -7.60
IWM 240 250 260 260 -0.10 -7.80
VIX 20.4 25.4 30.3 21.0 44.06 -3.04
DXY 98.7 99.7 100.6 99.1 1.54 -0.33
HYG 78.7 79.5 80.3 80.2 0.10 -1.86
GLD 397 424 450 435 3.65 -8.50
SLV 60.4 65.1 69.8 67.5 3.38 -10.52
USO 110 127 145 125 16.27 -11.85
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]


def _days(n: int) -> pd.DatetimeIndex:
    return pd.bdate_range("2024-01-02", periods=n)


def _frame(values: object, name: str = "SPX") -> pd.DataFrame:
    array = np.asarray(values, dtype=float)
    return pd.DataFrame({name: array}, index=_days(len(array)))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_room_of_the_report(row: list[str]) -> None:
    low, mid, high, close, upside, downside = (float(x) for x in row[1:])
    zone = zone_room(*(_frame([x]) for x in (close, low, mid, high)))
    unit = 1.0 if "." not in row[3] else 0.1  # levels are printed rounded to this
    tolerance = 100 * 1.5 * unit / close  # some levels are cut off rather than rounded: a unit in the level, half a unit in the close
    assert abs(100 * zone.upside.iloc[0, 0] - upside) <= tolerance
    assert abs(100 * zone.downside.iloc[0, 0] - downside) <= tolerance


def test_asymmetry_has_no_meaning_above_the_ceiling() -> None:
    close = _frame([6783.0, 6780.0, 6573.0])
    zone = zone_room(close, *(_frame([x] * 3) for x in (6363.0, 6572.5, 6782.0)))
    assert np.isnan(zone.asymmetry.iloc[0, 0])
    assert status_names(zone.status)["SPX"].tolist() == ["above ceiling", "at ceiling", "upper half"]
    assert zone.asymmetry.iloc[1, 0] == pytest.approx((6780 - 6363) / (6782 - 6780))


@pytest.mark.parametrize(
    ("close", "status"),
    [
        (9.9, "below floor"),
        (10.0, "near floor"),
        (10.9, "near floor"),
        (11.1, "lower half"),
        (15.1, "upper half"),
        (19.0, "near ceiling"),
        (19.8, "at ceiling"),
        (20.0, "above ceiling"),
    ],
)
def test_status_by_position(close: float, status: str) -> None:
    zone = zone_room(_frame([close]), _frame([10.0]), _frame([15.0]), _frame([20.0]))
    assert status_names(zone.status).iloc[0, 0] == status


def test_levels_follow_the_square_root_of_time() -> None:
    low, mid, high = zone_levels(_frame([100.0]), _frame([16.0]), 63, width=2.0)
    assert (low.iloc[0, 0], mid.iloc[0, 0], high.iloc[0, 0]) == pytest.approx((84.0, 100.0, 116.0))


def test_zone_is_drawn_before_the_close_it_judges() -> None:
    closes = [100.0] * 30 + [130.0]
    panel = TinyPanel({"close": _frame(closes), ("close", "VIX"): _frame([20.0] * 30 + [90.0])["SPX"]})
    zone = expected_move_zone(panel, horizon=5, centre="previous")
    move = 100 * 0.20 * np.sqrt(5 / 252)
    assert zone.high.iloc[-1, 0] == pytest.approx(100 + move)  # neither 130 nor the VIX of 90
    assert zone.position.iloc[-1, 0] == pytest.approx((130 - 100 + move) / (2 * move))


@pytest.mark.parametrize(("centre", "mid"), [("mean", np.mean(range(24, 29))), ("previous", 28.0), ("anchor", 24.0)])
def test_centres(centre: str, mid: float) -> None:
    panel = TinyPanel({"close": _frame(range(30)), ("close", "VIX"): _frame([20.0] * 30)["SPX"]})
    assert expected_move_zone(panel, horizon=5, centre=centre).mid.iloc[-1, 0] == pytest.approx(mid)


def test_realised_volatility_stands_in_for_a_missing_index() -> None:
    close = pd.concat([_frame(np.linspace(100, 120, 60), "SPY"), _frame(np.linspace(50, 40, 60), "XYZ")], axis=1)
    panel = TinyPanel({"close": close, ("close", "VIX"): _frame([20.0] * 60)["SPX"]})
    assert zone_sources(panel) == {"SPY": "VIX", "XYZ": "realised"}
    assert symbol_volatility(panel)["SPY"].eq(20.0).all()
    zone = expected_move_zone(panel)
    assert zone.high.iloc[-1].notna().all()
    assert zone.high["XYZ"].iloc[:21].isna().all()


def test_unknown_centre_is_refused() -> None:
    panel = TinyPanel({"close": _frame([1.0, 2.0]), ("close", "VIX"): _frame([20.0] * 2)["SPX"]})
    with pytest.raises(ParameterError, match="not a centre; use mean, previous or anchor"):
        expected_move_zone(panel, centre="middle")


def _walk(n: int = 120) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    return _frame(close * (1 + rng.uniform(0, 0.01, n))), _frame(close * (1 - rng.uniform(0, 0.01, n))), _frame(close)


def test_random_walk_index_by_hand() -> None:
    high, low, close = _walk()
    h, lo, c, n, t = (*(f["SPX"].to_numpy() for f in (high, low, close)), 10, 90)
    ranges = [max(h[i] - lo[i], abs(h[i] - c[i - 1]), abs(lo[i] - c[i - 1])) for i in range(t - n + 1, t + 1)]
    unit = np.mean(ranges) * np.sqrt(n)
    up, down = (h[t] - lo[t - n]) / unit, (h[t - n] - lo[t]) / unit
    assert random_walk_index(high, low, close, n).iloc[t, 0] == pytest.approx(100 * (up if up >= down else -down))


def test_adx_by_wilders_recursion() -> None:
    high, low, close = _walk()
    h, lo, c, n = (*(f["SPX"].to_numpy() for f in (high, low, close)), 14)
    tr = plus = minus = adx = None
    for i in range(1, len(c)):
        up, down = h[i] - h[i - 1], lo[i - 1] - lo[i]
        now = (max(h[i], c[i - 1]) - min(lo[i], c[i - 1]), up if up > down and up > 0 else 0.0, down if down > up and down > 0 else 0.0)
        tr, plus, minus = now if tr is None else ((old * (n - 1) + new) / n for old, new in zip((tr, plus, minus), now, strict=True))
        if i >= n:
            dx = 100 * abs(plus - minus) / (plus + minus)
            adx = dx if adx is None else (adx * (n - 1) + dx) / n
    assert signed_adx(high, low, close, n).iloc[-1, 0] == pytest.approx(adx * np.sign(plus - minus))


def test_efficiency_of_a_straight_line_and_of_a_zigzag() -> None:
    assert efficiency_ratio(_frame(range(100, 80, -1)), 10).iloc[-1, 0] == -100.0
    assert efficiency_ratio(_frame([1.0, 2.0] * 10), 10).iloc[-1, 0] == 0.0


def test_range_of_an_index_without_high_and_low() -> None:
    strength = range_strength(TinyPanel({"close": _frame(np.arange(50.0) + 100)}), window=16)
    assert strength.iloc[-1, 0] == pytest.approx(100 * 16 / np.sqrt(16))  # 16 steps of one range each
    assert strength.iloc[:16, 0].isna().all()
