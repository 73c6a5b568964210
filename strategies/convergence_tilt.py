"""Convergence tilt: when bearish inputs outnumber bullish ones by two or more the index falls; the other way round it rises.

Each of the named inputs votes once (those with long histories; option flow by side where there is any); conviction, how many independent
layers agree, sets the size.
Source: exitliq
"""

from flowbt import Signals
from flowbt.engine.gates import conviction_size
from flowbt.features import convergence_count

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"least": (1, 2, 3, 4), "hold": (1, 5, 10, 21)}
INPUTS = (
    *("put/call ratio", "dark-pool pressure", "dark-pool ladder", "dealer gamma", "zone position", "VIX zone", "range strength"),
    *("200-session mean", "VIX / VIX3M", "credit stress", "rates and dollar", "dollar block", "net liquidity"),
)


def signals(panel, *, least=2, hold=5):
    by_side = ("option net by side",) if panel.has("calls_bought") else ()
    count = convergence_count(panel, inputs=(*by_side, *INPUTS))
    size = conviction_size(count.conviction.abs(), most=0.98)
    return Signals(long=count.tilt >= least, short=count.tilt <= -least, hold=hold, size=size)
