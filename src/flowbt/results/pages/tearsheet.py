"""One run as one page. Every number on it comes from the record: its measures object, its series, its trades, its manifest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from flowbt.evidence.belief import Belief
from flowbt.evidence.measures import drawdown, measure
from flowbt.evidence.trade_groups import trade_groups
from flowbt.ground.types import Context, Json
from flowbt.results import breakdowns
from flowbt.results.manifest import RunEvidence
from flowbt.results.pages import drawing
from flowbt.results.pages.base import number, render_page
from flowbt.results.record import RunRecord
from flowbt.results.rows import Row, grouped, measure_rows
from flowbt.results.summary import summary_of

LINES = {"strategy": "Strategy", "benchmark": "Benchmark", "placebo": "Placebo"}
FIGURES = ("total_return", "cagr", "sharpe", "max_drawdown", "volatility", "exposure", "trades", "win_rate")
TILES = ("cagr", "sharpe", "max_drawdown", "volatility", "trades", "win_rate")
FIRST = ("trade", "symbol", "side", "entry_label", "exit_label", "entry_price", "exit_price", "return", "pnl", "bars", "reason")
GREEK = "greek:"  # a series of the result's parts, cash per bar
MOST_SYMBOLS = 12  # on the price chart
MOST_TRADES, MOST_FEATURES, MOST_CELLS = 2500, 12, 40_000  # in the trade table, the latest


def render(record: RunRecord, belief: Belief | None = None, *, depth: int = 2) -> str:
    """The tearsheet's HTML, for a file `depth` folders under the results folder (see `page.write_assets`)."""
    return render_page("tearsheet.html", context(record, belief), depth=depth)


def notebook_fragment(record: RunRecord, belief: Belief) -> str:
    """A small fragment of HTML that stands alone: what a notebook shows of a run."""
    rows, spark = measure_rows(record.measures), summary_of(record)["spark"]
    low, high = min(spark), max(spark)
    points = [(150 * at / max(len(spark) - 1, 1), 42 - 40 * (value - low) / ((high - low) or 1.0)) for at, value in enumerate(spark)]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    shown = {"run": record.manifest, "belief": belief, "headline": headline(rows), "line": line, "tiles": [rows[name] for name in TILES]}
    return render_page("summary.html", shown)


def context(record: RunRecord, belief: Belief | None = None) -> Context:
    manifest, returns = record.manifest, record.returns
    year = breakdowns.bars_per_year(manifest)
    lines = returns[[name for name in LINES if name in returns]]
    data, rows = chart_data(record, year), measure_rows(record.measures)
    unit = "bar" if manifest.get("clock") == "24/7" else "session"
    return {
        "title": manifest["strategy"],
        "run": {"code": "", "warnings": [], "source": "", "stand_ins": [], **manifest},
        "bars": len(returns),
        "unit": unit,
        "windows": [(window, f"{window} {unit}s") for window in reversed(data["rolling"])],
        "headline": headline(rows),
        "belief": belief,
        "luck": luck_words(manifest.get("evidence") or {}),
        "figures": figures_beside_holding(record, year, rows),
        "groups": grouped(rows),
        "lines": {name: label for name, label in LINES.items() if name in lines},
        "monthly": breakdowns.monthly(returns["strategy"]),
        "yearly": breakdowns.yearly(lines, record.trades),
        "drawdowns": breakdowns.drawdowns(returns["strategy"]),
        "extremes": breakdowns.best_and_worst(returns["strategy"]),
        "distribution": breakdowns.distribution(returns["strategy"]),
        "regimes": breakdowns.regimes(returns, year),
        "costs": breakdowns.costs(returns, float(manifest.get("account", {}).get("cash", returns["value"].iloc[0])), year),
        "options": options_of(record),
        "trade_count": len(record.trades),
        "groups_of_trades": trade_groups(record.trades, returns),
        "columns_seen": any("@" in column["name"] for column in data["trades"]["columns"]),
        "data": {**data, "unit": unit},
    }


def options_of(record: RunRecord) -> Context | None:
    """Of a run of option structures: what priced them, the band's ends, and the result by part ($ and share of starting cash; `total` is the change of the
    account's value). None for other runs."""
    terms = record.manifest.get("options")
    if not terms:
        return None
    cash = float(record.manifest.get("account", {}).get("cash", record.returns["value"].iloc[0]))
    parts = [{"name": name, "cash": value, "of_cash": value / cash} for name, value in terms["greeks"].items()]
    total = sum(terms["greeks"].values())
    return {**terms, "parts": parts, "total": total, "of_cash": total / cash}


def luck_words(kept: RunEvidence) -> str:
    """The run against its rotations and against holding its average exposure; empty where that was not measured."""
    parts = [f"{kept['rotations']} rotations of its own decisions"] if kept.get("rotations") else []
    shown = (("rotation_sharpe", "mean Sharpe {}", ".2f"), ("rotation_p", "p {}", ".3f"), ("held_p", "against holding its average exposure p {}", ".3f"))
    for name, words, spec in shown:
        value = kept.get(name)
        if parts and isinstance(value, float | int):
            parts.append(words.format(number(value, spec)))
    return ", ".join(parts)


def chart_data(record: RunRecord, year: float) -> Json:
    """The series and trades of the page as small JSON: labels once, five significant digits, long series thinned."""
    returns, manifest = record.returns, record.manifest
    index = pd.DatetimeIndex(returns.index)
    keep = drawing.drawn(len(index))
    intraday = manifest.get("step", "1d") != "1d"
    lines = [name for name in LINES if name in returns]
    own, bench = returns["strategy"], returns.get("benchmark")

    def cut(series: pd.Series, digits: int = 5) -> list[float | None]:
        return drawing.compact(series.to_numpy()[keep], digits)

    rolled = {window: breakdowns.rolling(own, bench, window, year) for window in drawing.WINDOWS if window < len(own)}
    return {
        "labels": drawing.stamps(index[keep], intraday),
        "every": int(keep[1] - keep[0]) if len(keep) > 1 else 1,
        "names": {name: LINES[name] + (f" ({manifest['benchmark']})" if name == "benchmark" and manifest.get("benchmark") else "") for name in lines},
        "equity": {name: cut(breakdowns.growth(returns[name])) for name in lines},
        "matched": {name: cut(breakdowns.growth(drawing.scaled_to(returns[name], own))) for name in lines if name != "strategy"},
        "underwater": {name: cut(drawdown(returns[name])) for name in lines},
        "rolling": {str(window): {name: cut(table[name], 3) for name in table} for window, table in rolled.items()},
        "exposure": {name: cut(returns[name], 3) for name in ("exposure", "gross") if name in returns},
        "greeks": {name.removeprefix(GREEK): cut(returns[name].cumsum()) for name in map(str, returns) if name.startswith(GREEK)},
        "regimes": {str(name).removeprefix("regime:"): drawing.regime_codes(returns[name], keep) for name in returns if str(name).startswith("regime:")},
        "distribution": breakdowns.distribution(own),
        "prices": _prices(record, intraday),
        "trades": trade_table(record.trades, intraday),
    }


def trade_table(trades: pd.DataFrame, intraday: bool) -> Context:
    """The latest trades as columns of plain values, with the units each column is shown in.

    The page stays small and readable: the first MOST_FEATURES features (the strategy's own come before raw fields), at the exit too
    where there is room; everything is in trades.parquet.
    """
    names = sorted((str(name) for name in trades), key=_place)
    seen = [name.removesuffix("@entry") for name in names if name.endswith("@entry")]
    left_out = set(seen[MOST_FEATURES:]) | (set(seen) if len(names) * min(len(trades), MOST_TRADES) > MOST_CELLS else set())
    names = [name for name in names if not (name.endswith("@exit") and name[:-5] in left_out) and name.removesuffix("@entry") not in seen[MOST_FEATURES:]]
    shown = trades.tail(min(MOST_TRADES, MOST_CELLS // max(len(names), 1)))
    columns: list[Context] = []
    for name in names:
        column = shown[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            stamps = drawing.stamps(pd.DatetimeIndex(column), intraday)
            columns.append({"name": name, "kind": "date", "values": [None if pd.isna(x) else s for x, s in zip(column, stamps, strict=True)]})
        elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            columns.append({"name": name, "kind": "percent" if name in ("return", "mae", "mfe") else "number", "values": drawing.compact(column, 6)})
        else:
            columns.append({"name": name, "kind": "text", "values": ["" if pd.isna(x) else str(x) for x in column]})
    return {"columns": columns, "total": len(trades), "hidden": max(len(seen) - MOST_FEATURES, 0)}


def _place(name: str) -> int:
    """Columns in the order they are read: the trade, what was seen at its entry, the rest, what was seen at its exit."""
    if name in FIRST:
        return FIRST.index(name)
    return len(FIRST) + (0 if name.endswith("@entry") else 2 if name.endswith("@exit") else 1)


def headline(rows: dict[str, Row]) -> str:
    """One plain sentence: what it earned, and whether that can be told from nothing."""
    cagr, sharpe = rows["cagr"], rows["sharpe"]
    if sharpe.value is None or not rows["trades"].value + rows["open_trades"].value:
        return "Nothing can be said: no trade was made, or too few bars."
    earned = f"{cagr.text} a year, Sharpe {sharpe.text}"
    if sharpe.low is None or sharpe.high is None:
        return f"{earned}; no interval was computed."
    told = "lies above zero" if sharpe.low > 0 else "lies below zero" if sharpe.high < 0 else "includes zero: not distinguishable from earning nothing"
    return f"{earned}; the 95% interval, {sharpe.range}, {told}."


def figures_beside_holding(record: RunRecord, year: float, rows: dict[str, Row]) -> Context:
    """The strategy's first figures beside those of holding its benchmark over the same bars; `benchmark` is False where there is none."""
    held = None
    if "benchmark" in record.returns:
        held = measure_rows(measure(record.returns["benchmark"], record.trades.iloc[:0], year))
    shown = [rows[name] for name in FIGURES]
    table = [{"name": row.name, "label": row.label, "meaning": row.meaning, "own": row.text, "benchmark": _held(held, row.name)} for row in shown]
    return {"rows": table, "benchmark": held is not None}


def _held(held: dict[str, Row] | None, name: str) -> str:
    return held[name].text if held and name not in ("exposure", "trades", "win_rate") else ""


def _prices(record: RunRecord, intraday: bool) -> Context:
    """Closes of the most traded symbols, each with its own labels, thinned to the bars that are drawn."""
    trades, prices = record.trades, record.prices
    counts = trades["symbol"].value_counts() if len(trades) else pd.Series(dtype=int)
    names = [str(name) for name in [*counts.index, *prices.columns] if name in prices][:]
    chosen = list(dict.fromkeys(names))[:MOST_SYMBOLS]
    keep = drawing.drawn(len(prices), max(600, drawing.MOST_POINTS * 3 // max(len(chosen), 1)))
    if len(keep) > drawing.MOST_POINTS:
        keep = drawing.drawn(len(prices))
    labels = drawing.stamps(pd.DatetimeIndex(prices.index)[keep], intraday)
    close = {name: drawing.compact(np.asarray(prices[name])[keep]) for name in chosen}
    return {"labels": labels, "close": close, **_beside_the_close(record, chosen, keep), "left_out": len(set(names)) - len(chosen)}


def _beside_the_close(record: RunRecord, chosen: list[str], keep: Any) -> Context:
    """Open, high and low where every bar is drawn, and the strategy's own features, per symbol; both empty in runs stored before they were kept."""
    chart = record.chart if record.chart is not None else pd.DataFrame(index=record.prices.index)
    whole = len(keep) == len(chart)
    sides = {name: [f"{side}:{name}" for side in ("open", "high", "low")] for name in chosen}
    bars = {name: [drawing.compact(chart[side]) for side in wanted] for name, wanted in sides.items() if whole and set(wanted) <= set(chart)}
    features: dict[str, dict[str, list[float | None]]] = {}
    for column in map(str, chart):
        feature, _, name = column.rpartition(":")
        if feature not in ("open", "high", "low") and name in chosen:
            features.setdefault(feature, {})[name] = drawing.compact(chart[column].to_numpy()[keep], 4)
    return {"ohl": bars, "features": features}
