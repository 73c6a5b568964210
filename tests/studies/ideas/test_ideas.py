"""Ideas of a file on an invented catalog: prices, outcomes, stand-ins, and what is missing."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from tests.studies.ideas.invented import DAYS, SPY, VIX, closes, moves
from tests.tinydata import store

from flowbt.data.catalog import Catalog
from flowbt.options.model import EQUITY
from flowbt.studies.ideas.ideas import follow_ideas


def put(spot, strike, sigma, years):
    d1 = (np.log(spot / strike) + sigma**2 / 2 * years) / (sigma * years**0.5)
    return strike * norm.cdf(sigma * years**0.5 - d1) - spot * norm.cdf(-d1)


def at(date, values=SPY):
    return values[DAYS.get_loc(pd.Timestamp(date))]


def one(catalog, path):
    return follow_ideas(catalog, path).outcomes[0]


def test_a_settled_spread_costs_what_black_scholes_says_and_pays_its_intrinsic(catalog, write):
    row = one(catalog, write({"more": "conviction = 4"}))
    spot, years = at("2026-04-08"), 37 / 365
    vols = EQUITY.vol(at("2026-04-08", VIX), spot, np.array([660.0, 640.0]), years)
    upper, lower = (put(spot, strike, vol, years) for strike, vol in zip((660, 640), vols, strict=True))
    widths = [EQUITY.spread.at(37, np.log(spot / k) / (v * years**0.5)) for k, v in zip((660, 640), vols, strict=True)]
    assert row.cost == pytest.approx(upper - lower + 0.5 * (widths[0] * upper + widths[1] * lower))
    assert row.value == pytest.approx(np.clip(660 - at("2026-05-15"), 0, 20))
    assert row.profit == pytest.approx(row.value - row.cost)
    assert (row.status, row.conviction, row.implied, row.last) == ("settled", 4, "VIX", pd.Timestamp("2026-05-15"))


def test_strikes_meet_printed_closes_before_adjusted_ones(catalog, write):
    spy, gold = follow_ideas(catalog, write({}, {"symbol": "GLD", "type": "call", "strikes": "[400]"})).outcomes
    assert (spy.prices, spy.spot, spy.stand_ins) == ("printed", at("2026-04-08"), ())
    assert gold.stand_ins == ()  # a trust pays nothing: its adjusted closes are those traded
    assert gold.implied == "GVZ"


def test_a_fund_without_an_index_takes_vix_times_the_ratio_of_realised_volatilities(catalog, write):
    row = one(catalog, write({"symbol": "IWM", "strikes": '["95%", "90%"]'}))
    assert row.volatility == pytest.approx(1.5 * at("2026-04-08", VIX))
    assert row.stand_ins == ("VIX x 1.50 for RVX (realised volatility of IWM over that of SPX, 252 sessions)",)


def test_without_any_index_realised_volatility_is_used_and_named(tmp_path, write):
    store(tmp_path / "few", "small", closes("IWM", 250 * np.exp(moves(1.5))), fields={"close": {}})
    row = one(Catalog((tmp_path / "few",)), write({"symbol": "IWM", "strikes": '["95%", "90%"]'}))
    before = np.diff(moves(1.5))[: DAYS.get_loc(pd.Timestamp("2026-04-08"))][-21:]
    assert row.volatility == pytest.approx(before.std(ddof=1) * 252**0.5 * 100)
    assert row.stand_ins == ("realised volatility over 21 bars for RVX",)


def test_what_comes_after_the_date_changes_the_outcome_and_never_the_cost(tmp_path, catalog, write):
    path = write({"symbol": "IWM", "strikes": '["95%", "90%"]'})
    crash = 250 * np.exp(moves(1.5)) * np.where(DAYS > "2026-04-08", 0.5, 1.0)
    vix = np.where(DAYS > "2026-04-08", 80.0, VIX)
    later = pd.concat([closes("IWM", crash), closes("SPX", 6700 * np.exp(moves(1.0))), closes("VIX", vix)])
    store(tmp_path / "crash", "prices", later, fields={"close": {}})
    calm, wild = one(catalog, path), one(Catalog((tmp_path / "crash",)), path)
    assert (calm.spot, calm.volatility, calm.cost, calm.at_risk) == pytest.approx((wild.spot, wild.volatility, wild.cost, wild.at_risk))
    assert wild.profit == pytest.approx(0.05 * wild.spot - wild.cost)


def test_a_sold_spread_risks_its_width_less_what_it_received(catalog, write):
    bought, sold = follow_ideas(catalog, write({}, {"more": "quantity = -2"})).outcomes
    crossing = (bought.profit + sold.profit / 2) / -2
    assert sold.cost == pytest.approx(-2 * (bought.cost - 2 * crossing))
    assert sold.at_risk == pytest.approx(2 * 20 + sold.cost)
    assert crossing > 0


def test_an_idea_beyond_the_data_is_open_and_says_what_would_settle_it(catalog, write):
    row = one(catalog, write({"expiry": "2026-06-18"}))
    assert (row.status, row.last) == ("open", DAYS[-1])
    assert row.value > 0
    assert (row.found, row.remedy) == ("closes of SPY end on 2026-05-29", "closes to 2026-06-18")


def test_an_unknown_symbol_is_no_data_with_the_line_that_would_bring_it(catalog, write):
    wrong, lost = follow_ideas(catalog, write({"symbol": "SPYY"}, {"symbol": "RKLB"})).outcomes
    assert wrong.found == "closes of SPYY: no dataset has them, only of SPY"
    assert lost.found == "closes of RKLB: no dataset has them"
    assert lost.remedy == "flowbt data import yahoo RKLB.csv --name rklb --symbol RKLB --publication close"
    assert np.isnan(lost.profit)


@pytest.mark.parametrize(
    ("date", "found"),
    [
        ("2026-04-11", "closes of SPY on 2026-04-11: dataset printed has no bar on it; the last before it is 2026-04-10"),
        ("2024-04-08", "closes of SPY on 2024-04-08: dataset adjusted has 2025-01-02 to 2026-05-29"),
    ],
)
def test_a_date_without_a_close_says_what_there_is(catalog, write, date, found):
    row = one(catalog, write({"date": date}))
    assert (row.status, row.found) == ("no data", found)


def test_a_volatility_that_ends_early_is_held_and_named(tmp_path, write):
    early = pd.concat([closes("SPY", SPY), closes("VIX", 20.0, DAYS).iloc[: DAYS.get_loc(pd.Timestamp("2026-04-20")) + 1]])
    store(tmp_path / "early", "prices", early, fields={"close": {}})
    row = one(Catalog((tmp_path / "early",)), write({}))
    assert row.stand_ins == ("volatility of 2026-04-20 held to the end",)
    assert row.status == "settled"


def test_a_coin_settles_at_eight_in_the_morning_of_its_expiry(catalog, write):
    row = one(catalog, write({"symbol": "BTC", "type": "call", "strikes": "[72000]", "expiry": "2026-04-24"}))
    assert row.last == pd.Timestamp("2026-04-24")  # 08:00 is a third into it
    assert row.value == pytest.approx(70000 + 100 * (53 + 1 / 3) - 72000, abs=30)  # the bridge is convex
    assert row.implied == "DVOL"


def test_settled_ideas_are_counted_by_conviction(catalog, write):
    ideas = (
        {"strikes": "[700, 660]", "more": "conviction = 5"},
        {"type": "call", "strikes": "[700]", "more": "conviction = 3"},
        {"expiry": "2026-06-18", "more": "conviction = 3"},
    )
    done = follow_ideas(catalog, write(*ideas))
    high, low = done.tallies
    assert (high.conviction, high.settled, high.paid) == (5, 1, 1)
    assert 0.2 < high.expected < 0.8
    assert (low.conviction, low.settled, low.paid, low.of_risk) == (3, 1, 0, pytest.approx(-1.0))
