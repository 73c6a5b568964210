"""Option prints and dark-pool prints to daily side sums.

A print is bought when its price is at or above the ask and sold when it is at or below the bid. Inside the quote it is unknown, or goes to the
nearer side (`inside="nearer"`, the middle stays unknown). A locked, crossed or missing quote leaves it unknown. Never a guess.
The vendor's own tags are another classification: `sides="tags"` reads a column `tags` (`['ask_side', 'bearish']`) or `side` (ask, Above Ask, AA, BUY).
A side nobody can know (B is the bid to some and a buy to others, unless the file's other sides tell) is refused with its value.

Days are New York dates of the execution. Layouts: csv or Parquet with the vendor's column names, the vendor's JSON answer (`{"data": [...]}`),
and logs of the vendor's stream (`time|channel|{...}` lines).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from flowbt.data.raw.duck import Limits, Table, literal, open_table
from flowbt.data.unpacking import gunzipped
from flowbt.ground.documents import parse_json
from flowbt.ground.errors import ParameterError, SourceError
from flowbt.ground.files import read_bytes

TIME = ("executed_at", "timestamp", "time", "trade_time", "sip_timestamp")
PRICE, SIZE, PREMIUM = ("price", "trade_price"), ("size", "quantity", "contracts"), ("premium", "notional")
BID, ASK = ("nbbo_bid", "bid", "best_bid"), ("nbbo_ask", "ask", "best_ask")
BOUGHT, SOLD = ("ask", "buy", "bought", "buyer"), ("bid", "sell", "sold", "seller")  # words of a tag or side, without _side, at, above, below
_AROUND = re.compile(r"[_\s]+side\b|\b(at|above|below|on)[_\s]*(the[_\s]*)?(?=ask|bid)")
NEITHER = frozenset({"mid", "middle", "no", "none", "nan", "between", "unknown", "neutral", "n", "m", "cross"})
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
    side = side_cases(table) if rules.sides == "tags" else side_sql(table.number(PRICE), table.number(BID), table.number(ASK), rules.inside)
    keep = [f"CAST({local} AS TIME) < TIME '{rules.until}'"]
    if cancelled := table.column(("canceled", "cancelled"), needed=False):
        keep.append(f"NOT coalesce(CAST({cancelled} AS BOOLEAN), false)")
    return side, f"CAST({local} AS DATE)", " AND ".join(keep)


def side_cases(table: Table, names: Sequence[str] = ("tags", "side")) -> str:
    """SQL of a print's side (1, -1, 0) by what a column says: the first of `names` that says anything.

    SourceError for a side that is no known word, and for a file in which no print says its side.
    """
    for name in names:
        column = table.column((name,), needed=False)
        if not column:
            continue
        text = f"coalesce(CAST({column} AS VARCHAR), '')"
        found = [str(value) for value in table.query(f"SELECT DISTINCT {text} AS said FROM {table.sql}")["said"]]
        sides = tag_sides(found, table.path.name, alone=name != "tags")
        if any(side is not None for side in sides.values()):
            cases = " ".join(f"WHEN {literal(value)} THEN {side}" for value, side in sides.items() if side)
            return f"CASE {text} {cases} ELSE 0 END" if cases else "0"
    raise SourceError(table.path.name, f"no print says its side in {' or '.join(names)}", "check its columns; by the quote it is sides=quote")


def tag_sides(found: Sequence[str], file: str, alone: bool) -> dict[str, int | None]:
    """1 bought, -1 sold, 0 neither, None where nothing is said, for each different text of the column. `alone`: the text is the side and nothing else."""
    words = {value: set(re.findall(r"[a-z]+", _AROUND.sub("", value.lower()))) for value in found}
    every = set().union(*words.values()) if words else set()
    bought, sold = set(BOUGHT), set(SOLD)
    if alone:
        bought, sold = bought | {"a", "aa", "lift", "lifted"}, sold | {"bb", "hit"}
        if "b" in every and ("s" in every) == bool(every & {"a", "aa", "bb"}):
            raise SourceError(f"{file}: side 'B'", "is the bid to some and a buy to others, and no other side of the file tells which", "write bid or buy")
        if "s" in every:
            bought, sold = bought | {"b"}, sold | {"s"}
        else:
            sold |= {"b"}
    out: dict[str, int | None] = {}
    for value, said in words.items():
        if alone and said and not said & (bought | sold | NEITHER):
            raise SourceError(f"{file}: side {value[:40]!r}", "is no side that is known", f"use {', '.join((*BOUGHT, *SOLD, 'mid'))}, or sides=quote")
        one, other = bool(said & bought), bool(said & sold)
        out[value] = one - other if one or other else 0 if said & NEITHER else None
    return out


def _dollars(table: Table, multiplier: float) -> str:
    """SQL of a print's dollars: what the file says; where it says nothing, price x size x `multiplier`."""
    said = table.column(PREMIUM, needed=False)
    made = f"{table.number(PRICE, not said)} * {table.number(SIZE, not said)} * {multiplier}"
    return f"coalesce({table.number(PREMIUM)}, {made})" if said else made


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
        raw = read_bytes(path)
        text = (gunzipped(raw) if path.suffix == ".gz" else raw).decode("utf-8")
        if text.lstrip().startswith(("{", "[")):
            answer = parse_json(text)
            rows = answer["data"] if isinstance(answer, dict) else answer
        else:
            rows = [ast.literal_eval(line.split("|", 2)[2]) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    except (OSError, ValueError, SyntaxError, KeyError, IndexError, EOFError) as error:
        raise SourceError(path.name, f"cannot be read ({type(error).__name__})", "give the vendor's JSON answer, stream log, csv or Parquet") from None
    prints = [row for row in rows if isinstance(row, dict) and row.get("price") not in (None, "")]
    if not prints:
        raise SourceError(path.name, "no prints in it", "give the vendor's JSON answer, stream log, csv or Parquet")
    return pd.DataFrame(prints).map(lambda cell: None if cell is None else str(cell))
