"""Chances of a structure before the fact: against closed forms, and against a history that is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from flowbt.engine.options import structures as st
from flowbt.engine.options.chances import Held, chances, implied_distribution
from flowbt.engine.options.pricing import Contract, volatility
from flowbt.engine.options.structures import declared, strike
from flowbt.options.implied import black_price

EXPIRY = pd.Timestamp("2026-05-15")
FLAT = declared(st.long_call(20, strike(105), expiry="2026-05-15"), False, ("SPX",))
CALL = Contract("call", 105.0, EXPIRY, 1.0)


def test_the_chance_under_a_flat_surface_is_the_lognormals() -> None:
    held, deviation = Held((CALL,), 0.0, 1.0, 2.0), 0.2 * 0.25**0.5
    got = chances(FLAT, held, (100.0, 20.0, 0.25), pd.Series([100.0]), 60)
    assert got.surface == pytest.approx(norm.cdf((np.log(100 / 107) - deviation**2 / 2) / deviation), abs=2e-3)
    assert np.isnan(got.history)


def test_a_fair_price_earns_nothing_under_the_surface_that_made_it() -> None:
    for iv in (20, pd.Series([20.0])):
        structure = declared(st.long_call(iv, strike(105), expiry="2026-05-15"), False, ("SPX",))
        spots, weight = implied_distribution(structure, (100.0, 20.0, 0.25))
        assert weight @ spots == pytest.approx(100.0, abs=0.05)
        vol = float(volatility(20.0, 100.0, 105.0, 0.25, structure.model))
        assert weight @ np.maximum(spots - 105, 0) == pytest.approx(float(black_price(100.0, 105.0, 0.25, vol)), rel=0.01)
        assert weight.sum() == pytest.approx(1.0)
    sold = chances(FLAT, Held((CALL,), 0.0, -1.0, -2.0), (100.0, 20.0, 0.25), pd.Series([100.0]), 60)
    bought = chances(FLAT, Held((CALL,), 0.0, 1.0, 2.0), (100.0, 20.0, 0.25), pd.Series([100.0]), 60)
    assert sold.surface_mean == pytest.approx(-bought.surface_mean)


def test_history_counts_the_moves_before() -> None:
    closes = pd.Series(100.0 * 1.01 ** np.arange(400))  # every move over 10 bars is +10.46%
    got = chances(FLAT, Held((CALL,), 0.0, 1.0, 2.0), (100.0, 20.0, 0.04), closes, 10)
    assert got.history == 1.0
    assert got.history_mean == pytest.approx(100 * 1.01**10 - 105 - 2)
    assert np.isnan(chances(FLAT, Held((CALL,), 0.0, 1.0, 2.0), (100.0, 20.0, 0.04), closes[:200], 10).history)


def test_several_expiries_have_no_telling() -> None:
    held = Held((CALL, CALL._replace(expiry=pd.Timestamp("2026-06-19"))), 0.0, 1.0, 2.0)
    assert np.isnan(chances(FLAT, held, (100.0, 20.0, 0.25), pd.Series([100.0]), 60)).all()
