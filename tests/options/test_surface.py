"""The surface: quotes given back, interpolation, calendar arbitrage ruled out, butterflies said, three numbers of a smile."""

import numpy as np
import pandas as pd
import pytest
from tests.options.test_market import AS_OF, chain

from flowbt.ground.errors import SourceError
from flowbt.options.implied import black_price
from flowbt.options.market import option_market
from flowbt.options.surface import VolSurface, butterfly, fit_surface, smile_at, total_variance


def smiling(vols: tuple[float, ...] = (0.2, 0.21), slope: float = -0.3) -> pd.DataFrame:
    """Two expiries with a slope in ln(K/F)."""
    table = chain(("2024-02-16 21:00", "2024-03-15 20:00"), carry=0.0, rate=0.0)
    years = (table["expiry"] - AS_OF) / pd.Timedelta(days=365)
    level = np.where(table["expiry"] == table["expiry"].min(), *vols)
    vol = level + slope * np.log(table["strike"] / 100) + 0.8 * np.log(table["strike"] / 100) ** 2
    price = black_price(100.0, table["strike"], years, vol, 1.0, table["call"])
    return table.assign(iv=vol, bid=price - 0.002, ask=price + 0.002)


def test_quotes_come_back_and_the_error_is_told() -> None:
    table = smiling()
    surface = fit_surface(option_market(table))
    assert surface.fit.rms < 0.1
    assert surface.fit.skipped == 0
    near = table[(table["expiry"] == table["expiry"].min()) & table["call"] & (table["strike"].between(92, 110))]
    np.testing.assert_allclose(surface.vol(near["strike"], surface.years[0]), near["iv"], atol=5e-4)


def test_between_expiries_variance_is_linear_in_time() -> None:
    surface = fit_surface(option_market(smiling()))
    half = surface.years.mean()
    assert surface.variance(0.03, half) == pytest.approx(surface.slices(0.03).mean())
    assert surface.at_the_money(1.0) != surface.at_the_money(1.0)  # before the first expiry there is none
    assert surface.vol(100.0, surface.years[0] / 2) == pytest.approx(float(surface.vol(100.0, surface.years[0])), rel=1e-3)


def test_a_calendar_arbitrage_in_the_quotes_is_not_in_the_surface() -> None:
    surface = fit_surface(option_market(smiling((0.4, 0.2))))
    k = np.linspace(-0.3, 0.3, 101)
    assert (np.diff(surface.slices(k), axis=0) >= 0).all()
    assert (total_variance(surface.params[1], k) < total_variance(surface.params[0], k)).any()
    assert surface.fit.lifted > 1.0


def test_butterfly_arbitrage_is_said() -> None:
    plain = fit_surface(option_market(smiling()))
    assert plain.arbitrage() == ()
    bent = VolSurface(**{**vars(plain), "params": np.array([[0.0, 0.9, -0.9, 0.0, 0.01]] * 2)})
    assert "butterfly at 42.0 days" in bent.arbitrage()[0]
    k = np.linspace(-1, 1, 401)
    assert (butterfly(k, np.full(401, 0.04)) == 1.0).all()


def test_three_numbers_of_a_smile() -> None:
    surface = fit_surface(option_market(smiling()))
    shape = smile_at(surface, 50.0)
    assert shape.level == pytest.approx(surface.at_the_money(50.0))
    assert shape.slope < 0 < shape.curve
    assert np.isnan(smile_at(surface, 400.0)).all()


def test_without_quotes_the_volatilities_are_fitted_and_too_few_strikes_are_refused() -> None:
    bare = smiling().assign(bid=np.nan, ask=np.nan)
    assert fit_surface(option_market(bare)).fit.rms < 0.1
    with pytest.raises(SourceError, match="no expiry has 5 usable strikes"):
        fit_surface(option_market(bare[bare["strike"].between(98, 102)]))
