"""Who moves first: lead-lag of the stages of a claimed order, and the order of their onsets.

Lead-lag: for neighbours a, b of the order, a(t) times the next `horizon` values of b, less b(t) times the next of a, summed over neighbours; its mean is
above 0 where the order holds. Surrogates swap the two roles at random, block by block: what moves at the same time, and how it clusters,
stays as it is, only the direction of time's order is lost. So the null is that the reverse order is as good as the claimed one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.study import apart
from flowbt.evidence.resampling.bootstrap import block_length, interval, resample_sums
from flowbt.evidence.resampling.rotation import p_values
from flowbt.ground.errors import ClaimError, FieldError

Array = npt.NDArray[np.float64]
CLIP = 5.0  # deviations beyond which an impulse counts no more: one crash must not decide alone
FEWEST = 250  # bars under which no order is looked for
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
    """Each stage less its mean over its deviation, clipped at CLIP: T x S, finite. Rows with a missing stage must be gone."""
    x = np.asarray(stages, dtype=np.float64)
    if len(x) < FEWEST:
        raise FieldError(f"{FEWEST} bars with {', '.join(map(str, stages.columns))}", f"together they are there on {len(x)}", "import more history of them")
    spread = x.std(axis=0)
    if (spread <= 1e-15).any():
        raise ClaimError("a sequence", f"{stages.columns[int(spread.argmin())]} never moves", "check its fields")
    return np.asarray(np.clip((x - x.mean(axis=0)) / spread, -CLIP, CLIP))


def lead(z: Array, horizon: int) -> Array:
    """Per bar, how far the claimed order leads its reverse, summed over neighbours; T - horizon values."""
    ahead = _ahead(z, horizon)
    now = z[: len(ahead)]
    return np.asarray((now[:, :-1] * ahead[:, 1:] - now[:, 1:] * ahead[:, :-1]).sum(axis=1))


def _ahead(z: Array, horizon: int) -> Array:
    sums = np.vstack([np.zeros((1, z.shape[1])), np.cumsum(z, axis=0)])
    return np.asarray((sums[horizon + 1 :] - sums[1:-horizon]) / np.sqrt(horizon))


def swapped(values: Array, block: int, draws: int, seed: int) -> Array:
    """Mean of `values` (T x D) when whole blocks change sign at random, the same for all columns: draws x D."""
    blocks = np.add.reduceat(values, np.arange(0, len(values), block), axis=0)
    signs = np.random.default_rng(seed).integers(0, 2, (draws, len(blocks))) * 2.0 - 1.0
    return np.asarray(signs @ blocks / len(values))


def sequence_study(claim: Claim, finding: Any, frames: list[tuple[dict[str, Any], pd.DataFrame]], resamples: int, seed: int) -> None:
    """Fill `finding` from the stages of every definition (the first is reported) at every horizon."""
    whole, z = [], []
    for definition, frame in frames:
        known = frame.dropna()
        try:
            z.append(standardised(known))
            whole.append((definition, known))
        except FieldError as error:
            if not whole:
                raise
            finding.missing.append(str(error))
    main = lead(z[0], claim.outcome.horizon)
    block = int(max(2 * claim.outcome.horizon, np.ceil(block_length(main))))
    finding.measured = finding.effect = float(main.mean())
    finding.baseline, finding.n, finding.n_effective = 0.0, len(main), -(-len(main) // block)
    draws = resample_sums(main[:, None], block, resamples, seed)[:, 0] / len(main)
    finding.low, finding.high = interval(draws)
    finding.smallest = float(2.801585 * draws.std())
    finding.span = [f"{t:%Y-%m-%d}" for t in (whole[0][1].index[0], whole[0][1].index[-1])]
    rows, scores, nulls = [], [], []
    for (definition, _), one in zip(whole, z, strict=True):
        for horizon in (claim.outcome.horizon, *claim.outcome.also):
            values = lead(one, horizon)
            null = swapped(values[:, None], max(block, 2 * horizon), resamples, seed)[:, 0]
            found = p_values(float(values.mean()), null)
            size = {"n": len(values), "n_effective": -(-len(values) // block)}
            rows.append({"definition": definition, "horizon": horizon, "effect": float(values.mean()), "p": found.p, **size})
            scores.append(found.observed / null.std())
            nulls.append(null / null.std())
    finding.p = rows[0]["p"]
    finding.p_curve = p_values(float(np.median(scores)), np.median(nulls, axis=0)).p
    finding.definitions = len(rows)
    finding.share_agree = float(np.mean([row["effect"] > 0 for row in rows]))
    finding.share_significant = float(np.mean([row["effect"] > 0 and row["p"] <= 0.05 for row in rows]))
    finding.detail |= {
        "curve": rows,
        "block": block,
        "median_effect": float(np.median([row["effect"] for row in rows])),
        "pairs": pairs(z[0], list(map(str, whole[0][1].columns)), claim.outcome.horizon, block, resamples, seed),
        "onsets": onsets(z[0], whole[0][1].index, list(map(str, whole[0][1].columns)), claim.outcome.horizon, resamples, seed),
    }


def pairs(z: Array, names: list[str], horizon: int, block: int, draws: int, seed: int) -> list[dict[str, Any]]:
    """Every pair of stages, both ways: correlation of the one now with the other over the next `horizon` bars, and p of their difference."""
    ahead = _ahead(z, horizon)
    now = z[: len(ahead)]
    out = []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            values = now[:, i] * ahead[:, j] - now[:, j] * ahead[:, i]
            p = p_values(float(values.mean()), swapped(values[:, None], block, draws, seed)[:, 0]).p
            forth, back = float(np.corrcoef(now[:, i], ahead[:, j])[0, 1]), float(np.corrcoef(now[:, j], ahead[:, i])[0, 1])
            out.append({"first": names[i], "then": names[j], "forth": forth, "back": back, "difference": float(values.mean()), "p": p})
    return out


def onsets(z: Array, index: pd.Index, names: list[str], horizon: int, draws: int, seed: int) -> dict[str, Any]:
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
    return {"episodes": episodes, "tau": float(values.mean()), "p": p_values(float(values.mean()), swapped(values[:, None], 1, draws, seed)[:, 0]).p}


def _tau(at: list[int | None]) -> float | None:
    """Kendall's tau of the positions with their onset bars; ties count 0. None for fewer than two onsets."""
    seen = [a for a in at if a is not None]
    signs = [int(np.sign(b - a)) for i, a in enumerate(seen) for b in seen[i + 1 :]]
    return float(np.mean(signs)) if signs else None
