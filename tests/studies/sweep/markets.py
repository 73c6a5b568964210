"""Random markets and strategies for the sweep's tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from tests.panels import TinyPanel

from flowbt.deferred import Tracer
from flowbt.engine.sweep.compiled import Stage
from flowbt.engine.sweep.space import Space
from flowbt.engine.sweep.sweeper import Sweeper
from flowbt.engine.types import Account, Costs, Market


def random_market(bars: int = 150, n: int = 2, seed: int = 0, gaps: bool = True) -> Market:
    """Bars with jumps; some opens and closes are missing; funding on every bar."""
    rng = np.random.default_rng(seed)
    index = pd.bdate_range("2020-01-01", periods=bars)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, (bars, n)), axis=0))
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0, 0.01, (bars, n)))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.01, (bars, n))))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.01, (bars, n))))
    if gaps:
        for _ in range(6):
            t, j = rng.integers(1, bars), rng.integers(n)
            for prices in (open_, high, low, close):
                prices[t, j] = np.nan
    symbols = tuple(f"S{j}" for j in range(n))
    return Market(index, symbols, open_, high, low, close, rng.normal(0, 1e-4, (bars, n)))


def panel_of(market: Market) -> TinyPanel:
    frame = pd.DataFrame(market.close, market.index, list(market.symbols))
    noise = pd.Series(np.random.default_rng(5).normal(0, 1, len(frame)), market.index)
    return TinyPanel({"close": frame, ("gex", "SPX"): noise})


def sweeper_of(function: Any, market: Market, grid: dict[str, Any], costs: Costs | None = None, account: Account | None = None) -> Sweeper:
    panel = panel_of(market)
    space = Space.of(grid)
    tracer = Tracer(function, panel, {name: values[0] for name, values in grid.items()})
    return Sweeper(tracer, space, Stage(market, market, 0), costs or Costs(), account or Account())
