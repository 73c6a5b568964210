"""Trades to one-minute bars with both taker sides.

Layouts: Binance archives `aggTrades` and `trades`, spot and futures, with and without header, in milliseconds or (spot, from 2025)
microseconds; BitMEX trades; any csv or Parquet with a time, a price, a size and a taker side or buyer-is-maker flag. `is_buyer_maker` true means
that the taker sold. Sizes are coins; BitMEX's `homeNotional` is used for its size.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from flowbt.data.raw.duck import Limits, Table, first_line, labels, open_table
from flowbt.ground.errors import SourceError

AGG = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "time", "is_buyer_maker")
SINGLE = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")
TIME = ("time", "transact_time", "timestamp", "trade_time", "ts")
SIZE = ("homeNotional", "quantity", "qty", "size", "amount", "volume")
MINUTE = 60_000_000
SUMS = ("volume", "buy", "dollars", "trades")


@dataclass(frozen=True)
class TradeRules:
    """`symbol`: what the file is about; empty takes it from the file name (BTCUSDT-aggTrades-2024-01-05.csv is BTC)."""

    symbol: str = ""


def minute_bars(path: Path, rules: TradeRules, limits: Limits) -> pd.DataFrame:
    """event_time (minute, UTC), symbol, open, high, low, close, volume, buy (coins bought by takers), dollars, trades. Minutes without a trade
    have no row; `buy` is missing where a trade of the minute has no side."""
    names = () if path.name.endswith(".parquet") else _headerless(first_line(path))
    with open_table(path, limits, names, numbers=("price", *SIZE)) as table:
        order = table.column(("agg_trade_id", "id", "trade_id"), needed=False)
        sequence = f"CAST({order} AS BIGINT)" if order else "us"
        answer = table.query(f"""
            WITH t AS (
                SELECT {table.micros(TIME)} AS us, {table.number(("price",))} AS price, {table.number(SIZE)} AS size, {_bought(table)} AS bought
                {f", {sequence} AS n" if order else ""} FROM {table.sql}
            )
            SELECT us // {MINUTE} * {MINUTE} AS us0, arg_min(price, {"n" if order else "us"}) AS open, max(price) AS high, min(price) AS low,
                arg_max(price, {"n" if order else "us"}) AS close, sum(size) AS volume, sum(CASE WHEN bought THEN size ELSE 0 END) AS buy,
                sum(price * size) AS dollars, count(*)::DOUBLE AS trades, count(bought) AS sided, bool_and(coalesce(price > 0 AND size >= 0, false)) AS sound
            FROM t GROUP BY us0 ORDER BY us0""")
    if not answer["sound"].all():
        raise SourceError(path.name, "trades without a positive price or with a negative size", "check its columns; is it another kind of file?")
    answer["buy"] = answer["buy"].where(answer["sided"] == answer["trades"])
    answer.insert(0, "event_time", labels(answer["us0"]))
    answer.insert(1, "symbol", rules.symbol or coin_of(path))
    return answer[["event_time", "symbol", "open", "high", "low", "close", *SUMS]]


def _headerless(cells: Sequence[str]) -> tuple[str, ...]:
    """Column names where the first line is data: in `trades` the sixth cell is the maker flag, in `aggTrades` the seventh."""
    if not re.fullmatch(r"\d+", cells[0].strip()):
        return ()
    flags = [n for n, cell in enumerate(cells) if cell.strip().lower() in ("true", "false")]
    if not flags or flags[0] not in (5, 6):
        raise SourceError(
            "trades without header", f"{len(cells)} columns, no maker flag in the sixth or seventh", "give Binance trades or aggTrades, or a file with a header"
        )
    base = SINGLE if flags[0] == 5 else AGG
    return (*base, *(f"extra{n}" for n in range(len(cells) - len(base))))


def _bought(table: Table) -> str:
    """SQL of whether the taker bought; NULL where the file does not say."""
    if maker := table.column(("is_buyer_maker", "isBuyerMaker", "buyer_maker", "m"), needed=False):
        return f"NOT CAST({maker} AS BOOLEAN)"
    if side := table.column(("side", "taker_side"), needed=False):
        return f"CASE lower(CAST({side} AS VARCHAR)) WHEN 'buy' THEN true WHEN 'sell' THEN false END"
    return "CAST(NULL AS BOOLEAN)"


def coin_of(path: Path) -> str:
    """BTC for BTCUSDT-trades-2024-01-05.zip, btcusdt_20240808.gz and the like."""
    words = re.split(r"[-_.]", path.name.upper())
    pairs = [pair for word in words if (pair := re.fullmatch(r"(\w+?)(USDT|USDC|BUSD|FDUSD|USD)", word))]
    coin = pairs[0][1] if pairs else words[0]
    if not coin or not coin.isalnum():
        raise SourceError(path.name, "its name does not say which coin it is about", "give the option symbol")
    return coin


def joined_minutes(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Bars of several files as one table, sorted. A minute in two files is one bar of both (files that overlap would count twice: give each once)."""
    together = pd.concat(parts, ignore_index=True).sort_values(["symbol", "event_time"], kind="stable")
    rules = {"open": "first", "high": "max", "low": "min", "close": "last"} | dict.fromkeys(SUMS, "sum")
    minutes = together.groupby(["symbol", "event_time"])
    bars = minutes.agg(rules)
    bars["buy"] = bars["buy"].where(minutes["buy"].count() == minutes.size())  # a sum of nothing is 0, and a side that is not known is no sale
    return bars.reset_index()
