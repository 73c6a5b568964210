"""Stock-bond divergence: stocks that rise with yields while liquidity drains are living on borrowed time; short them for a month.

Source: blowoff
"""

from flowbt import Signals
from flowbt.features import momentum, net_liquidity

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"window": (21, 42, 63), "yields": (0.1, 0.15, 0.25), "gain": (0.0, 0.02, 0.04), "drain": (True, False), "hold": (10, 21, 42)}


def signals(panel, *, window=21, yields=0.15, gain=0.02, drain=True, hold=21, stop=0.06):
    ten = panel["value", "DGS10"]
    rising = (ten - ten.shift(window) >= yields) & (momentum(panel, window=window) >= gain)
    draining = net_liquidity(panel, window=window).change < 0
    return Signals(short=rising & draining if drain else rising, hold=hold, stop=stop, size=0.98)
