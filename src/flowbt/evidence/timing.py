"""Is a strategy better than holding its own average exposure? The null of a run is its exposure, not zero: coins long a rising market have a high Sharpe
ratio and no skill.

Skill of bar t: the strategy's net return, less average exposure x the market's return, less exposure x the market's mean return, so that what is left is the
covariance of exposure with what followed. Its mean is tested as every claim is (`evidence/inference.py`); bars count by how far their exposure is
from the average, so few long positions are few clusters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.evidence.inference import NOTHING, Inference, Studentised, cosines_for, foreseen, studentise

Array = npt.NDArray[np.float64]
SAME = 1e-10  # of a Sharpe ratio a year: kernels add up in different orders


def skill_of(returns: Array, held: Iterable[tuple[Array, Array]]) -> Studentised | None:
    """Test of the mean skill per bar. `returns`: T net returns of the strategy. `held`, in blocks of columns: `exposure`, T x N signed fractions of equity held
    over the bar, and `moves`, T x N simple returns of what is held, 0 where missing. None where the exposure never varies: there is nothing to time."""
    weight, score, moved, columns = np.zeros(len(returns)), returns, np.zeros(len(returns)), 0
    for exposure, moves in held:
        apart, usual = exposure - exposure.mean(axis=0), moves.mean(axis=0)
        weight += (apart**2).sum(axis=1)
        score = score - exposure @ usual - (moves - usual) @ exposure.mean(axis=0)
        score = score + (foreseen(apart, np.ones((len(apart), 1))) * (moves - usual)).sum(axis=1)
        moved, columns = moved + moves.sum(axis=1), columns + moves.shape[1]
    if len(returns) < 20 or not weight.sum() > 1e-12 * len(returns):
        return None
    return studentise(score / len(returns), weight / weight.sum(), cosines_for(len(returns), moved / columns))


@dataclass(frozen=True)
class Timing:
    """A run against its own exposure. Sharpe ratios per year. `real`: the run's; `rotated`: of its decisions rotated in time; `p_rotated`: chance that a
    rotation does at least as well; `p_held`: one-sided p of its skill over holding its average exposure; `skill`: that skill per year, with its interval.

    `chance` is the larger of the two, 1 for fewer trades than can tell; `better` where it passes."""

    real: float
    rotated: tuple[float, ...]
    p_rotated: float
    p_held: float
    skill: Inference
    trades: int

    @property
    def chance(self) -> float:
        return 1.0 if self.trades < CUTOFFS.trades else max(self.p_rotated, self.p_held)

    @property
    def better(self) -> bool:
        return self.chance <= CUTOFFS.level


def timing_of(real: float, rotated: Array, skill: Studentised | None, trades: int, year: float) -> Timing:
    """From a run's Sharpe ratio and those of its rotations (per year; NaN, no trade, counts as 0) and the test of its skill per bar."""
    if not math.isfinite(real) or skill is None:
        return Timing(real, tuple(map(float, rotated)), 1.0, 1.0, NOTHING, trades)
    others = np.nan_to_num(rotated)
    p = (1 + int(np.count_nonzero(others >= real - SAME))) / (1 + len(others))
    yearly = replace(skill, estimate=skill.estimate * year, score=skill.score * year)
    return Timing(real, tuple(map(float, others)), p, skill.p_above(), yearly.summary(trades, min(yearly.clusters, trades)), trades)
