"""A run's closed trades in groups: by symbol, side, exit reason, year, regime, and by what the strategy saw when it entered."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.ground.types import Json

THIRDS = ("low", "middle", "high")
MOST_GROUPS, MOST_FEATURES = 20, 4


def trade_groups(trades: pd.DataFrame, returns: pd.DataFrame) -> list[Json]:
    """Tables {name, rows}; a table of a single group is left out. `trades` and `returns` as stored (docs/design.md, Results).

    A row: group, trades, win rate, mean return, mean `mae` and `mfe` (fractions of the entry price; None where not measured), profit in cash and its share of
    the total (None where the total is no profit). Only closed trades count. Features are split into thirds of their values at entry, missing ones apart.
    """
    closed = trades[trades["exit_label"].notna() & (trades["reason"] != "open")] if len(trades) else trades
    if closed.empty:
        return []
    total = float(closed["pnl"].sum())
    tables = [{"name": name, "rows": _rows(closed, groups, total)} for name, groups in _groupings(closed, returns).items()]
    return [table for table in tables if len(table["rows"]) > 1]


def _groupings(closed: pd.DataFrame, returns: pd.DataFrame) -> dict[str, pd.Series]:
    entered = pd.DatetimeIndex(closed["entry_label"])
    found = {"symbol": closed["symbol"], "side": closed["side"], "exit reason": closed["reason"]}
    found["year entered"] = pd.Series(entered.year.astype(str), index=closed.index)
    at = pd.DatetimeIndex(returns.index).get_indexer(entered)
    for name in (str(name) for name in returns if str(name).startswith("regime:")):
        states = returns[name].to_numpy(object)[np.maximum(at, 0)]
        found[f"{name.removeprefix('regime:')} at entry"] = pd.Series(np.where(at < 0, "unknown", states), index=closed.index)
    features = [str(name) for name in closed if str(name).endswith("@entry") and pd.api.types.is_float_dtype(closed[name])][:MOST_FEATURES]
    return found | {f"{name.removesuffix('@entry')} at entry": _thirds(closed[name]) for name in features}


def _thirds(values: pd.Series) -> pd.Series:
    """Each value's third, with the bounds in the name; "missing" where there is none, one group where values do not differ enough."""
    edges = np.unique(np.nanquantile(values, [0, 1 / 3, 2 / 3, 1])) if values.notna().any() else np.empty(0)
    if len(edges) < 4:
        return pd.Series("all", index=values.index)
    names = [f"{word}: {_short(a)} to {_short(b)}" for word, a, b in zip(THIRDS, edges[:-1], edges[1:], strict=True)]
    place = np.clip(np.searchsorted(edges, values.to_numpy(float), side="left") - 1, 0, 2)
    found = np.where(values.isna(), "missing", np.asarray(names, dtype=object)[place])
    return pd.Series(pd.Categorical(found, categories=[*names, "missing"], ordered=True), index=values.index)


def _short(value: float) -> str:
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")


def _rows(closed: pd.DataFrame, groups: pd.Series, total: float) -> list[dict[str, object]]:
    parts = closed.assign(won=closed["pnl"] > 0).groupby(groups, sort=True, observed=True)
    means = parts[[name for name in ("won", "return", "mae", "mfe") if name == "won" or name in closed]].mean()
    table = pd.DataFrame({"trades": parts.size(), "profit": parts["pnl"].sum()}).join(means)
    shown = table if len(table) <= MOST_GROUPS else table.loc[table["profit"].abs().sort_values(ascending=False, kind="stable").index[:MOST_GROUPS]]
    rows: list[Json] = []
    for name, one in shown.iterrows():
        row: Json = {"group": str(name), "trades": int(one["trades"]), "won": float(one["won"]), "mean": float(one["return"]), "profit": float(one["profit"])}
        row |= {column: float(one[column]) if column in one and pd.notna(one[column]) else None for column in ("mae", "mfe")}
        rows.append(row | {"share": row["profit"] / total if total > 0 else None})
    return rows
