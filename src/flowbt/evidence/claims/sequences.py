"""Who moves first: lead-lag of the stages of a claimed order, and the order of their onsets.

Lead-lag: for neighbours a, b of the order, a(t) times the next `horizon` values of b, less b(t) times the next of a, summed over neighbours; its mean is
above 0 where the order holds. It is taken of innovations: what each stage does that its own past does not say (21 lags and its level). Without that, a
stage that is the change of a mean-reverting level turns back after whatever moved with it, and so "leads" it. Under the null the innovations
move together only at the same time, so the mean is 0 whatever each stage's own dynamics; its test is that of every other claim.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.events import Curve, combined, tested_fields
from flowbt.evidence.claims.study import Contrast, apart
from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.evidence.inference import Inference, Studentised, cosines_for, studentise_mean
from flowbt.evidence.resampling.rotation import p_values
from flowbt.ground.errors import ClaimError, FieldError
from flowbt.ground.types import Json

Array = npt.NDArray[np.float64]
CLIP = 5.0  # deviations beyond which an impulse counts no more: one crash must not decide alone
FEWEST = 250  # bars under which no order is looked for
LAGS = 21  # of a stage's own past
WINDOW = 63  # bars between two onset episodes, and the reach around each


@dataclass(frozen=True)
class InOrder:
    """The outcome of a sequence claim: its function returns a frame of stages, one column each, in the claimed order; positive = the stage sets in."""

    horizon: int = 10
    also: tuple[int, ...] = (5, 21)
    label: str = "order of the stages"
    units: str = "mean product"
    symbol: str | None = None
    kind: str = "sequence"


def in_order(horizon: int = 10, *, also: tuple[int, ...] = (5, 21)) -> InOrder:
    """Do the earlier stages lead the later ones over `horizon` bars?"""
    return InOrder(horizon, also)


def standardised(stages: pd.DataFrame) -> Array:
    """Each stage less its mean over its deviation, clipped at CLIP: T x S, finite. Rows with a missing stage must be gone.

    FieldError for too few rows; ClaimError where a stage never moves.
    """
    x = np.asarray(stages, dtype=np.float64)
    if len(x) < FEWEST:
        raise FieldError(f"{FEWEST} bars with {', '.join(map(str, stages.columns))}", f"together they are there on {len(x)}", "import more history of them")
    spread = x.std(axis=0)
    if (spread <= 1e-15).any():
        raise ClaimError("a sequence", f"{stages.columns[int(spread.argmin())]} never moves", "check its fields")
    return np.asarray(np.clip((x - x.mean(axis=0)) / spread, -CLIP, CLIP))


def innovations(stages: pd.DataFrame) -> pd.DataFrame:
    """Each stage less what its own past says of it: least squares on LAGS of itself and on its level (the sum of all before), which takes a level's
    turning back out of its changes. The first LAGS rows go."""
    x = stages.to_numpy(dtype=np.float64)
    if len(x) < FEWEST:
        return stages  # refused, with its reason, by `standardised`
    out = np.empty((len(x) - LAGS, x.shape[1]))
    for s, column in enumerate(x.T):
        centred = column - column.mean()
        past = np.column_stack([np.cumsum(centred)[LAGS - 1 : -1], *(centred[LAGS - k : -k] for k in range(1, LAGS + 1)), np.ones(len(out))])
        past = past / np.maximum(np.sqrt(np.mean(past**2, axis=0)), 1e-300)
        values, vectors = np.linalg.eigh(past.T @ past)
        sound = values > 1e-12 * values[-1]  # columns that say the same count once
        explained = vectors[:, sound] @ ((vectors[:, sound].T @ (past.T @ centred[LAGS:])) / values[sound])
        out[:, s] = centred[LAGS:] - past @ explained
    return pd.DataFrame(out, index=stages.index[LAGS:], columns=stages.columns)


def lead(z: Array, horizon: int) -> Array:
    """Per bar, how far the claimed order leads its reverse, summed over neighbours; T - horizon values."""
    ahead = _ahead(z, horizon)
    now = z[: len(ahead)]
    return np.asarray(sum(_leading(now, ahead, i, i + 1) for i in range(z.shape[1] - 1)))


def _leading(now: Array, ahead: Array, i: int, j: int) -> Array:
    """How far stage i leads j, per bar: each by what it does now beyond the other (its part of the other's own past has been fitted away, and that fit's
    noise is part of the mean: without it a pair that moves together by 0.7 has 1.5 times the variance it seems to have)."""
    both = float(np.mean(now[:, i] * now[:, j]))
    return np.asarray((now[:, i] - both * now[:, j]) * ahead[:, j] - (now[:, j] - both * now[:, i]) * ahead[:, i])


def _ahead(z: Array, horizon: int) -> Array:
    sums = np.vstack([np.zeros((1, z.shape[1])), np.cumsum(z, axis=0)])
    return np.asarray((sums[horizon + 1 :] - sums[1:-horizon]) / np.sqrt(horizon))


def flipped(values: Array, draws: int, seed: int) -> Array:
    """Mean of the values when each changes its sign at random: draws."""
    signs = np.random.default_rng(seed).integers(0, 2, (draws, len(values))) * 2.0 - 1.0
    return np.asarray(signs @ values / len(values))


@dataclass(frozen=True)
class SequenceEvidence:
    """What stages in a claimed order show: the lead of the order over its reverse, all definitions, every pair both ways, and the order of onsets."""

    test: Studentised
    inference: Inference
    curve: Curve
    span: tuple[str, str]
    missing: tuple[str, ...] = ()
    detail: dict[str, object] = field(default_factory=dict)


def sequence_evidence(claim: Claim, frames: list[tuple[dict[str, object], pd.DataFrame]], draws: int = 2_000, seed: int = 0) -> SequenceEvidence:
    """Study the stages of every definition (the first is reported) at every horizon."""
    outcome, whole, missing = claim.outcome_as(InOrder), [], []
    for definition, frame in frames:
        new = innovations(frame.dropna())
        try:
            whole.append((definition, new, standardised(new)))
        except FieldError as error:
            if not whole:
                raise
            missing.append(str(error))
    horizon, (_, first, z), rows = outcome.horizon, whole[0], max(len(z) for _, _, z in whole)
    found = [(definition, h, _scored(one, h, rows)) for definition, _, one in whole for h in (horizon, *outcome.also)]
    values = lead(z, horizon)
    cosines = cosines_for(len(values), values)
    test, names = found[0][2].test(cosines), list(map(str, first.columns))
    curve = _curve(found, cosines, (draws, seed))
    return SequenceEvidence(
        test=test,
        inference=test.summary(len(values), len(values) // horizon),
        curve=curve,
        span=(f"{first.index[0]:%Y-%m-%d}", f"{first.index[-1]:%Y-%m-%d}"),
        missing=tuple(missing),
        detail={"pairs": pairs(z, names, horizon), "onsets": onsets(z, first.index, names, horizon, draws, seed)},
    )


def _scored(z: Array, horizon: int, rows: int) -> Contrast:
    """The mean lead as scores on `rows` labels that end together."""
    values = lead(z, horizon)
    score, weight = np.zeros(rows), np.zeros(rows)
    score[rows - len(z) : rows - horizon], weight[rows - len(z) : rows - horizon] = values / len(values), 1 / len(values)
    return Contrast(float(values.mean()), score, weight, float(values.mean()), 0.0)


def _curve(found: list[tuple[dict[str, object], int, Contrast]], cosines: int, draws: tuple[int, int]) -> Curve:
    rows, tested = [], []
    for definition, horizon, one in found:
        test, size = one.test(cosines), int((one.weight > 0).sum())
        tested.append((one, test))
        low, high = test.interval()
        bounds = {"low": low, "high": high}
        rows.append({"definition": definition, "horizon": horizon, "effect": one.effect, "p": test.p(), "n": size, "n_effective": size // horizon} | bounds)
    effects, p = np.array([row["effect"] for row in rows]), np.array([row["p"] for row in rows])
    together, survivors = combined(tested, cosines, 1, draws)
    significant = float(np.mean((effects > 0) & (p <= CUTOFFS.level)))
    return Curve(together, tuple(rows), float(np.mean(effects > 0)), significant, float(np.median(effects)), survivors)


def sequence_study(claim: Claim, frames: list[tuple[dict[str, object], pd.DataFrame]], resamples: int, seed: int) -> Json:
    """The evidence of the stages as fields of a finding."""
    found = sequence_evidence(claim, frames, resamples, seed)
    told = tested_fields(found.inference, found.test, found.curve, found.detail)
    return told | {"measured": found.inference.estimate, "baseline": 0.0, "span": list(found.span), "missing": list(found.missing)}


def pairs(z: Array, names: list[str], horizon: int) -> list[dict[str, object]]:
    """Every pair of stages, both ways: correlation of the one now with the other over the next `horizon` bars, and p of their difference."""
    ahead = _ahead(z, horizon)
    now = z[: len(ahead)]
    out = []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            values = _leading(now, ahead, i, j)
            forth, back = float(np.corrcoef(now[:, i], ahead[:, j])[0, 1]), float(np.corrcoef(now[:, j], ahead[:, i])[0, 1])
            p = studentise_mean(values).p()
            out.append({"first": names[i], "then": names[j], "forth": forth, "back": back, "difference": float(values.mean()), "p": p})
    return out


def onsets(z: Array, index: pd.Index, names: list[str], horizon: int, draws: int, seed: int) -> dict[str, object]:
    """Order of onsets in the episodes in which the stages together are most stressed.

    Stress of a stage: its sum over `horizon` bars. An episode: the mean stress passes its 95% quantile. A stage's onset: the first bar within
    WINDOW of that at which its own stress passes its 90% quantile. Score: Kendall's tau of claimed and seen order; episodes are more
    than 2 WINDOW apart, and p comes from reversing each at random.
    """
    sums = np.vstack([np.zeros((1, z.shape[1])), np.cumsum(z, axis=0)])
    stress = sums[horizon:] - sums[:-horizon]
    both = stress.mean(axis=1)
    over = stress > np.quantile(stress, 0.9, axis=0)
    starts = apart(np.flatnonzero(both > np.quantile(both, 0.95)), 2 * WINDOW)
    episodes, taus = [], []
    for start in starts.tolist():
        first = max(0, start - WINDOW)
        seen = over[first : start + WINDOW + 1]
        at = [int(column.argmax()) if column.any() else None for column in seen.T]
        tau = _tau(at)
        if tau is not None:
            taus.append(tau)
            bars = {n: None if a is None else a + first - start for n, a in zip(names, at, strict=True)}
            episodes.append({"label": f"{index[start + horizon - 1]:%Y-%m-%d}", "tau": tau, "onsets": bars})
    if len(taus) < 3:
        return {"episodes": episodes, "tau": None, "p": None}
    values = np.array(taus)
    return {"episodes": episodes, "tau": float(values.mean()), "p": p_values(float(values.mean()), flipped(values, draws, seed)).p}


def _tau(at: list[int | None]) -> float | None:
    """Kendall's tau of the positions with their onset bars; ties count 0. None for fewer than two onsets."""
    seen = [a for a in at if a is not None]
    signs = [int(np.sign(b - a)) for i, a in enumerate(seen) for b in seen[i + 1 :]]
    return float(np.mean(signs)) if signs else None
