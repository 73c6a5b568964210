"""The book of every run is vectorbt's, and agrees with ours; a wrong book is caught."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from tests.engine import cases

from flowbt.engine.simulate import simulate
from flowbt.engine.types import Signals
from flowbt.engine.vbt.reconcile import parts_of, reconcile
from flowbt.ground.errors import ReconciliationError


@pytest.mark.parametrize("seed", range(12))
def test_random_runs_reconcile(seed):
    rng = np.random.default_rng(seed)
    m = cases.market(rng, bars=200, vol=0.03 if seed % 2 else 0.1, missing=0.05 * (seed % 3), funding=True)
    decision = cases.targets(rng, m) if seed % 4 == 0 else cases.signals(rng, m)
    book = simulate(m, decision, *cases.terms(rng))
    assert len(book.orders) > 20
    assert reconcile(book) < 1e-9


@pytest.fixture
def book():
    rng = np.random.default_rng(3)
    m = cases.market(rng, funding=True)
    return simulate(m, cases.signals(rng, m))


@pytest.mark.parametrize(("column", "asked"), [("units", "units traded|value"), ("price", "value at"), ("fees", "value at")])
def test_a_wrong_order_is_caught(book, column, asked):
    orders = book.orders.copy()
    orders.loc[2, column] *= 1 + 1e-4
    with pytest.raises(ReconciliationError, match=asked):
        reconcile(dataclasses.replace(book, orders=orders))


def test_the_error_names_the_first_bar_and_the_amount(book):
    value = book.value.copy()
    value.iloc[7:] += 0.5
    with pytest.raises(ReconciliationError, match=rf"value at {book.value.index[7]:%Y-%m-%d}.*off by [0-9.]+e-06, 53 of 60"):
        reconcile(dataclasses.replace(book, value=value))


def test_a_wrong_trade_is_caught(book):
    trades = book.trades.copy()
    trades.loc[1, "pnl"] += 0.01
    with pytest.raises(ReconciliationError, match="profit of the trade entered"):
        reconcile(dataclasses.replace(book, trades=trades))


@pytest.mark.parametrize(("spoil", "asked"), [
    (lambda trades: trades.drop(index=1), r"trades of the two books: (\d+) here, (?!\1)\d+ in vectorbt"),
    (lambda trades: trades.assign(entry_price=trades["entry_price"] * 1.000001), "entry of the trade at"),
    (lambda trades: trades.assign(pnl=trades["pnl"] + trades["carry"]), "profit of the trade entered"),
])  # fmt: skip
def test_what_is_wrong_with_the_trades_is_named(book, spoil, asked):
    with pytest.raises(ReconciliationError, match=asked):
        reconcile(dataclasses.replace(book, trades=spoil(book.trades)))


def test_books_without_a_trade_or_with_one_bar_agree(book):
    never = cases.frame(book.market, np.zeros(book.market.close.shape, bool))
    assert reconcile(simulate(book.market, Signals(long=never))) == 0.0
    assert reconcile(simulate(book.market.cut(5, 6), Signals(long=never.iloc[5:6]))) == 0.0


def test_vectorbt_tells_what_each_symbol_paid_and_earned(book):
    portfolio, symbols = book.portfolio, list(book.market.symbols)
    profit = book.trades.groupby("symbol")["pnl"].sum()[symbols]
    assert portfolio.total_profit(group_by=False).to_numpy() == pytest.approx(profit.to_numpy(), rel=1e-9)
    assert portfolio.total_profit() == pytest.approx(profit.sum(), rel=1e-9)
    flow, orders = portfolio.cash_flow(group_by=False), book.orders
    spent = np.where(orders["side"] == "buy", 1, -1) * orders["notional"] + orders["fees"]
    assert -flow.sum().to_numpy() == pytest.approx((spent.groupby(orders["symbol"]).sum()[symbols] + book.carry.sum(axis=0)).to_numpy(), rel=1e-9)
    assert portfolio.cash_flow().sum() == pytest.approx(flow.sum().sum(), rel=1e-9)


def test_the_step_of_an_index_is_its_usual_one():
    from flowbt.engine.vbt.book import freq_of

    assert freq_of(pd.bdate_range("2024-01-01", periods=9)) == pd.Timedelta(days=1)
    assert freq_of(pd.date_range("2024-01-01", periods=2, freq="h")) == pd.Timedelta(hours=1)
    assert freq_of(pd.DatetimeIndex(["2024-01-01"])) == pd.Timedelta(days=1)


def test_profits_of_trades_add_up_to_the_change_of_equity(book):
    assert book.trades["pnl"].sum() == pytest.approx(book.value.iloc[-1] - book.account.cash, rel=1e-12)
    assert (1 + book.returns).prod() == pytest.approx(book.value.iloc[-1] / book.account.cash, rel=1e-12)


def test_carry_is_in_vectorbts_value_and_survives_a_copy(book):
    import vectorbt as vbt

    portfolio = book.portfolio.replace()
    assert isinstance(portfolio, vbt.Portfolio)
    assert book.carry.any()
    assert portfolio.final_value() == pytest.approx(book.value.iloc[-1], rel=1e-12)
    assert portfolio.value().to_numpy() == pytest.approx(book.value.to_numpy(), rel=1e-12)
    assert portfolio.stats(silence_warnings=True)["End Value"] == pytest.approx(book.value.iloc[-1], rel=1e-12)


def test_many_symbols_are_compared_in_parts_and_a_wrong_part_is_caught(monkeypatch):
    rng = np.random.default_rng(4)
    m = cases.market(rng, bars=200, symbols=7, funding=True)
    book = simulate(m, cases.signals(rng, m), *cases.terms(rng))
    monkeypatch.setattr("flowbt.engine.vbt.reconcile.MOST", 2 * 200)
    assert [len(part.market.symbols) for part in parts_of(book)] == [2, 2, 2, 1]
    assert reconcile(book) < 1e-9
    for most, parts in ((1, 7), (7 * 200 - 1, 2), (7 * 200, 1)):
        monkeypatch.setattr("flowbt.engine.vbt.reconcile.MOST", most)
        assert len(list(parts_of(book))) == parts
    assert next(parts_of(book)) is book
    monkeypatch.setattr("flowbt.engine.vbt.reconcile.MOST", 2 * 200)
    orders = book.orders.copy()
    orders.loc[len(orders) - 1, "price"] *= 1 + 1e-3
    with pytest.raises(ReconciliationError, match="value at"):
        reconcile(dataclasses.replace(book, orders=orders))
