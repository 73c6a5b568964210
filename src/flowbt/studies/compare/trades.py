"""Two runs' trades, matched by symbol, side and entry."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypedDict

import pandas as pd

MOST_TRADES = 400  # differing trades listed
TOLERANCE = 1e-9


class TradePair(TypedDict):
    """A trade that only one of two runs has ("first only", "other only"), or that ends otherwise ("changed"). Times as text, returns as fractions."""

    what: str
    symbol: str
    side: str
    entry: str | None
    exit_first: str | None
    exit_other: str | None
    return_first: float | None
    return_other: float | None


class TradeDifference(TypedDict):
    """How many trades are in the first run only, the other only, both, and changed; those that differ, and as many of them as are listed."""

    only_first: int
    only_other: int
    both: int
    changed: int
    rows: list[TradePair]
    listed: int
    differing: int


def difference(base: pd.DataFrame, other: pd.DataFrame) -> TradeDifference:
    """Trades matched by symbol, side and entry: in the first run only, in the other only, and in both with another exit or return."""
    keys = ["symbol", "side", "entry_label"]
    columns = [*keys, "exit_label", "return", "pnl"]
    if base.empty and other.empty:
        return {"only_first": 0, "only_other": 0, "both": 0, "changed": 0, "rows": [], "listed": 0, "differing": 0}
    base, other = (other.iloc[:0] if base.empty else base), (base.iloc[:0] if other.empty else other)  # the empty one takes the columns' types
    merged = base[columns].merge(other[columns], on=keys, how="outer", suffixes=("_a", "_b"), indicator=True)
    both = merged[merged["_merge"] == "both"]
    moved_exit = (both["exit_label_a"] != both["exit_label_b"]) & ~(both["exit_label_a"].isna() & both["exit_label_b"].isna())
    changed = both[moved_exit | ((both["return_a"] - both["return_b"]).abs() > TOLERANCE)]
    only = merged[merged["_merge"] != "both"]
    listed = pd.concat([only, changed]).sort_values("entry_label") if len(only) + len(changed) else merged.iloc[:0]
    rows = [_trade(row) for row in listed.head(MOST_TRADES).to_dict("records")]
    counts = merged["_merge"].astype(str).value_counts()
    return {
        "only_first": int(counts.get("left_only", 0)),
        "only_other": int(counts.get("right_only", 0)),
        "both": int(counts.get("both", 0)),
        "changed": len(changed),
        "rows": rows,
        "listed": len(rows),
        "differing": len(listed),
    }


def _trade(row: dict[Hashable, object]) -> TradePair:
    return {
        "what": {"left_only": "first only", "right_only": "other only", "both": "changed"}[str(row["_merge"])],
        "symbol": str(row["symbol"]),
        "side": str(row["side"]),
        "entry": date_text(row["entry_label"]),
        "exit_first": date_text(row["exit_label_a"]),
        "exit_other": date_text(row["exit_label_b"]),
        "return_first": _number(row["return_a"]),
        "return_other": _number(row["return_b"]),
    }


def date_text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)[:16].removesuffix(" 00:00")


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
