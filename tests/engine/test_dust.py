"""What vectorbt's sums leave out is said to the last grain: nothing else is forgiven."""

import dataclasses

import numpy as np
import pytest
from tests.engine import cases

from flowbt.engine.simulate import simulate
from flowbt.engine.types import Account, Costs, Signals
from flowbt.engine.vbt.dust import flows_of, left_out
from flowbt.engine.vbt.reconcile import reconcile
from flowbt.ground.errors import ReconciliationError


def run(seed):
    case = cases.case(seed)
    return simulate(case.market.cut(case.first, case.last), cases.cut(case.decision, case.first, case.last), case.costs, case.account)


@pytest.mark.parametrize("seed", [5032, 6502, 6809, 7])  # three found by the ten thousand, where a bar's orders cancel to dust; and one where none do
def test_what_is_left_out_is_what_vectorbt_lacks(seed):
    book = run(seed)
    gone, flows = left_out(flows_of(book), np.array(book.carry), book.account.cash), flows_of(book)
    units = np.zeros(book.carry.shape)
    np.add.at(units, (flows.bar, flows.column), flows.units)
    lacks = units.cumsum(axis=0) - book.portfolio.assets().to_numpy()
    np.testing.assert_allclose(gone.held, lacks, rtol=1e-6, atol=1e-15 * np.abs(units).max() * len(units))
    assert bool(gone.held.any()) == (seed != 7)
    assert reconcile(book) < 1e-12


@pytest.mark.parametrize("seed", [5032, 6809])
def test_dust_that_no_sum_of_vectorbts_left_out_is_a_difference(seed):
    book = run(seed)
    value = book.value - 1.2e-9 * np.maximum(book.value.abs(), book.account.cash)
    with pytest.raises(ReconciliationError, match="value at"):
        reconcile(dataclasses.replace(book, value=value))


def test_a_move_that_vectorbt_takes_for_nothing_is_in_the_profit():
    m = cases.market(np.random.default_rng(1), bars=8, symbols=1)
    prices = {name: np.full((8, 1), 100.0) * np.where(np.arange(8) < 4, 1.0, 1 + 9e-10)[:, None] for name in ("open", "high", "low", "close")}
    m = dataclasses.replace(m, **prices)
    long = cases.frame(m, np.arange(8)[:, None] == 0)
    book = simulate(m, Signals(long=long, hold=5, size=6.0), Costs(0.0, 0.0, 0.0), Account(max_gross=6.0))
    assert book.portfolio.positions.values["pnl"][0] == 0.0
    assert book.trades["pnl"].iloc[0] == pytest.approx(5.4e-4, rel=1e-6)
    assert reconcile(book) < 1e-12
