"""Placebo: a hash of the date decides, long and short alike; before costs it must earn nothing.

A hash, not a seed: the tosses can be repeated, and none can be chosen to please except by `salt`.
Source: none
"""

import numpy as np
import pandas as pd

from flowbt import Signals

SYMBOLS = ("SPY", "QQQ", "IWM")
BENCHMARK = "SPY"
GRID = {"chance": (0.05, 0.1, 0.2), "hold": (1, 5, 21)}


def signals(panel, *, chance=0.1, hold=5, salt=0):
    close = panel["close"]
    hours = ((close.index - pd.Timestamp("1970-01-01")) // pd.Timedelta(hours=1)).to_numpy(np.uint64)
    names = pd.util.hash_array(np.array([f"{name} {salt}" for name in close], dtype=object))
    coin = pd.DataFrame({name: pd.util.hash_array(hours + key) / 2**64 for name, key in zip(close, names, strict=True)}, index=close.index)
    return Signals(long=(coin < chance / 2) & close.notna(), short=(coin > 1 - chance / 2) & close.notna(), hold=hold)
