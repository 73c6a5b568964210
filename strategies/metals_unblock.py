"""Metals unblocked: hold gold and silver while the dollar is under 100 and falling as yields rise; never while it stands at 100 or over.

The dollar is a hard block: over the level nothing is bought, and `fade` shorts metals there.
Source: exitliq
"""

from flowbt import Targets
from flowbt.features import dollar_block, dollar_unblocked, sell_america

SYMBOLS = ("GLD", "SLV")
BENCHMARK = "GLD"
GRID = {"level": (98.0, 100.0, 102.0), "window": (10, 21, 42), "fade": (0.0, 0.25)}


def signals(panel, *, level=100.0, window=21, fade=0.0):
    allowed = dollar_unblocked(panel, level=level) & sell_america(panel, window=window)
    blocked = dollar_block(panel, level=level)
    return Targets(0.49 * allowed.astype(float) - fade * blocked.astype(float), band=0.05)
