"""The report's bull checklist: five conditions, each with the value it is judged by. Frames are labels x symbols, series by label."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.ranges import RANGE_WINDOW, random_walk_index
from flowbt.features.trend import status_200d
from flowbt.ground.fields import FieldKey
from flowbt.ground.protocols import Panel


class Item(NamedTuple):
    """One line of the bull checklist. `met` is bool, `value` the number it was judged by."""

    name: str
    needs: tuple[tuple[str, ...], ...]
    judge: Callable[[Panel], tuple[pd.DataFrame, pd.DataFrame]]


def _held(met: pd.DataFrame, sessions: int) -> pd.DataFrame:
    return met.astype(float).rolling(sessions).sum() == sessions


def _dollar_low(panel: Panel) -> tuple[pd.DataFrame, pd.DataFrame]:
    level = panel["close", "DXY"]
    return _held(level < 99.5, 2), level


def _credit_calm(panel: Panel) -> tuple[pd.DataFrame, pd.DataFrame]:
    close = panel["close", "HYG"]
    high, low = (panel[f, "HYG"] if panel.has(f, "HYG") else close for f in ("high", "low"))
    strength = random_walk_index(high, low, close, RANGE_WINDOW)
    return _held((strength > 0) & (strength < 40), 3), strength


def _oil_band(panel: Panel) -> tuple[pd.DataFrame, pd.DataFrame]:
    level = panel.either(("value", "DCOILWTICO"), ("close", "WTI"))
    return (level >= 90) & (level <= 100), level


def _dark_volume(panel: Panel) -> tuple[pd.DataFrame, pd.DataFrame]:
    total = panel.spread(panel.wide("dark_pool_volume").sum(axis=1, min_count=1)) / 1e9
    return total > 70, total


def _reclaimed(panel: Panel) -> tuple[pd.DataFrame, pd.DataFrame]:
    status = status_200d(panel, symbol="SPX")
    return status.confirmed, status.distance


CHECKLIST = (
    Item("dollar index under 99.5 for 2 sessions", (("close:DXY",),), _dollar_low),
    Item("HYG range up and under 40 for 3 sessions", (("close:HYG",),), _credit_calm),
    Item("oil between 90 and 100", (("value:DCOILWTICO",), ("close:WTI",)), _oil_band),
    Item("dark-pool volume over $70bn", (("dark_pool_volume",),), _dark_volume),
    Item("SPX above its 200-session mean for 2 sessions", (("close:SPX",),), _reclaimed),
)


@feature(
    family="convergence",
    units="count",
    sign="high = bull case confirmed",
    needs=("close",),
    source="exitliq's bull checklist; held-for counts ours where it gives none",
)
def bull_checklist(panel: Panel) -> pd.DataFrame:
    """How many of the report's five conditions hold; conditions whose data are not in the panel count as not met."""
    met = [item.judge(panel)[0] for item in CHECKLIST if any(all(panel.has(*FieldKey.parse(f)) for f in fields) for fields in item.needs)]
    return sum((m.astype(float) for m in met), start=pd.DataFrame(0.0, index=panel.index, columns=list(panel.symbols)))
