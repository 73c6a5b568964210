import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features.expiries import iv_term_slope, strike_concentration
from flowbt.ground.clock import Clock
from flowbt.ground.errors import SourceError

DAYS = pd.date_range("2024-01-01", periods=50, freq="D")


def chain(rows):
    return pd.DataFrame(rows, columns=["strike", "right", "open_interest"]).assign(call=lambda t: t["right"] == "C")


def test_concentration_of_four_equal_strikes_is_a_quarter():
    found = strike_concentration(chain([(90, "C", 5), (100, "C", 5), (110, "P", 5), (120, "P", 5)]), spot=100)
    assert found.herfindahl == pytest.approx(0.25)
    assert found.near_share == pytest.approx(0.25)


def test_max_pain_is_where_holders_are_paid_least():
    rng = np.random.default_rng(4)
    rows = [(k, right, rng.integers(0, 100)) for k in range(80, 121, 5) for right in "CP"]
    paid = {s: sum(oi * max(s - k if r == "C" else k - s, 0) for k, r, oi in rows) for s in range(80, 121, 5)}
    assert strike_concentration(chain(rows), 100).max_pain == min(paid, key=paid.get)


def test_a_chain_without_open_interest_has_no_concentration():
    assert np.isnan(strike_concentration(chain([(90, "C", 0), (95, "P", np.nan)]), 100)).all()


def test_a_chain_without_its_columns_is_refused():
    with pytest.raises(SourceError, match="open_interest"):
        strike_concentration(pd.DataFrame({"strike": [1.0], "call": [True]}), 1.0)


def test_iv_slope_is_positive_when_the_near_term_is_dearer():
    wide = pd.DataFrame({"BTC": 70.0}, index=DAYS)
    panel = TinyPanel({"iv_7d": wide, "iv_30d": wide - 15}, symbols=("BTC",))
    assert (iv_term_slope(panel)["BTC"] == 15).all()


def test_without_chains_realised_less_dvol_stands_in():
    close = pd.DataFrame({"BTC": 100 * 1.02 ** np.arange(50)}, index=DAYS)
    panel = TinyPanel({"close": close, ("close", "DVOL"): pd.Series(30.0, DAYS)}, symbols=("BTC",), clock=Clock("24/7"))
    expected = 100 * np.log(1.02) * np.sqrt(365) - 30
    assert iv_term_slope(panel)["BTC"].iloc[-1] == pytest.approx(expected)
    assert panel.stand_ins == [("close", "DVOL")]
