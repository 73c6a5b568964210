"""Invented daily closes: a trend, and a market whose fund moves 1.5 times as much."""

import numpy as np
import pandas as pd

from flowbt.ground.clock import Clock

DAYS = Clock().labels("2025-01-02", "2026-05-29")
VIX = 20.0 + np.arange(len(DAYS)) % 3
SPY = 676.0 - 0.5 * np.maximum(np.arange(len(DAYS)) - 300, 0)


def closes(symbol: str, values, labels=DAYS) -> pd.DataFrame:
    return pd.DataFrame({"event_time": labels, "symbol": symbol, "close": values})


def moves(scale: float) -> np.ndarray:
    return scale * np.random.default_rng(3).normal(0, 0.01, len(DAYS)).cumsum()
