"""What `flowbt reduce` can reduce: per kind of raw file, how one file is read, how files are put together, and when the result is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.raw.book import book
from flowbt.data.raw.deribit import DeribitRules, deribit_prints
from flowbt.data.raw.duck import Limits, total
from flowbt.data.raw.perps import PerpRules, book_depth, liquidations, metrics
from flowbt.data.raw.prints import DARK_SUMS, OPTION_SUMS, PrintRules, dark_prints, option_prints
from flowbt.data.raw.trades import TradeRules, joined_minutes, minute_bars
from flowbt.data.sources.chains import Missing, read_chain
from flowbt.data.sources.finra import parse
from flowbt.features.chain import gamma_profile
from flowbt.features.chain_snapshot import ChainAssumptions
from flowbt.features.expiries import strike_concentration
from flowbt.ground.clock import ALWAYS, Clock, local_instants
from flowbt.ground.errors import ParameterError, SourceError, nearest
from flowbt.options.daily import SLICE, slices_of
from flowbt.options.market import OptionMarket
from flowbt.options.surface import VolSurface, fit_surface, smile_at
from flowbt.studies.ingest.trade_fields import VpinRules, trade_fields

Parts = Sequence[pd.DataFrame]
PRINTS = (".parquet", ".csv", ".csv.gz", ".csv.zst", ".json", ".txt", ".txt.gz", ".log", ".zip")
ARCHIVE = (".csv", ".csv.gz", ".zip", ".parquet")
CHAINS = (".csv", ".csv.gz", ".json", ".json.gz", ".txt")


@dataclass(frozen=True)
class TradeOptions(TradeRules, VpinRules):
    """Everything that may be set for trades."""


@dataclass(frozen=True)
class FinraOptions:
    """`symbols`: only these, separated by commas; empty keeps all."""

    symbols: str = ""


@dataclass(frozen=True)
class ChainOptions:
    """`symbol`, `spot`, `as_of` (UTC): in place of the file's; of several snapshots the last by `as_of`. `multiplier`: units per contract (0: the
    chain's own, 100, Deribit 1). `rate`, `dividend`: in place of put-call parity. `clock`: XNYS or 24/7."""

    symbol: str = ""
    spot: float = 0.0
    as_of: str = ""
    multiplier: float = 0.0
    rate: float | None = None
    dividend: float | None = None
    clock: str = "XNYS"


@dataclass(frozen=True)
class Kind:
    """One kind of raw file. `one` reads a file; `join` puts the files' tables together; `options` is the class of its options.

    `publication`: the rule of the dataset made of it. `clock`, `frequency`: "" takes those of the options.
    """

    summary: str
    endings: tuple[str, ...]
    options: type[Any]
    one: Callable[[Path, Any, Limits], pd.DataFrame]
    join: Callable[[Parts, Any], pd.DataFrame]
    publication: Mapping[str, object]
    clock: str = ALWAYS
    frequency: str = ""

    def set(self, given: Mapping[str, str]) -> Any:
        """The options with some of them set from text; ParameterError for a name or value that is none."""
        plain = self.options()
        defaults = {one.name: getattr(plain, one.name) for one in fields(plain)}
        out: dict[str, object] = {}
        for name, text in given.items():
            if name not in defaults:
                raise ParameterError(f"option {name}={text}", f"this kind has {', '.join(defaults)}", nearest(name, defaults))
            try:
                out[name] = text if isinstance(defaults[name], str) else int(text) if isinstance(defaults[name], int) else float(text)
            except ValueError:
                raise ParameterError(f"option {name}={text}", "not a number", f"its default is {defaults[name]!r}") from None
        return self.options(**out)


def _sums(names: Sequence[str]) -> Callable[[Parts, object], pd.DataFrame]:
    return lambda parts, _: total(parts, dict.fromkeys(names, "sum"))


def _stacked(parts: Parts, _: object) -> pd.DataFrame:
    """Files of different days one after another; of a label in two files the later file's row is kept."""
    table = pd.concat(parts, ignore_index=True)
    return table.drop_duplicates(["event_time", "symbol"], keep="last", ignore_index=True)


def _means(names: Sequence[str]) -> Callable[[Parts, object], pd.DataFrame]:
    return lambda parts, _: total(parts, dict.fromkeys(names, "mean"))


def _finra(path: Path, options: FinraOptions, limits: Limits) -> pd.DataFrame:
    wanted = [name.strip() for name in options.symbols.split(",") if name.strip()]
    return parse(path, {"symbols": wanted} if wanted else {}).frame[["event_time", "symbol", "short_volume", "total_volume"]]


def _chain(path: Path, options: ChainOptions, limits: Limits) -> pd.DataFrame:
    """One row per snapshot and symbol: dealer gamma, the 7-, 30- and 91-day volatility and smile of its surface, concentration of open interest. Its
    surface is in rows beside it, one per expiry: symbol SYMBOL@nn, fields `slice_*` (see `flowbt.options.daily`)."""
    chain = read_chain(path, Missing(options.spot or None, _instant(options.as_of), options.symbol or None))
    terms = ChainAssumptions(options.multiplier or None, options.rate, options.dividend)
    rows = []
    for (as_of, symbol), one in chain.groupby(["as_of", "symbol"]):
        profile = gamma_profile(one, terms)
        live = profile.snap.market.options
        held = strike_concentration(live, profile.snap.spot)
        shares = {"max_pain": held.max_pain, "oi_herfindahl": held.herfindahl, "oi_near_share": held.near_share}
        surface = _surface(profile.snap.market)
        rows.append({"known_at": as_of, "symbol": symbol, **profile.fields(), **_volatilities(surface), **shares})
        slices = np.empty((0, len(SLICE))) if surface is None else slices_of(surface)
        rows += [{"known_at": as_of, "symbol": f"{symbol}@{n:02d}", **dict(zip(SLICE, one, strict=True))} for n, one in enumerate(slices)]
    table = pd.DataFrame(rows)
    table.insert(0, "event_time", snapshot_labels(pd.DatetimeIndex(table["known_at"]), options.clock))
    return table


def _surface(market: OptionMarket) -> VolSurface | None:
    """None where no expiry has enough strikes."""
    try:
        return fit_surface(market)
    except SourceError:
        return None


def _volatilities(surface: VolSurface | None) -> dict[str, float]:
    if surface is None:
        return dict.fromkeys(("iv_7d", "iv_30d", "iv_91d", "iv_skew", "iv_curve"), float("nan"))
    month = smile_at(surface, 30.0)
    levels = {f"iv_{days}d": surface.at_the_money(days) for days in (7, 91)}
    return {**levels, "iv_30d": month.level, "iv_skew": month.slope, "iv_curve": month.curve}


def _instant(text: str) -> pd.Timestamp | None:
    try:
        return pd.Timestamp(text) if text else None
    except ValueError:
        raise ParameterError(f"option as_of={text}", "not an instant", "for example '2024-01-05 21:00' (UTC)") from None


def snapshot_labels(instants: pd.DatetimeIndex, clock: str) -> pd.DatetimeIndex:
    """The label a snapshot is about: the UTC day, or the last session that had opened by then (a Saturday's file is Friday's)."""
    if clock == ALWAYS:
        return instants.normalize()
    local = instants.tz_localize("UTC").tz_convert("America/New_York").tz_localize(None).normalize()
    opens = local_instants(local, "09:30", "America/New_York")
    return Clock(clock).shift(pd.DatetimeIndex(np.where(instants >= opens, local, local - pd.Timedelta(days=1))), 0)


def _snapshots(parts: Parts, _: object) -> pd.DataFrame:
    """The last snapshot of each label."""
    table = pd.concat(parts, ignore_index=True).sort_values(["symbol", "known_at"], kind="stable")
    return table.drop_duplicates(["event_time", "symbol"], keep="last", ignore_index=True)


CLOSE = {"rule": "close"}
KINDS: dict[str, Kind] = {
    "option-prints": Kind(
        "Option prints to premium by side, a day and underlying.",
        PRINTS,
        PrintRules,
        option_prints,
        _sums(OPTION_SUMS),
        {"rule": "session", "at": "18:00"},
        "XNYS",
        "session",
    ),
    "deribit-prints": Kind(
        "Deribit's option trades to premium by the taker's side.",
        (*ARCHIVE, ".json", ".json.gz"),
        DeribitRules,
        deribit_prints,
        _sums(OPTION_SUMS),
        CLOSE,
    ),
    "dark-prints": Kind(
        "Dark-pool prints to net and volume, a day and symbol.",
        PRINTS,
        PrintRules,
        dark_prints,
        _sums(DARK_SUMS),
        {"rule": "session", "at": "18:00"},
        "XNYS",
        "session",
    ),
    "finra": Kind(
        "FINRA daily short volume, a folder of years.",
        (".txt", ".txt.gz", ".parquet"),
        FinraOptions,
        _finra,
        _stacked,
        {"rule": "session", "at": "18:00"},
        "XNYS",
        "session",
    ),
    "chains": Kind("Option chains to dealer gamma, volatility and concentration.", CHAINS, ChainOptions, _chain, _snapshots, {"rule": "column"}, "", "session"),
    "trades": Kind(
        "Trades (Binance trades and aggTrades, BitMEX, generic) to VPIN, taker volume and impact.",
        ARCHIVE,
        TradeOptions,
        minute_bars,
        lambda parts, options: trade_fields(joined_minutes(parts), options),
        CLOSE,
    ),
    "metrics": Kind("Binance metrics to open interest.", ARCHIVE, PerpRules, metrics, _stacked, CLOSE),
    "book-depth": Kind("Binance bookDepth to depth within 1%.", ARCHIVE, PerpRules, book_depth, _means(("depth_1pct_usd",)), CLOSE),
    "liquidations": Kind(
        "Liquidations to dollars by side.",
        ARCHIVE,
        PerpRules,
        liquidations,
        _sums(("liquidations_long_usd", "liquidations_short_usd")),
        CLOSE,
    ),
    "book": Kind("Recorded order-book streams to spread and depth.", (".gz", ".txt", ".log"), PerpRules, book, _means(("spread_bps", "depth_1pct_usd")), CLOSE),
}


def kind_of(name: str) -> Kind:
    if name not in KINDS:
        raise ParameterError(f"kind {name!r}", f"not one of {', '.join(KINDS)}", nearest(name, KINDS) or "use one of these")
    return KINDS[name]
