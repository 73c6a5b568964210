"""Deribit's option trades to premium by side.

Layouts: the exchange's answers (`{"result": {"trades": [...]}}`, or the list alone) and csv or Parquet with their names: `timestamp` (ms),
`instrument_name`, `direction` (the taker's), `price`, `amount` (coins), `index_price`, `trade_id`. Prices are in coin and become dollars at the
index of the trade; options settled in dollars (`BTC_USDC-...`) are priced in dollars. Futures and perpetuals in the file are left out; a trade
that is there twice counts once.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from flowbt.data.raw.duck import Limits, Table, labels, open_table
from flowbt.data.raw.prints import OPTION_SUMS, side_cases
from flowbt.data.unpacking import gunzipped
from flowbt.ground.documents import parse_json
from flowbt.ground.errors import ParameterError, SourceError
from flowbt.ground.files import read_bytes

STEPS = {"1h": 3_600, "4h": 14_400, "8h": 28_800, "1d": 86_400}  # seconds
NUMBERS = ("price", "amount", "index_price")
OPTION = r"^[A-Za-z]+(_USDC|_USDT)?-\d{1,2}[A-Za-z]{3}\d{2}-[\dd]+-[CP]$"


@dataclass(frozen=True)
class DeribitRules:
    """`step`: length of the bars."""

    step: str = "1d"

    def __post_init__(self) -> None:
        if self.step not in STEPS:
            raise ParameterError(f"step={self.step}", "not known", f"use {', '.join(STEPS)}")


def deribit_prints(path: Path, rules: DeribitRules, limits: Limits) -> pd.DataFrame:
    """event_time (bar start, UTC), symbol (BTC, ETH ..), and the premium in dollars of calls and puts that takers bought and sold, and of what has no side.

    SourceError for a file without options, and for trades whose price, amount or index is missing or not above 0.
    """
    with _opened(path, limits) as table:
        name, trade = table.column(("instrument_name", "symbol", "instrument")), table.column(("trade_id", "id"), needed=False)
        index = table.number(("index_price", "underlying_price"), needed=False)
        settled = f"contains({name}, '_USD')"
        side = side_cases(table, ("direction", "side"))
        bar = STEPS[rules.step] * 1_000_000
        answer = table.query(f"""
            WITH p AS (
                SELECT DISTINCT {table.micros(("timestamp", "time"))} // {bar} * {bar} AS us, {name} AS name, {side} AS side,
                    {table.number(("price",))} AS price, {table.number(("amount", "size", "quantity"))} AS amount,
                    CASE WHEN {settled} THEN 1 ELSE {index} END AS rate, {trade or "row_number() OVER ()"} AS trade
                FROM {table.sql} WHERE regexp_matches({name}, '{OPTION}')
            ), q AS (SELECT us, upper(regexp_extract(name, '^[A-Za-z]+')) AS symbol, right(name, 1) AS kind, side, price * amount * rate AS premium,
                coalesce(price > 0 AND amount > 0 AND rate > 0, false) AS sound FROM p)
            SELECT us, symbol,
                sum(premium) FILTER (kind = 'C' AND side = 1) AS calls_bought, sum(premium) FILTER (kind = 'C' AND side = -1) AS calls_sold,
                sum(premium) FILTER (kind = 'P' AND side = 1) AS puts_bought, sum(premium) FILTER (kind = 'P' AND side = -1) AS puts_sold,
                sum(premium) FILTER (side = 0) AS premium_unknown, count(*) FILTER (NOT sound) AS unsound
            FROM q GROUP BY us, symbol ORDER BY us, symbol""")
    if answer.empty:
        raise SourceError(path.name, "no option such as BTC-28JUN24-60000-C among its trades", "check that they are option trades")
    if unsound := int(answer["unsound"].sum()):
        raise SourceError(path.name, f"{unsound} trades without a price, amount or index_price above 0", "get the file again, index_price included")
    frame = pd.DataFrame({"event_time": labels(answer["us"]), "symbol": answer["symbol"].astype(str)})
    return frame.join(answer[list(OPTION_SUMS)].astype(float).fillna(0.0))


def _opened(path: Path, limits: Limits) -> AbstractContextManager[Table]:
    if not path.name.removesuffix(".gz").endswith(".json"):
        return open_table(path, limits, numbers=NUMBERS)
    try:
        raw = read_bytes(path)
        answer = parse_json(gunzipped(raw) if path.suffix == ".gz" else raw)
        answer = answer.get("result", answer) if isinstance(answer, dict) else answer
        rows = answer["trades"] if isinstance(answer, dict) else answer
        wanted = ("timestamp", "instrument_name", "direction", "price", "amount", "index_price", "trade_id")
        frame = pd.DataFrame([{name: row.get(name) for name in wanted} for row in rows])
    except (OSError, ValueError, KeyError, AttributeError, TypeError, EOFError) as error:
        raise SourceError(path.name, f"cannot be read ({type(error).__name__})", "give the exchange's answer with result.trades") from None
    if frame.empty:
        raise SourceError(path.name, "no trades in it", "give the exchange's answer with result.trades")
    return open_table(path, limits, prepared=frame.map(lambda cell: None if cell is None else str(cell)))
