"""On the real files: the basis of CME bitcoin futures against the medians noted with them."""

import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features.futures import curve
from flowbt.sessions import Clock

pytestmark = pytest.mark.real
NOTED = {"2021Q4": 9.4, "2022Q4": -3.4, "2023Q4": 14.0, "2024Q4": 12.4, "2025Q4": 6.3, "2026Q1": 4.0}  # percent a year, volume over 200


def test_annualised_basis_by_quarter_is_within_a_point_of_the_notes():
    from tests.raw.real import RAW

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
