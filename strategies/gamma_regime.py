"""Gamma regime: dealers long gamma give moves back, dealers short gamma carry them on; fade in the first, follow in the second.

Source: exitliq
"""

from flowbt import Signals
from flowbt.features import expected_move_zone, gamma_sign

SYMBOLS = ("SPY", "QQQ", "IWM")
BENCHMARK = "SPY"
GRID = {"far": (0.15, 0.25, 0.35), "move": (0.0075, 0.01, 0.015), "hold": (1, 2, 3)}


def signals(panel, *, far=0.25, move=0.01, hold=1, fade=True, follow=True):
    gamma = gamma_sign(panel)
    stretch = expected_move_zone(panel, horizon=21).position - 0.5
    step = panel["close", "SPX"].pct_change(fill_method=None)
    up = (follow & (gamma < 0) & (step >= move)) | (fade & (gamma > 0) & (stretch <= -far))
    down = (follow & (gamma < 0) & (step <= -move)) | (fade & (gamma > 0) & (stretch >= far))
    return Signals(long=up, short=down, hold=hold)
