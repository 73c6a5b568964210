"""How far each trade went against its holder and for him before it was closed: maximum adverse and favourable excursion."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.engine.types import Array, Market
from flowbt.engine.walk.kernel import Ints

INSIDE = ("stop", "trail", "take", "liquidation", "open")  # left inside a bar, or not yet; every other reason fills at an open


def excursions(trades: pd.DataFrame, market: Market) -> pd.DataFrame:
    """`mae` and `mfe` of each trade as fractions of its entry price, from the highs and lows of the bars it was held in.

    `mae` <= 0 <= `mfe`. The entry bar counts whole; of the exit bar only the exit price, where the trade left at its open. An open trade is followed to
    the last bar. Missing highs and lows are passed over; NaN for a symbol the market does not have. Not for option structures: their prices are not
    those of the bars.
    """
    first, last = trades["entry_bar"].to_numpy(int), trades["exit_bar"].to_numpy(int) + trades["reason"].isin(INSIDE).to_numpy()
    entry, left = trades["entry_price"].to_numpy(float), trades["exit_price"].to_numpy(float)
    low, high = np.fmin(entry, left), np.fmax(entry, left)
    column = pd.Index(market.symbols).get_indexer(pd.Index(trades["symbol"].astype(str)))
    order = np.argsort(column, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(column[order])) + 1) if len(order) else []:
        if (k := column[rows[0]]) >= 0:
            low[rows] = np.fmin(low[rows], _over(np.fmin, market.low[:, k], first[rows], last[rows]))
            high[rows] = np.fmax(high[rows], _over(np.fmax, market.high[:, k], first[rows], last[rows]))
    down, up, long = low / entry - 1, high / entry - 1, trades["side"].to_numpy() == "long"
    found = np.where(column[:, None] < 0, np.nan, np.column_stack([np.where(long, down, -up), np.where(long, up, -down)]))
    return pd.DataFrame(found, columns=["mae", "mfe"], index=trades.index)


def _over(extreme: np.ufunc, prices: Array, first: Ints, last: Ints) -> Array:
    """The extreme (fmin or fmax) of `prices` from each `first` up to, not with, its `last`; missing where there is no bar between."""
    ends = np.column_stack([first, last]).ravel()
    found: Array = extreme.reduceat(np.append(prices, np.nan), ends)[::2]  # of every other pair: from an end to the next beginning
    return np.where(first < last, found, np.nan)
