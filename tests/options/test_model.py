"""The declared volatility models: what they are fitted by, their ends, and that the sign of a result that hangs on them is said."""

import numpy as np
import pandas as pd
import pytest

from flowbt.options.model import COIN, EQUITY, fitted
from flowbt.options.surface import butterfly
from flowbt.studies.run.option_terms import warning_of


def test_the_fit_gives_back_what_made_the_points() -> None:
    days, index = (grid.ravel() for grid in np.meshgrid([7, 14, 30, 60, 120], [12.0, 20.0, 30.0]))
    atm = index * EQUITY.ratio(index, days / 365)
    slope = EQUITY.slope + EQUITY.slope_term * np.log(days / 30)
    got = fitted(pd.DataFrame({"days": days, "index": index, "atm": atm, "slope": slope, "curve": EQUITY.curve}), EQUITY.usual, True)
    assert got["error"] < 0.01
    for name in ("level", "term", "tilt", "slope"):
        assert got[name] == pytest.approx(getattr(EQUITY, name), abs=0.02)


@pytest.mark.parametrize("model", [EQUITY, COIN])
def test_an_index_is_more_than_is_traded_at_the_money(model) -> None:
    middle = float(model.vol(model.usual, 100.0, 100.0, 30 / 365)) * 100 / model.usual
    assert 0.82 < middle < 0.98
    low, high = (float(model.end(s).vol(model.usual, 100.0, 100.0, 30 / 365)) * 100 / model.usual for s in (-1.0, 1.0))
    assert np.log([middle / low, high / middle]) == pytest.approx([model.error] * 2)


@pytest.mark.parametrize("model", [EQUITY, COIN])
def test_the_smile_has_no_butterfly(model) -> None:
    for days in (7, 30, 90, 365):
        k = np.linspace(-2.5, 2.5, 301) * 0.2 * np.sqrt(days / 365)
        w = model.vol(20.0 if model is EQUITY else 50.0, 100.0, 100 * np.exp(k), days / 365) ** 2 * days / 365
        assert butterfly(k, w).min() > -0.05


def test_widths_grow_with_distance_and_shrink_with_time() -> None:
    assert EQUITY.spread.at(20, 0.1) < EQUITY.spread.at(20, -0.7) < EQUITY.spread.at(20, 1.5)
    assert EQUITY.spread.at(50, 0.1) < EQUITY.spread.at(1, 0.1)
    assert COIN.spread.at(9000, 20) == COIN.spread.widths[-1][-1]


def test_a_sign_that_hangs_on_the_model_is_said() -> None:
    ends = [{"shift": s, "sharpe": x, "total_return": 0.0} for s, x in ((-1.0, -0.4), (0.0, 0.1), (1.0, 0.5))]
    assert "Sharpe -0.40 to 0.50" in warning_of({"model": "m", "band": ends, "greeks": {}})
    assert warning_of({"model": "m", "band": ends[1:] * 2, "greeks": {}}) == ""
    assert warning_of({"model": "", "band": [], "greeks": {}}) == ""
