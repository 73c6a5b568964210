"""Zone exhaustion: fade a close at the ceiling or the floor of the expected move, back towards the middle.

The trade ends in the middle half of the zone, or after `hold` sessions.
Source: exitliq
"""

from flowbt import Signals
from flowbt.features import expected_move_zone

SYMBOLS = ("SPY", "QQQ", "IWM")
BENCHMARK = "SPY"
GRID = {"width": (0.5, 0.75, 1.0), "horizon": (10, 21, 42), "hold": (3, 5, 10)}


def signals(panel, *, width=0.75, horizon=21, edge=0.0, hold=5, stop=0.05):
    position = expected_move_zone(panel, horizon=horizon, width=width).position
    middle = (position > 0.25) & (position < 0.75)
    return Signals(long=position <= edge, short=position >= 1 - edge, exit=middle, hold=hold, stop=stop)
