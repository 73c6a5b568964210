"""Convergence tilt: when bearish inputs outnumber bullish ones by two or more the index falls; the other way round it rises.

Every input the data can feed votes once; conviction (how many independent layers agree) sets the size.
Source: exitliq
"""

from flowbt import Targets
from flowbt.features import convergence_count

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"least": (1, 2, 3, 4), "hold": (1, 5, 10), "short": (True, False)}


def signals(panel, *, least=2, hold=5, short=True):
    count = convergence_count(panel)
    bull, bear = count.tilt >= least, count.tilt <= -least
    size = count.conviction.abs().clip(1, 5) / 5
    vote = size * bull.astype(float) - (size * bear.astype(float) if short else 0.0)
    return Targets(0.98 * vote.rolling(hold, min_periods=1).mean(), band=0.05)
