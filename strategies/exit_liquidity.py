"""Exit liquidity: short an index fund that dark pools sell into a rally, at the top of its zone, while dealers are short gamma.

Large holders use strength to leave; with negative dealer gamma nothing cushions the fall. Without dark-pool prints DIX or FINRA's
short share stands in, and the run says so.
Source: exitliq
"""

from flowbt import Signals
from flowbt.features import dark_pool_pressure, expected_move_zone, gamma_sign

SYMBOLS = ("SPY", "QQQ", "IWM")
BENCHMARK = "SPY"
GRID = {"rally": (0.01, 0.015, 0.02, 0.03), "sold": (0.5, 1.0, 1.5), "ceiling": (0.6, 0.75, 0.95), "hold": (3, 5, 10, 21)}


def signals(panel, *, rally=0.01, sold=1.0, ceiling=0.75, hold=5, stop=0.05):
    rallying = panel["close"].pct_change(fill_method=None) >= rally
    distributing = dark_pool_pressure(panel, window=63) <= -sold
    exhausted = expected_move_zone(panel, horizon=21).position >= ceiling
    short_gamma = gamma_sign(panel) < 0
    return Signals(short=rallying & distributing & exhausted & short_gamma, hold=hold, stop=stop)
