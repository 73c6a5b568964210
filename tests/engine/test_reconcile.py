"""The book of every run is vectorbt's, and agrees with ours; a wrong book is caught."""

import dataclasses

import numpy as np
import pytest
from tests.engine import cases

from flowbt.engine.simulate import simulate
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
    assert len(list(parts_of(book))) == 4
    assert reconcile(book) < 1e-9
    orders = book.orders.copy()
    orders.loc[len(orders) - 1, "price"] *= 1 + 1e-3
    with pytest.raises(ReconciliationError, match="value at"):
        reconcile(dataclasses.replace(book, orders=orders))
