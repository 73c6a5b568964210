"""Reclaimed mean: buy the index when it has closed back over its 200-session mean and held it for two sessions.

Source: exitliq
"""

from flowbt import Signals
from flowbt.features import status_200d

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"confirm": (1, 2, 3, 5), "window": (150, 200, 250), "hold": (21, 42, 126)}


def signals(panel, *, confirm=2, window=200, hold=42, floor=0.05):
    status = status_200d(panel, window=window, confirm=confirm, symbol="SPX")
    return Signals(long=status.reclaimed, exit=status.distance <= -floor, hold=hold, size=0.98)
