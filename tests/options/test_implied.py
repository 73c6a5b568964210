"""Implied volatility: round trips over the whole range, bounds, monotonicity, what is missing, QuantLib's and published values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowbt.options.implied import black_price, implied_american, implied_volatility, volatility_twin
from flowbt.options.kernels.american import american_values
from flowbt.options.kernels.black import log_price

HOUR = 1 / 8760


def drawn(n: int, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Strike, years, volatility and price of the out-of-the-money option, on a forward of 1."""
    rng = np.random.default_rng(seed)
    strike, years, vol = (np.exp(rng.uniform(np.log(a), np.log(b), n)) for a, b in ((0.2, 5.0), (HOUR, 5.0), (0.03, 3.0)))
    log = np.array([log_price(-abs(np.log(k)), s) for k, s in zip(strike, vol * np.sqrt(years), strict=True)])
    return strike, years, vol, np.exp(log) * np.sqrt(strike)


def test_round_trip_over_strikes_and_times() -> None:
    strike, years, vol, price = drawn(30_000)
    known = price > 1e-300  # smaller numbers lose digits, and then there is no price
    found = implied_volatility(price, 1.0, strike, years, 1.0, strike >= 1.0)
    assert known.mean() > 0.6
    np.testing.assert_allclose(found[known], vol[known], rtol=0, atol=1e-10)


def test_price_of_the_kernel_is_blacks() -> None:
    strike, years, vol, price = drawn(2_000, seed=2)
    near = price > 1e-6
    np.testing.assert_allclose(price[near], black_price(1.0, strike, years, vol, 1.0, strike >= 1.0)[near], rtol=1e-9, atol=1e-15)


def test_equals_its_twin() -> None:
    strike, years, _, price = drawn(200, seed=3)
    for k, t, p in zip(strike[price > 1e-8], years[price > 1e-8], price[price > 1e-8], strict=True):
        assert float(implied_volatility(p, 1.0, k, t, 1.0, k >= 1.0)) == pytest.approx(volatility_twin(p, 1.0, k, t, 1.0, k >= 1.0), abs=1e-6)


# Hull, Options, Futures and Other Derivatives: S 42, K 40, r 10%, half a year, 20%: call 4.76, put 0.81
@pytest.mark.parametrize(("call", "price"), [(True, 4.7594), (False, 0.8086)])
def test_hulls_example(call: bool, price: float) -> None:
    discount = np.exp(-0.05)
    assert float(black_price(42 / discount, 40.0, 0.5, 0.2, discount, call)) == pytest.approx(price, abs=5e-5)
    assert float(implied_volatility(price, 42 / discount, 40.0, 0.5, discount, call)) == pytest.approx(0.2, abs=2e-5)


@pytest.mark.parametrize("strike", [40.0, 90.0, 100.0, 113.0, 260.0])
def test_quantlib_has_the_same_price_and_volatility(strike: float) -> None:
    ql = pytest.importorskip("QuantLib")
    kind, deviation = (ql.Option.Call if strike >= 100 else ql.Option.Put), 0.37 * np.sqrt(0.8)
    price = ql.blackFormula(kind, strike, 100.0, deviation, 0.96)
    assert float(black_price(100.0, strike, 0.8, 0.37, 0.96, strike >= 100)) == pytest.approx(price, rel=1e-11)
    assert float(implied_volatility(price, 100.0, strike, 0.8, 0.96, strike >= 100)) == pytest.approx(0.37, abs=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.3, 3.0), st.floats(0.01, 4.0), st.floats(0.05, 1.5), st.floats(0.7, 1.0))
def test_parity_bounds_and_monotonicity(strike: float, years: float, vol: float, discount: float) -> None:
    call, put = black_price(1.0, strike, years, vol, discount, np.array([True, False]))
    assert call - put == pytest.approx(discount * (1.0 - strike), abs=1e-14)
    assert discount * max(1.0 - strike, 0.0) <= call + 1e-15
    assert call <= discount
    assert black_price(1.0, strike, years, vol + 0.01, discount) >= call
    out = max(call, put) if discount * abs(1 - strike) < 1e-12 else (call if strike > 1 else put)
    if out > 1e-14:
        lower, same = implied_volatility(np.array([out * 0.99, out]), 1.0, strike, years, discount, strike > 1)
        assert lower < same == pytest.approx(vol, abs=1e-8)


def test_what_no_volatility_gives_is_missing() -> None:
    price = np.array([0.0, -1.0, 10.0, 9.0, 101.0, 100.0, np.nan, 5.0, 5.0])
    strike = np.array([100.0, 100.0, 90.0, 90.0, 90.0, 90.0, 100.0, 100.0, -1.0])
    years = np.array([1.0, 1, 1, 1, 1, 1, 1, 0.0, 1])
    assert np.isnan(implied_volatility(price, 100.0, strike, years)).all()
    assert implied_volatility(np.ones((2, 3)), 100.0, 100.0, 1.0).shape == (2, 3)


def american(strike, years, vol, rate, dividend, call):
    arrays = [np.atleast_1d(np.asarray(x, dtype=float)) for x in (100.0, strike, years, vol, rate, dividend)]
    return american_values(*arrays, np.atleast_1d(call))


def test_american_against_quantlibs_finite_differences() -> None:
    ql = pytest.importorskip("QuantLib")
    today, count = ql.Date(2, 1, 2024), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    flat = lambda rate: ql.YieldTermStructureHandle(ql.FlatForward(today, rate, count))  # noqa: E731
    vol = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.3, count))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(100.0)), flat(0.02), flat(0.06), vol)
    for strike, days, call in ((85.0, 200, False), (110.0, 200, False), (90.0, 400, True), (105.0, 30, True)):
        option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, strike), ql.AmericanExercise(today, today + days))
        option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, 400, 200))
        price, delta = american(strike, days / 365, 0.3, 0.06, 0.02, call)
        assert price[0] == pytest.approx(option.NPV(), abs=0.03)
        assert delta[0] == pytest.approx(option.delta(), abs=0.005)


def test_early_exercise_is_worth_something_only_where_it_pays() -> None:
    put, call = (american(120.0, 1.0, 0.2, 0.05, 0.0, side)[0][0] for side in (False, True))
    forward, discount = 100 * np.exp(0.05), np.exp(-0.05)
    assert put > float(black_price(forward, 120.0, 1.0, 0.2, discount, False)) + 1.0
    assert put >= 20.0
    assert call == pytest.approx(float(black_price(forward, 120.0, 1.0, 0.2, discount, True)), abs=1e-12)


def test_american_volatility_comes_back() -> None:
    forward, discount = 100 * np.exp(0.03), np.exp(-0.05)
    price, _ = american(95.0, 1.0, 0.27, 0.05, 0.02, False)
    assert implied_american(price, forward, 95.0, 1.0, 100.0, discount, False)[0] == pytest.approx(0.27, abs=1e-6)
    assert implied_volatility(price, forward, 95.0, 1.0, discount, False)[0] > 0.2701  # a European one would need more
