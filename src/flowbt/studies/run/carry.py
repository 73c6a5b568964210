"""Interest and dividend yield for options on days without a stored surface, as known at each decision, out of what is imported.

Interest is the first of `RATES` that is there; dividends are those of the 365 days before over the close, of the symbol or, for an index, of the fund that
holds it. What is not imported is 0, and said to be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.data.catalog import Catalog, Imported
from flowbt.data.panel.reader import PanelReader
from flowbt.ground.clock import Clock

Array = npt.NDArray[np.float64]
RATES: tuple[tuple[str, str, Callable[[Array], Array]], ...] = (
    ("DGS3MO", "3-month Treasury yield", lambda y: 2.0 * np.log1p(y / 2.0)),  # compounded twice a year
    ("SOFR", "overnight rate SOFR", lambda y: y * 365.0 / 360.0),  # simple over 360 days; overnight, so near enough continuous
    ("DFF", "federal funds rate", lambda y: y * 365.0 / 360.0),
)
HELD_BY = {"SPX": "SPY", "XSP": "SPY", "NDX": "QQQ", "RUT": "IWM"}
YEAR = pd.Timedelta(days=365)
BACK = 2 * YEAR  # bars read before the first label: a year of dividends there, and more, which shows that it is whole


class CarryTerms(NamedTuple):
    """By label, fractions a year, continuous (NaN: not known); what they are, in words; and the data sets read."""

    rate: Array
    dividend: Array
    words: str
    used: dict[tuple[str, str], Imported]


def carry_terms(catalog: Catalog, symbol: str, clock: Clock, labels: pd.DatetimeIndex) -> CarryTerms:
    """Interest and dividend yield of a symbol at the decisions of `labels`."""
    rate, interest, used = _interest(catalog, symbol, clock, labels)
    dividend, paid, more = _dividends(catalog, symbol, clock, labels)
    return CarryTerms(rate, dividend, f"{interest}; {paid}", used | more)


def _interest(catalog: Catalog, symbol: str, clock: Clock, labels: pd.DatetimeIndex) -> tuple[Array, str, dict[tuple[str, str], Imported]]:
    found = next((one for one in RATES if catalog.has("value", one[0])), None)
    if found is None:
        return np.full(len(labels), np.nan), f"no interest (none of {', '.join(name for name, _, _ in RATES)} is imported)", {}
    name, title, continuous = found
    panel = PanelReader(catalog, (symbol,), clock, labels)
    values = continuous(panel["value", name].to_numpy(dtype=float)[:, 0] / 100.0)
    return values, f"interest of the {title} {_span(values)}", panel.used


def _dividends(catalog: Catalog, symbol: str, clock: Clock, labels: pd.DatetimeIndex) -> tuple[Array, str, dict[tuple[str, str], Imported]]:
    none = np.full(len(labels), np.nan)
    for name in (symbol, HELD_BY.get(symbol, symbol)):
        if clock.always or not all(catalog.has(field, name) for field in ("open", "high", "low", "close")):
            continue
        panel = PanelReader(catalog, (name,), clock, clock.labels(labels.min() - BACK, labels.max()))
        bars = panel.bars()
        paid, close = bars.dividend[name], bars.close[name].ffill()
        if not paid.any():
            continue
        seen = paid.index >= close.dropna().index[0] + YEAR
        of_year = np.where(seen, np.log1p(paid.rolling(YEAR).sum() / close), np.nan)
        yields: Array = np.asarray(pd.Series(of_year, paid.index).reindex(labels), dtype=np.float64)
        return yields, f"dividends of {name} over the year before {_span(yields)}", panel.used
    return none, "no dividends" if clock.always else f"no dividends (none of {symbol} are imported)", {}


def _span(values: Array) -> str:
    there = values[np.isfinite(values)]
    part = "" if len(there) == len(values) else f", {len(values) - len(there):,} of {len(values):,} bars without: 0"
    return f"({there.min():.2%} to {there.max():.2%} a year{part})" if len(there) else "(not there on these bars: 0)"
