"""Option structures: prices, strikes, expiries, and what they may and may not lose."""

import numpy as np
import pandas as pd
import pytest

from flowbt.engine.options import structures as st
from flowbt.engine.options.pricing import BarHours, days_of, expiry_of, follow, payoff, price_structure, worst_loss
from flowbt.engine.options.structures import delta, moneyness, strike
from flowbt.ground.clock import Clock
from flowbt.ground.errors import EngineError, SignalError

DAY = "2026-04-08"


@pytest.mark.parametrize("skew", [st.Skew(), st.Skew(-0.1, 0.02)])
def test_put_call_parity(skew):
    rng = np.random.default_rng(0)
    for spot, k, iv in zip(rng.uniform(50, 150, 100), rng.uniform(50, 150, 100), rng.uniform(5, 90, 100), strict=True):
        call, put = (build(iv, strike(k), expiry="2026-12-18").with_(rate=0.04, dividend=0.01, skew=skew) for build in (st.long_call, st.long_put))
        quotes = [price_structure(s, DAY, spot, iv) for s in (call, put)]
        years = quotes[0].table["days"].iloc[0] / 365
        assert quotes[0].net - quotes[1].net == pytest.approx(spot * np.exp(-0.01 * years) - k * np.exp(-0.04 * years), abs=1e-10)


@pytest.mark.parametrize("skew", [st.Skew(), st.Skew(-0.15, 0.03)])
@pytest.mark.parametrize("wanted", [0.05, 0.25, 0.5, 0.9])
def test_a_strike_by_delta_has_that_delta(wanted, skew):
    for build, sign in ((st.long_call, 1), (st.long_put, -1)):
        quote = price_structure(build(20, delta(wanted), days=45).with_(rate=0.03, skew=skew), DAY, 660.0, 22.0)
        assert quote.delta == pytest.approx(sign * wanted, abs=1e-9)


@pytest.mark.parametrize(("days", "cycle", "date"), [
    (0, "day", "2026-04-08"), (3, "day", "2026-04-13"), (7, "week", "2026-04-17"), (9, "month", "2026-04-17"), (10, "month", "2026-05-15"),
    (71, "month", "2026-06-18"), (86, "week", "2026-07-10"),
])  # fmt: skip
def test_expiries_follow_the_exchange_calendar(days, cycle, date):
    """Juneteenth (Friday 2026-06-19) moves the June expiry to Thursday; Friday 2026-07-03 is closed and July 3 is 86 days away."""
    leg = st.Leg("call", 1.0, moneyness(1.0), days=days)
    assert expiry_of(leg, pd.Timestamp(DAY), cycle, always=False) == pd.Timestamp(date)


def test_coins_expire_on_the_last_friday_at_eight():
    leg = st.Leg("call", 1.0, moneyness(1.0), days=20)
    assert expiry_of(leg, pd.Timestamp("2026-04-08"), "month", always=True) == pd.Timestamp("2026-05-29")
    hours, days = BarHours.of(Clock("24/7", "1h")), days_of(pd.date_range("2026-04-24", periods=24, freq="h"))
    assert hours.last_bar(days, pd.Timestamp("2026-04-24")) == 7
    assert hours.years(days, pd.Timestamp("2026-04-24"))[:9] * 365 * 24 == pytest.approx([7, 6, 5, 4, 3, 2, 1, 0, 0], abs=1e-6)


@pytest.mark.parametrize(("structure", "loss"), [
    (st.put_spread(20, strike(100), strike(90), days=30), "debit"),
    (st.call_spread(20, strike(100), strike(110), days=30), "debit"),
    (st.long_call(20, strike(100), days=30), "debit"),
    (st.calendar(20, strike(100), near=14, far=60), "debit"),
    (st.collar(20, strike(95), strike(105), days=30), "to the put"),
    (st.covered_call(20, strike(105), days=30), "all"),
])  # fmt: skip
def test_the_most_that_can_be_lost(structure, loss):
    quote = price_structure(structure, DAY, 100.0, 20.0)
    assert quote.loss == pytest.approx({"debit": quote.net, "to the put": 100 + quote.net - 95, "all": 100 + quote.net}[loss])


def test_naked_shorts_have_no_bound():
    quote = price_structure(st.straddle(20, days=30), DAY, 100.0, 20.0)
    sold = tuple(c._replace(quantity=-c.quantity) for c in quote.contracts)
    assert worst_loss(sold, -quote.net) == np.inf
    put_only = tuple(c for c in sold if c.kind == "put")
    assert worst_loss(put_only, -3.0) == pytest.approx(100 - 3)
    assert worst_loss(put_only, -0.03, coin=True) == np.inf


def test_payoff_of_a_collar_with_a_floor():
    quote = price_structure(st.collar(18, strike(6180), strike(6865), floor=strike(5210), expiry="2026-06-30"), "2026-03-31", 6500.0, 18.0)
    assert payoff(quote.contracts, [5000, 5210, 6000, 6180, 6500, 6865, 7500], 1.0) == pytest.approx([5970, 6180, 6180, 6180, 6500, 6865, 6865])


def test_followed_to_expiry_it_ends_at_intrinsic():
    index = pd.bdate_range("2026-04-08", "2026-05-01")
    spot = pd.Series(np.linspace(660, 640, len(index)), index)
    path = follow(st.put_spread(20, strike(670), strike(650), expiry="2026-04-17"), DAY, spot, pd.Series(20.0, index))
    assert (path.index[-1], path["settled"].iloc[-1], path["settled"].iloc[-2]) == (pd.Timestamp("2026-04-17"), True, False)
    assert path["value"].iloc[-1] == pytest.approx(670 - max(spot["2026-04-17"], 650), abs=1e-9)
    assert path["profit"].iloc[0] == pytest.approx(0.0, abs=1e-12)


def test_a_coin_option_pays_its_dollars_in_coin():
    quote = price_structure(st.long_call(60, strike(90_000), days=20).with_(coin=True), "2026-04-08", 88_000.0, 60.0, clock=Clock("24/7"))
    dollars = price_structure(st.long_call(60, strike(90_000), days=20), "2026-04-08", 88_000.0, 60.0, clock=Clock("24/7"))
    assert quote.net == pytest.approx(dollars.net / 88_000)
    index = pd.date_range("2026-04-08", "2026-05-08")
    path = follow(st.long_call(60, strike(90_000), days=20).with_(coin=True), DAY, pd.Series(100_000.0, index).where(index > "2026-04-10", 88_000.0),
                  pd.Series(60.0, index), clock=Clock("24/7"))  # fmt: skip
    assert path["value"].iloc[-1] == pytest.approx(10_000 / 100_000, abs=3e-4)  # eight hours into the last day


@pytest.mark.parametrize(("build", "error", "message"), [
    (lambda: st.long_call(20, strike(100)), SignalError, "neither or both of days and expiry"),
    (lambda: st.long_call(20, delta(1.2), days=3), SignalError, "delta of 1.2"),
    (lambda: st.Structure("bare", (st.Leg("underlying", 1.0),), 20), SignalError, "no option among its legs"),
    (lambda: st.covered_call(20, delta(0.2), days=30).with_(coin=True), SignalError, "the account is the coin"),
    (lambda: st.covered_call(20, delta(0.2), expiry="2026-06-18").with_(roll=True), SignalError, "a roll to a date"),
    (lambda: price_structure(st.long_put(20, strike(100), expiry="2026-04-01"), DAY, 100, 20), EngineError, "it expired on 2026-04-01"),
    (lambda: price_structure(st.long_put(20, strike(100), days=9), DAY, 100, float("nan")), SignalError, "volatility nan"),
])  # fmt: skip
def test_wrong_structures(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_a_structure_reads_as_words():
    text = str(st.put_spread(20, moneyness(0.98), delta(0.15), days=45))
    assert "long put 98.0% of spot, 45 days; short put 0.15 delta" in text
    assert "flat skew" in text
    assert "a spread by days and moneyness" in text
