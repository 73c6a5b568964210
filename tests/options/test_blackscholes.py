"""Black-Scholes: scipy's normal law, put-call parity, finite differences, the limits at expiry."""

import numpy as np
import pytest
from scipy.stats import norm

from flowbt.options import blackscholes as bs

RNG = np.random.default_rng(11)
N = 400
MARKET = bs.OptionTerms(
    RNG.uniform(80, 120, N), RNG.uniform(70, 130, N), RNG.uniform(0.01, 2, N), RNG.uniform(0.08, 0.9, N), RNG.uniform(-0.01, 0.06, N), RNG.uniform(0, 0.04, N)
)
CALL = RNG.random(N) < 0.5


def _bump(name: str, h: float) -> tuple[bs.OptionTerms, bs.OptionTerms]:
    return MARKET._replace(**{name: getattr(MARKET, name) + h}), MARKET._replace(**{name: getattr(MARKET, name) - h})


def test_price_is_the_discounted_expectation() -> None:
    o = bs.OptionTerms(100.0, 105.0, 0.5, 0.25, 0.03, 0.01)
    z = np.linspace(-12, 12, 400_001)
    final = o.spot * np.exp((o.rate - o.dividend - o.vol**2 / 2) * o.years + o.vol * np.sqrt(o.years) * z)
    expected = np.exp(-o.rate * o.years) * np.trapezoid(np.maximum(final - o.strike, 0) * norm.pdf(z), z)
    assert bs.price(o) == pytest.approx(expected, rel=1e-8)


def test_textbook_value() -> None:  # Hull's example: 42, 40, half a year, 20%, 10%
    assert bs.price(bs.OptionTerms(42, 40, 0.5, 0.2, 0.1)) == pytest.approx(4.76, abs=0.005)
    assert bs.price(bs.OptionTerms(42, 40, 0.5, 0.2, 0.1), call=False) == pytest.approx(0.81, abs=0.005)


def test_put_call_parity() -> None:
    forward = MARKET.spot * np.exp(-MARKET.dividend * MARKET.years) - MARKET.strike * np.exp(-MARKET.rate * MARKET.years)
    np.testing.assert_allclose(bs.price(MARKET) - bs.price(MARKET, False), forward, atol=1e-11)
    np.testing.assert_allclose(bs.delta(MARKET) - bs.delta(MARKET, False), np.exp(-MARKET.dividend * MARKET.years), atol=1e-13)


@pytest.mark.parametrize(
    ("greek", "of", "name", "h", "sign"),
    [("delta", "price", "spot", 1e-4, 1), ("vega", "price", "vol", 1e-5, 1), ("theta", "price", "years", 1e-5, -1), ("charm", "delta", "years", 1e-5, -1)],
)
def test_greeks_by_finite_differences(greek: str, of: str, name: str, h: float, sign: int) -> None:
    up, down = _bump(name, h)
    slope = sign * (getattr(bs, of)(up, CALL) - getattr(bs, of)(down, CALL)) / (2 * h)
    closed = bs.vega(MARKET) if greek == "vega" else getattr(bs, greek)(MARKET, CALL)
    np.testing.assert_allclose(closed, slope, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("greek", "name", "h"), [("gamma", "spot", 1e-4), ("vanna", "vol", 1e-5)])
def test_slopes_of_delta(greek: str, name: str, h: float) -> None:
    up, down = _bump(name, h)
    np.testing.assert_allclose(getattr(bs, greek)(MARKET), (bs.delta(up) - bs.delta(down)) / (2 * h), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dead", [{"years": 0.0}, {"years": -0.1}, {"vol": 0.0, "rate": 0.0, "dividend": 0.0}])
def test_limits_without_time_or_volatility(dead: dict[str, float]) -> None:
    o = MARKET._replace(**dead)
    np.testing.assert_allclose(bs.price(o), np.maximum(o.spot - o.strike, 0), atol=1e-12)
    np.testing.assert_array_equal(bs.delta(o, False), -1.0 * (o.spot < o.strike))
    for greek in (bs.gamma, bs.vega, bs.vanna, bs.charm):
        np.testing.assert_array_equal(greek(o), 0.0)


def test_missing_stays_missing() -> None:
    o = bs.OptionTerms(100.0, [90.0, 100.0], [0.5, np.nan], [np.nan, 0.2])
    for value in (bs.price(o), bs.delta(o), bs.gamma(o), bs.vega(o), bs.charm(o), bs.vanna(o), bs.theta(o)):
        assert np.isnan(value).all()
