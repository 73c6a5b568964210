"""Dark pool: signs, stand-ins, ladders, divergence, volume by price, DIX rebuilt from FINRA."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features import (
    contested,
    contrast_day,
    dark_pool_ladder,
    dark_pool_pressure,
    dark_pool_share,
    divergence_score,
    fast_tape,
    finra_net_proxy,
    member_short_share,
    price_layer,
    underwater_share,
)
from flowbt.features.dark_pool import dollar_weighted_share
from flowbt.ground.errors import FieldError


def _frame(values: object, name: str = "SPY") -> pd.DataFrame:
    array = np.asarray(values, dtype=float)
    return pd.DataFrame({name: array}, index=pd.bdate_range("2024-01-02", periods=len(array)))


NOISE = np.random.default_rng(5).normal(0, 1e8, 80)


def test_pressure_is_the_score_of_the_net() -> None:
    net = _frame(NOISE)
    score = dark_pool_pressure(TinyPanel({"close": _frame(np.ones(80)), "dark_pool_net": net}), window=20)
    tail = NOISE[-20:]
    assert score.iloc[-1, 0] == pytest.approx((tail[-1] - tail.mean()) / tail.std(ddof=1))
    assert score.iloc[:13, 0].isna().all()  # two thirds of the window must be there


def test_low_dix_reads_as_sold_and_is_named_as_a_stand_in() -> None:
    dix = np.append(0.45 + NOISE * 1e-11, 0.35)
    panel = TinyPanel({"close": _frame(np.ones(81)), ("dix", "SPX"): _frame(dix)["SPY"]})
    assert dark_pool_pressure(panel).iloc[-1, 0] < -3
    assert panel.stand_ins == [("dix", "SPX")]


def test_finra_share_stands_in_last() -> None:
    short, total = _frame(np.append(4e6 + NOISE * 1e-4, 8e6)), _frame(np.full(81, 1e7))
    panel = TinyPanel({"close": _frame(np.ones(81)), "short_volume": short, "total_volume": total})
    assert dark_pool_pressure(panel).iloc[-1, 0] > 3
    assert panel.stand_ins == ["short_volume"]


def test_pressure_without_any_input_is_an_error() -> None:
    with pytest.raises(FieldError, match="neither it nor a stand-in"):
        dark_pool_pressure(TinyPanel({"close": _frame([1.0, 2.0])}))


def test_share_of_volume() -> None:
    panel = TinyPanel({"close": _frame([1, 1]), "dark_pool_net": _frame([-1.73e9, 1]), "dark_pool_volume": _frame([8.89e9, 0])})
    share = dark_pool_share(panel)["SPY"]
    assert share.iloc[0] == pytest.approx(-0.1946, abs=1e-4)
    assert np.isnan(share.iloc[1])


def test_ladder_and_contrast_day() -> None:
    panel = TinyPanel({"close": _frame(np.ones(8)), "dark_pool_net": _frame([5, -1, -1, -1, -1, -1, 2, -1])})
    assert dark_pool_ladder(panel)["SPY"].tolist() == [1, -1, -2, -3, -4, -5, 1, -1]
    assert contrast_day(panel)["SPY"].tolist() == [False] * 6 + [True, False]


def test_divergence_counts_opposite_sessions() -> None:
    panel = TinyPanel({"close": _frame([10, 11, 12, 11, 12]), "dark_pool_net": _frame([1, -1, 1, 1, -1])})
    assert divergence_score(panel, sessions=4)["SPY"].tolist()[-1] == 3.0  # down days bought, up days sold
    assert divergence_score(panel, sessions=4)["SPY"].isna().sum() == 4


def test_price_layer_needs_return_and_close_location_to_agree() -> None:
    data = {"close": [10, 11, 12, 11], "high": [10, 11.1, 14, 12], "low": [10, 10, 11.5, 10.9], "volume": [1, 1, 1, 1]}
    panel = TinyPanel({name: _frame(values) for name, values in data.items()})
    assert price_layer(panel)["SPY"].tolist()[1:] == [1.0, 0.0, -1.0]


def test_fast_tape_outranks_labels() -> None:
    closes = np.append(100 * 1.001 ** np.arange(30), 106.0)
    bars = {"close": closes, "high": closes * 1.0001, "low": closes * 0.98, "volume": np.ones(31), "dark_pool_net": -np.ones(31)}
    panel = TinyPanel({name: _frame(values) for name, values in bars.items()})
    assert fast_tape(panel)["SPY"].tolist() == [False] * 30 + [True]
    assert contested(panel)["SPY"].tolist() == [False] * 30 + [True]


def test_volume_above_spot_by_counting() -> None:
    rng = np.random.default_rng(1)
    low, high, size = rng.uniform(90, 100, 15), rng.uniform(100, 110, 15), rng.integers(1, 9, 15)
    close = np.full(15, 99.0)
    counted = sum(n * np.mean(np.linspace(a, b, 20001) > 99.0) for a, b, n in zip(low, high, size, strict=True)) / size.sum()
    panel = TinyPanel({"close": _frame(close), "high": _frame(high), "low": _frame(low), "volume": _frame(size)})
    assert underwater_share(panel).iloc[-1, 0] == pytest.approx(counted, abs=1e-4)
    assert underwater_share(panel).iloc[:14, 0].isna().all()


def test_member_short_share_weighs_by_dollars() -> None:
    members = pd.concat([_frame([10.0], "A"), _frame([100.0], "B"), _frame([5.0], "NOVOL")], axis=1)
    short, total = (pd.concat([_frame([a], "A"), _frame([b], "B")], axis=1) for a, b in ((400, 10), (1000, 100)))
    panel = TinyPanel({"member_close": members, "short_volume": short, "total_volume": total}, symbols=("SPY",))
    assert member_short_share(panel).iloc[0, 0] == pytest.approx((0.4 * 10_000 + 0.1 * 10_000) / 20_000)


def test_proxy_of_the_net_changes_sign_at_one_half() -> None:
    panel = TinyPanel({"close": _frame([10.0] * 3), "short_volume": _frame([60, 50, 0]), "total_volume": _frame([100, 100, 0])})
    proxy = finra_net_proxy(panel)["SPY"].tolist()
    assert proxy[:2] == pytest.approx([0.2 * 1000, 0.0])
    assert np.isnan(proxy[2])


RAW = Path(__file__).parents[3] / "shared" / "data" / "raw"


@pytest.mark.real
@pytest.mark.skipif(not RAW.is_dir(), reason="needs ../shared/data/raw")
def test_real_short_share_of_large_names_follows_dix() -> None:
    finra = pd.read_parquet(RAW / "finra" / "CNMSshvol_20201201_20210212.parquet")
    finra["Date"] = pd.to_datetime(finra["Date"].astype(str))
    short, total = (finra.pivot(index="Date", columns="Symbol", values=v).astype(float) for v in ("ShortVolume", "TotalVolume"))
    price = pd.read_parquet(RAW / "constituents" / "largecap_adjclose_1962_20260821.parquet").astype(float)
    share = dollar_weighted_share(short, total, price.set_axis(pd.to_datetime(price.index)).reindex(short.index))
    dix = pd.read_csv(RAW / "dix_gex" / "DIX.csv", index_col="date", parse_dates=True)["dix"]
    assert len(share) == 51
    assert share.corr(dix.reindex(share.index)) >= 0.9
