"""Metals unblocked: hold gold and silver while the dollar falls and yields rise; never while the dollar stands at 100 or over.

The dollar is a hard block: at or over the level nothing is bought, and what is held is sold.
Source: exitliq
"""

from flowbt import Signals
from flowbt.engine.gates import hard_block
from flowbt.features import dollar_unblocked, sell_america

SYMBOLS = ("GLD", "SLV")
BENCHMARK = "GLD"
GRID = {"level": (98.0, 100.0, 102.0), "window": (10, 21, 42)}


def signals(panel, *, level=100.0, window=21):
    falling = sell_america(panel, window=window)
    metals = Signals(long=falling, exit=~falling, size=0.49)
    return hard_block(metals, ~dollar_unblocked(panel, level=level), side="long", close=True)
