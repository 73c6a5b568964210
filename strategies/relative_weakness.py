"""Relative weakness: a name that falls on a day the index gains 2% goes on to lag; short it against the index.

Source: exitliq
"""

from flowbt import Targets

SYMBOLS = (*(f"M{n:02d}" for n in range(1, 41)), "SPY")
BENCHMARK = "SPY"
GRID = {"gain": (0.015, 0.02, 0.025), "fall": (0.0, 0.01), "hold": (5, 10, 21)}


def signals(panel, *, gain=0.02, fall=0.0, hold=10, each=0.05):
    rallied = panel["close", "SPX"].pct_change(fill_method=None) >= gain
    weak = rallied & (panel["close"].pct_change(fill_method=None) < -fall)
    short = weak.astype(float).rolling(hold, min_periods=1).max()
    short["SPY"] = 0.0
    crowd = panel.spread(short.sum(axis=1)).clip(lower=0.49 / each)
    weights = -0.49 * short / crowd
    weights["SPY"] = -weights.sum(axis=1)
    return Targets(weights, band=0.01)
