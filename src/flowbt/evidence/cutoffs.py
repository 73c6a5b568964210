"""Every cut-off of the verdicts, in one place: pages and the terminal show them, none has its own.

Fixed before a result is looked at and the same for every claim (`Cutoffs`) and for every run that is asked whether to believe it (`BeliefCutoffs`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cutoffs:
    """`level`: of a single test and of its interval. `false_discovery`: largest Benjamini-Hochberg value of the curve's p that counts. `power`: chance
    with which an effect must be seen before its absence says anything. `clusters`: fewest independent events. `margin`: a claim of no edge holds where
    the whole interval is within this share of the stated effect, or of the base rate where no effect is stated. `margin_ratio`: within this of 1.
    `trades`: fewest trades of a run whose timing can be judged. `unstated`: how sure a forecast counts as that says nothing of how sure it is.
    """

    level: float = 0.05
    false_discovery: float = 0.05
    power: float = 0.80
    clusters: int = 5
    margin: float = 0.5
    margin_ratio: float = 0.2
    trades: int = 10
    unstated: float = 0.9


CUTOFFS = Cutoffs()


@dataclass(frozen=True)
class BeliefCutoffs:
    """`trades`: fewest closed trades that can be judged. `timing`: largest p that counts, of its rotations and of its skill over holding its average
    exposure, and the p from which timing is no better than chance.
    `deflated`: least deflated Sharpe, and the value under which luck explains the result. `kept`: share of the Sharpe ratio that must be left out of
    sample and at twice the costs. `choices`: least share of the trials ever run that a walk-forward must have chosen among, at least 2 trials, and how many
    are enough. `margin`: break-even cost over assumed cost. `least_cost`: bp of notional a fill under which a cost is none. `year`: largest share of the
    profit that one year may have."""

    trades: int = CUTOFFS.trades
    timing: tuple[float, float] = (CUTOFFS.level, 0.2)
    deflated: tuple[float, float] = (0.95, 0.5)
    kept: float = 0.5
    choices: tuple[float, int] = (0.2, 100)
    margin: float = 2.0
    least_cost: float = 0.5
    year: float = 0.7


BELIEF = BeliefCutoffs()
