"""From a panel to the market the engine trades, and a decision cut to its span."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.bases import carried
from flowbt.data.panel.reader import PanelReader, TradedBars, open_panel
from flowbt.engine.decisions import no_decision
from flowbt.engine.loader import Strategy
from flowbt.engine.types import Market, Signals, Targets
from flowbt.ground.clock import Clock, read_date, read_end
from flowbt.ground.errors import DataError, RangeError, SignalError
from flowbt.ground.types import Json


@dataclass(frozen=True)
class Span:
    """Dates asked for; None leaves that end to the data."""

    start: str | None = None
    end: str | None = None

    def __post_init__(self) -> None:
        """RangeError for what is no date, and for an end before the start."""
        first, last = _date(self.start), _date(self.end, last=True)
        if first is not None and last is not None and last < first:
            raise RangeError(f"{self.start} to {self.end}", "the end is before the start", "swap --from and --to")

    def cut(self, panel: PanelReader) -> pd.DatetimeIndex:
        """The labels to trade: where every touched field has begun and none has ended, and inside the dates asked for."""
        first, last = panel.ready()
        asked_first, asked_last = _date(self.start), _date(self.end, last=True)
        live = panel.live()  # what was calculated back is not traded on, unless it is asked for
        begin = max(first, asked_first) if asked_first is not None else first if live is None else max(first, live)
        end = min(last, asked_last) if asked_last is not None else last
        labels = panel.index[(panel.index >= begin) & (panel.index <= end)]
        if len(labels) < 2:
            asked = f"{self.start or 'the start'} to {self.end or 'the end'}"
            found = f"{len(labels)} bar(s) of the {first:%Y-%m-%d} to {last:%Y-%m-%d} this strategy has data for"
            raise RangeError(f"a run from {asked}", found, "choose at least two bars inside it")
        return labels


def _date(text: str | None, last: bool = False) -> pd.Timestamp | None:
    return None if text is None else read_end(text) if last else read_date(text)


def panel_for(catalog: Catalog, strategy: Strategy, decide_at: str | None = None) -> PanelReader:
    """The panel a strategy decides on: all history of its symbols, on its clock."""
    clock: Clock = strategy.clock.at(decide_at) if decide_at else strategy.clock
    return open_panel(catalog, strategy.symbols, clock)


def market_of(panel: PanelReader, labels: pd.DatetimeIndex) -> Market:
    """The traded bars of the panel's symbols over `labels`. Dividends are cash flows of the close before their ex-date (see `bases.carried`)."""
    bars = bars_on(panel, labels)
    for name in ("open", "high", "low", "close"):
        check_prices(name, getattr(bars, name))
    mark, due = carried(bars.close, bars.dividend)
    funding = np.zeros(mark.shape)  # zeros that are only read take no memory
    for rates in (bars.funding.to_numpy(float), due.to_numpy(float)):
        funding = funding + rates if rates.any() else funding
    opened, high, low, close = (frame.to_numpy(float) for frame in (bars.open, bars.high, bars.low, mark))
    return Market(labels, panel.symbols, opened, high, low, close, funding, panel.clock)


def bars_on(panel: PanelReader, labels: pd.DatetimeIndex) -> TradedBars:
    """The panel's traded bars over `labels`, a part of its index without gaps: views, not copies."""
    bars, first = panel.bars(), int(panel.index.get_indexer(labels[:1])[0])
    return TradedBars(**{part.name: getattr(bars, part.name).iloc[first : first + len(labels)] for part in fields(bars)})


def check_prices(name: str, prices: pd.DataFrame) -> None:
    """DataError for a price (labels x symbols) of zero or less, or without end: nothing was traded at it, so nothing is worked out from it."""
    values = prices.to_numpy(dtype=float)
    bad = np.argwhere((values <= 0.0) | np.isinf(values))
    if len(bad):
        row, column = bad[0]
        asked = f"{name} of {prices.columns[column]} at {prices.index[row]:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
        raise DataError(
            asked,
            f"{values[row, column]:g}, which is no price",
            "import the data again without it (a series that may be negative is a `value`), or trade dates after it",
        )


def cut_decision(decision: object, panel: PanelReader, labels: pd.DatetimeIndex) -> Signals | Targets:
    """The decision with every frame cut to `labels`. SignalError where it is neither Signals nor Targets, or a frame has other labels."""
    if not isinstance(decision, (Signals, Targets)):
        raise no_decision(decision)
    cut: Json = {}
    for part in fields(decision):
        value = getattr(decision, part.name)
        if isinstance(value, pd.Series):
            raise SignalError(f"{part.name} of the strategy", "a series", "use a frame of labels x symbols (panel.spread(series) makes one)")
        if isinstance(value, pd.DataFrame):
            if not value.index.equals(panel.index) or sorted(map(str, value.columns)) != sorted(panel.symbols):
                found = f"{value.shape[0]} x {value.shape[1]} with columns {', '.join(map(str, value.columns[:4]))}"
                raise SignalError(f"{part.name} of {len(panel.index)} labels x {len(panel.symbols)} symbols", found, "keep the panel's index and columns")
            cut[part.name] = value.loc[labels, list(panel.symbols)]
    return replace(decision, **cut)
