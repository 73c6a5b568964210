"""VIX asymmetry: after volatility is crushed in one session and lies at the floor of its own zone, it has more room up than down.

VIX cannot be bought: this follows the index itself, to see whether the level moves as claimed. Not a trade.
Source: exitliq
"""

from flowbt import Signals
from flowbt.features import vix_room

SYMBOLS = ("VIX",)
BENCHMARK = "SPY"
GRID = {"crush": (0.1, 0.15, 0.2), "floor": (0.25, 0.5, 1.0), "hold": (5, 10, 21)}


def signals(panel, *, crush=0.15, floor=0.5, hold=10):
    fallen = panel["close"].pct_change(fill_method=None) <= -crush
    low = vix_room(panel, horizon=21).position <= floor
    return Signals(long=fallen & low, hold=hold, size=0.2)
