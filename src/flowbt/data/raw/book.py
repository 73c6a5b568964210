"""Recorded order-book streams to depth and spread: lines of `<local time in ns> <json>`.

Read are `bookTicker` (best bid and ask), `depthUpdate` (changes: the new quantity of a price, 0 = gone) and snapshots (`lastUpdateId`, `bids`,
`asks`), bare or wrapped as `{"stream", "data"}`; trades are passed over. Time is the collector's, as spot tickers carry no other.

1. DuckDB takes the lines apart: tickers to rows, changes and snapshots to one row per price level.
2. The spread of a bar is the mean over its time of (ask - bid) / mid, each ticker weighing until the next (gaps over a minute do not count).
3. The depth is that of the book replayed from the first snapshot on, sampled once a second: dollars within 1% of mid, both sides.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.data.raw.duck import Limits, Table, labels, literal, open_table, plainly_named
from flowbt.data.raw.perps import STEPS, PerpRules, bar_of
from flowbt.data.raw.trades import coin_of
from flowbt.ground.compiled import jit
from flowbt.ground.errors import SourceError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
WITHIN = 0.01
SECOND, HOUR, GAP = 1_000_000, 3_600_000_000, 60_000_000  # microseconds


def book(path: Path, rules: PerpRules, limits: Limits) -> pd.DataFrame:
    """spread_bps and depth_1pct_usd per bar; one of them is missing where the stream has no tickers, or no snapshot."""
    with open_table(path, limits, prepared=pd.DataFrame({"line": []})) as table, tempfile.TemporaryDirectory(prefix="flowbt-raw-") as scratch:
        file = literal(str(plainly_named(path, Path(scratch))))
        table.query(f"""
            CREATE TEMP TABLE lines AS WITH raw AS (
                SELECT CAST(split_part(line, ' ', 1) AS BIGINT) // 1000 AS us, substr(line, instr(line, ' ') + 1) AS body
                FROM read_csv({file}, columns={{'line': 'VARCHAR'}}, delim='\x01', quote='', escape='', header=false) WHERE line <> ''
            )
            SELECT us, CASE WHEN starts_with(body, '{{"stream"') THEN json_extract(body, '$.data') ELSE body::JSON END AS body FROM raw
            WHERE NOT contains(body, '"e":"trade"')""")
        spread, depth = _spread(table, rules), _depth(table, rules)
    if spread.empty and depth.empty:
        raise SourceError(path.name, "neither tickers nor a snapshot with changes in it", "give a recorded book stream (`<ns> <json>` lines)")
    both = spread.merge(depth, on="us", how="outer").sort_values("us", ignore_index=True)
    frame = both.drop(columns="us").astype(float)
    frame.insert(0, "event_time", labels(both["us"]))
    frame.insert(1, "symbol", rules.symbol or coin_of(path))
    return frame


def _spread(table: Table, rules: PerpRules) -> pd.DataFrame:
    return table.query(f"""
        WITH t AS (SELECT us, TRY_CAST(body->>'$.b' AS DOUBLE) AS bid, TRY_CAST(body->>'$.a' AS DOUBLE) AS ask FROM lines WHERE body->>'$.B' IS NOT NULL),
        w AS (SELECT us, 2e4 * (ask - bid) / (ask + bid) AS bps, lead(us) OVER (ORDER BY us) - us AS lasts FROM t WHERE ask >= bid AND bid > 0)
        SELECT {bar_of("us", rules.step)} AS us, sum(bps * lasts) / sum(lasts) AS spread_bps
        FROM w WHERE lasts BETWEEN 1 AND {GAP} GROUP BY ALL ORDER BY us""")


def _depth(table: Table, rules: PerpRules) -> pd.DataFrame:
    """The levels in the order they came, replayed hour by hour so that a day needs no more memory than an hour."""
    table.query("""
        CREATE TEMP TABLE levels AS WITH e AS (
            SELECT us, body->>'$.lastUpdateId' IS NOT NULL AS whole, CAST(coalesce(body->>'$.lastUpdateId', body->>'$.u') AS BIGINT) AS last,
                coalesce(body->'$.bids', body->'$.b') AS bids, coalesce(body->'$.asks', body->'$.a') AS asks
            FROM lines WHERE body->>'$.e' = 'depthUpdate' OR body->>'$.lastUpdateId' IS NOT NULL
        ),
        s AS (SELECT us, whole, last, 1 AS side, unnest(from_json(bids, '[["VARCHAR"]]')) AS level FROM e
            UNION ALL SELECT us, whole, last, -1, unnest(from_json(asks, '[["VARCHAR"]]')) FROM e)
        SELECT us, whole, last, side, CAST(level[1] AS DOUBLE) AS price, CAST(level[2] AS DOUBLE) AS size FROM s""")
    start = table.query("SELECT us, last FROM levels WHERE whole ORDER BY us LIMIT 1")
    samples = [pd.DataFrame({"us": pd.Series(dtype="int64"), "depth": pd.Series(dtype=float)})]
    if len(start):
        keep = f"us >= {start['us'].iloc[0]} AND (whole OR last > {start['last'].iloc[0]})"
        prices = table.query(f"SELECT DISTINCT price FROM levels WHERE {keep} ORDER BY price")["price"].to_numpy(float)
        state = np.zeros((2, len(prices)))
        for hour in table.query(f"SELECT DISTINCT us // {HOUR} AS hour FROM levels WHERE {keep} ORDER BY hour")["hour"]:
            part = table.query(f"SELECT * FROM levels WHERE {keep} AND us // {HOUR} = {hour} ORDER BY us, last, whole, side")
            when, depth = replay(*_columns(part, prices), prices, state)
            samples.append(pd.DataFrame({"us": when, "depth": depth}))
    together = pd.concat(samples, ignore_index=True)
    bars = together["us"] // STEPS[rules.step] * STEPS[rules.step]
    return together.groupby(bars)["depth"].mean().rename("depth_1pct_usd").reset_index()


def _columns(part: pd.DataFrame, prices: Floats) -> tuple[Ints, Ints, Ints, Floats]:
    """Time, index into `prices`, side (1 bid, -1 ask; doubled on the first level of a snapshot, which empties the book) and size of each change."""
    whole = part["whole"].to_numpy(bool)
    side = part["side"].to_numpy("int64").copy()
    opens = whole & (np.r_[True, ~whole[:-1]] | np.r_[True, np.diff(part["last"].to_numpy("int64")) != 0])
    side[opens] *= 2
    at = np.searchsorted(prices, part["price"].to_numpy(float))
    return part["us"].to_numpy("int64"), at.astype("int64"), side, part["size"].to_numpy(float)


@jit
def replay(us: Ints, at: Ints, side: Ints, size: Floats, prices: Floats, state: Floats) -> tuple[Ints, Floats]:
    """Apply level changes in order and sample dollars within 1% of mid once a second.

    `at` indexes `prices` (ascending); `side` 1 bid, -1 ask, of size 2 where a snapshot begins. `state` (bids and asks by price) is changed in place.
    Returns sample times and depths; a second in which the book lacks a side, or is crossed, gives none.
    """
    bids, asks = state[0], state[1]
    times, depths = [np.int64(0) for _ in range(0)], [0.0 for _ in range(0)]
    due = us[0] // SECOND + 1
    for k in range(len(us)):
        if us[k] // SECOND >= due:
            due = us[k] // SECOND + 1
            depth = depth_within(bids, asks, prices, WITHIN)
            if depth > 0:
                times.append(us[k])
                depths.append(depth)
        if abs(side[k]) == 2:
            bids[:] = 0.0
            asks[:] = 0.0
        if side[k] > 0:
            bids[at[k]] = size[k]
        else:
            asks[at[k]] = size[k]
    return np.array(times), np.array(depths)


@jit
def depth_within(bids: Floats, asks: Floats, prices: Floats, within: float) -> float:
    """Dollars resting within a fraction of mid, both sides; 0 where the book lacks a side or is crossed."""
    held_bids, held_asks = np.flatnonzero(bids > 0), np.flatnonzero(asks > 0)
    if len(held_bids) == 0 or len(held_asks) == 0 or held_bids[-1] >= held_asks[0]:
        return 0.0
    mid = (prices[held_bids[-1]] + prices[held_asks[0]]) / 2
    depth = 0.0
    for n in held_bids:
        if prices[n] >= mid * (1 - within):
            depth += bids[n] * prices[n]
    for n in held_asks:
        if prices[n] <= mid * (1 + within):
            depth += asks[n] * prices[n]
    return depth
