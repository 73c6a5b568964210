"""How far a trade went against its holder and for him."""

import numpy as np
import pandas as pd
import pytest

from flowbt.engine.types import Market
from flowbt.studies.run.excursions import excursions

DAYS = pd.bdate_range("2024-01-01", periods=4)
OPEN, HIGH, LOW, CLOSE = (np.array(row, float)[:, None] for row in ([10, 11, 12, 9], [11, 13, 14, 20], [9, 10, 11, 2], [11, 12, 13, 9]))
MARKET = Market(DAYS, ("A",), OPEN, HIGH, LOW, CLOSE, np.zeros((4, 1)), 252)


def trade(side, reason, exit_bar=3, exit_price=9.0):
    row = {"symbol": "A", "side": side, "entry_bar": 0, "exit_bar": exit_bar, "entry_price": 10.0, "exit_price": exit_price, "reason": reason}
    return pd.DataFrame([row])


@pytest.mark.parametrize(("side", "mae", "mfe"), [("long", -0.1, 0.4), ("short", -0.4, 0.1)])
def test_a_trade_left_at_the_open_has_not_seen_that_bar(side, mae, mfe):
    found = excursions(trade(side, "hold"), MARKET).iloc[0]
    assert (found.mae, found.mfe) == pytest.approx((mae, mfe))


def test_a_stop_inside_the_bar_counts_its_range():
    found = excursions(trade("long", "stop"), MARKET).iloc[0]
    assert (found.mae, found.mfe) == pytest.approx((-0.8, 1.0))


def test_missing_prices_and_other_symbols():
    assert excursions(trade("long", "hold").assign(symbol="B"), MARKET).isna().all(axis=None)
    assert excursions(trade("long", "hold").iloc[:0], MARKET).empty
