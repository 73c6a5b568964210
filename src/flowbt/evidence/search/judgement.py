"""Is the best of a search more than luck? One table of cut-offs and words for the sweep's verdict, its page, the terminal and the gallery.

Figures come as a sweep's `luck.json` holds them: probabilities and shares as fractions, Sharpe ratios per year, None or NaN where not computed.
A figure that was not computed neither clears the best nor speaks against it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from flowbt.ground.types import JsonView

Tone = Literal["good", "doubt", "bad", "none"]


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


def luck_checks(luck: JsonView) -> tuple[LuckCheck, ...]:
    """The four figures by which the best of a search is judged, in the order they are shown."""
    ledger, pbo, noise, near = (luck.get(part) or {} for part in ("ledger", "pbo", "noise", "neighbours"))
    deflated = luck.get("deflated_sharpe_effective") if luck.get("deflated_sharpe") is None else luck.get("deflated_sharpe")
    trials = f"after {ledger['trials']:,} trials ever run" if ledger.get("trials") else "trials not counted"
    share, p, kept = pbo.get("pbo"), noise.get("p"), near.get("kept")
    return (
        _check("Deflated Sharpe", deflated, ".0%", trials, SEARCH.deflated, f"the luckiest of {ledger.get('trials', 0):,} trials would do as well"),
        _check(
            "Backtest overfitting",
            share,
            ".0%",
            "share of splits where the best in sample falls below the median out of sample",
            SEARCH.overfit,
            "the in-sample best is often below the median out of sample",
        ),
        _check(
            "Against noise",
            p,
            ".3f",
            f"chance that the best on {noise.get('rotations', 0):,} rotated worlds is as good",
            SEARCH.noise,
            "the same grid on rotated signals does as well",
        ),
        _check(
            "Neighbours keep",
            kept,
            ".0%",
            "of the best Sharpe, at the median of the trials next to it",
            SEARCH.neighbours,
            "one step away in the parameters little of it is left",
        ),
    )


def luck_verdict(luck: Mapping[str, object]) -> str:
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
