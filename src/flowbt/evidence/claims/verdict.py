"""Verdicts: one table of cut-offs, the same for every claim, and the rules that use it.

| verdict | when |
| --- | --- |
| untestable | no definition has its data; the missing fields are named |
| pending | a dated forecast whose date lies after the data |
| came true / failed | a dated forecast that is settled |
| follows / does not follow | an arithmetic check |
| as printed / not as printed | a check of facts |
| contradicted | an "always" with a counterexample; or a corrected effect against the claim; or, for "no edge", a corrected effect |
| replicated | a corrected effect in the claimed direction with every stated figure inside its interval (or none stated) |
|  | for "no edge": no corrected effect, and an interval too narrow for one that matters |
| direction only | a corrected effect in the claimed direction, the stated figure outside its interval |
| underpowered | too few independent events; or no corrected effect, and the stated one is smaller than the smallest that could be seen |
|  | for "no edge": an interval wide enough to hide one |
| not distinguishable from chance | no corrected effect, though the stated one could have been seen (or none is stated) |
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flowbt.evidence.claims.finding import Finding


@dataclass(frozen=True)
class Cutoffs:
    """`false_discovery`: largest Benjamini-Hochberg value of the curve's p that counts; `clusters`: fewest independent events; `nothing`: an effect under this
    many deviations of the outcome is none: a claim of no edge holds where the whole interval is."""

    false_discovery: float = 0.05
    clusters: int = 5
    nothing: float = 0.2


CUTOFFS = Cutoffs()
ORDER = (
    "replicated", "direction only", "came true", "follows", "as printed", "contradicted", "failed", "does not follow", "not as printed",
    "not distinguishable from chance", "underpowered", "pending", "untestable", "error",
)  # fmt: skip


def decide(finding: Finding) -> tuple[str, str]:
    """Verdict and reason; `q` must be there where there is a p."""
    if finding.error:
        return "error", finding.error
    if finding.missing and finding.n == 0:
        return "untestable", "missing: " + "; ".join(finding.missing)
    if finding.kind == "dated forecast":
        return _forecast(finding)
    if finding.kind in ("arithmetic", "facts"):
        return _figures(finding)
    return _statistical(finding)


def _figures(finding: Finding) -> tuple[str, str]:
    wrong, unknown = finding.detail["wrong"], finding.detail.get("unknown", [])
    right, not_so = ("follows", "does not follow") if finding.kind == "arithmetic" else ("as printed", "not as printed")
    known = f"{finding.n - len(wrong)} of {finding.n} figures {'follow' if finding.kind == 'arithmetic' else 'are as printed'}"
    return not_so if wrong else right, known + (f"; {len(unknown)} more cannot be known here" if unknown else "")


def _forecast(finding: Finding) -> tuple[str, str]:
    true = finding.detail["true"]
    open_until = f"data end {finding.span[-1]}, it is settled by {finding.detail['by']}"
    words = {True: "yes", False: "no", None: "open"}
    bets = "; ".join(f"{b['bet']}: {words[b['true']]}" for b in finding.detail["bets"])
    return ("pending", open_until) if true is None else ("came true" if true else "failed", bets)


def _statistical(f: Finding) -> tuple[str, str]:
    always = next((row for row in f.figures if row["name"] == "positive" and row["stated"] == 1.0), None)
    if always and always["measured"] < 1.0:
        return "contradicted", f"always is stated; it held in {always['measured']:.0%} of the events"
    if f.n_effective < CUTOFFS.clusters or f.p is None:
        return "underpowered", f"only {f.n_effective} independent events"
    survives = f.q is not None and f.q <= CUTOFFS.false_discovery
    middle = f.detail.get("median_effect", f.effect) or 0.0
    if f.sign == 0:
        return _no_edge(f, survives)
    if survives and middle * f.sign < 0:
        return "contradicted", "the effect survives correction and goes the other way"
    if survives:
        outside = [row["name"] for row in f.figures if row["inside"] is False and row["name"] in judged(f)]
        if outside:
            return "direction only", f"the effect survives correction; the stated {' and '.join(outside)} lies outside its interval"
        return "replicated", "the effect survives correction" + (" and the stated figures lie in their intervals" if f.stated else " (no figure is stated)")
    stated = stated_effect(f)
    if stated is not None and f.smallest is not None and f.smallest > abs(stated):
        return "underpowered", "the stated effect is smaller than the smallest that could have been seen"
    return "not distinguishable from chance", "the effect does not survive correction"


def _no_edge(f: Finding, survives: bool) -> tuple[str, str]:
    if survives:
        return "contradicted", "no edge is claimed, and there is one that survives correction"
    outside = [row["name"] for row in f.figures if row["inside"] is False]
    margin = CUTOFFS.nothing * (f.detail.get("deviation") or 0.0)
    if f.low is None or f.high is None or max(-f.low, f.high) > margin:
        return "underpowered", "no edge is seen, but one that matters could have been missed"
    if outside:
        return "direction only", f"no edge, as claimed; the stated {' and '.join(outside)} lies outside its interval"
    return "replicated", "no edge that matters, as claimed"


def stated_effect(f: Finding) -> float | None:
    """The stated effect in the scale of `effect`: mean less baseline, an effect as such, or the log of a ratio."""
    if "ratio" in f.stated:
        return math.log(f.stated["ratio"])
    if "effect" in f.stated:
        return f.stated["effect"]
    base = f.stated.get("baseline", f.baseline)
    return f.stated["mean"] - base if "mean" in f.stated and base is not None else None


def judged(f: Finding) -> set[str]:
    """The figures a verdict hangs on: the effect where mean and baseline are stated, else each stated figure."""
    if {"mean", "baseline"} <= set(f.stated):
        return {"effect", *(set(f.stated) - {"mean", "baseline"})}
    return set(f.stated)
