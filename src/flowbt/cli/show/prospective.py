"""What came after it was entered, on the terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from flowbt.cli.show.terminal import Column, say, show

if TYPE_CHECKING:
    from flowbt.evidence.claims.probability_scores import Gain
    from flowbt.studies.desk.prospective import EnteredForecast, Prospective

COLUMNS = (
    Column("forecast"), Column("entered", drop=2), Column("by"), Column("sure", right=True), Column("base rate", right=True), Column("came of it", words=True),
    Column("on", drop=1),
)  # fmt: skip


def print_prospective(found: Prospective) -> None:
    """Forecasts with what came of them, scores beside the base rate, claims measured since their entry."""
    rows = [
        [one.claim, one.entered[:10] + " late" * one.late, one.by, _rate(one.probability) + "*" * (not one.stated), _rate(one.base), _came(one), one.on]
        for one in found.forecasts
    ]
    if rows:
        show(COLUMNS, rows)
        if not all(one.stated for one in found.forecasts):
            say("* the document does not say how sure it is; it counts as this")
    for kind, name, score in found.scores:
        expected = f"{score.expected:.1f} by its own word, {score.expected_base:.1f} by the base rate"
        say(f"{kind} {name}".rstrip() + f": {score.came_true} of {score.n} came true; expected {expected}")
        say(f"  Brier {_gain(score.brier)}; log {_gain(score.log)}; {score.clusters} independent spans")
    if found.forecasts and not found.scores:
        say("no forecast counts yet: none was settled by what came after its entry")
    measured = [one for one in found.claims if one.finding is not None]
    if measured:
        table = [[one.claim, one.entered[:10], f"{one.labels}", one.finding.sentence, one.words] for one in measured if one.finding]
        show((Column("claim"), Column("entered", drop=1), Column("labels since", right=True), Column("", words=True), Column("verdict")), table)
    waiting = Counter(one.words for one in found.claims if one.finding is None)
    for words, count in waiting.items():
        say(f"{count} claims: {words}")


def _came(one: EnteredForecast) -> str:
    if one.true is None or one.state in ("came true", "failed"):
        return one.state
    return f"{'came true' if one.true else 'failed'}, {one.state}"


def _rate(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _gain(gain: Gain) -> str:
    span = "no interval: all of one span" if gain.low is None else f"{gain.low:+.3f} to {gain.high:+.3f}"
    return f"{gain.own:.3f}, base rate {gain.base:.3f}, gain {gain.gain:+.3f} ({span})"
