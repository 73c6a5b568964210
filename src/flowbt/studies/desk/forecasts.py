"""Forecasts and claims entered in the journal before their outcome, and settled as data come.

* A dated forecast is entered with its bets, its probability and its base rate (`evidence.claims.base_rates`), so that what it said and what it is judged
  against stand before the outcome does. One that is entered after it was made (`late`) is asked for what is left of it: its base rate runs from the last
  close that was there then (none where its time was over), and `base_made` is the one of the day it was made.
* A claim about events is entered with the hash of its definition: from then on it is judged on what comes later (`prospective.py`).
* A settlement says what came of a forecast, on which label, and whether that label's close was public only after the forecast was entered (`after`).

Everything is entered once: a claim or forecast that is changed has another hash and is another entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import PanelReader, open_panel
from flowbt.evidence.claims.base_rates import Bet
from flowbt.evidence.claims.declare import STUDIED, Claim
from flowbt.evidence.claims.forecasts import Dated, rate, resolve, together
from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.ground.clock import Clock
from flowbt.ground.documents import plain
from flowbt.ground.errors import ClaimError, FieldError, FlowbtError
from flowbt.ground.types import Json, JsonView
from flowbt.studies.desk.chain import Entry, append, iso
from flowbt.studies.lookahead.claims import ask
from flowbt.studies.score.files import ClaimFile, select
from flowbt.studies.score.register import definition_hash

FORECAST, CLAIM, SETTLEMENT = "forecast", "claim", "settlement"
PLACEBOS = "placebos"  # of no document: nobody is judged by them


@dataclass(frozen=True)
class Open:
    """A forecast that is not settled, and why: its time is not over, or what its data lack."""

    entry: Entry
    reason: str


def register(catalog: Catalog, targets: Sequence[str], journal: Path, now: pd.Timestamp | None = None) -> tuple[list[Entry], list[str]]:
    """Enter the forecasts and claims of claim files or folders; returns the new entries and one line for each that cannot be. A second call adds nothing.

    `now`: when they are entered, naive UTC (the clock's where it is not given)."""
    moment = now if now is not None else pd.Timestamp.now("UTC").tz_localize(None)
    problems: list[str] = []
    found: dict[str, list[Mapping[str, object]]] = {FORECAST: [], CLAIM: []}
    for file in select(tuple(targets)).files:
        problems += [file.problem] if file.problem else []
        for claim in file.claims if file.document.name != PLACEBOS else ():
            kind = FORECAST if claim.kind == "dated forecast" else CLAIM
            if kind == CLAIM and claim.kind not in STUDIED:
                continue
            try:
                found[kind].append(_forecast(catalog, file, claim.checked(), moment) if kind == FORECAST else told(file, claim.checked(), catalog.synthetic))
            except FlowbtError as error:
                problems.append(str(error))
    new = [one for kind, bodies in found.items() for one in append(journal, kind, _unheard(kind, bodies), now)]
    return new, problems


def settle(catalog: Catalog, journal: Path, now: pd.Timestamp | None = None) -> tuple[list[Entry], list[Open]]:
    """Enter what has become of every forecast that the data decide; returns the new settlements and what is still open. A second call adds nothing."""
    left: list[Open] = []

    def make(there: list[Entry]) -> list[Mapping[str, object]]:
        left.clear()
        found: list[Mapping[str, object]] = []
        for entry in unsettled(there, catalog.synthetic):
            try:
                settled = outcome(catalog, entry)
            except FlowbtError as error:
                left.append(Open(entry, str(error)))
                continue
            if settled is None:
                left.append(Open(entry, f"settled by {entry.body['by']}"))
            else:
                found.append(settled)
        return found

    return append(journal, SETTLEMENT, make, now), left


def unsettled(entries: Sequence[Entry], synthetic: bool) -> list[Entry]:
    """The forecasts without a settlement, of the market the data are of."""
    done = {entry.body["of"] for entry in entries if entry.kind == SETTLEMENT}
    return [entry for entry in entries if entry.kind == FORECAST and entry.hash not in done and entry.body["synthetic"] == synthetic]


def outcome(catalog: Catalog, entry: Entry) -> dict[str, object] | None:
    """What came of a forecast on the data there are; None where that is not decided. FieldError where its data do not cover it."""
    body = entry.body
    bets, when = bets_of(body), Dated(body["made"], body["by"])
    panel = open_panel(catalog, tuple(dict.fromkeys(bet.symbol for bet in bets if bet.field == "close")) or tuple(body["symbols"]), clock_of(body))
    answers = [resolve(bet, when, panel) for bet in bets]
    true = together(answers)
    if true is None:
        return None
    days = [one["when"] or when.by for one in answers if true or one["true"] is False]
    label = pd.DatetimeIndex([max(days) if true else min(days)])
    known = panel.clock.closes(panel.clock.shift(label, 0))[0]
    entered = pd.Timestamp(entry.time).tz_localize(None)
    base = body["base"] or _base(bets, when, _until(panel, entered), entered)
    told = {"of": entry.hash, "claim": body["claim"], "true": true, "on": f"{label[0]:%Y-%m-%d}", "known_at": iso(known), "after": bool(known > entered)}
    found: dict[str, object] = plain(told | {"base": base, "bets": answers, "data": _data(panel), "synthetic": catalog.synthetic})
    return found


def bets_of(body: JsonView) -> list[Bet]:
    """The bets of a forecast's entry."""
    rows: list[Json] = [{name: value for name, value in row.items() if value is not None} for row in body["bets"]]
    return [Bet(**{**row, "legs": tuple((kind, strike, number) for kind, strike, number in row["legs"])}) for row in rows]


def clock_of(body: JsonView) -> Clock:
    """The clock of an entry."""
    return Clock(*body["clock"])


def told(file: ClaimFile, claim: Claim, synthetic: bool) -> dict[str, object]:
    """What every entry says of its claim."""
    document = file.document
    return {
        "claim": claim.id,
        "title": claim.title,
        "document": document.name,
        "author": document.author or document.name,
        "dated": document.dated,
        "file": file.path.name,
        "definition": definition_hash(claim, file),
        "clock": [claim.data.clock, claim.data.step, claim.data.decide_at],
        "synthetic": synthetic,
    }


def _forecast(catalog: Catalog, file: ClaimFile, claim: Claim, now: pd.Timestamp) -> dict[str, object]:
    when = claim.outcome_as(Dated)
    body = told(file, claim, catalog.synthetic)
    clock = clock_of(body)
    late = bool(now > clock.opens(clock.shift(pd.DatetimeIndex([when.made]), 1))[0])
    asked = _asked(catalog, claim, now, late)
    sure = CUTOFFS.unstated if when.probability is None else when.probability
    return (
        body
        | {
            "made": when.made,
            "by": when.by,
            "late": late,
            "probability": sure,
            "stated": when.probability is not None,
            "symbols": list(claim.data.symbols),
        }
        | asked
    )


def _asked(catalog: Catalog, claim: Claim, now: pd.Timestamp, late: bool) -> dict[str, object]:
    """The bets of a claim, their base rates and the datasets they rest on; where these lack something, no base rate and why (`missing`)."""
    clock = Clock(claim.data.clock, claim.data.step, claim.data.decide_at)
    nothing: Json = {"base": None, "base_made": None, "data": [], "missing": ""}
    try:
        panel = _until(open_panel(catalog, claim.data.symbols, clock), now)
        bets = _listed(claim, ask(claim, panel, {}))
        made = _base(bets, claim.outcome_as(Dated), panel, None)
        base = _base(bets, claim.outcome_as(Dated), panel, now) if late else made
        why = "" if base else "its time was over" if late and made else "too little history"
        told = {"base": base, "base_made": made, "data": _data(panel), "missing": why}
    except FieldError as error:  # most bets can be said without data
        bets = _listed(claim, ask(claim, PanelReader(catalog, claim.data.symbols, clock, pd.DatetimeIndex([])), {}))
        told = nothing | {"missing": str(error)}
    return told | {"bets": plain([asdict(bet) for bet in bets])}


def _until(panel: PanelReader, now: pd.Timestamp) -> PanelReader:
    """The panel up to the last bar that had closed by then."""
    return PanelReader(panel.catalog, panel.symbols, panel.clock, panel.index[panel.clock.closes(panel.index) <= now])


def _base(bets: Sequence[Bet], when: Dated, panel: PanelReader, asked: pd.Timestamp | None) -> dict[str, object] | None:
    found = rate(bets, when, panel, None if asked is None else asked.normalize())
    return None if found is None else {
        "share": found.share, "windows": found.windows, "probability": found.probability, "ranged": found.ranged
    }  # fmt: skip


def _listed(claim: Claim, given: object) -> list[Bet]:
    given_bets: list[object] = given if isinstance(given, list) else [given]
    bets = [one for one in given_bets if isinstance(one, Bet)]
    if not bets or len(bets) < len(given_bets):
        raise ClaimError(f"claim {claim.id}", f"its function returned a {type(given).__name__}", "return a bet such as touches(...), or a list of them")
    return bets


def _data(panel: PanelReader) -> list[list[str]]:
    return [list(one) for one in sorted({(holder.name, holder.hash) for holder in panel.used.values()})]


def _unheard(kind: str, bodies: Sequence[Mapping[str, object]]) -> Callable[[list[Entry]], list[Mapping[str, object]]]:
    """Of some bodies those that no entry has."""

    def make(there: list[Entry]) -> list[Mapping[str, object]]:
        known = {_key(entry.body) for entry in there if entry.kind == kind}
        return [body for body in bodies if _key(body) not in known]

    return make


def _key(body: JsonView) -> tuple[str, ...]:
    return (body["document"], body["claim"], body["definition"], str(body["synthetic"]))
