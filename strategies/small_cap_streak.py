"""Small-cap streak: after the Russell 2000 has beaten the S&P for a run of sessions, hold both for a month, then rotate out of small caps.

The streak says risk is bought broadly. The document gives the S&P a month and small caps none beyond it.
Source: spx7000
"""

from flowbt import Targets
from flowbt.features import win_streak

SYMBOLS = ("SPY", "IWM")
BENCHMARK = "SPY"
GRID = {"length": (5, 6, 7, 8, 10), "kind": ("beats", "up"), "month": (10, 21, 42), "after": (0, 21, 42)}


def signals(panel, *, length=7, kind="beats", month=21, after=0):
    streak = win_streak(panel, kind=kind, than="SPX", symbol="RUT") >= length
    recent = streak.astype(float).rolling(month, min_periods=1).max() > 0
    later = (streak.astype(float).rolling(month + after, min_periods=1).max() > 0) & ~recent
    weights = 0.49 * recent.astype(float)
    weights["SPY"] += 0.98 * later["SPY"].astype(float)
    return Targets(weights, band=0.05)
