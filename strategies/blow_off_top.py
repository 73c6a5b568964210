"""Blow-off top: ride the melt-up while volatility sleeps, turn short when it reawakens.

Ride: a strong quarter with every fast mean over the slow ones. Turn: the same quarter's gain, and VIX up by `wake` in a week.
Source: blowoff
"""

from flowbt import Signals
from flowbt.features import ema_stack, momentum

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"ride": (0.04, 0.06, 0.08), "gain": (0.06, 0.08, 0.1), "wake": (0.1, 0.15, 0.25), "hold": (5, 10, 21)}


def signals(panel, *, ride=0.06, gain=0.08, wake=0.15, hold=10, stop=0.05):
    vix = panel["close", "VIX"]
    quarter = momentum(panel, window=63)
    awake = vix / vix.shift(5) - 1 >= wake
    riding = (quarter >= ride) & (ema_stack(panel, spans=(8, 21, 55)) > 0) & ~awake
    return Signals(long=riding, short=(quarter >= gain) & awake, hold=hold, stop=stop, size=0.95)
