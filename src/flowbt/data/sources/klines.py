"""Bars of 24/7 markets: csv, Feather or Parquet with `date|datetime|timestamp|t|hour_start, open, high, low, close[, volume]`.

Stamps are bar starts in UTC; the option `stamp = "end"` moves the stamps of exchanges that name the bar's end, by the option `bar`.
Also Binance's own archive csv (twelve columns without a header: open time in ms, later in microseconds) and tables of several venues
or symbols (`venue,coin,o,h,l,c,v`; `symbol,base,...`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, Sheet, first_lines, is_text, read_sheet, symbol_of
from flowbt.data.sources.given import names_of, pairs_of
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.errors import SourceError

OPTIONS = ("symbol", "venue", "symbols", "volume", "close", "stamp", "bar", "resample")
URL = "https://data.binance.vision/data/{market}/{files}/klines/{pair}/{interval}/{pair}-{interval}-{date}.zip"
MARKETS = {"spot": "spot", "usdm": "futures/um", "coinm": "futures/cm"}
STAMPS = ("date", "datetime", "timestamp", "t", "hour_start", "open_time")
PULLED_BY = ("market", "interval")  # options of a download
ARCHIVE = ["open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore"]
REDUCE = {"open": "first", "high": "max", "low": "min", "close": "last", "row": "first", "file": "first"}
SHORT = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}


def parse(path: Path, options: Options) -> RawTable:
    """Fields open, high, low, close, volume (coin, or the option `volume` names the column), and taker_buy_volume, taker_sell_volume from archives.

    Options: symbol; venue; symbols (a mapping from the file's symbols to ours); close (column of a close-only file); stamp, bar; resample ("1D": longer bars).
    """
    sheet = _sheet(path)
    if "venue" in sheet.frame.columns and options.get("venue"):
        sheet = sheet.take(sheet.frame["venue"].astype("str") == options["venue"])
    symbol: str | pd.Series
    names = names_of(options, "symbols")
    ours = pairs_of(options, "symbols") if isinstance(options.get("symbols"), Mapping) else dict(zip(names, names, strict=True))
    column = next((name for name in ("coin", "symbol") if name in sheet.frame.columns), None)
    if names and column:
        sheet = sheet.take(sheet.frame[column].astype("str").isin(names))
        symbol = sheet.frame[column].astype("str").map(ours)
    else:
        symbol = symbol_of(options, path)
    if not len(sheet.frame):
        raise SourceError(path.name, "no row of the wanted venue and symbols", "check the options")
    table = sheet.long(_times(sheet, options), symbol, _fields(sheet, options))
    return longer_bars(table, str(options["resample"])) if options.get("resample") else table


def longer_bars(table: RawTable, bar: str) -> RawTable:
    """Bars of length `bar` from finer ones: first open, highest high, lowest low, last close, sums.

    Of each symbol the first and last are left out where they are cut short.
    """
    frame = table.frame.sort_values(["symbol", "event_time"], kind="stable")
    starts = frame["event_time"].dt.floor(bar)
    how = {name: REDUCE.get(name, "sum") for name in frame.columns if name not in ("event_time", "symbol")}
    groups = frame.groupby(["symbol", starts.rename("start")], observed=True)
    made = groups.agg(how)
    for name in (one for one, rule in how.items() if rule == "sum"):
        made[name] = made[name].where(groups[name].count() == groups.size())  # of a part that is missing the sum is
    step = pd.Timedelta(frame.groupby("symbol", observed=True)["event_time"].diff().median())  # of the finer bars
    first, last = groups["event_time"].min(), groups["event_time"].max()
    start = pd.DatetimeIndex(made.index.get_level_values("start"))
    whole = (first == start) & (last == pd.Series(start, index=made.index) + (pd.Timedelta(bar) - step))
    ends = pd.Series(start, index=made.index).groupby(level=0)  # of each symbol: one may be listed later
    inside = whole.to_numpy() | ((start != ends.transform("min")) & (start != ends.transform("max")))
    made = made[inside].reset_index().rename(columns={"start": "event_time"})
    return replace(table, frame=made[list(frame.columns)])


def requests(wanted: Wanted) -> list[Download]:
    """Binance's archives of each symbol (pair): whole months, and the days of a month that is not over by a week, whose archive may not be
    there yet, or is not wanted whole. Options: market (spot, usdm, coinm; default spot), interval (default 1h)."""
    market, interval = str(wanted.options.get("market", "spot")), str(wanted.options.get("interval", "1h"))
    if market not in MARKETS:
        raise SourceError(f"market {market!r}", f"not one of {', '.join(MARKETS)}", "mend the option market")
    found = []
    for pair in wanted.named("BTCUSDT"):
        for files, date in _archives(wanted):
            url = URL.format(market=MARKETS[market], pair=pair, interval=interval, files=files, date=date)
            found.append(Download(url, url.rsplit("/", 1)[1], fixed=True, maybe=True, checksum=f"{url}.CHECKSUM"))
    return found


def _archives(wanted: Wanted) -> list[tuple[str, str]]:
    """("monthly", YYYY-MM) or ("daily", YYYY-MM-DD) of the span."""
    first, last = wanted.days()
    there = pd.Timestamp.now("UTC").tz_localize(None) - pd.Timedelta(days=7)
    found = []
    for month in map(pd.Timestamp, wanted.months()):
        end = month + pd.offsets.MonthEnd(0)
        days = pd.date_range(max(first, month), min(last, end))
        found += [("monthly", f"{month:%Y-%m}")] if end <= last and end < there else [("daily", f"{day:%Y-%m-%d}") for day in days]
    return found


def _sheet(path: Path) -> Sheet:
    bare = is_text(path) and first_lines(path, 1)[0].split(",")[0].strip().isdigit()
    return read_sheet(path, columns=ARCHIVE if bare else None).renamed(lambda name: SHORT.get(name.lower(), name.lower()))


def _times(sheet: Sheet, options: Options) -> pd.Series:
    name = next((name for name in STAMPS if name in sheet.frame.columns), None)
    if name is None:
        raise SourceError(sheet.path.name, f"no time column ({', '.join(STAMPS)})", "check that it is a file of bars")
    if name == "open_time" and not pd.api.types.is_datetime64_any_dtype(sheet.frame[name]):
        numbers = sheet.numbers(name)  # Binance spot archives went from ms to microseconds in 2025
        times = pd.to_datetime(numbers.where(numbers < 1e14, numbers / 1000), unit="ms").astype("datetime64[ns]")
    else:
        times = sheet.times(name)
    return times - pd.Timedelta(str(options["bar"])) if options.get("stamp") == "end" else times


def _fields(sheet: Sheet, options: Options) -> dict[str, pd.Series]:
    if close := str(options.get("close") or ""):
        return {"close": sheet.require(close).numbers(close)}
    sheet.require("open", "high", "low", "close")
    fields = {name: sheet.numbers(name) for name in ("open", "high", "low", "close")}
    volume = str(options.get("volume", "volume"))
    if volume in sheet.frame.columns:
        fields["volume"] = sheet.numbers(volume)
    if "taker_buy_volume" in sheet.frame.columns:
        fields["taker_buy_volume"] = sheet.numbers("taker_buy_volume")
        fields["taker_sell_volume"] = sheet.numbers("volume") - fields["taker_buy_volume"]  # coins, whatever `volume` is in
    if "net_taker_volume" in sheet.frame.columns:
        net, whole = sheet.numbers("net_taker_volume"), sheet.numbers("volume")
        fields["taker_buy_volume"], fields["taker_sell_volume"] = (whole + net) / 2, (whole - net) / 2
    return fields
