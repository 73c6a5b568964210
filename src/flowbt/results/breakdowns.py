"""A run's returns taken apart: by month, year and regime, into drawdowns, extremes, a distribution, and what costs took. Pure functions.

Returns are simple and net of all costs, a series of T bars; a missing return earns nothing. Drawdowns and returns are fractions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypedDict

import numpy as np
import pandas as pd

from flowbt.evidence.measures import drawdown
from flowbt.ground.clock import Clock

SPANS = (1, 5, 21, 63, 252)


class MonthlyRow(TypedDict):
    """A year: twelve months (None outside the span), and the whole."""

    year: int
    months: list[float | None]
    total: float


class YearlyRow(TypedDict):
    """A year: each line's return, the strategy's deepest drawdown inside it, trades entered."""

    year: int
    returns: dict[str, float]
    drawdown: float
    trades: int


class DrawdownRow(TypedDict):
    """A fall from a peak: its labels (`recovered` None: not yet), depth, bars to the trough and to recovery."""

    peak: pd.Timestamp
    trough: pd.Timestamp
    recovered: pd.Timestamp | None
    depth: float
    fall: int
    length: int


class ExtremeRow(TypedDict):
    """The best and worst stretch of `span` bars, and the last label of each."""

    span: int
    best: float
    best_end: pd.Timestamp
    worst: float
    worst_end: pd.Timestamp


class Distribution(TypedDict, total=False):
    """A histogram: middles, counts and a normal's counts of bins of one width; bars without change; the 5% quantile and the mean beyond it.
    Empty: too few bars."""

    middle: list[float]
    counts: list[int]
    normal: list[float]
    width: float
    flat: int
    var: float
    es: float


class RegimeRow(TypedDict):
    """The bars of one state; None: not measurable."""

    state: str
    bars: int
    share: float
    yearly: float | None
    sharpe: float | None
    total: float
    rose: float | None
    exposure: float | None


class RegimeTable(TypedDict):
    name: str
    rows: list[RegimeRow]


class CostRow(TypedDict):
    """A line from profit before costs to profit: cash, as a share of the starting cash, and of the mean value a year."""

    name: str
    paid: float
    of_cash: float
    yearly: float | None


def bars_per_year(manifest: Mapping[str, object]) -> float:
    return Clock(str(manifest.get("clock", "XNYS")), str(manifest.get("step", "1d"))).periods_per_year


def growth(returns: pd.Series) -> pd.Series:
    """Value of 1 invested before the first bar; a missing return earns nothing."""
    return (1.0 + returns.fillna(0.0)).cumprod()


def rolling(returns: pd.Series, benchmark: pd.Series | None, window: int, year: float) -> pd.DataFrame:
    """Annualised Sharpe over `window` bars, and beta to the benchmark where there is one. Missing where nothing varied."""
    mean, spread = returns.rolling(window).mean(), returns.rolling(window).std()
    table = pd.DataFrame({"sharpe": mean / spread.where(spread > 1e-12) * math.sqrt(year)})
    if benchmark is not None:
        variance = benchmark.rolling(window).var()
        table["beta"] = returns.rolling(window).cov(benchmark) / variance.where(variance > 1e-16)
    return table


def compounded(returns: pd.Series) -> float:
    return float(np.prod(1.0 + returns.fillna(0.0).to_numpy(float))) - 1.0


def monthly(returns: pd.Series) -> list[MonthlyRow]:
    """One row per year: twelve compounded monthly returns (None outside the span) and the year's."""
    index = pd.DatetimeIndex(returns.index)
    table = (1.0 + returns.fillna(0.0)).groupby([index.year, index.month]).prod() - 1.0
    return [
        {"year": int(year), "months": [_maybe(table, (year, month)) for month in range(1, 13)], "total": compounded(returns[index.year == year])}
        for year in sorted(set(index.year))
    ]


def yearly(series: pd.DataFrame, trades: pd.DataFrame) -> list[YearlyRow]:
    """Per calendar year: each line's return, the deepest drawdown inside the year, trades entered."""
    index = pd.DatetimeIndex(series.index)
    entered = pd.DatetimeIndex(trades["entry_label"]).year if len(trades) else pd.Index([], dtype=int)
    rows: list[YearlyRow] = []
    for year in sorted(set(index.year)):
        part = series[index.year == year]
        rows.append(
            {
                "year": int(year),
                "returns": {str(name): compounded(part[name]) for name in part},
                "drawdown": float(drawdown(part["strategy"]).min()),
                "trades": int((entered == year).sum()),
            }
        )
    return rows


def drawdowns(returns: pd.Series, most: int = 8) -> list[DrawdownRow]:
    """The deepest falls from a peak: peak, trough and recovery labels, depth, and bars to trough and to recovery."""
    value = np.concatenate([[1.0], growth(returns).to_numpy()])
    labels = [None, *returns.index]
    below = value < np.maximum.accumulate(value)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], below, [False]]).astype(int)))
    found: list[DrawdownRow] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        peak, trough = int(start) - 1, int(start + np.argmin(value[start:end]))
        ended = int(end) < len(value)
        found.append(
            {
                "peak": labels[max(peak, 1)],
                "trough": labels[trough],
                "recovered": labels[int(end)] if ended else None,
                "depth": float(value[trough] / value[peak] - 1.0),
                "fall": trough - peak,
                "length": (int(end) if ended else len(value) - 1) - peak,
            }
        )
    return sorted(found, key=lambda row: row["depth"])[:most]


def best_and_worst(returns: pd.Series) -> list[ExtremeRow]:
    """The best and the worst stretch of 1, 5, 21, 63 and 252 bars: return and last label."""
    line = pd.concat([pd.Series([1.0]), growth(returns)]).to_numpy()
    rows: list[ExtremeRow] = []
    for span in SPANS:
        if len(line) <= span:
            break
        change = line[span:] / line[:-span] - 1.0
        best, worst = int(np.argmax(change)), int(np.argmin(change))
        labels = returns.index[span - 1 :]
        rows.append({"span": span, "best": float(change[best]), "best_end": labels[best], "worst": float(change[worst]), "worst_end": labels[worst]})
    return rows


def distribution(returns: pd.Series) -> Distribution:
    """Histogram of the bars' returns (bars with no change at all counted apart), a normal of the same mean and spread, and 5% tails."""
    values = returns.dropna().to_numpy(float)
    active = values[values != 0.0]
    if len(active) < 8:
        return {}
    low, high = np.quantile(active, [0.001, 0.999])
    counts, edges = np.histogram(active.clip(low, high), bins=int(np.clip(math.sqrt(len(active)) * 1.5, 15, 70)))
    mean, spread = float(active.mean()), float(active.std())
    middle = (edges[:-1] + edges[1:]) / 2
    normal = np.exp(-0.5 * ((middle - mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi)) * len(active) * np.diff(edges) if spread > 0 else counts
    tail = float(np.quantile(values, 0.05))
    return {
        "middle": middle.tolist(),
        "counts": counts.tolist(),
        "normal": normal.tolist(),
        "width": float(edges[1] - edges[0]),
        "flat": int((values == 0).sum()),
        "var": tail,
        "es": float(values[values <= tail].mean()),
    }


def regimes(returns: pd.DataFrame, year: float) -> list[RegimeTable]:
    """Per regime column and state: share of bars, return a year, Sharpe, compounded return, share of bars that rose, exposure.

    The state of a bar is the one known when its position was decided, as the run stored it.
    """
    tables: list[RegimeTable] = []
    for column in [name for name in returns if str(name).startswith("regime:")]:
        rows: list[RegimeRow] = []
        for state, part in returns.groupby(known(returns[column])):
            own = part["strategy"].dropna()
            spread = float(own.std()) if len(own) > 1 else 0.0
            moved = own[own != 0.0]
            rows.append(
                {
                    "state": str(state),
                    "bars": len(part),
                    "share": len(part) / len(returns),
                    "yearly": float(own.mean() * year) if len(own) else None,
                    "sharpe": float(own.mean() / spread * math.sqrt(year)) if spread > 1e-12 else None,
                    "total": compounded(own),
                    "rose": float((moved > 0).mean()) if len(moved) else None,
                    "exposure": float(part["exposure"].mean()) if "exposure" in part else None,
                }
            )
        rows.sort(key=lambda row: (row["state"] == "unknown", -row["bars"]))
        tables.append({"name": str(column).removeprefix("regime:"), "rows": rows})
    return tables


def costs(returns: pd.DataFrame, cash: float, year: float) -> list[CostRow]:
    """From profit before costs to profit: cash (costs negative), as a share of the starting cash, and of the mean value a year."""
    mean_value, years = float(returns["value"].mean()), len(returns) / year
    profit = float(returns["value"].iloc[-1]) - cash
    paid = {name: float(returns[name].sum()) for name in ("fees", "slippage", "borrow", "funding") if name in returns}
    lines = {"profit before costs": profit + sum(paid.values()), **{name: 0.0 - amount for name, amount in paid.items()}, "profit": profit}
    return [
        {"name": name, "paid": amount, "of_cash": amount / cash, "yearly": amount / mean_value / years if mean_value > 0 else None}
        for name, amount in lines.items()
    ]


def known(states: pd.Series) -> pd.Series:
    """States as text; an empty or missing one is `unknown`."""
    return states.fillna("").astype(str).replace("", "unknown")


def _maybe(table: pd.Series, key: tuple[int, int]) -> float | None:
    return float(table.loc[key]) if key in table.index else None
