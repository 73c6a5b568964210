"""Structural pivot: once a prior high is broken after weeks under it, stay long while closes hold it.

A break below the pivot ends the trade; it is not a reason to be short.
Source: exitliq
"""

from flowbt import Signals
from flowbt.features import structural_pivot

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"kind": ("all_time_high", "month_high", "round_number"), "age": (21, 42, 63), "hold": (10, 21, 42)}


def signals(panel, *, kind="all_time_high", age=42, hold=21):
    pivot = structural_pivot(panel, kind=kind, age=age, hold=1, symbol="SPX")
    return Signals(long=pivot.broke, exit=~pivot.above, hold=hold, size=0.98)
