"""Figures of a finding as text, and the finding as one plain sentence."""

from __future__ import annotations

import math
from typing import Any

from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.study import shown, tested
from flowbt.evidence.inference import Studentised

RANGES = {"return": (-1.0, math.inf), "share": (0.0, 1.0), "correlation": (-1.0, 1.0)}  # of a mean, by its units
DEEPEST = "deepest fall"  # outcomes (`forward_drawdown`) that are never over 0
MANY = 3.0  # deviations of what a cluster brings: no event moves a mean as far


def amount(value: float | None, units: str, sign: bool = True) -> str:
    """A figure in its units; a dash where there is none. Returns and yearly figures are percent."""
    if value is None or not math.isfinite(value):
        return "-"
    plus = "+" if sign else ""
    if units in ("return", "per year"):
        return f"{value:{plus}.2%}"
    return f"{value:{plus}.3g}"


def effect_text(f: Finding, value: float | None, sign: bool = True) -> str:
    """An effect: a difference in the outcome's units, or a ratio."""
    if value is None:
        return "-"
    return f"x {math.exp(value):.2f}" if f.ratio else amount(value, f.units, sign)


def interval_text(f: Finding) -> str:
    """The 95% interval in the units of the finding; empty where there is none."""
    return "-" if f.low is None or f.high is None else f"{effect_text(f, f.low)} to {effect_text(f, f.high)}"


def own_test(f: Finding) -> Studentised | None:
    """The finding's own test; None where it has none."""
    stored = f.detail.get("test")
    return Studentised.from_dict(stored) if stored else None


def smallest_text(f: Finding) -> str:
    """The smallest effect the claim's test would have seen (`Finding.smallest`), in words."""
    return _least(f, math.inf if f.smallest is None else tested(f.smallest, f.ratio))


def _least(f: Finding, least: float) -> str:
    """`least`: without a sign, in the scale of the test (a ratio less 1). "No edge" is told both ways."""
    if not math.isfinite(least):
        return "none: too few independent events"
    ways = [k * least for k in ((f.sign,) if f.sign else (-1, 1)) if _may_occur(f, k * least)]
    if not ways:
        return f"none that could occur ({_plain(f, (f.sign or 1) * least)} is needed)"
    return " or ".join(_plain(f, one) for one in ways)


def _plain(f: Finding, effect: float) -> str:
    return f"a fall of {-effect:.0%}" if f.ratio and effect <= -1 else effect_text(f, shown(effect, f.ratio))


def _may_occur(f: Finding, effect: float) -> bool:
    """Whether a mean can be so far from its base: within what its units allow, and no more than MANY deviations of a cluster's outcome away."""
    stored, base = f.detail.get("test") or {}, f.baseline or 0.0
    error = stored.get("se")  # of a ratio: of its log
    if error and abs(effect) > MANY * error * (1 + stored["estimate"] if f.ratio else 1) * math.sqrt(max(f.n_effective, 1)):
        return False
    if f.ratio:
        return effect > -1.0
    low, high = RANGES.get(f.units, (-math.inf, math.inf))
    low = low if base else min(low, -1.0)  # two sides against each other have no base
    return low <= base + effect <= (0.0 if f.outcome.startswith(DEEPEST) and base else high)


def stated_text(f: Finding) -> str:
    """The document's figures in words; empty where it gives none."""
    if not f.stated:
        return {1: "higher", -1: "lower", 0: "no edge"}[f.sign] if f.kind in ("event study", "regime comparison") else "-"
    words = []
    if "mean" in f.stated:
        words.append(amount(f.stated["mean"], f.units) + (f" against {amount(f.stated['baseline'], f.units)}" if "baseline" in f.stated else ""))
    words += [f"{f.stated['ratio']:g} x"] if "ratio" in f.stated else []
    words += [amount(f.stated["effect"], f.units)] if "effect" in f.stated else []
    words += [f"{f.stated[name]:.0%} {name}" for name in ("positive", "beats") if name in f.stated]
    return ", ".join(words)


def measured_text(f: Finding) -> str:
    """Our figures in words, beside those the document gives."""
    if f.kind in ("arithmetic", "facts"):
        return f"{f.n - len(f.detail.get('wrong', []))} of {f.n} {'follow' if f.kind == 'arithmetic' else 'as printed'}"
    if f.measured is None:
        return "-"
    if f.kind == "sequence":
        return f"{f.measured:+.3f}"
    text = amount(f.measured, f.units)
    return f"{text} against {amount(f.baseline, f.units)}" if f.kind != "dated forecast" else text


def chance(p: float | None) -> str:
    """How often chance does as much."""
    if p is None:
        return "how often chance does this cannot be said"
    return f"chance does this in {p:.1%} of cases" if p >= 0.001 else "chance does this in under 0.1% of cases"


def sentence(f: Finding) -> str:
    """The finding in plain words."""
    if f.verdict == "error":
        return f.error
    if f.verdict == "untestable":
        return f"It cannot be tested here: {'; '.join(f.missing).rstrip('.')}."
    if f.kind == "arithmetic":
        wrong = f.detail["wrong"]
        return f"{f.n - len(wrong)} of {f.n} recomputed figures follow" + (f"; not: {'; '.join(wrong)}." if wrong else ".")
    if f.kind == "facts":
        return _facts(f)
    if f.kind == "dated forecast":
        return _forecast(f)
    if f.kind == "sequence":
        return (
            f"The claimed order leads its reverse by {f.measured:+.3f} over {f.n:,} {f.unit}s in {f.n_effective} blocks; {chance(f.p)}; "
            f"{_share(f.share_agree)} of {f.definitions} definitions agree."
        )
    stated = f"Stated {stated_text(f)}; " if f.stated else ""
    ours = f"measured {measured_text(f)} over {f.n:,} {f.unit}{'s' if f.n != 1 else ''} in {f.n_effective} cluster{'s' if f.n_effective != 1 else ''}"
    text = f"{stated}{ours}; {chance(f.p)}; {_share(f.share_agree)} of {f.definitions} definitions agree in direction."
    return text[0].upper() + text[1:]


def _forecast(f: Finding) -> str:
    words = []
    for b in f.detail["bets"]:
        state = "open" if b["true"] is None else f"yes, on {b['when']}" if b["true"] else "no"
        odds = f" (the like came in {b['chance']:.0%} of earlier spans)" if b["chance"] is not None else ""
        words.append(f"{b['bet']}: {state}{odds}")
    return f"Made {f.detail['made']}, settled by {f.detail['by']}. " + "; ".join(words) + "."


def _facts(f: Finding) -> str:
    """What is not as printed, with what was found."""
    checks = f.detail["checks"]
    wrong = [f"{c['what']}: printed {figure(c['printed'])}, found {figure(c['follows'])}" for c in checks if c["holds"] is False]
    text = f"{f.n - len(wrong)} of {f.n} facts are as printed" + (f"; not: {'; '.join(wrong)}" if wrong else "")
    unknown = f.detail["unknown"]
    return text + (f". No data for {len(unknown)}: {', '.join(unknown)}." if unknown else ".")


def figure(value: Any) -> str:
    """A printed or found figure: a text as it is, a number to two decimals, whole where it is."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def own_date_text(f: Finding) -> str:
    """The event on the document's own day in a few words; empty where there is nothing to say."""
    own = f.own_date
    if not own:
        return ""
    found = {"on": "on", "off": "off", "no data": "not known"}[own["found"]]
    says = {"on": "it should be on", "off": "it should be off", "": "the document does not say"}[own["says"]]
    names = f" ({', '.join(own['columns'])})" if own["columns"] and len(own["columns"]) <= 12 else ""
    return f"{own['day']}: {found}{names}; {says}" + (f". {own['why'][0].upper()}{own['why'][1:]}" if own["why"] else "")


def beyond_text(f: Finding) -> str:
    """The effect against matched controls in one line; empty where there is none."""
    b = f.beyond
    if not b:
        return ""
    found = f"{effect_text(f, b['effect'])}, 95% {effect_text(f, b['low'])} to {effect_text(f, b['high'])}"
    raw = f"raw {effect_text(f, f.effect)}" + ("" if f.shrunk is None else f", drawn to related claims {effect_text(f, f.shrunk)}")
    return f"Beyond volatility: {b['answer']}. Against sessions of like times ({b['matched_on']}): {found} ({b['share']:.0%} matched; {raw})."


def _share(value: object) -> str:
    return "-" if value is None else f"{value:.0%}"
