import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features.carry import annualised_funding, basis_apr, carry_crowding, carry_yield, funding_apr, funding_flip
from flowbt.features.futures import curve, expiry_of
from flowbt.features.open_interest import open_interest_change, open_interest_dump
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError, ParameterError

DAYS = pd.date_range("2024-01-01", periods=60, freq="D")
CLOCK = Clock("24/7")


def btc(values):
    return pd.DataFrame({"BTC": np.broadcast_to(np.asarray(values, float), 60)}, index=DAYS)


def test_a_hundredth_of_a_percent_per_8_hours_is_about_11_percent_a_year():
    panel = TinyPanel({"funding_rate": btc(0.0001), "funding_interval_hours": btc(8)}, symbols=("BTC",), clock=CLOCK)
    assert funding_apr(panel)["BTC"].iloc[0] == pytest.approx(0.1095)
    assert annualised_funding(btc(0.0001), 8.0, compound=True).iloc[0, 0] == pytest.approx(np.expm1(1095 * np.log1p(0.0001)))


def test_hourly_funding_is_eight_times_the_same_rate_per_8_hours():
    assert annualised_funding(btc(0.0001), btc(1)).iloc[0, 0] == pytest.approx(8 * 0.1095)


def test_missing_funding_stays_missing():
    rates = btc(0.0001)
    rates.iloc[5] = np.nan
    panel = TinyPanel({"funding_rate": rates}, symbols=("BTC",), clock=CLOCK)
    assert funding_apr(panel, interval_hours=8)["BTC"].isna().sum() == 1
    with pytest.raises(FieldError, match="funding_interval_hours"):
        funding_apr(panel)


def test_spot_beside_its_perpetual_has_no_funding_and_no_zero():
    fields = {"funding_rate": btc(0.0001), "funding_interval_hours": btc(8)}
    panel = TinyPanel(fields, symbols=("BTCSPOT", "BTC"), clock=CLOCK)
    found = funding_apr(panel)
    assert found["BTCSPOT"].isna().all()
    assert found["BTC"].equals(funding_apr(TinyPanel(fields, symbols=("BTC",), clock=CLOCK))["BTC"])


def test_funding_flips_once_when_the_smoothed_rate_turns():
    panel = TinyPanel({"funding_rate": btc(np.r_[np.full(30, 1e-4), np.full(30, -1e-4)])}, symbols=("BTC",), clock=CLOCK)
    flip = funding_flip(panel, window=4, interval_hours=8)
    assert flip.to_negative["BTC"].to_numpy().nonzero()[0].tolist() == [32]
    assert not flip.to_positive["BTC"].any()


def futures_panel(volume=500.0, **contracts):
    data = {"close": btc(np.linspace(40_000, 45_000, 60))}
    for name, apr in contracts.items():
        contract = f"BTC-{name[1:].replace('_', '-')}"
        days = (expiry_of(contract) - CLOCK.closes(DAYS)) / pd.Timedelta(days=1)
        data["futures_close", contract] = data["close"]["BTC"] * (1 + apr * days / 365)
        data["futures_volume", contract] = pd.Series(volume, DAYS) + np.arange(60) % 2
    return TinyPanel(data, symbols=("BTC",), clock=CLOCK)


def test_the_basis_by_expiry_comes_back_as_it_was_put_in():
    basis = curve(futures_panel(e2024_01_26=0.05, e2024_03_29=0.10), "BTC").basis
    np.testing.assert_allclose(basis["BTC-2024-03-29"], 0.10)
    early = basis["BTC-2024-01-26"]
    np.testing.assert_allclose(early.loc[:"2024-01-22"], 0.05)
    assert early.loc["2024-01-23":].isna().all()  # bar ends 2024-01-24 00:00, 2.3 days before settlement


def test_constant_maturity_is_linear_between_expiries():
    panel = futures_panel(e2024_01_26=0.05, e2024_03_29=0.10)
    label = DAYS[0]
    x = [(expiry_of(f"BTC-{day}") - label - pd.Timedelta(days=1)) / pd.Timedelta(days=1) for day in ("2024-01-26", "2024-03-29")]
    expected = 0.05 + 0.05 * (40 - x[0]) / (x[1] - x[0])
    assert basis_apr(panel, days=40)["BTC"].iloc[0] == pytest.approx(expected)


def test_a_maturity_far_outside_the_listed_expiries_is_missing():
    panel = futures_panel(e2024_03_29=0.10)
    assert basis_apr(panel, days=30)["BTC"].iloc[0:40].isna().all()
    assert basis_apr(panel, days=80)["BTC"].iloc[0] == pytest.approx(0.10)


def test_thin_contracts_and_repeated_bars_are_left_out():
    panel = futures_panel(e2024_03_29=0.10)
    assert curve(panel, "BTC", min_volume=501).basis.iloc[0:4, 0].isna().tolist() == [True, False, True, False]
    panel.data["futures_close", "BTC-2024-03-29"].iloc[3] = panel.data["futures_close", "BTC-2024-03-29"].iloc[2]
    panel.data["futures_volume", "BTC-2024-03-29"].iloc[3] = panel.data["futures_volume", "BTC-2024-03-29"].iloc[2]
    assert curve(panel, "BTC").basis.iloc[2:5, 0].isna().tolist() == [False, True, False]


def test_the_last_basis_stands_for_three_days():
    panel = futures_panel(e2024_03_29=0.10)
    panel.data["futures_close", "BTC-2024-03-29"].iloc[5:] = np.nan
    assert basis_apr(panel, days=80)["BTC"].iloc[4:10].notna().tolist() == [True, True, True, True, False, False]


def test_a_future_without_a_date_is_refused():
    with pytest.raises(FieldError, match="ROOT-YYYY-MM-DD"):
        expiry_of("BTC-PERPETUAL")


def test_carry_yield_is_the_mean_of_its_legs():
    panel = futures_panel(e2024_03_29=0.10)
    panel.data.update({("funding_rate", "BTC"): btc(0.0001)["BTC"], ("funding_interval_hours", "BTC"): btc(8)["BTC"]})
    assert carry_yield(panel, days=80)["BTC"].iloc[10] == pytest.approx((0.1095 + 0.10) / 2)
    assert carry_yield(panel, legs="funding")["BTC"].iloc[10] == pytest.approx(0.1095)
    with pytest.raises(ParameterError, match="both, funding, basis"):
        carry_yield(panel, legs="spot")


def test_crowding_is_near_one_when_yield_and_volatility_are_at_their_lows():
    falling = np.linspace(1, 0.1, 60)
    data = {"funding_rate": btc(falling * 1e-4), "funding_interval_hours": btc(8), ("close", "DVOL"): btc(60 * falling)["BTC"]}
    panel = TinyPanel(data, symbols=("BTC",), clock=CLOCK)
    crowd = carry_crowding(panel, window=40, smooth=3)
    assert crowd.score["BTC"].iloc[-1] == pytest.approx(1 - 1 / 40)
    assert panel.stand_ins == [("close", "DVOL")]


def test_a_fall_in_price_alone_is_a_dump_in_dollars_not_in_coin():
    price = np.r_[np.full(50, 50_000.0), np.full(10, 40_000.0)]
    wobble = 1 + 0.001 * np.sin(np.arange(60))
    panel = TinyPanel({"close": btc(price), "open_interest_usd": btc(price * 1e5 * wobble)}, symbols=("BTC",), clock=CLOCK)
    assert open_interest_dump(panel, bars=1, window=40, fall=0.05)["BTC"].iloc[50]
    assert not open_interest_dump(panel, bars=1, window=40, fall=0.05, unit="coin")["BTC"].any()
    assert open_interest_change(panel, bars=1)["BTC"].iloc[50] == pytest.approx(-0.2, abs=0.002)


def test_open_interest_has_two_units():
    with pytest.raises(ParameterError, match="usd or coin"):
        open_interest_change(TinyPanel({"close": btc(1)}), unit="eur")
