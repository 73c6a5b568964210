"""On the real files: the basis of CME bitcoin futures against the medians noted with them; known days of the S&P 500."""

import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features.futures import curve
from flowbt.features.levels import structural_pivot
from flowbt.features.streaks import milestone
from flowbt.features.trend import status_200d
from flowbt.ground.clock import Clock

pytestmark = pytest.mark.real
NOTED = {"2021Q4": 9.4, "2022Q4": -3.4, "2023Q4": 14.0, "2024Q4": 12.4, "2025Q4": 6.3, "2026Q1": 4.0}  # percent a year, volume over 200


def test_annualised_basis_by_quarter_is_within_a_point_of_the_notes():
    from tests.data.raw.real import RAW

    from flowbt.data.sources.futures import parse

    table = parse(RAW / "crypto/basis/jinyiabc__crypto-data-prep/BTC_glbx-mdp3-20210425-20260212.ohlcv-1d.csv.gz", {"root": "BTC"}).frame
    hours = pd.read_feather(RAW / "crypto/spot/ThatspatuLa__BtcH1Autorl/BTC_USDT-1h.feather")
    spot = hours.groupby(hours["date"].dt.tz_localize(None).dt.normalize())["close"].last()
    days = pd.date_range("2021-10-01", "2026-02-12", freq="D")
    data = {("close", "BTC"): spot.reindex(days)}
    for symbol, part in table.groupby("symbol"):
        part = part.set_index("event_time").reindex(days)
        data |= {(field, symbol): part[field] for field in ("futures_close", "futures_volume")}
    basis = curve(TinyPanel(data, symbols=("BTC",), clock=Clock("24/7")), "BTC", min_volume=200).basis.stack().dropna()
    medians = 100 * basis.groupby(basis.index.get_level_values(0).to_period("Q").astype(str)).median()
    assert (medians[list(NOTED)] - pd.Series(NOTED)).abs().max() < 1.0


def spx(symbol_file="GSPC.csv.gz"):
    from tests.data.raw.real import RAW

    table = pd.read_csv(RAW / "index" / symbol_file, parse_dates=["date"]).set_index("date")
    return TinyPanel({"close": table[["close"]].rename(columns={"close": "SPX"}), "high": table[["high"]].rename(columns={"high": "SPX"})})


def test_first_closes_over_round_thousands_are_the_known_days():
    first = milestone(spx()).first_above["SPX"]
    found = first[first].index.strftime("%Y-%m-%d").tolist()
    assert {"1998-02-02", "2014-08-26", "2026-04-15"} <= set(found)
    assert len(found) == 7


def test_the_200_day_mean_was_lost_in_the_crash_and_reclaimed_in_2020():
    status = status_200d(spx())
    assert status.above["SPX"]["2020-02-19"]
    assert not status.above["SPX"]["2020-03-23"]
    assert status.reclaimed["SPX"]["2020-05-27":"2020-06-05"].sum() >= 1


def test_a_structural_pivot_of_2020_was_the_february_high():
    pivot = structural_pivot(spx())
    broke = pivot.broke["SPX"]["2020-03-01":"2020-10-31"]
    assert broke[broke].index.strftime("%m-%d").tolist() == ["08-18"]
    assert pivot.level["SPX"]["2020-09-30"] == pytest.approx(3386.15, abs=0.01)  # the close of 19 February
