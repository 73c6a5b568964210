"""Event studies and regime comparisons: from the events of every definition to what they show.

1. The reported definition at the reported horizon: one test, from which its p, its interval and its power come (`evidence/inference.py`).
2. Every definition at every horizon the same way; p of the whole curve is that of the mean of their standardised effects, so that no definition is picked.
3. First of each cluster, hit rate, before and after the document, sub-periods, mean path.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from flowbt.evidence.claims import study
from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.outcomes import Outcome
from flowbt.evidence.claims.study import Array, Contrast, Outcomes, Statistic
from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.evidence.inference import Inference, Studentised, critical, joint_draws, project, studentise
from flowbt.evidence.multiple import stepdown
from flowbt.ground.errors import ClaimError
from flowbt.ground.types import Json

BEFORE, AFTER = 21, 63  # bars of the mean path
PERIODS = 4


@dataclass(frozen=True)
class Case:
    """One definition: its event (T x N, 0 and 1 or signed) and, where the claim gives it, its own outcome."""

    definition: dict[str, object]
    event: Array
    own: Array | None = None


@dataclass(frozen=True)
class Scope:
    """Rows that are judged, and how. `columns(horizon)`: the outcome's frames cut to `index`; `path`: T x (BEFORE + 1 + AFTER) log prices, or None;
    `resamples`: draws of the joint null of all definitions."""

    index: pd.DatetimeIndex
    columns: Callable[[int], list[Array]]
    path: Array | None
    beats: Array | None
    resamples: int = 2_000
    seed: int = 0


@dataclass(frozen=True)
class Curve:
    """All definitions at all horizons. `test`: of the mean standardised effect; `rows`: definition, horizon, effect, p, n, n_effective, low, high.

    `agree`: share with the claimed sign (of no edge: not significant); `significant`: share significant so; `survivors`: how many alone (Romano-Wolf)."""

    test: Studentised | None
    rows: tuple[Json, ...]
    agree: float | None
    significant: float | None
    median: float | None
    survivors: int


@dataclass(frozen=True)
class EventEvidence:
    """What events show. Effects are differences in the outcome's units, or logs of ratios where `ratio`; `test` is in the scale of the test (a ratio less 1;
    `study.tested` brings an effect to it).

    `measured`: level of the event's rows (signed: half the difference of the sides); `baseline`: what the effect is against; `outside`: the other rows.
    `figures`: measured figures by name (mean, baseline, effect or ratio, positive or negative, beats) with their intervals. `detail`: for pages.
    """

    test: Studentised
    inference: Inference
    ratio: bool
    measured: float
    baseline: float
    outside: float | None
    curve: Curve
    figures: dict[str, tuple[float, float | None, float | None]]
    detail: dict[str, object] = field(default_factory=dict)


def event_evidence(claim: Claim, cases: list[Case], scope: Scope, dated: str = "") -> EventEvidence:
    """Study the cases; the first is the reported definition. ClaimError where there is nothing to study."""
    outcome = claim.outcome_as(Outcome)
    statistic = study.STATISTICS[outcome.statistic]
    single = None if outcome.own else scope.columns(1)
    main = _main_outcomes(claim, cases[0], scope, single)
    event = cases[0].event
    _refuse_empty(claim, cases[0], main)
    found = study.contrast(event, main, statistic)
    if found is None:
        raise ClaimError(f"claim {claim.id}", "its outcome never varies where the event holds", "check its fields")
    test = found.test(main.cosines())
    n, apart = int((np.abs(event) * main.known > 0).sum()), len(clusters(event, main))
    return EventEvidence(
        test=test,
        inference=inference_of(found, test, n, apart),
        ratio=found.ratio,
        measured=found.level,
        baseline=found.base,
        outside=_outside(event, main, statistic),
        curve=_curve(cases, [main, *_others(outcome, scope, single)], statistic, claim.sign, scope, (found, test)),
        figures=_figures(claim, found, test, event, main, scope),
        detail={
            "first": _first_of_cluster(event, main, statistic),
            "sides": _parts(event, main, statistic, _sides(scope.index, dated)),
            "periods": _parts(event, main, statistic, _periods(scope.index)),
            "path": _path(event, scope, test.cosines),
            "quantiles": _quantiles(event, main) if statistic.rest and len(main.columns) == 1 else None,
            "dates": _dates(event, scope.index),
        }
        | _hits(claim.sign, event, main),
    )


def inference_of(found: Contrast, test: Studentised, n: int, clusters: int) -> Inference:
    """The test in numbers, on the scale findings use (ratios as logs); the estimate as documents print it."""
    (low, high), ratio = test.interval(), found.ratio
    spread = math.sqrt(test.variance) / ((1 + test.estimate) if ratio else 1.0)
    return Inference(
        statistic=test.student(),
        estimate=found.effect,
        se=spread,
        p=test.p(),
        low=study.shown(low, ratio),
        high=study.shown(high, ratio),
        smallest=study.shown(test.smallest(CUTOFFS.power, CUTOFFS.level), ratio),
        n=n,
        clusters=clusters,
        freedom=test.law.freedom,
    )


def _main_outcomes(claim: Claim, case: Case, scope: Scope, single: list[Array] | None) -> Outcomes:
    horizon = claim.outcome_as(Outcome).horizon
    o = study.outcomes_of(horizon, [case.own] if case.own is not None else scope.columns(horizon), single)
    if not o.known.any():
        found = f"not one outcome over {horizon} bars in {len(scope.index):,}"
        raise ClaimError(f"claim {claim.id}", found, "shorten the horizon or import more history")
    return o


def _others(outcome: Outcome, scope: Scope, single: list[Array] | None) -> list[Outcomes]:
    if outcome.own:
        return []
    return [o for h in outcome.also if (o := study.outcomes_of(h, scope.columns(h), single)).known.any()]


def _refuse_empty(claim: Claim, case: Case, o: Outcomes) -> None:
    held = float((np.abs(case.event) * o.known).sum())
    words = ", ".join(f"{k}={v}" for k, v in case.definition.items()) or "its one definition"
    if held == 0:
        raise ClaimError(f"claim {claim.id}", f"the event never happens ({words}) where its outcome is known", "loosen the definition or check its fields")
    if (case.event > 0)[o.known > 0].all():
        raise ClaimError(f"claim {claim.id}", f"the event holds on every bar ({words}): there is nothing to compare with", "tighten the definition")


def clusters(event: Array, o: Outcomes) -> Any:
    """Rows of the events that count once: the first, then each more than the horizon after the last counted."""
    return _apart(event, o.known, o.horizon)


def _apart(event: Array, known: Array, horizon: int) -> Any:
    return study.apart(np.flatnonzero(((event != 0) & (known > 0)).any(axis=1)), horizon)


def _outside(event: Array, o: Outcomes, statistic: Statistic) -> float | None:
    rest = o.known * (event == 0)
    return _value(study.mean_of(statistic.rows(o.columns, rest), rest)) if rest.any() else None


class _Scored(NamedTuple):
    contrast: Contrast
    test: Studentised
    row: Json


def _curve(cases: list[Case], horizons: list[Outcomes], statistic: Statistic, sign: int, scope: Scope, first: tuple[Contrast, Studentised]) -> Curve:
    """`first`: the reported definition at the reported horizon, tested already."""
    tests = ((case, o, first if (n, m) == (0, 0) else _tested(case, cases[0], o, statistic)) for n, o in enumerate(horizons) for m, case in enumerate(cases))
    scored = [_scored(case, o, *known) for case, o, known in tests if known is not None]
    rows = tuple(one.row for one in scored)
    if not rows:
        return Curve(None, rows, None, None, None, 0)
    agree = [float(np.sign(row["effect"])) == sign if sign else row["p"] > CUTOFFS.level for row in rows]
    significant = [row["p"] <= CUTOFFS.level and (a or not sign) for a, row in zip(agree, rows, strict=True)]
    test, survivors = combined([(one.contrast, one.test) for one in scored], min(one.test.cosines for one in scored), sign, (scope.resamples, scope.seed))
    return Curve(test, rows, float(np.mean(agree)), float(np.mean(significant)), float(np.median([row["effect"] for row in rows])), survivors)


def _tested(case: Case, first: Case, o: Outcomes, statistic: Statistic) -> tuple[Contrast, Studentised] | None:
    own = o if case.own is None or case.own is first.own else study.outcomes_of(o.horizon, [case.own])
    found = study.contrast(case.event, own, statistic) if case.event.any() else None
    return None if found is None or not math.isfinite(found.effect) else (found, found.test(own.cosines()))


def _scored(case: Case, o: Outcomes, found: Contrast, test: Studentised) -> _Scored:
    known = o.known if case.own is None else np.isfinite(case.own)
    low, high = (_value(study.shown(v, found.ratio)) for v in test.interval())
    size, apart = int((np.abs(case.event) * known > 0).sum()), len(_apart(case.event, known, o.horizon))
    row = {"definition": case.definition, "horizon": o.horizon, "effect": found.effect, "p": test.p(), "n": size, "n_effective": apart} | {
        "low": low,
        "high": high,
    }
    return _Scored(found, test, row)


def combined(tested: list[tuple[Contrast, Studentised]], cosines: int, sign: int = 1, draws: tuple[int, int] = (2_000, 0)) -> tuple[Studentised | None, int]:
    """The test of the mean of the standardised effects, and how many effects survive alone (Romano-Wolf stepdown on the joint null of all t, 5%)."""
    scores, weights, waves, ts, anywhere = [], [], [], [], []
    for one, own in tested:
        test = own if own.cosines == cosines else one.test(cosines)
        spread = math.sqrt(test.variance_under(0.0))
        if spread > 0:
            anywhere.append(one.crossing if one.crossing is None else one.crossing / spread)
            scores.append((one.score - one.ratio * one.weight) / spread)
            weights.append(one.weight / spread)
            waves.append(test.score)
            ts.append(math.copysign(stdtrit(cosines, test.p() / 2), test.t()))  # the t of one law that has its p
    if not scores:
        return None, 0
    weight = np.sum(weights, axis=0)
    whole = float(weight.sum())
    known = [one for one in anywhere if one is not None]
    crossing = np.sum(known, axis=0) / whole if len(known) == len(anywhere) else None
    test = studentise(np.sum(scores, axis=0) / whole, weight / whole, cosines, crossing, max(one.prior for one, _ in tested))
    t, null = np.array(ts), joint_draws(np.column_stack(waves), cosines, *draws)
    adjusted = stepdown(sign * t, sign * null) if sign else stepdown(np.abs(t), np.abs(null))
    return test, int((adjusted <= CUTOFFS.level).sum())


def _figures(claim: Claim, found: Contrast, test: Studentised, event: Array, o: Outcomes, scope: Scope) -> dict[str, tuple[float, float | None, float | None]]:
    """Our figures under the names documents use, each with the interval it is judged by."""
    level = study.level_of(event, o) if claim.outcome_as(Outcome).statistic == "mean" else None
    low, high = level.test(o.cosines()).interval() if level is not None else (math.nan, math.nan)
    ours: dict[str, tuple[float, float | None, float | None]] = {"mean": (found.level, _value(low), _value(high)), "baseline": (found.base, None, None)}
    below, above = test.interval()
    ours["ratio" if found.ratio else "effect"] = (found.estimate if found.ratio else found.effect, below + found.ratio, above + found.ratio)
    if found.ratio or len(o.columns) > 1:
        return ours
    return ours | _shares(claim.sign, event, o, scope)


def _shares(sign: int, event: Array, o: Outcomes, scope: Scope) -> dict[str, tuple[float, float | None, float | None]]:
    """Share of outcomes with the claimed sign, and of those that beat the other symbol; Wilson's intervals on the effective number."""
    weights = np.abs(event) * o.known
    y, apart = np.sign(event) * o.columns[0] if (event < 0).any() else o.columns[0], len(clusters(event, o))
    share = float((weights * (y > 0 if sign > 0 else y < 0)).sum() / weights.sum())
    found: dict[str, tuple[float, float | None, float | None]] = {"positive" if sign > 0 else "negative": (share, *study.wilson(share, apart))}
    if scope.beats is not None:
        known = weights * np.isfinite(scope.beats)
        if known.sum() > 0:
            beats = float((known * (np.nan_to_num(scope.beats) > 0)).sum() / known.sum())
            found["beats"] = (beats, *study.wilson(beats, apart))
    return found


def _hits(sign: int, event: Array, o: Outcomes) -> dict[str, object]:
    """Deviation of all outcomes; how often all of them have the claimed sign; the worst outcome of an event."""
    y = o.columns[0]
    found: Json = {"deviation": _value(y.ravel()[o.known.ravel() > 0].std())}
    if len(o.columns) > 1:
        return found
    ours = (np.sign(event) * y if (event < 0).any() else y)[np.abs(event) * o.known > 0]
    everything = (y > 0 if sign > 0 else y < 0) & (o.known > 0)
    return found | {"hit_baseline": float(everything.sum() / o.known.sum()), "worst": float(ours.min() if sign > 0 else ours.max())}


def _first_of_cluster(event: Array, o: Outcomes, statistic: Statistic) -> dict[str, object]:
    kept = np.zeros_like(event)
    rows = clusters(event, o)
    kept[rows] = event[rows]
    found = study.effect_of(kept, o, statistic)
    return {"n": len(rows), "measured": _value(found.level) if found else None, "effect": _value(found.effect) if found else None}


def _sides(index: pd.DatetimeIndex, dated: str) -> list[tuple[str, object]]:
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


def _parts(event: Array, o: Outcomes, statistic: Statistic, parts: list[tuple[str, Any]]) -> list[Json]:
    """The study on stretches of the rows, each against its own baseline."""
    out = []
    for label, mask in parts:
        row: Json = dict.fromkeys(("measured", "baseline", "effect", "low", "high"))
        row |= {"label": label, "rows": int(mask.sum()), "n": 0, "n_effective": 0}
        part, held = o.part(mask), event[mask]
        found = study.contrast(held, part, statistic) if (np.abs(held) * part.known).any() else None
        if found is not None:
            row |= {"n": int((np.abs(held) * part.known > 0).sum()), "n_effective": len(clusters(held, part))}
            row |= {"measured": _value(found.level), "baseline": _value(found.base), "effect": _value(found.effect)}
            bounds = found.test(part.cosines()).interval()
            row["low"], row["high"] = (_value(study.shown(v, found.ratio)) for v in bounds)
        out.append(row)
    return out


def _path(event: Array, scope: Scope, cosines: int) -> dict[str, object] | None:
    """Mean log path of the price around the events, its 95% band, and the mean path of all rows."""
    if scope.path is None or event.shape[1] != 1:
        return None
    full = np.asarray(np.isfinite(scope.path).all(axis=1))
    weights = event[:, 0] * full
    held = float(np.abs(weights).sum())
    if held < 1:
        return None
    filled = np.where(full[:, None], scope.path, 0.0)
    mean = (weights @ filled) / held
    fewer = max(4, min(cosines, int(len(event) / (2.5 * AFTER))))
    spread = np.sqrt(np.mean(project((weights[:, None] * filled - np.abs(weights)[:, None] * mean) / held, fewer) ** 2, axis=0))
    half = critical(fewer) * spread
    base = filled.sum(axis=0) / full.sum() if not (event < 0).any() else np.zeros(filled.shape[1])
    return {"from": -BEFORE, "mean": mean, "low": mean - half, "high": mean + half, "baseline": base, "n": int((weights != 0).sum())}


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


def event_study(claim: Claim, cases: list[Case], scope: Scope, dated: str = "") -> dict[str, object]:
    """The evidence of the cases as fields of a finding. `dated`: the document's date, YYYY-MM-DD."""
    found = event_evidence(claim, cases, scope, dated)
    stated = dict(claim.stated)
    if {"mean", "baseline"} <= set(stated):
        stated["effect"] = stated["mean"] - stated["baseline"]
    told = tested_fields(found.inference, found.test, found.curve, found.detail)
    told |= {"ratio": found.ratio, "measured": _value(found.measured), "baseline": _value(found.baseline), "outside": found.outside}
    return told | {"figures": [_figure(name, ours, stated.get(name)) for name, ours in found.figures.items()]}


def _figure(name: str, ours: tuple[float, float | None, float | None], stated: float | None) -> dict[str, object]:
    """Our figure with its interval beside the stated one; `inside` None where nothing is stated or there is no interval."""
    measured, low, high = ours[0], _value(ours[1]), _value(ours[2])
    inside = None if stated is None or low is None or high is None else bool(low <= stated <= high)
    return {"name": name, "stated": stated, "measured": _value(measured), "low": low, "high": high, "inside": inside}


def tested_fields(found: Inference, test: Studentised, curve: Curve, detail: dict[str, object]) -> dict[str, object]:
    """The fields of a finding that one test and its curve give; `detail["test"]` is enough to ask it for the p of any effect, or its power, later."""
    told: Json = {name: _value(getattr(found, name)) for name in ("p", "low", "high")}
    told |= {"effect": _value(found.estimate), "n": found.n, "n_effective": int(found.clusters)}
    told |= {"definitions": len(curve.rows), "share_agree": curve.agree, "share_significant": curve.significant}
    told |= {"p_curve": None if curve.test is None else curve.test.p()}
    kept = {"test": {"statistic": found.statistic, "se": found.se, "freedom": found.freedom} | test.to_dict()}
    return told | {"detail": detail | kept | {"curve": list(curve.rows), "survivors": curve.survivors, "median_effect": curve.median}}
