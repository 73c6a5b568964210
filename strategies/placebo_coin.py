"""Placebo: a hash of the date decides, long and short alike; before costs it must earn nothing.

A hash, not a seed: the tosses can be repeated, and none can be chosen to please except by `salt`.
Source: none
"""

import pandas as pd

from flowbt import Signals

SYMBOLS = ("SPY", "QQQ", "IWM")
BENCHMARK = "SPY"
GRID = {"chance": (0.05, 0.1, 0.2), "hold": (1, 5, 21)}


def signals(panel, *, chance=0.1, hold=5, salt=0):
    close = panel["close"]
    words = [[f"{day:%Y-%m-%d %H} {name} {salt}" for name in close] for day in close.index]
    coin = pd.DataFrame([pd.util.hash_array(pd.array(row, dtype="str").to_numpy(object)) / 2**64 for row in words], close.index, close.columns)
    return Signals(long=(coin < chance / 2) & close.notna(), short=(coin > 1 - chance / 2) & close.notna(), hold=hold)
