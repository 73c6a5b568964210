"""The strength of a range: how far a symbol has gone for the noise it makes, signed by direction. Frames are labels x symbols, series by label."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from flowbt.features.bands import true_range
from flowbt.features.declare import feature
from flowbt.features.rolling import sign
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel

RANGE_WINDOW = 10  # labels: wherever a range is spoken of


def random_walk_index(high: pd.DataFrame, low: pd.DataFrame, close: pd.DataFrame, n: int) -> pd.DataFrame:
    """100 x Poulos' random walk index, signed by the stronger side: up = (high - low n ago), down = (high n ago - low), over ATR_n sqrt(n)."""
    unit = true_range(high, low, close).rolling(n).mean() * float(n) ** 0.5
    unit = unit.where(unit > 0)
    up, down = (high - low.shift(n)) / unit, (high.shift(n) - low) / unit
    strength: pd.DataFrame = up.where(up >= down, -down) * 100.0
    return strength


def efficiency_ratio(close: pd.DataFrame, n: int) -> pd.DataFrame:
    """100 x (change over n rows) / (sum of absolute changes): -100 a straight fall, +100 a straight rise. Missing where nothing moved."""
    path = close.diff().abs().rolling(n).sum()
    return 100.0 * close.diff(n) / path.where(path > 0)


def signed_adx(high: pd.DataFrame, low: pd.DataFrame, close: pd.DataFrame, n: int) -> pd.DataFrame:
    """Wilder's ADX (0 to 100) with the sign of (+DI - -DI). Wilder means are exponential with alpha 1/n, missing for the first 2n rows."""
    up, down = high.diff(), -low.diff()
    plus, minus = up.where((up > down) & (up > 0), 0.0), down.where((down > up) & (down > 0), 0.0)
    known = up.notna() & down.notna()

    def wilder(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.ewm(alpha=1 / n, adjust=False, min_periods=n).mean()

    unit = wilder(true_range(high, low, close))
    di_up, di_down = wilder(plus.where(known)) / unit, wilder(minus.where(known)) / unit
    total = di_up + di_down
    adx = wilder(100.0 * (di_up - di_down).abs() / total.where(total > 0))
    return adx * sign(di_up - di_down)


@feature(
    family="zones and range", units="index, dominant beyond 40", sign="positive = up", needs=("close",), stand_ins=("close for high and low",),
    source="Poulos' random walk index; sign and scale ours",
)  # fmt: skip
def range_strength(panel: Panel, *, window: int = RANGE_WINDOW, method: Literal["rwi", "adx", "efficiency"] = "rwi") -> pd.DataFrame:
    """How far a symbol has gone for a random walk of its own range, signed: beyond +40 or -40 the trend is dominant.

    `method`: "rwi" (100 x random walk index), "adx" (signed ADX) or "efficiency" (signed efficiency ratio). A symbol without
    high and low (an index level) uses its close for both. Missing until the window is full.

    40 is the report's line and a low one on this scale: SPY is beyond it on some 87% of sessions 2011-2026. 100 is Poulos' own.
    ParameterError for another method.
    """
    close = panel["close"]
    if method == "efficiency":
        return efficiency_ratio(close, window)
    if method not in ("rwi", "adx"):
        raise ParameterError(f"range_strength(method={method!r})", "not a method", "use rwi, adx or efficiency")
    high, low = _or_close(panel, "high", close), _or_close(panel, "low", close)
    return (random_walk_index if method == "rwi" else signed_adx)(high, low, close, window)


def _or_close(panel: Panel, field: str, close: pd.DataFrame) -> pd.DataFrame:
    with_it = [s for s in panel.symbols if panel.has(field, s)]
    return pd.DataFrame({s: panel[field][s] if s in with_it else close[s] for s in panel.symbols}) if with_it else close
