"""A tiny market for deferred strategies, and random expressions over it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from tests.panels import TinyPanel


def tiny_panel(bars: int = 60, seed: int = 0) -> TinyPanel:
    rng = np.random.default_rng(seed)
    index = pd.bdate_range("2020-01-01", periods=bars)
    close = pd.DataFrame(100 * np.exp(np.cumsum(rng.normal(0, 0.02, (bars, 2)), axis=0)), index=index, columns=["AAA", "BBB"])
    close.iloc[5:8, 1] = np.nan
    return TinyPanel({"close": close, ("gex", "SPX"): pd.Series(rng.normal(0, 1, bars), index=index)})
