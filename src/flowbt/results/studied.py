"""What `sweep.json` and `walkforward.json` hold: one shape for who writes, shows and reads them again. `luck.json`: `evidence.search.judgement.Luck`."""

from __future__ import annotations

from typing import TypedDict

from flowbt.evidence.belief import BeliefTold
from flowbt.results.manifest import StudyHead


class StudyFacts(StudyHead):
    """What the result of a search depends on, besides each trial's parameters. `parameters`: those that are swept; `named`: those asked for by name (the
    others are the file's GRID)."""

    bars: int
    parameters: dict[str, list[object]]
    fixed: dict[str, object]
    named: list[str]
    constraints: list[str]
    search: dict[str, object]
    warnings: list[str]


class TrialPath(TypedDict):
    """By which path trials ran and why; how often the strategy was traced, masks were made and expressions evaluated."""

    path: str
    traces: int
    masks: int
    evaluations: int
    reasons: list[str]


class Verified(TypedDict):
    """Trials that were run again by the engine and booked in vectorbt, and the largest difference of a metric."""

    trials: int
    books: int
    largest_difference: float


class SweepDocument(StudyFacts):
    """`sweep.json`. `top`: the best trials, a row each; `runs`: trial number -> run id of those stored in full; `rate`: trials a second."""

    kind: str
    id: str
    trials: int
    metrics: list[str]
    sort: str
    ascending: bool
    top: list[dict[str, object]]
    runs: dict[str, str]
    how: TrialPath
    seconds: dict[str, float]
    rate: float
    verified: Verified
    look_ahead: str


class SweptNow(SweepDocument):
    """A sweep as it is told when it is done: `beliefs` of its runs, by trial number."""

    beliefs: dict[str, BeliefTold]


class Chosen(TypedDict):
    """The mean of `metric` inside and outside, over the windows (None: in none it has a value), and the share of windows that rose."""

    metric: str
    inside: float | None
    outside: float | None
    positive: float | None


class ModeResult(Chosen):
    """One mode of a walk-forward: its windows, and the measures of the chained test returns."""

    windows: int
    measures: dict[str, object]


class WalkForwardDocument(StudyFacts):
    """`walkforward.json`."""

    kind: str
    id: str
    trials: int
    sort: str
    plan: dict[str, dict[str, object]]
    modes: dict[str, ModeResult]


class WalkedNow(WalkForwardDocument):
    """A walk-forward as it is told when it is done: the newest stored run of its grid (empty: none) and what that may be believed."""

    run: str
    belief: BeliefTold | None
