"""The option surfaces that are stored for the traded symbols, by the label they are known at."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.data.catalog import Catalog, Imported
from flowbt.data.panel.reader import PanelReader
from flowbt.engine.types import Market, Signals
from flowbt.ground.clock import Clock
from flowbt.options.daily import SLICE, DaySurfaces
from flowbt.studies.run.carry import carry_terms


def with_surfaces(market: Market, panel: PanelReader, decision: object) -> Market:
    """The market with the surfaces of its symbols' options, and the interest and dividends of days without one, for a decision that trades a structure; any
    other as it is.

    A label has the surface of the last snapshot of its own day that was known before the decision at it.
    """
    if not isinstance(decision, Signals) or decision.structure is None:
        return market
    found = [option_days(panel.catalog, symbol, panel.clock, market.index) for symbol in market.symbols]
    for one in found:
        panel.used |= one.used
    return replace(market, surfaces=tuple(one.surfaces for one in found))


class OptionDays(NamedTuple):
    """What is known of a symbol's options label by label: surfaces, interest and dividends, what the latter are in words, all data sets read, and the one the
    surfaces are in ("": no chain of the symbol was reduced)."""

    surfaces: DaySurfaces
    words: str
    used: dict[tuple[str, str], Imported]
    chains: str


def option_days(catalog: Catalog, symbol: str, clock: Clock, labels: pd.DatetimeIndex) -> OptionDays:
    """As known at the decisions of `labels`."""
    carry = carry_terms(catalog, symbol, clock, labels)
    stored = stored_surfaces(catalog, symbol, clock, labels)
    days = stored.days if stored else [None] * len(labels)
    used = carry.used | ({stored.key: stored.holder} if stored else {})
    return OptionDays(DaySurfaces.of(days, carry.rate, carry.dividend), carry.words, used, stored.holder.name if stored else "")


class Stored(NamedTuple):
    """The slices of a symbol's surfaces by label, the field and symbol they are in, and the dataset."""

    days: list[npt.NDArray[np.float64] | None]
    key: tuple[str, str]
    holder: Imported


def stored_surfaces(catalog: Catalog, symbol: str, clock: Clock, labels: pd.DatetimeIndex) -> Stored | None:
    """The surfaces of `labels`, as known at their decisions; None where no chain of the symbol was reduced."""
    names = catalog.symbols(SLICE[0], f"{symbol}@")
    if not names:
        return None
    key = (SLICE[0], names[0])
    holder = catalog.holder(*key, clock)
    table = holder.read(["event_time", "known_at", "symbol", *SLICE])
    table["known"] = holder.known_at(table["event_time"].to_numpy(), table["known_at"].to_numpy())
    rows = table[table["symbol"].isin(names)].dropna(subset=list(SLICE))
    decided = clock.decisions(labels).to_numpy()
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
    return Stored(days, key, holder)
