"""Every cut-off of the verdicts, in one place: pages and the terminal show them, none has its own.

Fixed before a result is looked at and the same for every claim. What a run is asked besides (`believe`) is in `belief.py`.
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
