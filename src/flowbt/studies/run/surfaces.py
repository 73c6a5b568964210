"""The option surfaces that are stored for the traded symbols, by the label they are known at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.data.panel.reader import PanelReader
from flowbt.engine.types import Market, Signals
from flowbt.options.daily import SLICE, DaySurfaces


def with_surfaces(market: Market, panel: PanelReader, decision: object) -> Market:
    """The market with the surfaces of its symbols' options, for a decision that trades a structure; any other as it is.

    A label has the surface of the last snapshot of its own day that was known before the decision at it.
    """
    if not isinstance(decision, Signals) or decision.structure is None:
        return market
    found = tuple(_surfaces(panel, symbol, market.index) for symbol in market.symbols)
    return replace(market, surfaces=found) if any(one is not None for one in found) else market


def _surfaces(panel: PanelReader, symbol: str, labels: pd.DatetimeIndex) -> DaySurfaces | None:
    names = panel.catalog.symbols(SLICE[0], f"{symbol}@")
    if not names:
        return None
    holder = panel.catalog.holder(SLICE[0], names[0], panel.clock)
    panel.used[(SLICE[0], names[0])] = holder
    table = holder.read(["event_time", "known_at", "symbol", *SLICE])
    table["known"] = holder.known_at(table["event_time"].to_numpy(), table["known_at"].to_numpy())
    rows = table[table["symbol"].isin(names)].dropna(subset=list(SLICE))
    decided = panel.decisions[panel.index.get_indexer(labels)]
    at = pd.Index(labels.normalize())
    days: list[npt.NDArray[np.float64] | None] = [None] * len(labels)
    groups = dict(iter(rows.groupby("event_time")))
    for n, (day, moment) in enumerate(zip(at, decided, strict=True)):
        part = groups.get(day)
        if part is None:
            continue
        seen = part[part["known"] < moment]
        last = seen[seen["known"] == seen["known"].max()].sort_values(SLICE[0])
        if len(last):
            days[n] = last[list(SLICE)].to_numpy(float)
    return DaySurfaces.of(days)
