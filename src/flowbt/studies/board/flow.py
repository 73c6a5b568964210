"""The market's flow on one session, over every symbol that has any: option premium by side, dark pool, sectors, campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.data.panel.reader import PanelReader
from flowbt.features.option_flow import CONFIDENCE, SIDES, campaign, sector_split, side_sums
from flowbt.features.rolling import signed_run
from flowbt.ground.errors import FieldError

TOP = 16  # the report's count
LONG = 3  # sessions in a row from which a run counts as a campaign
BACK = 130  # sessions of flow that are looked at
UNSPLIT = "no sector"


@dataclass(frozen=True)
class NameFlow:
    """One symbol. `net` and `premium` $; `naive` calls over puts; `unknown` share; `days`, `gathered`: sessions in a row with this sign (signed) and their $.
    `dark_net` $, `dark_days` likewise. NaN where the symbol has none."""

    symbol: str
    sector: str
    net: float
    premium: float
    naive: float
    unknown: float
    confidence: str
    flip: bool
    days: float
    gathered: float
    dark_net: float
    dark_volume: float
    dark_days: float


@dataclass(frozen=True)
class SectorFlow:
    """A sector's net and premium in $, and its share of all premium."""

    sector: str
    net: float
    premium: float
    share: float


@dataclass(frozen=True)
class MarketFlow:
    """The whole market on `session`. `net`, `premium`, `dark_net`, `dark_volume`: $ over all symbols; `flips`: share of the top names that flip; NaN where
    nothing is there. `names`: all symbols by premium, then dark-pool volume. `campaigns`: names whose run is LONG or more, the largest first."""

    net: float
    premium: float
    naive: float
    unknown: float
    flips: float
    dark_net: float
    dark_volume: float
    names: tuple[NameFlow, ...]
    sectors: tuple[SectorFlow, ...]
    known_at: pd.Timestamp | None

    @property
    def campaigns(self) -> tuple[NameFlow, ...]:
        runs = [one for one in self.names if abs(one.days) >= LONG]
        return tuple(sorted(runs, key=lambda one: -abs(one.gathered)))


def market_flow(panel: PanelReader, sectors: Mapping[str, str]) -> MarketFlow | None:
    """The flow on the panel's last label; None where no symbol has any then."""
    panel = PanelReader(panel.catalog, panel.symbols, panel.clock, panel.index[-BACK:])
    sides, unknown, used = _options(panel)
    dark_net, dark_volume = (_wide(panel, name, used) for name in ("dark_pool_net", "dark_pool_volume"))
    symbols = sorted({str(name) for frame in (*sides.values(), dark_net, dark_volume) for name in frame.columns[frame.iloc[-1].notna()]})
    if not symbols:
        return None
    flow = side_sums({name: frame.reindex(columns=symbols) for name, frame in sides.items()}, unknown.reindex(columns=symbols))
    premium = flow.bullish + flow.bearish + unknown.reindex(columns=symbols)
    run, dark_run = campaign(flow.net), signed_run(dark_net.reindex(columns=symbols))
    last = {
        "net": flow.net, "premium": premium, "naive": flow.naive, "unknown": flow.unknown, "confidence": flow.confidence, "flip": flow.flip, "days": run.days,
        "gathered": run.premium, "dark_net": dark_net, "dark_volume": dark_volume, "dark_days": dark_run,
    }  # fmt: skip
    row = pd.DataFrame({name: frame.reindex(columns=symbols).iloc[-1].astype(float) for name, frame in last.items()})
    row = row.sort_values(["premium", "dark_volume"], ascending=False, na_position="last")
    named = [_name(str(symbol), one, sectors) for symbol, one in row.iterrows()]
    top = row[row["net"].notna() & row["naive"].notna()].head(TOP)
    totals = {name: frame.iloc[-1].sum(min_count=1) for name, frame in sides.items()}
    calls, puts = totals["calls_bought"] + totals["calls_sold"], totals["puts_bought"] + totals["puts_sold"]
    whole = row["premium"].sum(min_count=1)
    return MarketFlow(
        net=float(row["net"].sum(min_count=1)),
        premium=float(whole),
        naive=float(calls / puts) if puts > 0 else float("nan"),
        unknown=float(unknown.iloc[-1].sum(min_count=1) / whole) if whole > 0 else float("nan"),
        flips=float(top["flip"].mean()) if len(top) else float("nan"),
        dark_net=float(row["dark_net"].sum(min_count=1)),
        dark_volume=float(row["dark_volume"].sum(min_count=1)),
        names=tuple(named),
        sectors=_sectors(flow.net, premium, {symbol: sectors.get(symbol, UNSPLIT) for symbol in symbols}),
        known_at=max((panel.known_at(*key).iloc[-1] for key in used if pd.notna(panel.known_at(*key).iloc[-1])), default=None),
    )


def _options(panel: PanelReader) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, set[tuple[str, str]]]:
    used: set[tuple[str, str]] = set()
    sides = {name: _wide(panel, name, used) for name in SIDES}
    return sides, _wide(panel, "premium_unknown", used), used


def _wide(panel: PanelReader, field: str, used: set[tuple[str, str]]) -> pd.DataFrame:
    """A field over all symbols that have it; no columns where none has."""
    try:
        frame = panel.wide(field)
    except FieldError:
        return pd.DataFrame(index=panel.index)
    used |= {(field, str(name)) for name in frame.columns}
    return frame


def _name(symbol: str, row: pd.Series, sectors: Mapping[str, str]) -> NameFlow:
    sure = row["confidence"]
    numbers = {str(name): float(row[name]) for name in row.index if name not in ("confidence", "flip")}
    return NameFlow(symbol, sectors.get(symbol, ""), confidence="" if np.isnan(sure) else CONFIDENCE[int(sure)], flip=bool(row["flip"] == 1), **numbers)


def _sectors(net: pd.DataFrame, premium: pd.DataFrame, of: Mapping[str, str]) -> tuple[SectorFlow, ...]:
    split = sector_split(net.iloc[-1:], premium.iloc[-1:], of)
    rows = [SectorFlow(str(name), *(float(frame[name].iloc[-1]) for frame in split)) for name in split.premium.columns]
    return tuple(sorted((row for row in rows if row.premium == row.premium), key=lambda row: -row.premium))
