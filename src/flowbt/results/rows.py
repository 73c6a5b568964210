"""The measures of a run as rows for tables: one adapter between `evidence.measures` and every page and listing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowbt.evidence.measures import MEASURES, Measures

GROUPS = {
    "Return": ("total_return", "cagr", "sharpe", "probabilistic_sharpe", "sortino", "calmar"),
    "Risk": (
        "volatility", "max_drawdown", "drawdown_peak", "drawdown_trough", "drawdown_recovered", "drawdown_bars",
        "var_95", "es_95", "skew", "kurtosis",
    ),
    "Trading": ("exposure", "turnover", "trades", "open_trades", "win_rate", "profit_factor", "expectancy", "mean_bars"),
    "Against the benchmark": ("beta", "alpha", "correlation"),
}  # fmt: skip
ENDS = ("_low", "_high")  # the interval's ends are measures of their own; a row carries them beside its value


@dataclass(frozen=True)
class Row:
    """A measure as shown: formatted value and 95% interval (empty: none), units, and the raw value behind them."""

    name: str
    label: str
    units: str
    text: str
    range: str
    meaning: str
    better: int
    value: Any
    low: float | None
    high: float | None


def measure_rows(measures: Measures) -> dict[str, Row]:
    """Every measure that has a label, by name, in the order of `MEASURES`."""
    values = measures.to_dict()
    rows = {}
    for item in MEASURES:
        if item.name.endswith(ENDS):
            continue
        low, high = (values.get(item.name + end) for end in ENDS)
        span = "" if low is None or high is None else f"{minus(item.text(low))} to {minus(item.text(high))}"
        units = "" if item.units in ("-", "fraction", "count") else item.units
        text = minus(item.text(values[item.name]))
        rows[item.name] = Row(item.name, item.label, units, "–" if text == "-" else text, span, item.meaning, item.better, values[item.name], low, high)
    return rows


def grouped(rows: dict[str, Row]) -> list[tuple[str, list[Row]]]:
    """Rows under their headings; a measure in no group comes under Other; a group without any value is left out."""
    placed = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "Other": tuple(name for name in rows if name not in placed)}
    tables = [(group, [rows[name] for name in names if name in rows]) for group, names in groups.items()]
    return [(group, table) for group, table in tables if any(row.value is not None for row in table)]


def minus(text: str) -> str:
    """A typographic minus before digits, as wide as a plus; no sign before a number that is shown as zero."""
    if text[:1] in "+-" and not any(digit in text for digit in "123456789") and "0" in text:
        return text[1:]
    return f"−{text[1:]}" if text[:1] == "-" and text[1:2].isdigit() else text
