"""Option prints and dark-pool prints to daily side sums.

A print is bought when its price is at or above the ask and sold when it is at or below the bid. Inside the quote it is unknown, or goes to the
nearer side (`inside="nearer"`, the middle stays unknown). A locked, crossed or missing quote leaves it unknown. Never a guess.
The vendor's own tags (`ask_side`, `bid_side`) are another classification: `sides="tags"`.

Days are New York dates of the execution. Layouts: csv or Parquet with the vendor's column names, the vendor's JSON answer (`{"data": [...]}`),
and logs of the vendor's stream (`time|channel|{...}` lines).
"""

from __future__ import annotations

import ast
import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from flowbt.data.raw.duck import Limits, Table, open_table
from flowbt.ground.errors import ParameterError, SourceError

TIME = ("executed_at", "timestamp", "time", "trade_time", "sip_timestamp")
PRICE, SIZE, PREMIUM = ("price", "trade_price"), ("size", "quantity", "contracts"), ("premium", "notional")
BID, ASK = ("nbbo_bid", "bid", "best_bid"), ("nbbo_ask", "ask", "best_ask")
OPTION_SUMS = ("calls_bought", "calls_sold", "puts_bought", "puts_sold", "premium_unknown")
DARK_SUMS = ("dark_pool_net", "dark_pool_volume")


@dataclass(frozen=True)
class PrintRules:
    """`inside`: what a price between bid and ask is. `sides`: by the quote, or by the vendor's tags. `until`: prints executed at or after it (New York,
    HH:MM) are left out, so that the sum is final at that time. `multiplier`: shares per contract, where the file has no premium."""

    inside: Literal["unknown", "nearer"] = "unknown"
    sides: Literal["quote", "tags"] = "quote"
    until: str = "18:00"
    multiplier: float = 100.0

    def __post_init__(self) -> None:
        for name, allowed in (("inside", ("unknown", "nearer")), ("sides", ("quote", "tags"))):
            if getattr(self, name) not in allowed:
                raise ParameterError(f"{name}={getattr(self, name)}", "not known", f"use {' or '.join(allowed)}")
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.until):
            raise ParameterError(f"until={self.until}", "not HH:MM", "for example 16:15 or 20:00")


def option_prints(path: Path, rules: PrintRules, limits: Limits) -> pd.DataFrame:
    """Premium in dollars per New York date and underlying: calls and puts bought and sold, and what is unknown."""
    with _opened(path, limits) as table:
        symbol = table.column(("underlying_symbol", "underlying", "ticker", "symbol", "root"))
        right = table.column(("option_type", "type", "right", "put_call"))
        side, day, when = _common(table, rules)
        premium = _dollars(table, rules.multiplier)
        answer = table.query(f"""
            WITH p AS (
                SELECT {day} AS day, {symbol} AS symbol, upper(left(CAST({right} AS VARCHAR), 1)) AS kind, {premium} AS premium, {side} AS side
                FROM {table.sql} WHERE {when}
            )
            SELECT day, symbol,
                sum(premium) FILTER (kind = 'C' AND side = 1) AS calls_bought, sum(premium) FILTER (kind = 'C' AND side = -1) AS calls_sold,
                sum(premium) FILTER (kind = 'P' AND side = 1) AS puts_bought, sum(premium) FILTER (kind = 'P' AND side = -1) AS puts_sold,
                sum(premium) FILTER (side = 0) AS premium_unknown, count(*) FILTER (kind NOT IN ('C', 'P')) AS strange
            FROM p GROUP BY day, symbol""")
    if answer["strange"].sum():
        raise SourceError(path.name, f"{int(answer['strange'].sum())} prints that are neither call nor put", f"check its column {right}")
    return _daily(answer, OPTION_SUMS)


def dark_prints(path: Path, rules: PrintRules, limits: Limits) -> pd.DataFrame:
    """Dollars per New York date and symbol: bought at the ask less sold at the bid, and all volume. A price inside the quote is neutral."""
    with _opened(path, limits) as table:
        symbol = table.column(("ticker", "symbol", "underlying_symbol"))
        side, day, when = _common(table, rules)
        dollars = _dollars(table, 1.0)
        answer = table.query(f"""
            SELECT {day} AS day, {symbol} AS symbol, sum({dollars} * {side}) AS dark_pool_net, sum({dollars}) AS dark_pool_volume
            FROM {table.sql} WHERE {when} GROUP BY ALL""")
    return _daily(answer, DARK_SUMS)


def side_sql(price: str, bid: str, ask: str, inside: str) -> str:
    """SQL of a print's side: 1 bought, -1 sold, 0 unknown."""
    off_middle = f"2 * {price} - {bid} - {ask}"  # a millionth of a dollar is rounding, not a side
    nearer = f"WHEN {off_middle} > 1e-6 THEN 1 WHEN {off_middle} < -1e-6 THEN -1" if inside == "nearer" else ""
    quoted = f"{bid} IS NOT NULL AND {ask} IS NOT NULL AND {bid} >= 0 AND {ask} > {bid}"
    return f"CASE WHEN NOT ({quoted}) THEN 0 WHEN {price} >= {ask} THEN 1 WHEN {price} <= {bid} THEN -1 {nearer} ELSE 0 END"


def _common(table: Table, rules: PrintRules) -> tuple[str, str, str]:
    """SQL of side, New York date, and the condition that keeps a print."""
    local = f"timezone('America/New_York', make_timestamptz({table.micros(TIME)}))"
    if rules.sides == "tags":
        tags = f"CAST({table.column(('tags', 'side'))} AS VARCHAR)"
        side = f"CASE WHEN contains({tags}, 'ask_side') THEN 1 WHEN contains({tags}, 'bid_side') THEN -1 ELSE 0 END"
    else:
        side = side_sql(table.number(PRICE), table.number(BID), table.number(ASK), rules.inside)
    keep = [f"CAST({local} AS TIME) < TIME '{rules.until}'"]
    if cancelled := table.column(("canceled", "cancelled"), needed=False):
        keep.append(f"NOT coalesce(CAST({cancelled} AS BOOLEAN), false)")
    return side, f"CAST({local} AS DATE)", " AND ".join(keep)


def _dollars(table: Table, multiplier: float) -> str:
    if table.column(PREMIUM, needed=False):
        return table.number(PREMIUM)
    return f"{table.number(PRICE)} * {table.number(SIZE)} * {multiplier}"


def _daily(answer: pd.DataFrame, sums: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame({"event_time": pd.to_datetime(answer["day"]).astype("datetime64[ns]"), "symbol": answer["symbol"].astype(str)})
    return frame.join(answer[list(sums)].astype(float).fillna(0.0)).sort_values(["event_time", "symbol"], ignore_index=True)


def _opened(path: Path, limits: Limits) -> Any:
    """The file itself, or, for JSON answers and stream logs, its records."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".json") or (name.endswith((".txt", ".log")) and path.is_file()):
        return open_table(path, limits, prepared=_records(path))
    return open_table(path, limits, numbers=(*PRICE, *SIZE, *PREMIUM, *BID, *ASK))


def _records(path: Path) -> pd.DataFrame:
    """Records of a JSON answer or a stream log, all cells as they came; records without a price (acknowledgements) are left out."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
        if text.lstrip().startswith(("{", "[")):
            answer = json.loads(text)
            rows = answer["data"] if isinstance(answer, dict) else answer
        else:
            rows = [ast.literal_eval(line.split("|", 2)[2]) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    except (OSError, ValueError, SyntaxError, KeyError, IndexError, EOFError) as error:
        raise SourceError(path.name, f"cannot be read ({type(error).__name__})", "give the vendor's JSON answer, stream log, csv or Parquet") from None
    prints = [row for row in rows if isinstance(row, dict) and row.get("price") not in (None, "")]
    if not prints:
        raise SourceError(path.name, "no prints in it", "give the vendor's JSON answer, stream log, csv or Parquet")
    return pd.DataFrame(prints).map(lambda cell: None if cell is None else str(cell))
