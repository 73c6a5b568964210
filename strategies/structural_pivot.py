"""Structural pivot: once a prior high is broken after weeks under it, stay long while closes hold it.

A close more than `slack` under the pivot ends the trade; it is not a reason to be short.
Source: exitliq
"""

from flowbt import Signals
from flowbt.features import structural_pivot

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"kind": ("all_time_high", "month_high", "round_number"), "age": (21, 42, 63), "slack": (0.0, 0.02, 0.04), "hold": (10, 21, 42)}


def signals(panel, *, kind="all_time_high", age=21, slack=0.04, hold=21):
    pivot = structural_pivot(panel, kind=kind, age=age, hold=1, symbol="SPX")
    lost = panel["close", "SPX"] < pivot.level * (1 - slack)
    return Signals(long=pivot.broke, exit=lost, hold=hold, size=0.98)
