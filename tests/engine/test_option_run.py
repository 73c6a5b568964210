"""Structures traded by signals: the book, the bounds, the rules, and the one known profit of a hedged straddle."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from flowbt.engine.options import structures as st
from flowbt.engine.options.pricing import Contract, settled
from flowbt.engine.options.structures import moneyness, strike
from flowbt.engine.simulate import simulate
from flowbt.engine.types import Account, Costs, Market, Signals
from flowbt.engine.vbt.reconcile import reconcile
from flowbt.ground.clock import Clock
from flowbt.ground.errors import SignalError
from flowbt.options import blackscholes as bs
from flowbt.options.model import EQUITY

DAY = pd.Timestamp("2026-01-10")
FREE = Costs(fees=0.0, slippage=0.0, borrow=0.0)


def market(prices, start="2026-01-05", symbols=("A",), clock=None):
    """Sessions from `start`, opening at the close before; the bar spans both."""
    close = np.asarray(prices, float).reshape(len(prices), len(symbols))
    opened = np.vstack([close[:1], close[:-1]])
    index = pd.bdate_range(start, periods=len(close)) if clock is None else pd.date_range(start, periods=len(close))
    return Market(index, symbols, opened, np.maximum(opened, close), np.minimum(opened, close), close, np.zeros(close.shape), clock or Clock())


def walk(seed, bars, vol=0.2, **more):
    rng = np.random.default_rng(seed)
    return market(100 * np.exp(np.cumsum(rng.normal(-(vol**2) / 504, vol / np.sqrt(252), bars))), **more)


def when(m, *bars):
    out = pd.DataFrame(False, m.index, list(m.symbols))
    out.iloc[list(bars)] = True
    return out


def some(m, seed, share=0.05):
    return pd.DataFrame(np.random.default_rng(seed).random(m.close.shape) < share, m.index, list(m.symbols))


STRUCTURES = [
    st.long_call(25, st.delta(0.4), days=30), st.put_spread(25, moneyness(1.0), moneyness(0.95), days=30),
    st.calendar(25, moneyness(1.0), near=10, far=45), st.covered_call(25, st.delta(0.25), days=20),
    st.collar(25, moneyness(0.95), moneyness(1.05), days=20),
    st.straddle(25, days=20).with_(hedge=True), st.straddle(25, days=30).with_(roll=True, roll_days=7),
]  # fmt: skip


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_every_structure_reconciles_with_vectorbt(structure):
    m = walk(1, 250, vol=0.3)
    decision = Signals(long=some(m, 1), short=some(m, 2), exit=some(m, 3, 0.02), hold=40, stop=0.9, structure=structure)
    book = simulate(m, decision, Costs(borrow=0.01))
    assert len(book.legs) > 15
    assert reconcile(book) < 1e-9
    assert book.trades["pnl"].sum() == pytest.approx(book.value.iloc[-1] - 100_000, rel=1e-9)
    assert book.legs["pnl"].sum() == pytest.approx(book.trades["pnl"].sum(), rel=1e-9)
    assert book.legs["structure"].nunique() == len(book.trades) < len(book.legs) + 1


def test_expiry_equals_intrinsic():
    m = market(np.linspace(100, 94, 30))
    book = simulate(m, Signals(long=when(m, 0), structure=st.put_spread(20, strike(98), strike(90), expiry="2026-01-30")), FREE)
    last = m.index.get_loc("2026-01-30")
    settled = book.orders[book.orders["reason"] == "expiry"]
    assert settled["bar"].tolist() == [last, last]
    assert settled["price"].tolist() == [pytest.approx(98 - m.close[last, 0]), pytest.approx(0.0, abs=1e-9)]
    assert settled["fees"].sum() == 0.0
    assert book.value.iloc[last:].nunique() == 1


def test_an_expiry_that_the_data_skip_settles_at_the_last_close_before_it():
    full = market(np.linspace(100, 94, 30))
    m = Market(full.index.delete(19), full.symbols, *(np.delete(getattr(full, n), 19, axis=0) for n in ("open", "high", "low", "close", "funding")))
    book = simulate(m, Signals(long=when(m, 0), structure=st.long_put(20, strike(98), expiry="2026-01-30")), FREE)
    assert book.orders["price"].iloc[-1] == pytest.approx(98 - m.close[18, 0])
    assert reconcile(book) < 1e-9


def test_a_debit_spread_never_loses_more_than_its_debit_and_costs():
    spread = st.put_spread(30, moneyness(1.0), moneyness(0.94), days=21)
    for seed in range(8):
        m = walk(seed, 300, vol=0.4)
        done = simulate(m, Signals(long=some(m, seed, 0.2), size=0.03, structure=spread)).trades
        assert len(done) > 5
        assert (done["pnl"] >= -done["money"] * (1 + 1e-9)).all()
        assert (done["return"] < -0.99).any()


def test_a_sold_spread_never_loses_more_than_its_width_less_the_credit():
    m = walk(4, 500, vol=0.5)
    spread = st.put_spread(30, moneyness(1.0), moneyness(0.94), days=21)
    done = simulate(m, Signals(short=some(m, 5, 0.2), size=0.05, structure=spread)).trades
    assert done["return"].min() == pytest.approx(-1.0, abs=1e-6)


def test_fills_cross_their_part_of_the_spread():
    m = market([100.0] * 12)
    bought = {cross: simulate(m, Signals(long=when(m, 0), hold=5, structure=st.long_put(20, strike(100), days=30).with_(spread=0.1, cross=cross)), FREE)
              for cross in (0.0, 0.5)}  # fmt: skip
    fair, paid = (book.orders["price"].to_numpy() for book in bought.values())
    assert paid == pytest.approx(fair * [1.05, 0.95], rel=1e-12)
    assert bought[0.5].orders["slippage"].to_numpy() == pytest.approx(bought[0.5].orders["units"] * fair * 0.05)


def test_nothing_of_the_entry_bar_or_later_is_known_at_its_fill():
    iv = pd.Series(20.0, walk(0, 60).index)
    entry = []
    for change in (0.0, 30.0):
        m = walk(0, 60)
        moved = np.where(np.arange(60)[:, None] < 10, 0.0, change)
        m = replace(m, close=m.close + moved, high=m.high + moved, low=m.low - moved)
        later = iv.where(np.arange(60) < 10, 20.0 + change)
        book = simulate(m, Signals(long=when(m, 9), hold=5, structure=st.straddle(later, days=20)), FREE)
        entry.append(book.orders.iloc[:2][["bar", "symbol", "price", "units"]].values.tolist())
    assert entry[0] == entry[1]
    assert entry[0][0][0] == 10


def test_a_delta_hedged_short_straddle_earns_implied_minus_realised_variance():
    """The textbook profit of a hedged option: the sum of gamma x spot^2 / 2 x (implied variance x time - squared return) over its bars."""
    short = st.straddle(30, strike(100), days=150).with_(hedge=True, cross=0.0, tick=0.0)
    earned, expected = [], []
    for seed in range(60):
        m = walk(seed, 50, vol=0.2)
        book = simulate(m, Signals(short=when(m, 0), size=0.5, structure=short), FREE)
        expiry = pd.Timestamp(book.market.symbols[1].split()[1])
        spot = np.append(m.open[1:, 0], m.close[-1, 0])  # the hedge is set at each open; the last mark is at the close
        years = np.append(((expiry - m.index[1:]).days + 6.5 / 24) / 365, (expiry - m.index[-1]).days / 365)
        gamma = 2 * bs.gamma(bs.OptionTerms(spot[:-1], 100.0, years[:-1], 0.30))
        excess = 0.09 * spot[:-1] ** 2 * -np.diff(years) - np.diff(spot) ** 2
        expected.append(book.orders["units"].iloc[0] * (0.5 * gamma * excess).sum())
        earned.append(book.value.iloc[-1] - 100_000)
    assert np.mean(expected) > 500
    assert np.mean(earned) == pytest.approx(np.mean(expected), rel=0.03)
    assert np.corrcoef(earned, expected)[0, 1] > 0.99


def test_a_hedge_band_trades_less():
    m = walk(5, 80)
    orders = [
        simulate(m, Signals(short=when(m, 0), structure=st.straddle(20, strike(100), days=150).with_(hedge=True, hedge_band=band))).orders
        for band in (0.0, 0.2)
    ]
    hedges = [int((o["reason"] == "hedge").sum()) for o in orders]
    assert hedges[0] > 70 > 15 > hedges[1] > 0


def test_rolls_keep_the_underlying_and_replace_the_option():
    m = walk(3, 120)
    book = simulate(m, Signals(long=when(m, 0), size=1.0, structure=st.covered_call(20, st.delta(0.25), days=21)), FREE)
    shares, calls = (book.legs[book.legs["symbol"].eq("A") == own] for own in (True, False))
    assert (len(shares), len(calls)) == (1, 8)  # each runs 21 days or more from the expiry before
    assert (calls["entry_bar"].to_numpy()[1:] == calls["exit_bar"].to_numpy()[:-1] + 1).all()
    assert shares["reason"].tolist() == ["open"]
    assert set(calls["reason"].iloc[:-1]) == {"expiry"}
    assert calls["units"].nunique() == 1
    assert book.trades["reason"].tolist() == ["open"]


def test_stop_take_and_early_exits_act_at_the_open_after_the_close_that_called_for_them():
    m = market([100, 100, 100, 97, 92, 92, 92, 92, 92, 92])
    put = st.long_put(20, strike(100), days=60)
    taken = simulate(m, Signals(long=when(m, 0), take=0.5, structure=put), FREE).orders
    assert taken[["bar", "reason"]].values.tolist() == [[1, "entry"], [5, "take"]]
    call = st.long_call(20, strike(100), days=60)
    assert simulate(m, Signals(long=when(m, 0), stop=0.5, structure=call), FREE).orders["reason"].tolist() == ["entry", "stop"]
    early = simulate(m, Signals(long=when(m, 0), structure=call.with_(roll_days=57)), FREE).orders
    assert early["reason"].tolist() == ["entry", "early"]


def test_a_sold_straddle_is_liquidated_before_equity_is_gone():
    m = market([100.0] * 3 + [100 + 12 * k for k in range(1, 20)])
    book = simulate(m, Signals(short=when(m, 0), size=1.0, structure=st.straddle(20, days=60)), FREE, Account(margin=0.3))
    assert set(book.trades["reason"]) == {"liquidation"}
    assert book.value.iloc[-1] > 50_000


def test_partial_exit_reduces_every_leg():
    m = market([100.0] * 12)
    leave = pd.DataFrame({"A": np.where(np.arange(12) == 4, 0.5, 0.0)}, m.index)
    orders = simulate(m, Signals(long=when(m, 0), exit=leave, structure=STRUCTURES[1]), FREE).orders
    assert orders["reason"].tolist() == ["entry", "entry", "partial", "partial"]
    assert orders["units"].iloc[2:].to_numpy() == pytest.approx(orders["units"].iloc[:2] / 2)


def test_a_coin_account_sells_calls_settled_in_coin():
    m = market(np.linspace(80_000, 120_000, 40), symbols=("BTC",), clock=Clock("24/7"))
    sold = st.long_call(60, moneyness(1.05), days=7).with_(coin=True, by="notional")
    book = simulate(m, Signals(short=when(m, 0), size=1.0, structure=sold), FREE, Account(cash=2.0))
    trade = book.legs.iloc[0]
    k = float(trade["symbol"].split()[2][1:])
    spot = m.open[trade["exit_bar"], 0] ** (2 / 3) * m.close[trade["exit_bar"], 0] ** (1 / 3)  # at 08:00
    assert (trade["reason"], trade["units"]) == ("expiry", pytest.approx(2.0))
    assert trade["exit_label"] == pd.Timestamp(trade["symbol"].split()[1])  # in the bar of its expiry, not the one before
    assert trade["exit_price"] == pytest.approx((spot - k) / spot, abs=1e-3)
    assert reconcile(book) < 1e-9


def test_a_structure_is_one_trade_with_its_net_prices():
    m = market(np.linspace(100, 90, 12))
    book = simulate(m, Signals(long=when(m, 0), hold=5, size=0.1, structure=STRUCTURES[1]), Costs(fees=0.001))
    trade, (upper, lower) = book.trades.iloc[0], (book.legs.iloc[k] for k in (0, 1))
    assert (len(book.trades), trade["symbol"], trade["side"], trade["reason"], trade["bars"]) == (1, "A", "long", "hold", 5)
    assert trade["entry_price"] == pytest.approx(upper["entry_price"] - lower["entry_price"])
    assert trade["exit_price"] == pytest.approx(upper["exit_price"] - lower["exit_price"])
    assert trade["return"] == pytest.approx(trade["pnl"] / 10_000)


def test_no_signal_gives_an_empty_book():
    m = market([100.0] * 5)
    book = simulate(m, Signals(long=when(m), structure=STRUCTURES[0]))
    assert (len(book.trades), len(book.legs), reconcile(book)) == (0, 0, 0.0)


def test_missing_volatility_takes_no_entry_and_none_at_all_is_an_error():
    m = market([100.0] * 10)
    iv = pd.Series(20.0, m.index).where(np.arange(10) >= 4)
    orders = simulate(m, Signals(long=when(m, 0, 6), structure=st.long_put(iv, strike(100), days=30)), FREE).orders
    assert orders["bar"].tolist() == [7]
    with pytest.raises(SignalError, match="implied volatility for long put: no value on the labels traded"):
        simulate(m, Signals(long=when(m, 0), structure=st.long_put(iv * np.nan, strike(100), days=30)))
    with pytest.raises(SignalError, match="a trail on an option structure"):
        simulate(m, Signals(long=when(m, 0), trail=0.1, structure=STRUCTURES[0]))


def test_a_24_7_option_settles_at_eight_on_the_path_between_the_bars_ends():
    calm, deviation = settled(Contract("call", 95.0, DAY, 1.0), (100.0, 100.0), 1 / 3, 0.0), 0.6 * np.sqrt(1 / 365)
    assert calm == (pytest.approx(5.0), pytest.approx(100.0))
    rng, k = np.random.default_rng(1), 101.0
    early = rng.normal(0, deviation * np.sqrt(1 / 3), 400_000)
    late = early + rng.normal(0, deviation * np.sqrt(2 / 3), 400_000)
    near = np.abs(late - np.log(1.02)) < 0.001  # days that closed 2% up
    expected = np.maximum(100 * np.exp(early[near]) - k, 0).mean()
    assert settled(Contract("call", k, DAY, 1.0), (100.0, 102.0), 1 / 3, deviation)[0] == pytest.approx(expected, rel=0.05)


def test_a_hedge_goes_with_the_option_it_hedged():
    m = market(np.linspace(100, 110, 12), symbols=("BTC",), clock=Clock("24/7"))
    book = simulate(m, Signals(long=when(m, 0), structure=st.long_call(50, moneyness(1.0), expiry="2026-01-10").with_(hedge=True)), FREE)
    last = book.orders[book.orders["reason"] == "expiry"]
    assert last["label"].unique().tolist() == [pd.Timestamp("2026-01-10")]
    assert set(last["symbol"].str[:3]) == {"BTC"}
    assert len(last) == 2
    assert reconcile(book) < 1e-9


def test_index_monthlies_settle_at_the_open():
    m = market(np.r_[np.full(9, 100.0), np.linspace(100, 120, 5)], symbols=("SPX",))
    book = simulate(m, Signals(long=when(m, 0), structure=st.long_call(20, strike(95), days=5).with_(cycle="month")), FREE)
    bar = book.legs["exit_bar"].iloc[0]
    assert m.index[bar] == pd.Timestamp("2026-01-16")
    assert book.legs["exit_price"].iloc[0] == pytest.approx(m.open[bar, 0] - 95)


def test_an_index_is_scaled_and_a_number_is_not():
    m = walk(3, 60, symbols=("SPY",))
    vix = pd.Series(20.0, m.index)
    number, index = (simulate(m, Signals(long=when(m, 0), structure=st.straddle(iv, days=30)), FREE).legs["entry_price"].sum() for iv in (20, vix))
    assert index / number == pytest.approx(float(EQUITY.ratio(20.0, 30 / 365)), abs=0.03)
    assert 0.8 < index / number < 0.95


def test_american_puts_are_worth_their_early_exercise():
    m = walk(5, 80, symbols=("SPY",))
    put = st.long_put(20, strike(130), days=60).with_(rate=0.05)
    paid = [simulate(m, Signals(long=when(m, 0), structure=one), FREE).legs["entry_price"].iloc[0] for one in (put, put.with_(american=False))]
    assert paid[0] > paid[1] + 0.5
    assert paid[0] >= 130 - m.open[1, 0]


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_the_greeks_add_up_to_the_result(structure):
    m = walk(4, 200, vol=0.3)
    book = simulate(m, Signals(long=some(m, 1), short=some(m, 2), exit=some(m, 3, 0.02), hold=40, structure=structure), Costs(borrow=0.01))
    change = book.value.diff().fillna(book.value.iloc[0] - 100_000)
    np.testing.assert_allclose(book.greeks.sum(axis=1), change, atol=1e-6)
    assert book.greeks["costs"].sum() == pytest.approx(-book.flows.sum().sum())


def test_funding_is_a_cost_once() -> None:
    m = market(np.linspace(100, 110, 40), symbols=("BTC",), clock=Clock("24/7"))
    m = replace(m, funding=np.full(m.close.shape, 1e-3))
    book = simulate(m, Signals(short=when(m, 0), structure=st.straddle(50, days=30).with_(hedge=True)), FREE)
    spent = book.flows.sum().sum()
    assert book.greeks["costs"].sum() == pytest.approx(-spent)
    assert abs(book.flows["funding"].sum()) > 0


def test_a_hedged_straddle_earns_gamma_less_theta():
    m = walk(4, 120, vol=0.3)
    book = simulate(m, Signals(long=when(m, 0), structure=st.straddle(20, days=120).with_(hedge=True)), FREE)
    parts = book.greeks.iloc[:60].sum()
    assert parts["gamma"] > -parts["theta"] > 0  # realised 30, paid 20
    assert abs(parts["delta"]) < 0.3 * parts["gamma"]
    assert abs(parts["residual"]) < 0.1 * parts["gamma"]


def test_an_index_option_of_another_date_settles_at_the_close():
    m = market(np.linspace(100, 120, 30), symbols=("SPX",))
    book = simulate(m, Signals(long=when(m, 0), structure=st.long_call(20, strike(95), expiry="2026-01-30").with_(cycle="month")), FREE)
    bar = book.legs["exit_bar"].iloc[0]
    assert book.legs["exit_price"].iloc[0] == pytest.approx(m.close[bar, 0] - 95)
