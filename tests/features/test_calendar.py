import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features.calendar import beat_and_sell, days_to_event, days_to_expiry, expiry_dates, expiry_window, long_term_gain_window, reactions
from flowbt.features.expiries import crypto_expiry_window, days_to_crypto_expiry
from flowbt.ground.clock import Clock
from flowbt.ground.errors import ParameterError

XNYS = Clock("XNYS")


def panel(start="2024-03-01", end="2024-06-28", events=None, **extra):
    index = XNYS.labels(start, end)
    close = pd.DataFrame({"SPY": np.linspace(100, 120, len(index))}, index=index)
    return TinyPanel({"close": close, **extra}, events=events, clock=XNYS)


def dates(kind, year):
    found = expiry_dates(kind, pd.Timestamp(f"{year}-01-01"), pd.Timestamp(f"{year}-12-31")).strftime("%m-%d %a")
    return list(found)


def test_good_friday_moves_the_monthly_expiry_to_thursday():
    assert "04-17 Thu" in dates("monthly", 2025)
    assert "04-14 Thu" in dates("monthly", 2022)
    assert "06-21 Fri" in dates("monthly", 2024)


def test_vix_expiries_of_2024_are_cboes_list():
    published = ["01-17", "02-14", "03-20", "04-17", "05-22", "06-18", "07-17", "08-21", "09-18", "10-16", "11-20", "12-18"]
    assert [day[:5] for day in dates("vix", 2024)][1:13] == published


def test_quarterly_expiries_fall_in_four_months():
    assert [day[:2] for day in dates("quarterly", 2023)][:4] == ["03", "06", "09", "12"]


def test_days_to_expiry_reach_zero_on_the_day():
    days = days_to_expiry(panel())["SPY"]
    assert days["2024-03-15"] == 0
    assert days["2024-03-18"] == 32
    assert expiry_window(panel(), days=1)["SPY"]["2024-03-14"]
    assert not expiry_window(panel(), days=1)["SPY"]["2024-03-13"]


def test_an_unknown_expiry_is_refused():
    with pytest.raises(ParameterError, match="monthly, quarterly, vix"):
        days_to_expiry(panel(), kind="weekly")


def test_crypto_expiry_is_the_last_friday_at_8_utc():
    index = pd.date_range("2024-03-25", "2024-03-31", freq="D")
    crypto = TinyPanel({"close": pd.DataFrame({"BTC": 1.0}, index=index)}, clock=Clock("24/7"))
    days = days_to_crypto_expiry(crypto)["BTC"]
    assert days["2024-03-27"] == pytest.approx(1 + 8 / 24)  # the bar ends on the 28th at 00:00
    assert days["2024-03-29"] == pytest.approx(27 + 8 / 24)  # it ends after the settlement: 26 April is next
    assert crypto_expiry_window(crypto, days=2)["BTC"].sum() == 2
    assert days_to_crypto_expiry(crypto, quarterly=True)["BTC"]["2024-03-29"] == pytest.approx(90 + 8 / 24)


def fomc(*rows):
    return pd.DataFrame({"event_time": pd.to_datetime([r[0] for r in rows]), "known_at": pd.to_datetime([r[1] for r in rows]), "value": 1.0})


def test_a_future_event_is_seen_only_once_scheduled():
    table = fomc(("2024-05-01", "2024-04-02 14:00"))
    until = days_to_event(panel(events={"FOMC": table}))[0]["SPY"]
    assert until[:"2024-04-01"].isna().all()
    assert until["2024-04-02"] == 29  # decided at 18:30 New York, after the announcement
    assert until["2024-04-30"] == 1
    assert until["2024-05-01":].isna().all()


def test_days_since_an_event_count_from_its_day():
    found = days_to_event(panel(events={"FOMC": fomc(("2024-05-01", "2023-08-01"), ("2024-03-20", "2023-08-01"))}))
    assert found.since["SPY"]["2024-03-25"] == 5
    assert found.today["SPY"].pipe(lambda s: s[s].index.strftime("%m-%d").tolist()) == ["03-20", "05-01"]
    assert found.until["SPY"]["2024-03-20"] == 42


def test_an_event_announced_afterwards_is_not_seen_on_its_day():
    found = days_to_event(panel(events={"FOMC": fomc(("2024-05-01", "2024-05-03 12:00"))}))
    assert found.since["SPY"].first_valid_index() == pd.Timestamp("2024-05-03")
    assert not found.today["SPY"].any()


def test_an_event_of_the_evening_is_of_its_day_in_new_york():
    table = fomc(("2024-05-02 00:30", "2024-03-01"), ("2024-06-12 18:00", "2024-03-01"), ("2024-06-20 00:00", "2024-03-01"))
    found = days_to_event(panel(events={"FOMC": table})).today["SPY"]
    assert found[found].index.strftime("%m-%d").tolist() == ["05-01", "06-12", "06-20"]


def earnings(*rows):
    return pd.DataFrame({"event_time": [pd.Timestamp(r[0]) for r in rows], "known_at": pd.Timestamp("2024-01-01"), "value": [r[1] for r in rows]})


def test_a_report_after_the_close_is_answered_the_next_session():
    base = panel(events={"EARNINGS:NVDA": earnings(("2024-05-22 20:20", 0.1), ("2024-06-03 12:00", 0.1), ("2024-06-10", 0.1))})
    base.data["close", "NVDA"] = pd.Series(np.arange(1.0, len(base.index) + 1), base.index)
    assert reactions(base, "NVDA")["label"].dt.strftime("%m-%d").tolist() == ["05-23", "06-03", "06-11"]


def test_beats_that_are_sold_count_until_one_is_bought():
    rows = [("2024-04-01", 0.1), ("2024-04-08", 0.2), ("2024-04-15", -0.1), ("2024-04-22", 0.1), ("2024-04-29", 0.3)]
    base = panel(events={"EARNINGS:NVDA": earnings(*rows)})
    price = pd.Series(100.0, base.index)
    for day, move in {"2024-04-02": -5, "2024-04-09": -5, "2024-04-16": 5, "2024-04-23": -5, "2024-04-30": 9}.items():
        price.loc[day:] += move
    base.data["close", "NVDA"] = price
    run = beat_and_sell(base, names=("NVDA",))["SPY"]
    assert [run[d] for d in ("2024-04-01", "2024-04-02", "2024-04-09", "2024-04-16", "2024-04-23", "2024-04-30")] == [0, 1, 2, 2, 3, 0]


def test_volume_bought_a_year_ago_under_todays_close_turns_long_term():
    index = XNYS.labels("2022-01-03", "2024-06-28")
    close = pd.DataFrame({"SPY": 100.0}, index=index)
    close.loc["2023-03-13":"2023-03-17"] = 80.0
    made = TinyPanel({"close": close, "volume": close * 0 + 10.0}, clock=XNYS)
    ratio = long_term_gain_window(made, window=100)["SPY"]
    ripe = ratio[ratio > 0].index
    assert (ripe[0], ripe[-1]) == (pd.Timestamp("2024-03-14"), pd.Timestamp("2024-04-05"))  # on the 13th the mean before is still 0
    assert ratio[:"2023-01-23"].isna().all()
