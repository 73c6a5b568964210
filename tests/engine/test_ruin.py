"""An account that has lost everything earns nothing more, and enters nothing more."""

import numpy as np
import pytest
from tests.engine.test_events import FREE, flat, market, when

from flowbt.engine.simulate import simulate
from flowbt.engine.types import Signals


@pytest.fixture(scope="module")
def ruined():
    m = flat(10, 10, 35, 36, 30, 40)  # a short of all the equity, and a gap to three and a half times the price
    return simulate(m, Signals(short=when(m, 0, 3), size=1.0), FREE)


def test_a_gap_can_take_more_than_everything(ruined):
    assert ruined.value.iloc[2] == pytest.approx(100_000 * (1 - 2.5))
    assert ruined.returns.iloc[2] == pytest.approx(-2.5)
    assert ruined.orders["reason"].tolist() == ["entry", "liquidation"]


def test_after_it_there_is_no_return_and_no_trade(ruined):
    assert (ruined.returns.iloc[3:] == 0.0).all()
    assert np.isfinite(ruined.returns).all()
    assert len(ruined.trades) == 1
    assert (ruined.value.iloc[2:] == ruined.value.iloc[2]).all()


def test_what_is_still_held_moves_the_value_but_is_no_return_on_nothing():
    prices = [(10, 10), (10, 10), (45, 10), (45, 12), (45, 9)]  # A takes everything, B is held on
    m = market([[(a,) * 4, (b,) * 4] for a, b in prices], symbols=("A", "B"))
    book = simulate(m, Signals(short=when(m, 0, symbol="A"), long=when(m, 0, symbol="B"), size=0.5), FREE)
    assert book.value.tolist() == pytest.approx([100_000, 100_000, -75_000, -65_000, -80_000])
    assert book.returns.tolist() == pytest.approx([0.0, 0.0, -1.75, 0.0, 0.0])
