"""Perpetual funding rates in the layouts met, all to fractions per interval (positive = longs pay shorts), stamped at settlement, UTC.

export      `Symbol,Date,Funding Rate`; the option `utc_offset` says how many hours its clock is ahead of UTC
pairs       JSON `[[ms, rate]]`; the option `percent` divides by 100
venues      Parquet `timestamp,venue,coin,funding_rate`; the option `venue` picks one
candles     Feather `date,open,...` with the rate in `open`
bitmex      `timestamp,symbol,fundingInterval,fundingRate,fundingRateDaily`; the interval is a date (2000-01-01T08:00 = 8 h)
archive     Binance's monthly files `calc_time,funding_interval_hours,last_funding_rate`
api         JSON rows of `fundingRate` and `fundingTime` (Binance, OKX, which adds `realizedRate`: that counts) or `fundingRateTimestamp` (Bybit), ms
deribit     `time_dt,timestamp,prev_index_price,interest_8h,interest_1h,index_price,time_dt`; `timestamp` (ms) counts; also the API's JSON

Stamps are rounded to the minute (collectors add milliseconds). `hours` is the funding interval. The option `ahead` (such as "8h") is for
venues that fix the rate one interval before it is paid: its `known_at` is then so much before its settlement. `suffix` is added to symbols.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, Sheet, read_sheet, symbol_of
from flowbt.data.sources.given import names_of, number_of
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.errors import SourceError

OPTIONS = ("symbol", "hours", "percent", "utc_offset", "ahead", "venue", "coins", "suffix")


def parse(path: Path, options: Options) -> RawTable:
    """Fields funding_rate, funding_interval_hours. Options as in the module's page, and symbol where the file names none."""
    sheet = read_sheet(path)
    names = set(sheet.frame.columns)
    if {"Symbol", "Date", "Funding Rate"} <= names:
        return _export(sheet, options)
    if {"timestamp", "fundingInterval", "fundingRate"} <= names:
        return _bitmex(sheet, options)
    if {"calc_time", "funding_interval_hours", "last_funding_rate"} <= names:
        hours = sheet.numbers("funding_interval_hours")
        return _table(sheet, options, sheet.epoch("calc_time", "ms"), symbol_of(options, path), "last_funding_rate", hours)
    if "fundingRate" in names and (stamp := next((name for name in ("fundingTime", "fundingRateTimestamp") if name in names), "")):
        rate = "realizedRate" if "realizedRate" in names else "fundingRate"
        return _table(sheet, options, sheet.epoch(stamp, "ms"), symbol_of(options, path), rate, _hours(options))
    if {"timestamp", "interest_1h"} <= names:
        return _table(sheet, options, sheet.epoch("timestamp", "ms"), symbol_of(options, path), "interest_1h", 1.0)
    if {"timestamp", "venue", "coin", "funding_rate"} <= names:
        return _venue(sheet, options)
    if {"date", "open", "volume"} <= names:
        return _table(sheet, options, sheet.times("date"), symbol_of(options, path), "open", _hours(options))
    if names == {"0", "1"}:
        return _table(sheet, options, sheet.epoch("0", "ms"), symbol_of(options, path), "1", _hours(options))
    raise SourceError(path.name, f"not a known funding layout ({', '.join(sorted(map(str, names))[:6])})", "see docs/data.md")


PULLED_BY = ("venue",)  # options of a download
ARCHIVE = "https://data.binance.vision/data/futures/um/monthly/fundingRate/{pair}/{pair}-fundingRate-{month}.zip"
API = {
    "deribit": "https://www.deribit.com/api/v2/public/get_funding_rate_history?instrument_name={name}&start_timestamp={start}&end_timestamp={end}",
    "binance-api": "https://fapi.binance.com/fapi/v1/fundingRate?symbol={name}&startTime={start}&endTime={end}&limit=1000",
    "okx": "https://www.okx.com/api/v5/public/funding-rate-history?instId={name}&before={start}&after={end}&limit=100",
    "bybit": "https://api.bybit.com/v5/market/funding/history?category=linear&symbol={name}&startTime={start}&endTime={end}&limit=200",
}  # a month at a time


def requests(wanted: Wanted) -> list[Download]:
    """Option venue: binance (monthly archives of pairs such as BTCUSDT, default), or months of an API: deribit (instruments such as BTC-PERPETUAL),
    binance-api, okx (BTC-USDT-SWAP; it keeps three months), bybit."""
    venue = str(wanted.options.get("venue", "binance"))
    if venue != "binance" and venue not in API:
        raise SourceError(f"venue {venue!r}", f"not one of binance, {', '.join(API)}", "mend the option venue")
    found = []
    for symbol in wanted.named("BTCUSDT"):
        for month in wanted.months():
            if venue == "binance":
                url = ARCHIVE.format(pair=symbol, month=month)
                found.append(Download(url, url.rsplit("/", 1)[1], fixed=True, maybe=True, checksum=f"{url}.CHECKSUM"))
                continue
            start = pd.Timestamp(month)
            stamps = {"start": start.value // 10**6, "end": (start + pd.offsets.MonthBegin(1)).value // 10**6 - 1}
            found.append(Download(API[venue].format(name=symbol, **stamps), f"{symbol}-{month}.json"))
    return found


def _hours(options: Options) -> float:
    return number_of(options, "hours", 8)


def _table(sheet: Sheet, options: Options, times: pd.Series, symbol: str | pd.Series, column: str, hours: float | pd.Series) -> RawTable:
    rate = sheet.numbers(column) / (100.0 if options.get("percent") else 1.0)
    stamps = times.dt.round("min")
    interval = pd.Series(hours, index=rate.index, dtype="float64").where(rate.notna())
    known = stamps - pd.Timedelta(str(options["ahead"])) if options.get("ahead") else stamps
    return sheet.long(stamps, symbol + str(options.get("suffix", "")), {"funding_rate": rate, "funding_interval_hours": interval}, known)


def _export(sheet: Sheet, options: Options) -> RawTable:
    times = sheet.times("Date") - pd.Timedelta(hours=number_of(options, "utc_offset", 0))
    symbol = str(options.get("symbol") or "") or sheet.frame["Symbol"].astype("str").str.split("-").str[0]
    return _table(sheet, options, times, symbol, "Funding Rate", _hours(options))


def _venue(sheet: Sheet, options: Options) -> RawTable:
    venue = options.get("venue")
    present = sorted(sheet.frame["venue"].astype("str").unique())
    if venue not in present:
        raise SourceError(sheet.path.name, f"venue {venue!r} is not among {', '.join(present)}", "give one of them as venue")
    sheet = sheet.take(sheet.frame["venue"].astype("str") == venue)
    if coins := names_of(options, "coins"):
        sheet = sheet.take(sheet.frame["coin"].astype("str").isin(coins))
    return _table(sheet, options, sheet.times("timestamp"), sheet.frame["coin"].astype("str"), "funding_rate", _hours(options))


def _bitmex(sheet: Sheet, options: Options) -> RawTable:
    hours = (sheet.times("fundingInterval") - pd.Timestamp("2000-01-01")) / pd.Timedelta(hours=1)
    names = sheet.frame["symbol"].astype("str").replace({"XBTUSD": "BTC", "ETHUSD": "ETH"})
    return _table(sheet, options, sheet.times("timestamp"), str(options.get("symbol") or "") or names, "fundingRate", hours)
