"""How far each trade went against its holder and for him before it was closed: maximum adverse and favourable excursion."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.engine.types import Market

INSIDE = ("stop", "trail", "take", "liquidation", "open")  # left inside a bar, or not yet; every other reason fills at an open


def excursions(trades: pd.DataFrame, market: Market) -> pd.DataFrame:
    """`mae` and `mfe` of each trade as fractions of its entry price, from the highs and lows of the bars it was held in.

    `mae` <= 0 <= `mfe`. The entry bar counts whole; of the exit bar only the exit price, where the trade left at its open. An open trade is followed to
    the last bar. Missing highs and lows are passed over; NaN for a symbol the market does not have. Not for option structures: their prices are not
    those of the bars.
    """
    columns = {name: k for k, name in enumerate(market.symbols)}
    found = np.full((len(trades), 2), np.nan)
    first, last = trades["entry_bar"].to_numpy(int), trades["exit_bar"].to_numpy(int)
    entry, left = trades["entry_price"].to_numpy(float), trades["exit_price"].to_numpy(float)
    for k, (symbol, side, reason) in enumerate(zip(trades["symbol"], trades["side"], trades["reason"], strict=True)):
        column = columns.get(str(symbol))
        if column is None:
            continue
        held = slice(first[k], last[k] + (reason in INSIDE))
        seen = np.concatenate([market.low[held, column], market.high[held, column], [entry[k], left[k]]])
        down, up = float(np.nanmin(seen)) / entry[k] - 1, float(np.nanmax(seen)) / entry[k] - 1
        found[k] = (down, up) if side == "long" else (-up, -down)
    return pd.DataFrame(found, columns=["mae", "mfe"], index=trades.index)
