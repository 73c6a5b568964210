"""Exit liquidity: short an index fund that dark pools sell into a rally, at the top of its zone or while dealers are short gamma.

Large holders use strength to leave. `confirm` = 2 asks for both legs, the document's full case; on SqueezeMetrics' gamma the two never met
on a rally in 2011-2026, so 1 is the default. Without dark-pool prints DIX stands in, and the run says so.
Source: exitliq
"""

from flowbt import Signals
from flowbt.features import dark_pool_pressure, expected_move_zone, gamma_sign

SYMBOLS = ("SPY", "QQQ", "IWM")
BENCHMARK = "SPY"
GRID = {"rally": (0.01, 0.015, 0.02), "sold": (0.5, 1.0, 1.5), "ceiling": (0.6, 0.75, 0.95), "confirm": (1, 2), "hold": (3, 5, 10, 21)}


def signals(panel, *, rally=0.01, sold=1.0, ceiling=0.75, confirm=1, hold=5, stop=0.05):
    rallying = panel["close"].pct_change(fill_method=None) >= rally
    distributing = dark_pool_pressure(panel, window=63) <= -sold
    exhausted = expected_move_zone(panel, horizon=21).position >= ceiling
    short_gamma = gamma_sign(panel) < 0
    legs = exhausted.astype(int) + short_gamma.astype(int)
    return Signals(short=rallying & distributing & (legs >= confirm), hold=hold, stop=stop)
