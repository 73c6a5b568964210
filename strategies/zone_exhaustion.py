"""Zone exhaustion: fade a close at the ceiling or the floor of the expected move, back towards the middle.

Only where dealers are long gamma (`calm`): short gamma carries a move through its zone. Ends in the middle half of the zone, or after `hold`.
Source: exitliq
"""

from flowbt import Signals
from flowbt.features import expected_move_zone, gamma_sign

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"width": (0.5, 0.75, 1.0), "horizon": (10, 21, 42), "calm": (True, False), "hold": (3, 5, 10)}


def signals(panel, *, width=0.5, horizon=21, calm=True, hold=5, stop=0.05):
    position = expected_move_zone(panel, horizon=horizon, width=width).position
    allowed = gamma_sign(panel) > 0 if calm else position.notna()
    middle = (position > 0.25) & (position < 0.75)
    return Signals(long=allowed & (position <= 0), short=allowed & (position >= 1), exit=middle, hold=hold, stop=stop)
