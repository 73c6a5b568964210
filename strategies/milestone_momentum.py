"""Milestone momentum: round thousands draw the index through them; hold for two weeks when SPX is within 1% of one.

Source: spx7000
"""

from flowbt import Signals
from flowbt.features import milestone

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"within": (0.005, 0.01, 0.02), "below": (False, True), "hold": (5, 10, 21)}


def signals(panel, *, within=0.01, below=False, hold=10):
    near = milestone(panel, step=1000.0, within=within, symbol="SPX")
    return Signals(long=near.near_below if below else near.near, hold=hold, size=0.98)
