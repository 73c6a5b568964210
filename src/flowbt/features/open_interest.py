"""Open interest of perpetuals, in coin and in dollars apart, and its sudden falls."""

from __future__ import annotations

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import enough, zscore
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel


def _interest(panel: Panel, unit: str) -> pd.DataFrame:
    if unit == "usd":
        return panel["open_interest_usd"]
    if unit != "coin":
        raise ParameterError(f"open interest in {unit!r}", "not a unit", "use usd or coin")
    if panel.has("open_interest_coin"):
        return panel["open_interest_coin"]
    return panel.either("open_interest_coin", "open_interest_usd") / panel["close"]  # the panel records the stand-in


@feature(
    family="open interest",
    units="fraction",
    sign="negative = positions were closed",
    needs=("open_interest_usd",),
    stand_ins=("close",),
    source="document carry",
)
def open_interest_change(panel: Panel, *, bars: int = 3, unit: str = "usd") -> pd.DataFrame:
    """Change of open interest over `bars` labels, as a fraction.

    `unit`: "usd", or "coin" (dollars over the close where no dataset has coins). Falls in dollars hold the price's
    own fall; in coin they do not. Labels x symbols; missing where either end is.
    """
    interest = _interest(panel, unit)
    return interest / interest.shift(bars) - 1.0


@feature(
    family="open interest",
    units="bool",
    needs=("open_interest_usd",),
    stand_ins=("close",),
    source="document carry; claim funding-flip-oi-dump",
)
def open_interest_dump(panel: Panel, *, bars: int = 3, unit: str = "usd", quantile: float = 0.05, fall: float = 0.0, window: int = 365) -> pd.DataFrame:
    """Open interest fell over `bars` labels by more than all but `quantile` of its changes in the `window` labels before.

    `fall`: it must also be at least this fraction (0.1 = a tenth). Bool, labels x symbols; False where the change is missing or two
    thirds of the window are not there.
    """
    interest = _interest(panel, unit)
    change = interest / interest.shift(bars) - 1.0
    usual = change.shift(1).rolling(window, min_periods=enough(window)).quantile(quantile)
    return (change < usual) & (change <= -fall) & (change < 0)


@feature(
    family="open interest", units="z-score", sign="positive = more positions than usual", needs=("open_interest_usd",), stand_ins=("close",), source="ours"
)
def open_interest_z(panel: Panel, *, unit: str = "usd", window: int = 90) -> pd.DataFrame:
    """Open interest against its last `window` labels. Labels x symbols; missing with under two thirds of the window."""
    return zscore(_interest(panel, unit), window)
