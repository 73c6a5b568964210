"""backtesting.py's side of the sweep benchmark. The strategy class is at module level because its optimizer sends it to processes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from sweep_rivals import CASH, FEES, SLIPPAGE

from flowbt.engine.types import Market


class Momentum(Strategy):  # type: ignore[misc]
    window, level, hold, stop, take = 5, 0.02, 10, 0.05, 0.1

    def init(self) -> None:
        self.change = self.I(lambda c: pd.Series(c).pct_change(self.window).to_numpy(), self.data.Close)

    def next(self) -> None:
        for trade in self.trades:
            if len(self.data) - trade.entry_bar >= self.hold:
                trade.close()
        if not self.position and self.change[-1] >= self.level:
            price = self.data.Close[-1]
            self.buy(sl=price * (1 - self.stop), tp=price * (1 + self.take))


def optimize(market: Market, trials: dict[str, np.ndarray]) -> None:
    """Its own optimizer over the trials, which must form a grid."""
    frame = pd.DataFrame({"Open": market.open[:, 0], "High": market.high[:, 0], "Low": market.low[:, 0], "Close": market.close[:, 0]}, index=market.index)
    test = Backtest(frame, Momentum, cash=CASH, commission=FEES, spread=SLIPPAGE, finalize_trades=True)
    test.optimize(**{name: sorted(set(column.tolist())) for name, column in trials.items()}, maximize="Sharpe Ratio")
