"""Downloads through optional packages: `ccxt` (funding and bars of many venues) and `yfinance` (daily bars). Each is imported when it is asked for.

What they return is written as csv in the layouts that `funding`, `klines` and `yahoo` read.
"""

from __future__ import annotations

import csv
import importlib
import logging
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from flowbt.data.sources.request import Brought, Wanted
from flowbt.ground.errors import PullError, nearest
from flowbt.ground.files import inside, writing

PAGE = 500
FAILURES = 3  # symbols in a row
PULLED_BY = {"ccxt": ("venue", "what", "interval"), "yfinance": ()}  # options of each download


def with_ccxt(wanted: Wanted, folder: Path) -> list[Brought]:
    """Option venue (an exchange id of ccxt), what (funding, default, or bars) and interval (default 1h); symbols as ccxt has them (`BTC/USDT:USDT`)."""
    ccxt = _package("ccxt")
    venue = str(wanted.options.get("venue", "binance"))
    if venue not in ccxt.exchanges:
        raise PullError(f"venue {venue!r}", "ccxt does not know it", nearest(venue, ccxt.exchanges) or "see ccxt.exchanges")
    exchange = getattr(ccxt, venue)({"enableRateLimit": True})
    bars = wanted.options.get("what", "funding") == "bars"
    header = ("timestamp", "open", "high", "low", "close", "volume") if bars else ("Symbol", "Date", "Funding Rate")

    def one(symbol: str) -> Path:
        try:
            rows = list(_bars(exchange, symbol, wanted) if bars else _rates(exchange, symbol, wanted))
        except ccxt.BaseError as error:
            raise PullError(f"{venue} {symbol}", str(error)[:120] or type(error).__name__, "check the symbol and the span") from None
        name = f"{symbol.replace('/', '-').replace(':', '-')}_{venue}_{'bars' if bars else 'funding'}.csv"
        return _write(inside(folder, name), header, rows)

    return _each(wanted.named("BTC/USDT:USDT"), one)


def with_yfinance(wanted: Wanted, folder: Path, pause: float = 0.0, timeout: float = 30.0) -> list[Brought]:
    """Daily bars of each symbol, unadjusted prices with an Adj Close column; `pause` seconds between two symbols, `timeout` without an answer."""
    yfinance = _package("yfinance")
    first, last = wanted.days()
    columns = ["Open", "High", "Low", "Close", "Adj Close", "Volume"]
    asked = {"start": first, "end": last + pd.Timedelta(days=1), "timeout": timeout}

    def one(symbol: str) -> Path:
        time.sleep(pause)
        with warnings.catch_warnings(), _quiet("yfinance"):
            warnings.simplefilter("ignore")  # of its own use of pandas
            frame = yfinance.download(symbol, **asked, auto_adjust=False, progress=False, threads=False, multi_level_index=False)
        if frame is None or frame.empty:
            raise PullError(
                f"yfinance {symbol}", "no rows: Yahoo did not answer, refused, or does not know it", "try again later; check the symbol and the span"
            )
        rows = [(f"{day:%Y-%m-%d}", *values) for day, *values in frame[columns].itertuples()]
        return _write(inside(folder, f"{symbol.lstrip('^')}.csv"), ("Date", *columns), rows)

    return _each(wanted.named("SPY"), one)


def _each(symbols: Sequence[str], one: Callable[[str], Path]) -> list[Brought]:
    """Symbol by symbol: one that fails does not stop the others; after FAILURES in a row the others are not asked for."""
    found: list[Brought] = []
    for symbol in symbols:
        if len(found) >= FAILURES and not any(each.path for each in found[-FAILURES:]):
            found.append(Brought(symbol, problem=f"{symbol}: not asked: {FAILURES} before it brought nothing; try again later"))
            continue
        try:
            found.append(Brought(symbol, one(symbol)))
        except PullError as error:
            found.append(Brought(symbol, problem=str(error)))
    return found


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """A package's own log lines are kept off the terminal: what failed is said once, by us."""
    log = logging.getLogger(name)
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _rates(exchange: Any, symbol: str, wanted: Wanted) -> Iterable[tuple[Any, ...]]:
    coin = symbol.split("/")[0]
    for row in _paged(lambda since: exchange.fetch_funding_rate_history(symbol, since, PAGE), wanted, lambda row: row["timestamp"]):
        yield f"{coin}-{exchange.id}", f"{pd.Timestamp(row['timestamp'], unit='ms'):%Y-%m-%d %H:%M:%S}", row["fundingRate"]


def _bars(exchange: Any, symbol: str, wanted: Wanted) -> Iterable[tuple[Any, ...]]:
    interval = str(wanted.options.get("interval", "1h"))
    for row in _paged(lambda since: exchange.fetch_ohlcv(symbol, interval, since, PAGE), wanted, lambda row: row[0]):
        yield (f"{pd.Timestamp(row[0], unit='ms'):%Y-%m-%d %H:%M:%S}", *row[1:6])


def _paged(ask: Any, wanted: Wanted, stamp: Any) -> Iterable[Any]:
    """Rows page by page, until the span's end or a page that brings nothing new."""
    first, last = wanted.days()
    since, end = first.value // 10**6, (last + pd.Timedelta(days=1)).value // 10**6
    while since < end:
        page = [row for row in ask(since) if since <= stamp(row) < end]
        if not page:
            return
        yield from page
        since = stamp(page[-1]) + 1


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    if not rows:
        raise PullError(path.name, "no rows", "check the symbol and the span")
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as scratch, scratch.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise PullError(f"downloads with {name}", "the package is not installed", "install flowbt[online]") from None
