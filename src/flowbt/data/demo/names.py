"""Symbols of the demo market and how they load on its one common factor."""

from __future__ import annotations

import numpy as np

INDICES = ("SPX", "NDX", "RUT")
FUNDS = {"SPY": ("SPX", 0.1), "QQQ": ("NDX", 1 / 41), "IWM": ("RUT", 0.1)}  # fund: (index, price per point)
MEMBERS = tuple(f"M{n:02d}" for n in range(1, 41))
ASSETS = ("DIA", "XLK", "XLF", "XLE", "XLU", "XLP", "HYG", "TLT", "GLD", "SLV", "USO", "NULL")
COLUMNS = (*INDICES, *ASSETS, *MEMBERS)
AT = {name: column for column, name in enumerate(COLUMNS)}

# symbol: (beta, own daily volatility, first price)
_LOADS = {
    "SPX": (1.0, 0.0, 2500.0), "NDX": (1.15, 0.004, 4600.0), "RUT": (1.1, 0.0055, 1400.0), "DIA": (0.92, 0.002, 124.0),
    "XLK": (1.15, 0.005, 26.0), "XLF": (1.1, 0.006, 11.0), "XLE": (0.9, 0.009, 71.0), "XLU": (0.6, 0.006, 35.0), "XLP": (0.6, 0.005, 32.0),
    "HYG": (0.35, 0.0015, 90.0), "TLT": (0.0, 0.003, 118.0), "GLD": (0.05, 0.009, 156.0), "SLV": (0.15, 0.012, 29.0), "USO": (0.3, 0.019, 120.0),
    "NULL": (0.0, 0.011, 100.0),
}  # fmt: skip


def loads(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Beta, own volatility and first price per column."""
    n = len(MEMBERS)
    members = np.column_stack([rng.uniform(0.7, 1.4, n), rng.uniform(0.010, 0.018, n), rng.uniform(20, 300, n)])
    table = np.vstack([[_LOADS[name] for name in COLUMNS[:-n]], members])
    return table[:, 0], table[:, 1], table[:, 2]
