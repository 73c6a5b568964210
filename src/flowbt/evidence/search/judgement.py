"""Is the best of a search more than luck? One table of cut-offs and words for the sweep's verdict, its page, the terminal and the gallery.

Figures come as a sweep's `luck.json` holds them: probabilities and shares as fractions, Sharpe ratios per year, None or NaN where not computed.
A figure that was not computed neither clears the best nor speaks against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypedDict

from flowbt.ground.types import Json

Tone = Literal["good", "doubt", "bad", "none"]


class LedgerCount(TypedDict, total=False):
    """Trials ever run; those that are independent by their mean correlation."""

    trials: int
    effective: float
    mean_correlation: float


class Overfitting(TypedDict):
    """Share of splits in which the best in sample is under the median outside; slope of outside on inside, chance of a loss; trials and blocks."""

    pbo: float
    slope: float | None
    loss: float
    trials: int
    blocks: int


class Superiority(TypedDict):
    """p of the best of `trials` against cash, and its bounds."""

    p: float
    lower: float
    upper: float
    trials: int


class Steps(TypedDict):
    """How many of `trials` stepwise testing keeps at `level`."""

    significant: int
    trials: int
    level: float


class NoiseFound(TypedDict):
    """Sharpe of the best on rotated signals (5%, 50%, 95%) beside the real one, and its p. None, stored: it has no meaning."""

    p: float | None
    low: float | None
    middle: float | None
    high: float | None
    real: float | None
    rotations: int
    trials: int
    above: float


class Neighbours(TypedDict):
    """Sharpe of the trials one step from the best, and the share of its own that is `kept` at their median."""

    count: int
    median_sharpe: float
    worst_sharpe: float
    kept: float | None


class Luck(TypedDict, total=False):
    """`luck.json`: how much of the best of a search may be luck. None: not computed. `best`: its parameters, `trial` and `sharpe`; None: no trial traded."""

    best: Json | None
    ledger: LedgerCount
    deflated_sharpe: float
    deflated_sharpe_effective: float
    expected_best_of_luck: float
    sharpe_variance: float
    pbo: Overfitting | None
    spa: Superiority | None
    stepm: Steps | None
    noise: NoiseFound | None
    neighbours: Neighbours | None
    sample: dict[str, int]
    notes: list[str]
    look_ahead: str
    verdict: str


@dataclass(frozen=True)
class Scale:
    """Good from `good` on, bad beyond `bad`, doubtful between; `good` below `bad` where less is better."""

    good: float
    bad: float

    def tone(self, value: float | None) -> Tone:
        if value is None or math.isnan(value):
            return "none"
        sign = 1.0 if self.good >= self.bad else -1.0
        return "good" if sign * value >= sign * self.good else "doubt" if sign * value >= sign * self.bad else "bad"


@dataclass(frozen=True)
class SearchCutoffs:
    """`deflated`: probability that the Sharpe ratio is not that of the luckiest of so many trials. `overfit`: share of splits in which the best in sample is
    under the median out of sample. `noise`: chance that the grid on rotated signals does as well. `neighbours`: share of the best Sharpe ratio that is left
    at the median one step away. `placebo`: corrected p of a strategy against its placebos (good is told apart from them)."""

    deflated: Scale = Scale(0.95, 0.5)
    overfit: Scale = Scale(0.2, 0.5)
    noise: Scale = Scale(0.05, 0.2)
    neighbours: Scale = Scale(0.5, 0.25)
    placebo: Scale = Scale(0.05, 0.2)


SEARCH = SearchCutoffs()


@dataclass(frozen=True)
class LuckCheck:
    """One figure judged. `value` None: not computed. `form`: how it is written. `words`: what it is; `against`: what it says where it is not good."""

    name: str
    value: float | None
    form: str
    words: str
    against: str
    tone: Tone


def luck_checks(luck: Luck) -> tuple[LuckCheck, ...]:
    """The four figures by which the best of a search is judged, in the order they are shown."""
    ledger, pbo, noise, near = luck.get("ledger", LedgerCount()), luck.get("pbo"), luck.get("noise"), luck.get("neighbours")
    deflated = luck.get("deflated_sharpe_effective") if luck.get("deflated_sharpe") is None else luck.get("deflated_sharpe")
    trials = f"after {ledger['trials']:,} trials ever run" if ledger.get("trials") else "trials not counted"
    return (
        _check("Deflated Sharpe", deflated, ".0%", trials, SEARCH.deflated, f"the luckiest of {ledger.get('trials', 0):,} trials would do as well"),
        _check(
            "Backtest overfitting",
            pbo["pbo"] if pbo else None,
            ".0%",
            "share of splits where the best in sample falls below the median out of sample",
            SEARCH.overfit,
            "the in-sample best is often below the median out of sample",
        ),
        _check(
            "Against noise",
            noise["p"] if noise else None,
            ".3f",
            f"chance that the best on {noise['rotations'] if noise else 0:,} rotated worlds is as good",
            SEARCH.noise,
            "the same grid on rotated signals does as well",
        ),
        _check(
            "Neighbours keep",
            near["kept"] if near else None,
            ".0%",
            "of the best Sharpe, at the median of the trials next to it",
            SEARCH.neighbours,
            "one step away in the parameters little of it is left",
        ),
    )


def luck_verdict(luck: Luck) -> str:
    """The verdict in one line: every figure that is not good is named, with its value."""
    if luck["best"] is None:
        return "No trial traded."
    against = [f"{check.against} ({check.name} {format(check.value, check.form)})" for check in luck_checks(luck) if check.tone in ("doubt", "bad")]
    if not any(check.tone != "none" for check in luck_checks(luck)):
        return "How much of the best is luck could not be computed."
    return "Luck is a poor explanation of the best trial." if not against else "Not to be told from luck: " + "; ".join(against) + "."


def beats_placebos(p: float | None) -> bool:
    """Whether a corrected p tells a strategy from its placebos."""
    return SEARCH.placebo.tone(p) == "good"


def _check(name: str, value: float | None, form: str, words: str, scale: Scale, against: str) -> LuckCheck:
    tone = scale.tone(value)
    return LuckCheck(name, None if tone == "none" else value, form, words if tone != "none" else "not computed", against, tone)
