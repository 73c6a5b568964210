"""Runs side by side, on the labels they have in common: measures, paired differences, correlation, what else differs.

The first run is the base: every difference is another run less the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

import numpy as np
import pandas as pd

from flowbt.evidence.belief import Belief
from flowbt.evidence.measures import drawdown, measure
from flowbt.evidence.paired import paired_difference
from flowbt.ground.errors import RangeError
from flowbt.ground.types import Json
from flowbt.results import breakdowns
from flowbt.results.pages import drawing
from flowbt.results.record import RunRecord
from flowbt.results.rows import measure_rows, minus
from flowbt.studies.compare.trades import TOLERANCE, TradeDifference, date_text, difference

SETTINGS = (
    "symbols",
    "from",
    "to",
    "clock",
    "step",
    "decide_at",
    "costs",
    "account",
    "seed",
    "benchmark",
    "synthetic",
    "stand_ins",
    "code_hash",
    "commit",
    "versions",
)
DIGITS = 12  # kept of paired figures: more than is shown
PAIRED = {"sharpe": ("Sharpe", ".2f"), "cagr": ("CAGR", "+.2%"), "volatility": ("Volatility", ".2%"), "mean": ("Mean return a year", "+.2%")}


class ComparedMeasure(TypedDict):
    """A measure of every run: as text, its interval as text, and as a number (None: no meaning)."""

    name: str
    label: str
    units: str
    texts: list[str]
    ranges: list[str]
    values: list[float | None]


class ComparedSetting(TypedDict):
    """A parameter, setting or dataset of every run, in words."""

    name: str
    values: list[str]
    differs: bool


class EquityLines(TypedDict):
    """Growth of 1 and drawdown of every run, thinned, by label."""

    labels: list[str]
    lines: list[list[float | None]]
    underwater: list[list[float | None]]


class RunTrades(TradeDifference):
    """The trades of another run against those of the first."""

    run: str


@dataclass(frozen=True)
class Comparison:
    """Everything a comparison says; plain values, so that the page, the terminal and JSON show the same."""

    runs: list[Json]  # label, id, strategy, thesis, from, to, synthetic, belief
    span: list[str]  # first and last common label
    bars: int
    measures: list[ComparedMeasure]
    differences: list[Json]  # run, name, label, base, other, difference, low, high, p, and texts
    correlation: list[list[float | None]]
    parameters: list[ComparedSetting]
    settings: list[ComparedSetting]
    data: list[ComparedSetting]  # dataset, hash per run
    trades: list[RunTrades]
    equity: EquityLines
    reasons: list[str]  # why the results are not the same; empty: they are

    @property
    def same(self) -> bool:
        return not self.reasons

    def to_dict(self) -> dict[str, object]:
        return {**asdict(self), "same": self.same}


def compare_records(records: Sequence[RunRecord], beliefs: Sequence[Belief]) -> Comparison:
    """Compare two or more runs. `beliefs`: what each may be believed now. Raises RangeError where they have fewer than two labels in common."""
    index = common_labels(records)
    year = min(breakdowns.bars_per_year(record.manifest) for record in records)
    labels = unique_labels(records)
    returns = [compounded_between(record.returns["strategy"], index) for record in records]
    table = pd.concat(returns, axis=1, keys=range(len(records)))
    intraday = any(record.manifest.get("step", "1d") != "1d" for record in records)
    keep = drawing.drawn(len(index))
    return Comparison(
        runs=[_run(record, label, belief) for record, label, belief in zip(records, labels, beliefs, strict=True)],
        span=[drawing.stamps(index[[0]], intraday)[0], drawing.stamps(index[[-1]], intraday)[0]],
        bars=len(index),
        measures=_measures(records, returns, index, year),
        differences=[row for other in range(1, len(records)) for row in _differences(labels[other], returns[0], returns[other], year)],
        correlation=[drawing.compact(row, 6) for row in _correlation(table)],
        parameters=_side_by_side([record.manifest.get("parameters", {}) for record in records]),
        settings=_side_by_side([{name: record.manifest.get(name) for name in SETTINGS} for record in records]),
        data=_side_by_side([{item["name"]: item["hash"] for item in record.manifest.get("datasets", [])} for record in records]),
        trades=[{"run": labels[other], **difference(records[0].trades, records[other].trades)} for other in range(1, len(records))],
        equity={
            "labels": drawing.stamps(index[keep], intraday),
            "lines": [drawing.compact(breakdowns.growth(series).to_numpy()[keep]) for series in returns],
            "underwater": [drawing.compact(drawdown(series).to_numpy()[keep]) for series in returns],
        },
        reasons=[reason for other in range(1, len(records)) for reason in _reasons(labels[other], records[0], records[other])],
    )


def common_labels(records: Sequence[RunRecord]) -> pd.DatetimeIndex:
    index = pd.DatetimeIndex(records[0].returns.index)
    for record in records[1:]:
        index = index.intersection(pd.DatetimeIndex(record.returns.index))
    if len(index) < 2:
        spans = "; ".join(f"{record.manifest['strategy']} {record.manifest.get('from')} to {record.manifest.get('to')}" for record in records)
        raise RangeError("compare on common sessions", f"the runs share {len(index)} ({spans})", "run them over spans that overlap")
    return index.sort_values()


def compounded_between(returns: pd.Series, index: pd.DatetimeIndex) -> pd.Series:
    """Returns from one label of `index` to the next: what happened between them is compounded (weekends of a 24/7 clock)."""
    line = breakdowns.growth(returns).reindex(index)
    between = line.pct_change()
    between.iloc[0] = returns.fillna(0.0).loc[index[0]]
    return between


def unique_labels(records: Sequence[RunRecord]) -> list[str]:
    """Strategy names; where a name repeats, with the parameters in which its runs differ, or else the run id."""
    names = [str(record.manifest["strategy"]) for record in records]
    made = list(names)
    for name in {name for name in names if names.count(name) > 1}:
        group = [at for at, one in enumerate(names) if one == name]
        differing = [row for row in _side_by_side([records[at].manifest.get("parameters", {}) for at in group]) if row["differs"]][:3]
        for place, at in enumerate(group):
            detail = ", ".join(f"{row['name']}={row['values'][place]}" for row in differing)
            made[at] = f"{name} ({detail})" if detail else name
    labels = [f"{label} {record.manifest['id'][:6]}" if made.count(label) > 1 else label for label, record in zip(made, records, strict=True)]
    return [f"{label} LOOK-AHEAD" if record.manifest.get("look_ahead") else label for label, record in zip(labels, records, strict=True)]


def _run(record: RunRecord, label: str, belief: Belief) -> dict[str, object]:
    names = ("id", "strategy", "thesis", "from", "to", "synthetic", "look_ahead")
    return {"label": label, "belief": belief.to_dict(), **{name: record.manifest.get(name) for name in names}}


def _measures(records: Sequence[RunRecord], returns: list[pd.Series], index: pd.DatetimeIndex, year: float) -> list[ComparedMeasure]:
    columns = []
    for record, own in zip(records, returns, strict=True):
        trades = record.trades
        inside = trades[(trades["entry_label"] >= index[0]) & (trades["entry_label"] <= index[-1])] if len(trades) else trades
        columns.append(measure_rows(measure(own, inside, year, activity=record.returns.loc[index])))
    return [
        {
            "name": name,
            "label": row.label,
            "units": row.units,
            "texts": [column[name].text for column in columns],
            "ranges": [column[name].range for column in columns],
            "values": [column[name].value for column in columns],
        }
        for name, row in columns[0].items()
        if any(c[name].value is not None for c in columns)
    ]


def _differences(label: str, base: pd.Series, other: pd.Series, year: float) -> list[Json]:
    table = paired_difference(other, base, year)
    rows = []
    for name, (words, form) in PAIRED.items():
        got: dict[str, float | None] = dict(zip(table.columns, drawing.compact(table.loc[name], DIGITS), strict=True))
        texts = {key: "–" if got[key] is None else minus(format(got[key], form)) for key in ("a", "b", "difference", "low", "high")}
        low, high = got["low"], got["high"]
        told = low is not None and high is not None and (low > 0 or high < 0)
        rows.append({"run": label, "name": name, "label": words, **got, "texts": texts, "told_apart": told})
    return rows


def _correlation(table: pd.DataFrame) -> drawing.Floats:
    values = np.full((table.shape[1], table.shape[1]), np.nan)
    varied = np.flatnonzero(table.std().to_numpy() > 1e-12)
    if len(varied):
        values[np.ix_(varied, varied)] = table.iloc[:, varied].corr().to_numpy()
    return values


def _side_by_side(columns: Sequence[Mapping[str, object]]) -> list[ComparedSetting]:
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows: list[ComparedSetting] = []
    for name in names:
        values = [_words(column[name]) if name in column else "–" for column in columns]
        rows.append({"name": name, "values": values, "differs": len(set(values)) > 1})
    return rows


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_words(item) for item in value) or "none"
    return "none" if value is None else str(value)


def _reasons(label: str, base: RunRecord, other: RunRecord) -> list[str]:
    """Why the other run's results are not the first's, to 1e-9; empty when they are."""
    first, second = base.returns["strategy"], other.returns["strategy"]
    found = []
    if not first.index.equals(second.index):
        found.append(f"{label}: other labels ({len(first)} against {len(second)})")
    else:
        gap = (first.fillna(0.0) - second.fillna(0.0)).abs()
        if float(gap.max()) > TOLERANCE:
            first_label = date_text(gap.index[gap > TOLERANCE][0])
            found.append(f"{label}: returns differ at {int((gap > TOLERANCE).sum())} labels, first {first_label}")
    trades = difference(base.trades, other.trades)
    if trades["differing"]:
        found.append(f"{label}: {trades['differing']} trades differ")
    return found
