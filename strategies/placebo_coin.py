"""Placebo: coins tossed by the calendar decide; before costs it must earn nothing that holding half the market would not.

The toss is a hash of the date and the symbol, so that a run can be repeated and no seed can be chosen to please.
Source: none
"""

import pandas as pd

from flowbt import Signals

SYMBOLS = ("SPY", "QQQ", "IWM")
BENCHMARK = "SPY"
GRID = {"chance": (0.05, 0.1, 0.2), "hold": (1, 5, 21)}


def signals(panel, *, chance=0.1, hold=5, salt=0):
    close = panel["close"]
    days = (close.index - pd.Timestamp("1970-01-01")) // pd.Timedelta(days=1)
    toss = {name: (days * 7919 + salt * 104729 + sum(map(ord, name)) * 15485863) * 2654435761 % 2**32 / 2**32 for name in close}
    coin = pd.DataFrame(toss, index=close.index)
    return Signals(long=(coin < chance / 2) & close.notna(), short=(coin > 1 - chance / 2) & close.notna(), hold=hold)
