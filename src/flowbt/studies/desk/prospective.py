"""What came after it was entered: forecasts and claims of the journal, judged on that alone.

Forecasts are scored by their probability beside the base rate entered with them (`evidence.claims.probability_scores`), over all, by author and by document.
Only those count that were settled by a close which nobody knew when they were entered; the others are shown and named. Claims are measured on the labels
after their entry, and corrected over all that were entered, definitions given up since included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.probability_scores import ProbabilityScore, Settled, score_of
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FlowbtError, JournalError
from flowbt.ground.protocols import Step
from flowbt.ground.types import Json
from flowbt.studies.desk.chain import Entry, read
from flowbt.studies.desk.forecasts import CLAIM, FORECAST, SETTLEMENT, told
from flowbt.studies.score.files import ClaimFile, Work, select
from flowbt.studies.score.measure import Measured, Scorer, Settings
from flowbt.studies.score.scope import FEWEST
from flowbt.studies.score.score import finish

LOOKED_BACK = "looked back at"
STATES = ("came true", "failed", "open", "known when it was entered", "without a base rate")


@dataclass(frozen=True)
class EnteredForecast:
    """A forecast of the journal. `state`: one of STATES; `true`: what came of it, None while it is open; `on`: the label that settled it. `base`: the base
    rate of what was left of it when it was entered, `base_made`: of the day it was made."""

    claim: str
    title: str
    document: str
    author: str
    entered: str
    made: str
    by: str
    late: bool
    probability: float
    stated: bool
    base: float | None
    base_made: float | None
    state: str
    true: bool | None
    on: str


@dataclass(frozen=True)
class EnteredClaim:
    """A claim of the journal. `labels`: how many came after its entry; `finding`: measured on them, None where they are too few or it was changed (`words`)."""

    claim: str
    document: str
    entered: str
    labels: int
    finding: Finding | None
    words: str


@dataclass(frozen=True)
class Prospective:
    """`scores`: ("all" | "author" | "document" | LOOKED_BACK, name, score); see `scores`. `given_up`: claims entered with a definition that is no more."""

    forecasts: tuple[EnteredForecast, ...]
    scores: tuple[tuple[str, str, ProbabilityScore], ...]
    claims: tuple[EnteredClaim, ...]
    given_up: int
    synthetic: bool


def prospective(catalog: Catalog, targets: Sequence[str], journal: Path, settings: Settings, progress: Step | None = None) -> Prospective:
    """Everything the journal has of the claim files or folders named, on the market the catalog is of. JournalError where it has none of them."""
    entries = [one for one in read(journal) if one.kind == SETTLEMENT or one.body.get("synthetic") == catalog.synthetic]
    chosen = select(tuple(targets))
    named = {(file.document.name, claim.id) for file in chosen.files for claim in file.claims if claim.id in chosen.named}
    ours = [one for one in entries if one.kind in (FORECAST, CLAIM) and (one.body["document"], one.body["claim"]) in named]
    if not ours:
        raise JournalError(f"forecasts and claims in {journal}", "none of these was entered", "enter them with `flowbt journal register`")
    forecasts = entered_forecasts(entries, {one.hash for one in ours})
    claims, given_up = _claims(catalog, [one for one in ours if one.kind == CLAIM], chosen.files, settings, progress)
    return Prospective(tuple(forecasts), tuple(scores(forecasts)), tuple(claims), given_up, catalog.synthetic)


def entered_forecasts(entries: Sequence[Entry], wanted: set[str]) -> list[EnteredForecast]:
    """The forecasts among entries whose hash is wanted, with what came of them."""
    settled = {one.body["of"]: one.body for one in entries if one.kind == SETTLEMENT}
    found = []
    for entry in entries:
        if entry.kind != FORECAST or entry.hash not in wanted:
            continue
        body, end = entry.body, settled.get(entry.hash)
        base, made = (end or {}).get("base") or body["base"], body["base_made"]
        kept: Json = {name: body[name] for name in ("claim", "title", "document", "author", "made", "by", "late", "probability", "stated")}
        ended: Json = {"true": None if end is None else end["true"], "on": "" if end is None else end["on"]}
        rates: Json = {"base": base["probability"] if base else None, "base_made": made["probability"] if made else None}
        found.append(EnteredForecast(**kept, **ended, **rates, entered=entry.time, state=_state(end, base is not None)))
    return found


def scores(forecasts: Sequence[EnteredForecast]) -> list[tuple[str, str, ProbabilityScore]]:
    """The scores over all, by author and by document, of the forecasts that count; then, by document, of those whose end was known when they were entered,
    against the base rate of the day they were made: looked back at, and no proof of anything."""
    counted = [one for one in forecasts if one.state in STATES[:2]]
    back = [one for one in forecasts if one.state == STATES[3] and one.base_made is not None]
    groups = [("all", "", counted), *_grouped("author", counted), *_grouped("document", counted), *_grouped("document", back, LOOKED_BACK)]
    found = [(kind, name, score_of([_settled(one) for one in some])) for kind, name, some in groups]
    return [(kind, name, score) for kind, name, score in found if score is not None]


def _grouped(by: str, some: Sequence[EnteredForecast], kind: str = "") -> list[tuple[str, str, list[EnteredForecast]]]:
    names = dict.fromkeys(getattr(one, by) for one in some)
    return [(kind or by, name, [one for one in some if getattr(one, by) == name]) for name in names]


def _settled(one: EnteredForecast) -> Settled:
    before = one.state == STATES[3]
    base = one.base_made if before else one.base
    assert base is not None  # only those with one are scored
    return Settled(one.probability, base, bool(one.true), one.made if before else one.entered[:10], one.by)


def _state(end: dict[str, object] | None, based: bool) -> str:
    if end is None:
        return "open"
    if not end["after"]:
        return "known when it was entered"
    return "without a base rate" if not based else "came true" if end["true"] else "failed"


def _claims(
    catalog: Catalog, entries: Sequence[Entry], files: Sequence[ClaimFile], settings: Settings, progress: Step | None
) -> tuple[list[EnteredClaim], int]:
    now = {(file.document.name, claim.id): (file, claim) for file in files for claim in file.claims}
    last = {(one.body["document"], one.body["claim"]): one for one in entries}  # the newest entry of each
    rows, work, measured, since = [], [], [], []
    scorer = Scorer(catalog, settings)
    for n, (key, entry) in enumerate(last.items()):
        if progress:
            progress(entry.body["claim"], n, len(last))
        file, claim = now[key]
        if told(file, claim, catalog.synthetic)["definition"] != entry.body["definition"]:
            rows.append(EnteredClaim(claim.id, key[0], entry.time, 0, None, "changed since; enter it anew with `flowbt journal register`"))
            continue
        start = pd.Timestamp(entry.time).tz_localize(None).normalize() + pd.Timedelta(days=1)
        if (labels := _labels(catalog, claim, start)) < FEWEST:
            rows.append(EnteredClaim(claim.id, key[0], entry.time, labels, None, f"{labels} labels since it was entered; judged from {FEWEST} on"))
            continue
        after = replace(claim, data=replace(claim.data, start=f"{start:%Y-%m-%d}"))
        since.append((entry, labels))
        work.append((file, after))
        measured.append(scorer.measured(file, after))
    given_up = len(entries) - len(last)
    rows += _found(work, measured, since, given_up)
    return rows, given_up


def _found(work: Sequence[Work], measured: Sequence[Measured], since: Sequence[tuple[Entry, int]], given_up: int) -> list[EnteredClaim]:
    findings = finish(work, measured, given_up) if work else []
    return [
        EnteredClaim(finding.id, finding.document, entry.time, labels, finding, finding.verdict)
        for finding, (entry, labels) in zip(findings, since, strict=True)
    ]


def _labels(catalog: Catalog, claim: Claim, start: pd.Timestamp) -> int:
    """How many labels of a claim's market are there from `start` on."""
    clock = Clock(claim.data.clock, claim.data.step, claim.data.decide_at)
    symbol = claim.symbol or next(iter(claim.data.symbols), "")
    try:
        end = pd.Timestamp(catalog.holder("close", symbol, clock).spans("close")[symbol][1])
    except FlowbtError:
        return 0
    return len(clock.labels(start, end)) if end >= start else 0
