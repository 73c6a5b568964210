"""Verdicts: one table of cut-offs, the same for every claim, and the rules that use it.

| verdict | when |
| --- | --- |
| untestable | no definition has its data; the missing fields are named |
| pending | a dated forecast whose date lies after the data |
| came true / failed | a dated forecast that is settled |
| follows / does not follow | an arithmetic check |
| as printed / not as printed | a check of facts |
| contradicted | an "always" with a counterexample; or a corrected effect against the claim; or, for "no edge", a corrected effect |
| replicated | a corrected effect in the claimed direction, the reported definition's own interval excludes none and holds every stated figure |
|  | for "no edge": no corrected effect, and the interval lies within the margin |
| direction only | a corrected effect in the claimed direction; the stated figure outside its interval, or the reported definition's interval holds none too |
| underpowered | too few independent events; or no corrected effect, and the stated one would be seen with less than the power asked for |
|  | for "no edge": an interval wider than the margin |
| not distinguishable from chance | no corrected effect, though the stated one would have been seen (or none is stated); always with the smallest that would |

Power is that of the claim's own test, under its own events, at the level the correction leaves (`level_in_force`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.study import shown, tested
from flowbt.evidence.claims.wording import effect_text, own_test, smallest_text
from flowbt.evidence.cutoffs import CUTOFFS

ORDER = (
    "replicated", "direction only", "came true", "follows", "as printed", "contradicted", "failed", "does not follow", "not as printed",
    "not distinguishable from chance", "underpowered", "pending", "untestable", "error",
)  # fmt: skip


def level_in_force(p: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """The p that one more effect of the family, in however many ways it is told, would need to pass the correction: the share of level that falls to the next
    rank (Benjamini-Hochberg).
    `weights`: how much each test counts (`evidence.multiple`), 1 where not given."""
    known = sorted((one, weight) for one, weight in zip(p, weights or [1.0] * len(p), strict=True) if math.isfinite(one))
    if not known:
        return CUTOFFS.level
    ranked, counts = np.array([one for one, _ in known]), np.cumsum([weight for _, weight in known])
    passed = np.flatnonzero(ranked <= CUTOFFS.false_discovery * counts / counts[-1])
    share = ((counts[passed[-1]] if len(passed) else 0.0) + 1.0) / counts[-1]
    return min(CUTOFFS.level, CUTOFFS.false_discovery * float(share))


def smallest_seen(finding: Finding, level: float) -> float | None:
    """The smallest effect, in the scale of `effect`, that the claim's own test sees with the power asked for at a level; None where it sees none."""
    test = own_test(finding)
    least = math.inf if test is None else shown(test.smallest(level=level), finding.ratio)
    return least if math.isfinite(least) else None


def decide(finding: Finding, level: float = CUTOFFS.level) -> tuple[str, str]:
    """Verdict and reason; `q` must be there where there is a p. `level`: what the correction leaves (`level_in_force` of the family)."""
    if finding.error:
        return "error", finding.error
    if finding.missing and finding.n == 0:
        return "untestable", "missing: " + "; ".join(finding.missing)
    if finding.kind == "dated forecast":
        return _forecast(finding)
    if finding.kind in ("arithmetic", "facts"):
        return _figures(finding)
    return _statistical(finding, level)


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


def _statistical(f: Finding, level: float) -> tuple[str, str]:
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
        return _surviving(f)
    seen = f"; the smallest effect it would have seen is {smallest_text(f)}"
    stated, test = stated_effect(f), own_test(f)
    if stated is not None and test is not None:
        power = test.power(tested(stated, f.ratio), level)
        if power < CUTOFFS.power:
            return "underpowered", f"the stated effect would have been seen with a chance of {power:.0%}{seen}"
    return "not distinguishable from chance", f"the effect does not survive correction{seen}"


def _surviving(f: Finding) -> tuple[str, str]:
    if f.p is None or f.p > CUTOFFS.level or (f.effect or 0.0) * f.sign <= 0:
        return "direction only", "the definitions together survive correction; the interval of the reported one does not exclude no effect"
    outside = [row["name"] for row in f.figures if row["inside"] is False and row["name"] in judged(f)]
    if outside:
        return "direction only", f"the effect survives correction; the stated {' and '.join(outside)} lies outside its interval"
    return "replicated", "the effect survives correction" + (" and the stated figures lie in their intervals" if f.stated else " (no figure is stated)")


def _no_edge(f: Finding, survives: bool) -> tuple[str, str]:
    if survives:
        return "contradicted", "no edge is claimed, and there is one that survives correction"
    outside = [row["name"] for row in f.figures if row["inside"] is False]
    within = margin(f)
    words = f"{effect_text(f, within, sign=False)} either way"
    if f.low is None or f.high is None or max(-f.low, f.high) > within:
        return "underpowered", f"no edge is seen, but the interval does not lie within {words}"
    if outside:
        return "direction only", f"no edge, as claimed; the stated {' and '.join(outside)} lies outside its interval"
    return "replicated", f"no edge that matters, as claimed: the interval lies within {words}"


def margin(f: Finding) -> float:
    """Under what size an effect is none, in the scale of `effect`: a share of the stated effect, else of the base rate (of a ratio: of 1)."""
    stated = stated_effect(f)
    if stated:
        return CUTOFFS.margin * abs(stated)
    return math.log1p(CUTOFFS.margin_ratio) if f.ratio else CUTOFFS.margin * abs(f.baseline or 0.0)


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
