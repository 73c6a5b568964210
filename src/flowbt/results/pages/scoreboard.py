"""The scored claims as pages: a scoreboard, and a page per claim with its charts and its sentence. Every number comes from the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowbt.evidence.claims import wording
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.verdict import ORDER, stated_effect
from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.ground.documents import sealed, unsealed
from flowbt.ground.files import read_bytes, real, write_text
from flowbt.ground.types import Context, Json
from flowbt.results.pages import site
from flowbt.results.pages.base import MISSING, render_page, typeset, write_assets
from flowbt.results.shelf import listing

FOLDER = "claims"
TONES = {
    "replicated": "good",
    "came true": "good",
    "follows": "good",
    "as printed": "good",
    "direction only": "doubt",
    "contradicted": "bad",
    "failed": "bad",
    "does not follow": "bad",
    "not as printed": "bad",
    "error": "bad",
}


@dataclass(frozen=True)
class Scored:
    """What the pages show: findings in the order of their files, lines for what could not be scored, and how it was done."""

    findings: Sequence[Finding]
    problems: Sequence[str]
    synthetic: bool
    tested: int
    resamples: int
    register: str = ""


def owns(results: Path, register: str) -> bool:
    """Whether a scoreboard of this register (a folder; empty for files without one) may be written: a register's is not overwritten by anything else."""
    path = results / FOLDER / "findings.json"
    try:
        held = unsealed(read_bytes(path)).get("register", "")
    except (OSError, ValueError, AttributeError):
        return True
    return not (held and isinstance(held, str)) or (bool(register) and real(Path(held)) == real(Path(register)))


def write_scoreboard(results: Path, scored: Scored) -> Path:
    """Write `<results>/claims/index.html` and one page per claim; returns the scoreboard's path. Raises OSError."""
    folder = results / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    write_assets(results)
    runs = _tearsheets(results)
    for finding in scored.findings:
        _put(folder / f"{finding.id}.html", claim_page(finding, scored, runs.get(finding.strategy, "")))
    path = folder / "index.html"
    _put(path, board_page(scored))
    kept = [{"id": f.id, "strategy": f.strategy, "verdict": f.verdict} for f in scored.findings if f.strategy]
    write_text(
        folder / "findings.json", sealed({"synthetic": scored.synthetic, "register": scored.register, "findings": kept})
    )  # the gallery shows them beside each strategy
    claims = [f for f in scored.findings if not f.placebo]
    words = ", ".join(f"{count} {verdict}" for verdict, count in Counter(f.verdict for f in claims).most_common(3))
    site.announce(path, "scoreboard", f"{len(claims)} claims{', synthetic data' if scored.synthetic else ''}", words)
    site.write_index(results)
    return path


def _put(path: Path, text: str) -> None:
    """Write what differs: a second run finds its hundred pages as they are."""
    if not (path.is_file() and read_bytes(path) == text.encode()):
        write_text(path, text)


def board_page(scored: Scored) -> str:
    """The scoreboard: one row per claim, placebos apart."""
    claims = [f for f in scored.findings if not f.placebo]
    placebos = [f for f in scored.findings if f.placebo]
    context = {
        "title": "Claims",
        "groups": [("Claims", [row(f) for f in by_verdict(claims)]), ("Placebos", [row(f) for f in by_verdict(placebos)])],
        "counts": counts([f for f in claims if f.leads]),
        "also": sum(not f.leads for f in claims),
        "off": sum(f.own_date is not None and f.own_date["agrees"] is False for f in claims),
        "known": sum(f.own_date is not None and f.own_date["agrees"] is not None for f in claims),
        "placebos_significant": sum(f.q is not None and f.q <= CUTOFFS.false_discovery for f in placebos),
        "placebos": len(placebos),
        "problems": scored.problems,
        "synthetic": scored.synthetic,
        "tested": scored.tested,
        "resamples": scored.resamples,
        "cutoff": CUTOFFS.false_discovery,
        "data": {},
    }
    return render_page("score.html", context, depth=1)


def claim_page(finding: Finding, scored: Scored, tearsheet: str) -> str:
    """One claim: its sentence, its figures beside the document's, its curve, path, parts and what it rests on."""
    detail = finding.detail
    context = {
        "title": finding.title,
        "f": finding,
        "row": row(finding),
        "figures": [_figure(finding, figure) for figure in finding.figures],
        "first": _first(finding),
        "sides": [_part(finding, part) for part in detail.get("sides", [])],
        "periods": [_part(finding, part) for part in detail.get("periods", [])],
        "checks": detail.get("checks", []),
        "bets": detail.get("bets", []),
        "own_date": typeset(wording.own_date_text(finding)),
        "beyond": _beyond(finding),
        "cluster": finding.cluster if not finding.leads else "",
        "members": [f.id for f in scored.findings if f.cluster == finding.id and f.id != finding.id],
        "pairs": detail.get("pairs", []),
        "onsets": detail.get("onsets") or {},
        "quantiles": [[wording.amount(q[k], finding.units, sign=False) for k in ("inside", "outside")] + [q["level"]] for q in detail.get("quantiles") or []],
        "smallest": wording.smallest_text(finding),
        "dates": detail.get("dates", []),
        "tearsheet": tearsheet,
        "synthetic": scored.synthetic,
        "tested": scored.tested,
        "resamples": scored.resamples,
        "data": chart_data(finding),
    }
    return render_page("claim.html", context, depth=1)


def row(f: Finding) -> Context:
    """The cells of a scoreboard row as text, with the numbers they sort by."""
    return {
        "id": f.id,
        "title": f.title,
        "document": f.document,
        "kind": f.kind,
        "stated": typeset(wording.stated_text(f)),
        "measured": typeset(wording.measured_text(f)),
        "effect": typeset(wording.effect_text(f, f.effect)),
        "interval": typeset(wording.interval_text(f)),
        "n": f.n,
        "n_effective": f.n_effective,
        "p": f.p_curve,
        "q": f.q,
        "agree": f.share_agree,
        "beyond": f.beyond["answer"] if f.beyond else "",
        "own": {True: "yes", False: "no", None: ""}[f.own_date["agrees"] if f.own_date else None],
        "own_text": typeset(wording.own_date_text(f)),
        "shrunk": typeset(wording.effect_text(f, f.shrunk)),
        "cluster": "" if f.leads else f.cluster,
        "verdict": f.verdict,
        "tone": TONES.get(f.verdict, "none"),
        "sentence": typeset(f.sentence),
        "reason": f.reason,
    }


def by_verdict(findings: Sequence[Finding]) -> list[Finding]:
    """By document, in each by verdict."""
    documents = list(dict.fromkeys(f.document for f in findings))
    return sorted(findings, key=lambda f: (documents.index(f.document), ORDER.index(f.verdict) if f.verdict in ORDER else len(ORDER)))


def counts(findings: Sequence[Finding]) -> list[tuple[str, int, str]]:
    """Verdict, number of claims, tone; in the fixed order, those that occur."""
    found = Counter(f.verdict for f in findings)
    return [(verdict, found[verdict], TONES.get(verdict, "none")) for verdict in ORDER if found[verdict]]


def chart_data(f: Finding) -> Context:
    """The specification curve and the mean path, small."""
    curve = sorted(f.detail.get("curve", []), key=lambda r: r["effect"] if r["effect"] is not None else 0.0)
    reported = f.detail.get("curve", [None])[0] if f.detail.get("curve") else None
    path = f.detail.get("path")
    return {
        "percent": f.units in ("return", "per year") and not f.ratio,
        "ratio": f.ratio,
        "units": "log ratio" if f.ratio else f.units,
        "horizon": f.horizon,
        "stated": stated_line(f),
        "level": CUTOFFS.level,
        "curve": [{**r, "label": _label(r), "reported": r is reported} for r in curve],
        "path": path,
    }


def stated_line(f: Finding) -> float | None:
    return stated_effect(f) if f.stated and f.kind in ("event study", "regime comparison") else None


def _label(r: Json) -> str:
    words = ", ".join(f"{k} {v}" for k, v in r["definition"].items())
    return f"{words}; over {r['horizon']}" if words else f"over {r['horizon']}"


def _figure(f: Finding, figure: dict[str, object]) -> Context:
    def text(value: Any) -> str:
        if value is None:
            return MISSING
        if figure["name"] in ("positive", "negative", "beats"):
            return f"{value:.0%}"
        return f"x {value:.2f}" if figure["name"] == "ratio" else typeset(wording.amount(value, f.units))

    return {
        "name": figure["name"],
        "stated": text(figure["stated"]),
        "measured": text(figure["measured"]),
        "interval": f"{text(figure['low'])} to {text(figure['high'])}" if figure["low"] is not None else MISSING,
        "inside": figure["inside"],
    }


def _first(f: Finding) -> Context | None:
    first = f.detail.get("first")
    if not first:
        return None
    return {"n": first["n"], "measured": typeset(wording.amount(first["measured"], f.units)), "effect": typeset(wording.effect_text(f, first["effect"]))}


def _part(f: Finding, part: Json) -> Context:
    interval = "-" if part["low"] is None else f"{wording.effect_text(f, part['low'])} to {wording.effect_text(f, part['high'])}"
    return {
        "label": part["label"],
        "n": part["n"],
        "n_effective": part["n_effective"],
        "measured": typeset(wording.amount(part["measured"], f.units)),
        "baseline": typeset(wording.amount(part["baseline"], f.units)),
        "effect": typeset(wording.effect_text(f, part["effect"])),
        "interval": typeset(interval),
    }


def _beyond(f: Finding) -> Context | None:
    """The effect against matched controls, on sister symbols and after the document's date, as rows of text."""
    if not f.beyond:
        return None
    b = f.beyond

    def told(label: str, found: Json, raw: float | None) -> Context:
        interval = "-" if found["low"] is None else f"{wording.effect_text(f, found['low'])} to {wording.effect_text(f, found['high'])}"
        texts = {"raw": wording.effect_text(f, raw), "matched": wording.effect_text(f, found["effect"]), "interval": interval}
        return {name: typeset(text) for name, text in texts.items()} | {"label": label, "n": found["n"], "n_effective": found["n_effective"]}

    rows = [told("as reported", b, f.effect), *(told(f"on {s['symbol']}", s, s["raw"]) for s in b["sisters"])]
    rows += [told(f"from {f.dated} on", b["later"], None)] if b["later"] else []
    return {"answer": b["answer"], "on": b["matched_on"], "share": b["share"], "rows": rows, "shrunk": typeset(wording.effect_text(f, f.shrunk))}


def _tearsheets(results: Path) -> dict[str, str]:
    """Strategy -> link from a claim page to its newest tearsheet."""
    newest: dict[str, str] = {}
    for entry in listing(results).entries:
        if (entry.path / "tearsheet.html").is_file():
            newest.setdefault(entry.strategy, f"../{entry.path.parent.name}/{entry.path.name}/tearsheet.html")
    return newest
