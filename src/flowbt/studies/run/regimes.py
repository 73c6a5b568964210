"""The states of the market by which a tearsheet shades its charts and splits its returns, as known before each bar."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.data.panel.reader import PanelReader, open_panel
from flowbt.features.gamma import certain_sign
from flowbt.features.zones import expected_move_zone, status_names


def regimes_of(panel: PanelReader, labels: pd.DatetimeIndex) -> dict[str, pd.Series]:
    """Name -> a text per label, decided at the label before it; empty text where nothing was known. Only regimes the catalog has data for."""
    other = open_panel(panel.catalog, panel.symbols[:1], panel.clock, panel.index.min(), panel.index.max())
    found: dict[str, pd.Series] = {}
    if other.has("gex", "SPX"):
        found["gamma"] = _gamma(other)
    if panel.clock.always and other.has("funding_rate"):
        found["funding"] = _signs(other["funding_rate"].iloc[:, 0], "negative funding", "positive funding")
    if other.has("close", "VIX") and not panel.clock.always:
        found["volatility"] = _bands(other["close", "VIX"].iloc[:, 0])
    if all(other.has(name) for name in ("high", "low", "close")) and not panel.clock.always:
        found["zone"] = status_names(expected_move_zone(other).status).iloc[:, 0].astype(object).fillna("")
    return {name: states.shift(1).reindex(labels).fillna("").astype(str) for name, states in found.items()}


def _gamma(panel: PanelReader) -> pd.Series:
    """The sign of SPX's dealer gamma, in words; a state of its own where its range holds zero."""
    gamma, *ends = (panel[name, "SPX"].iloc[:, 0] for name in ("gex", "gex_low", "gex_high") if panel.has(name, "SPX"))
    states = _signs(gamma, "short gamma", "long gamma")
    return states.mask((certain_sign(gamma, *ends) == 0) & (gamma != 0), "gamma of no certain sign") if len(ends) == 2 else states


def _signs(values: pd.Series, negative: str, positive: str) -> pd.Series:
    return pd.Series(np.select([values < 0, values >= 0], [negative, positive], ""), index=values.index, dtype=object)


def _bands(vix: pd.Series) -> pd.Series:
    return pd.Series(np.select([vix < 15, vix < 25, vix >= 25], ["VIX under 15", "VIX 15 to 25", "VIX over 25"], ""), index=vix.index, dtype=object)
