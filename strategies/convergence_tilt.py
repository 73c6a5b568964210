"""Convergence tilt: when bearish inputs outnumber bullish ones by two or more the index falls; the other way round it rises.

Every input the data can feed votes once; conviction (how many independent layers agree, 1 to 5) sets the size.
Source: exitliq
"""

from flowbt import Signals
from flowbt.engine.gates import conviction_size
from flowbt.features import convergence_count

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"least": (1, 2, 3, 4), "hold": (1, 5, 10, 21)}


def signals(panel, *, least=2, hold=5):
    count = convergence_count(panel)
    size = conviction_size(count.conviction.abs(), most=0.98)
    return Signals(long=count.tilt >= least, short=count.tilt <= -least, hold=hold, size=size)
