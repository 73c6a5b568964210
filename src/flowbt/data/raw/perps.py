"""Archives of perpetuals to fields: open interest (Binance `metrics`), depth (Binance `bookDepth`), liquidations.

Bars are half open in UTC; a snapshot belongs to the bar it falls into, and the last of a bar stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from flowbt.data.raw.duck import Limits, labels, literal, open_table
from flowbt.data.raw.trades import coin_of
from flowbt.ground.errors import SourceError

STEPS = {"1h": 3_600_000_000, "4h": 14_400_000_000, "8h": 28_800_000_000, "1d": 86_400_000_000}


@dataclass(frozen=True)
class PerpRules:
    """`symbol`: what the file is about, else its name says. `step`: bar length (1h, 4h, 8h, 1d). `contract_usd`: dollars per contract, for
    liquidations of coin-margined contracts (100 for BTC, 10 for others); 0 takes quantity x price."""

    symbol: str = ""
    step: str = "1h"
    contract_usd: float = 0.0


def bar_of(micros: str, step: str) -> str:
    """SQL of the start, in microseconds, of the bar a time falls into."""
    if step not in STEPS:
        raise SourceError(f"step {step!r}", "not a bar length", f"use one of {', '.join(STEPS)}")
    return f"{micros} // {STEPS[step]} * {STEPS[step]}"


def metrics(path: Path, rules: PerpRules, limits: Limits) -> pd.DataFrame:
    """open_interest_coin and open_interest_usd: the last five-minute snapshot of each bar."""
    with open_table(path, limits) as table:
        time = table.micros(("create_time", "timestamp", "time"))
        coin, usd = table.number(("sum_open_interest", "open_interest")), table.number(("sum_open_interest_value", "open_interest_value", "oi_usd"))
        answer = table.query(f"""
            SELECT {bar_of(time, rules.step)} AS us, arg_max({coin}, {time}) AS open_interest_coin, arg_max({usd}, {time}) AS open_interest_usd
            FROM {table.sql} GROUP BY us ORDER BY us""")
    return _labelled(answer, rules.symbol or coin_of(path))


def book_depth(path: Path, rules: PerpRules, limits: Limits) -> pd.DataFrame:
    """depth_1pct_usd: notional within 1% of mid, bids and asks, mean of the bar's snapshots that have both. Rows are cumulative by percentage."""
    with open_table(path, limits) as table:
        time = table.micros(("timestamp", "time"))
        answer = table.query(f"""
            WITH s AS (
                SELECT {time} AS t, sum({table.number(("notional",))}) AS depth, count(*) AS sides
                FROM {table.sql} WHERE abs({table.number(("percentage",))}) = 1 GROUP BY t
            )
            SELECT {bar_of("t", rules.step)} AS us, avg(depth) AS depth_1pct_usd FROM s WHERE sides = 2 GROUP BY us ORDER BY us""")
    if answer.empty:
        raise SourceError(path.name, "no snapshot with both sides at 1%", "give a Binance bookDepth file")
    return _labelled(answer, rules.symbol or coin_of(path))


def liquidations(path: Path, rules: PerpRules, limits: Limits) -> pd.DataFrame:
    """liquidations_long_usd and liquidations_short_usd per bar. A SELL order liquidates a long. Rows equal in every column are one (archives repeat
    them). Within the file's first and last bar, a bar without a liquidation is 0."""
    with open_table(path, limits) as table:
        time = table.micros(("time", "timestamp"))
        coin = table.column(("coin",), needed=False)
        symbol = f"CAST({coin} AS VARCHAR)" if coin and not rules.symbol else literal(rules.symbol or coin_of(path))
        side = f"upper(CAST({table.column(('side',))} AS VARCHAR))"
        if table.column(("size_usd", "amount_usd"), needed=False):
            usd = table.number(("size_usd", "amount_usd"))
        else:
            quantity = table.number(("accumulated_fill_quantity", "original_quantity", "quantity", "qty"))
            usd = f"{quantity} * {rules.contract_usd or table.number(('average_price', 'price'))}"
        answer = table.query(f"""
            WITH d AS (SELECT DISTINCT * FROM {table.sql})
            SELECT {bar_of(time, rules.step)} AS us, {symbol} AS symbol,
                coalesce(sum({usd}) FILTER ({side} = 'SELL'), 0) AS liquidations_long_usd,
                coalesce(sum({usd}) FILTER ({side} = 'BUY'), 0) AS liquidations_short_usd,
                count(*) FILTER ({side} NOT IN ('BUY', 'SELL')) AS strange
            FROM d GROUP BY ALL ORDER BY us""")
    if answer["strange"].sum():
        raise SourceError(path.name, f"{int(answer['strange'].sum())} rows whose side is neither BUY nor SELL", "this venue's sides cannot be used")
    return _quiet_bars_are_zero(answer.drop(columns="strange"), STEPS[rules.step])


def _quiet_bars_are_zero(answer: pd.DataFrame, step: int) -> pd.DataFrame:
    parts = []
    for symbol, part in answer.groupby("symbol"):
        whole = range(int(part["us"].min()), int(part["us"].max()) + 1, step)
        filled = part.drop(columns="symbol").set_index("us").reindex(whole, fill_value=0.0).rename_axis("us").reset_index()
        parts.append(_labelled(filled, str(symbol)))
    return pd.concat(parts, ignore_index=True)


def _labelled(answer: pd.DataFrame, symbol: str) -> pd.DataFrame:
    frame = answer.drop(columns="us").astype(float)
    frame.insert(0, "event_time", labels(answer["us"]))
    frame.insert(1, "symbol", symbol)
    return frame
