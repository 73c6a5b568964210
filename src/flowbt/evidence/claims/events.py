"""Event studies and regime comparisons: from the events of every definition to the figures of a finding.

1. Rotation of every definition at every horizon: p of the reported one, and p of the whole curve (the median standardised effect against the
   same median under the same shifts), so that no definition is picked.
2. Stationary bootstrap of rows: interval of every definition, smallest effect that could have been seen.
3. First of each cluster, hit rate, baseline both ways, before and after the document, sub-periods, mean path.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from flowbt.evidence.claims import study
from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.study import Array, Outcomes, Resampling, Statistic
from flowbt.evidence.multiple import stepdown
from flowbt.evidence.resampling.bootstrap import block_length, interval, resample_sums
from flowbt.evidence.resampling.rotation import p_values
from flowbt.ground.errors import ClaimError

BEFORE, AFTER = 21, 63  # bars of the mean path
POWER = 1.959964 + 0.841621  # two-sided 5%, power 80%
PERIODS = 4


@dataclass(frozen=True)
class Case:
    """One definition: its event (T x N, 0 and 1 or signed) and, where the claim gives it, its own outcome."""

    definition: dict[str, Any]
    event: Array
    own: Array | None = None


@dataclass(frozen=True)
class Scope:
    """Rows that are judged, and how. `columns(horizon)`: the outcome's frames cut to `index`; `path`: T x (BEFORE + 1 + AFTER) log prices, or None."""

    index: pd.DatetimeIndex
    columns: Callable[[int], list[Array]]
    path: Array | None
    beats: Array | None
    resamples: int = 10_000
    seed: int = 0


def event_study(claim: Claim, finding: Finding, cases: list[Case], scope: Scope) -> None:
    """Fill `finding` from the cases; the first is the reported definition. ClaimError where there is nothing to study."""
    statistic = study.STATISTICS[claim.outcome.statistic]
    events = [case.event for case in cases]
    signed = any((event < 0).any() for event in events)
    main = _main_outcomes(claim, cases[0], scope, signed)
    _refuse_empty(claim, cases[0], main)
    horizons = [main, *_others(claim, scope, signed)]
    gap = max(o.horizon for o in horizons) + claim.data.memory
    rotated = [_rotated(cases, o, statistic, gap, signed) for o in horizons]
    how = Resampling(block_of(main, events[0], claim), scope.resamples, scope.seed)
    finding.ratio = statistic.log
    _headline(finding, events[0], main, statistic)
    draws = _resampled(cases, main, statistic, how, signed)
    _interval(finding, draws, statistic)
    curve = _curve(finding, cases, horizons, rotated, draws)
    _figures(finding, claim, events[0], main, draws, scope)
    if finding.outside is None:
        finding.outside = _value(statistic.level(main.total - study.inside_sums(np.abs(events[0]), main)))
    finding.detail |= {
        "deviation": _value(main.columns[0].ravel()[main.known.ravel() > 0].std()),
        "curve": curve,
        "block": how.block,
        "first": _first_of_cluster(events[0], main, statistic),
        "sides": _parts(events[0], main, statistic, _sides(scope.index, finding.dated), scope),
        "periods": _parts(events[0], main, statistic, _periods(scope.index), scope),
        "path": _path(events[0], scope),
        "quantiles": _quantiles(events[0], main) if statistic.rest and len(main.columns) == 1 else None,
        "dates": _dates(events[0], scope.index),
    }


def block_of(o: Outcomes, event: Array, claim: Claim) -> float:
    """Mean block: the horizon, the event's memory, or what the persistence of outcome and event asks for, whichever is longest."""
    y = o.columns[0].sum(axis=1)
    return max(float(o.horizon), float(claim.data.memory), block_length(y), block_length((event * o.columns[0]).sum(axis=1)))


def _main_outcomes(claim: Claim, case: Case, scope: Scope, signed: bool) -> Outcomes:
    columns = [case.own] if case.own is not None else scope.columns(claim.outcome.horizon)
    o = study.outcomes_of(claim.outcome.horizon, columns, signed)
    if not o.known.any():
        found = f"not one outcome over {claim.outcome.horizon} bars in {len(scope.index):,}"
        raise ClaimError(f"claim {claim.id}", found, "shorten the horizon or import more history")
    return o


def _others(claim: Claim, scope: Scope, signed: bool) -> list[Outcomes]:
    if claim.outcome.own:
        return []
    return [o for h in claim.outcome.also if (o := study.outcomes_of(h, scope.columns(h), signed)).known.any()]


def _refuse_empty(claim: Claim, case: Case, o: Outcomes) -> None:
    held = float((np.abs(case.event) * o.known).sum())
    words = ", ".join(f"{k}={v}" for k, v in case.definition.items()) or "its one definition"
    if held == 0:
        raise ClaimError(f"claim {claim.id}", f"the event never happens ({words}) where its outcome is known", "loosen the definition or check its fields")
    if (case.event > 0)[o.known > 0].all():
        raise ClaimError(f"claim {claim.id}", f"the event holds on every bar ({words}): there is nothing to compare with", "tighten the definition")


def _shared(cases: list[Case]) -> bool:
    """Whether all definitions are judged by one outcome: the claim's, or an own one that does not hang on the definition."""
    first = cases[0].own
    return first is None or all(case.own is not None and np.array_equal(first, case.own, equal_nan=True) for case in cases[1:])


def _rotated(cases: list[Case], o: Outcomes, statistic: Statistic, gap: int, signed: bool) -> study.Rotated:
    if _shared(cases):
        return study.rotate([case.event for case in cases], o, statistic, gap)
    each = [study.rotate([case.event], study.outcomes_of(o.horizon, [np.asarray(case.own)], signed), statistic, gap) for case in cases]
    return study.Rotated(np.concatenate([r.effects for r in each]), np.concatenate([r.null for r in each]))


def _resampled(cases: list[Case], o: Outcomes, statistic: Statistic, how: Resampling, signed: bool) -> study.Resampled:
    if _shared(cases):
        return study.resample([case.event for case in cases], o, statistic, how)
    each = [study.resample([case.event], study.outcomes_of(o.horizon, [np.asarray(case.own)], signed), statistic, how) for case in cases]
    return study.Resampled(np.concatenate([r.effect for r in each]), np.concatenate([r.level for r in each]))


def _headline(finding: Finding, event: Array, o: Outcomes, statistic: Statistic) -> None:
    inside = study.inside_sums(event, o)
    finding.measured = _value(statistic.level(inside))
    finding.baseline = _value(statistic.base(inside, o.total)) if not (event < 0).any() else 0.0
    finding.effect = _value(statistic.effect(inside, o.total))
    finding.n = int((np.abs(event) * o.known > 0).sum())
    finding.n_effective = len(clusters(event, o))


def clusters(event: Array, o: Outcomes) -> Any:
    """Rows of the events that count once: the first, then each more than the horizon after the last counted."""
    return study.apart(np.flatnonzero(((event != 0) & (o.known > 0)).any(axis=1)), o.horizon)


def _interval(finding: Finding, draws: study.Resampled, statistic: Statistic) -> None:
    finding.low, finding.high = (_value(v) for v in widened(finding.effect, interval(draws.effect[0]), finding.n_effective))
    spread = draws.effect[0][np.isfinite(draws.effect[0])]
    finding.smallest = float(POWER * spread.std()) if len(spread) > 20 else None


def widened(estimate: float | None, bounds: tuple[float, float], independent: int) -> tuple[float, float]:
    """A bootstrap interval stretched about its estimate by Student's t for so many independent events: resampling few of them shows too little spread."""
    if estimate is None or independent < 2:
        return math.nan, math.nan
    factor = float(stdtrit(independent - 1, 0.975)) / 1.959964 * math.sqrt(independent / (independent - 1))
    return estimate + factor * (bounds[0] - estimate), estimate + factor * (bounds[1] - estimate)


def _curve(finding: Finding, cases: list[Case], horizons: list[Outcomes], rotated: list[study.Rotated], draws: study.Resampled) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    scores, nulls = [], []
    for h, (o, r) in enumerate(zip(horizons, rotated, strict=True)):
        for d, case in enumerate(cases):
            if not np.isfinite(r.effects[d]):
                continue
            found = p_values(float(r.effects[d]), r.null[d])
            centre, spread = (float(np.nanmean(r.null[d])), float(np.nanstd(r.null[d]))) if len(found.null) > 1 else (0.0, 0.0)
            if h == d == 0:
                finding.p = _value(found.p)
            size, apart = int((np.abs(case.event) * o.known > 0).sum()), len(clusters(case.event, o))
            row: dict[str, Any] = {"definition": case.definition, "horizon": o.horizon, "effect": float(r.effects[d])}
            row |= {"p": found.p, "n": size, "n_effective": apart}
            low, high = widened(row["effect"], interval(draws.effect[d]), apart) if h == 0 else (math.nan, math.nan)
            rows.append(row | {"low": low, "high": high})
            if spread > 0:
                scores.append((r.effects[d] - centre) / spread)
                nulls.append((r.null[d] - centre) / spread)
    finding.definitions = len(rows)
    agree = [float(np.sign(row["effect"])) == finding.sign if finding.sign else row["p"] > 0.05 for row in rows]
    finding.share_agree = float(np.mean(agree)) if rows else None
    finding.share_significant = float(np.mean([row["p"] <= 0.05 and (a or not finding.sign) for a, row in zip(agree, rows, strict=True)])) if rows else None
    if scores:
        z, null = np.array(scores), np.array(nulls)
        null = null[:, np.isfinite(null).all(axis=0)]  # shifts under which every definition has events
        middle = np.median(null, axis=0)
        finding.p_curve = _value(p_values(float(np.median(z)), middle).p)
        adjusted = stepdown(finding.sign * z, finding.sign * null.T)
        finding.detail["survivors"] = int((adjusted <= 0.05).sum())
        finding.detail["median_effect"] = float(np.median([row["effect"] for row in rows]))
    return rows


def _figures(finding: Finding, claim: Claim, event: Array, o: Outcomes, draws: study.Resampled, scope: Scope) -> None:
    """The document's figures beside ours, each with the interval it is judged by."""
    level_low, level_high = widened(finding.measured, interval(draws.level[0]), finding.n_effective)
    ours: dict[str, tuple[Any, Any, Any]] = {"mean": (finding.measured, level_low, level_high), "baseline": (finding.baseline, None, None)}
    if finding.effect is not None:
        effect, low, high = (None if v is None else math.exp(v) if finding.ratio else v for v in (finding.effect, finding.low, finding.high))
        ours["ratio" if finding.ratio else "effect"] = (effect, low, high)
    ours |= _shares(finding, event, o, scope)
    stated = dict(claim.stated)
    if {"mean", "baseline"} <= set(stated):
        stated["effect"] = stated["mean"] - stated["baseline"]
    for name, (measured, low, high) in ours.items():
        inside = None
        if name in stated and low is not None and high is not None and np.isfinite(low):
            inside = bool(low <= stated[name] <= high)
        finding.figures.append({"name": name, "stated": stated.get(name), "measured": measured, "low": low, "high": high, "inside": inside})


def _shares(finding: Finding, event: Array, o: Outcomes, scope: Scope) -> dict[str, tuple[Any, Any, Any]]:
    """Share of outcomes with the claimed sign, and of those that beat the other symbol; Wilson's intervals on the effective number."""
    if finding.ratio or len(o.columns) > 1:
        return {}
    weights = np.abs(event) * o.known
    signed = (event < 0).any()
    y = np.sign(event) * o.columns[0] if signed else o.columns[0]
    up = y > 0 if finding.sign > 0 else y < 0
    share = float((weights * up).sum() / weights.sum())
    found = {"positive" if finding.sign > 0 else "negative": (share, *study.wilson(share, finding.n_effective))}
    everything = (o.columns[0] > 0 if finding.sign > 0 else o.columns[0] < 0) & (o.known > 0)
    finding.detail["hit_baseline"] = float(everything.sum() / o.known.sum())
    finding.detail["worst"] = float((y[weights > 0]).min() if finding.sign > 0 else (y[weights > 0]).max())
    if scope.beats is not None:
        known = weights * np.isfinite(scope.beats)
        if known.sum() > 0:
            beats = float((known * (np.nan_to_num(scope.beats) > 0)).sum() / known.sum())
            found["beats"] = (beats, *study.wilson(beats, finding.n_effective))
    return found


def _first_of_cluster(event: Array, o: Outcomes, statistic: Statistic) -> dict[str, Any]:
    kept = np.zeros_like(event)
    rows = clusters(event, o)
    kept[rows] = event[rows]
    inside = study.inside_sums(kept, o)
    return {"n": len(rows), "measured": _value(statistic.level(inside)), "effect": _value(statistic.effect(inside, o.total))}


def _sides(index: pd.DatetimeIndex, dated: str) -> list[tuple[str, Any]]:
    later = np.asarray(index >= pd.Timestamp(dated)) if dated else np.zeros(len(index), dtype=bool)
    return [(f"before {dated}", ~later), (f"from {dated} on", later)]


def _periods(index: pd.DatetimeIndex) -> list[tuple[str, Any]]:
    out = []
    for rows in np.array_split(np.arange(len(index)), PERIODS):
        if len(rows):
            mask = np.zeros(len(index), dtype=bool)
            mask[rows] = True
            out.append((f"{index[rows[0]]:%Y-%m} to {index[rows[-1]]:%Y-%m}", mask))
    return out


def _parts(event: Array, o: Outcomes, statistic: Statistic, parts: list[tuple[str, Any]], scope: Scope) -> list[dict[str, Any]]:
    """The study on parts of the rows, each against its own baseline."""
    out = []
    for label, mask in parts:
        row: dict[str, Any] = dict.fromkeys(("measured", "baseline", "effect", "low", "high"))
        row |= {"label": label, "rows": int(mask.sum()), "n": 0, "n_effective": 0}
        part = Outcomes(o.horizon, o.known[mask], tuple(c[mask] for c in o.columns))
        held = event[mask]
        row["n"] = int((np.abs(held) * part.known > 0).sum())
        if row["n"]:
            inside = study.inside_sums(held, part)
            row["n_effective"] = len(clusters(held, part))
            row |= {"measured": _value(statistic.level(inside)), "effect": _value(statistic.effect(inside, part.total))}
            row["baseline"] = _value(statistic.base(inside, part.total))
            if row["n_effective"] >= 3:
                few = study.resample([held], part, statistic, Resampling(max(o.horizon, 1), min(2_000, scope.resamples), scope.seed))
                row["low"], row["high"] = (_value(v) for v in widened(row["effect"], interval(few.effect[0]), row["n_effective"]))
        out.append(row)
    return out


def _path(event: Array, scope: Scope) -> dict[str, Any] | None:
    """Mean log path of the price around the events, its 95% band, and the mean path of all rows."""
    if scope.path is None or event.shape[1] != 1:
        return None
    full = np.asarray(np.isfinite(scope.path).all(axis=1))
    weights = event[:, 0] * full
    if np.abs(weights).sum() < 1:
        return None
    filled = np.where(full[:, None], scope.path, 0.0)
    columns = np.column_stack([np.abs(weights), weights[:, None] * filled])
    sums = resample_sums(columns, AFTER, min(1_000, scope.resamples), scope.seed)
    drawn = sums[sums[:, 0] > 0.5, 1:] / sums[sums[:, 0] > 0.5, :1]
    band = np.quantile(drawn, [0.025, 0.975], axis=0) if len(drawn) > 20 else np.full((2, filled.shape[1]), np.nan)
    mean = columns[:, 1:].sum(axis=0) / columns[:, 0].sum()
    base = filled.sum(axis=0) / full.sum() if not (event < 0).any() else np.zeros(filled.shape[1])
    return {"from": -BEFORE, "mean": mean, "low": band[0], "high": band[1], "baseline": base, "n": int((weights != 0).sum())}


def _quantiles(event: Array, o: Outcomes) -> list[dict[str, float]]:
    """Quantiles of the outcome inside the regime and outside it."""
    y, known, held = o.columns[0].ravel(), o.known.ravel() > 0, event.ravel() > 0
    inside, outside = y[known & held], y[known & ~held]
    if not len(inside) or not len(outside):
        return []
    return [{"level": q, "inside": float(np.quantile(inside, q)), "outside": float(np.quantile(outside, q))} for q in (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)]


def _dates(event: Array, index: pd.DatetimeIndex) -> list[str]:
    """The latest event labels (at most 400), for the page."""
    held = np.asarray((event != 0).any(axis=1))
    return [f"{t:%Y-%m-%d}" for t in index[held][-400:]]


def _value(x: Any) -> float | None:
    return float(x) if x is not None and np.isfinite(x) else None
