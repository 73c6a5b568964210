"""From what a claim's function returns to arrays on the labels that are judged."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.events import AFTER, BEFORE, Case, Scope
from flowbt.evidence.claims.outcomes import Outcome, closes, path
from flowbt.evidence.claims.study import Array
from flowbt.ground.clock import read_date
from flowbt.ground.errors import ClaimError, FieldError
from flowbt.ground.fields import FieldKey
from flowbt.ground.protocols import Panel
from flowbt.studies.score.watched import Watched

FEWEST = 60  # labels under which nothing is studied


def scope_of(claim: Claim, panel: Watched, resamples: int, seed: int) -> tuple[Scope, slice]:
    """The labels on which every field the claim used was there, less its memory, and the outcomes on them."""
    outcome = claim.outcome_as(Outcome)
    priced = outcome.symbol is not None and panel.has("close", outcome.symbol)
    whole = path(closes(panel, outcome.symbol), BEFORE, AFTER) if priced else None  # looked at first, so that its span counts
    begin, end = (panel.first, panel.last) if not claim.data.partial else _bounds(closes(panel, outcome.symbol))
    first = begin + claim.data.memory
    if claim.data.start:
        first = max(first, int(panel.index.searchsorted(read_date(claim.data.start))))
    if panel.empty:
        raise ClaimError(f"claim {claim.id}", f"{', '.join(panel.empty[:4])} has no value on any label", "import data that is not all missing")
    if end - first < FEWEST:
        used = ", ".join(sorted({FieldKey(*key).words for key in panel.used})[:6])
        raise FieldError(f"{FEWEST} labels with {used}", f"together they are there on {max(0, end - first)}", "import more history of them")
    rows = slice(first, end)

    def columns(horizon: int) -> list[Array]:
        return [np.asarray(frame, dtype=np.float64)[rows] for frame in outcome.columns(panel, horizon)]

    beats = None
    if outcome.against:
        other = closes(panel, outcome.against)
        own = outcome.columns(panel, outcome.horizon)[0]
        beats = np.asarray(own)[rows] - np.asarray(other.shift(-outcome.horizon) / other - 1)[rows]
    return Scope(panel.index[rows], columns, None if whole is None else whole[rows], beats, resamples, seed), rows


def _bounds(frame: pd.DataFrame) -> tuple[int, int]:
    there = np.flatnonzero(frame.notna().to_numpy().any(axis=1))
    return int(there[0]), int(there[-1]) + 1


def cases_of(claim: Claim, results: list[tuple[dict[str, object], object]], panel: Panel, rows: slice) -> list[Case]:
    """Each definition's event (and own outcome) as arrays, checked for shape."""
    cases: list[Case] = []
    outcome = claim.outcome_as(Outcome)
    for definition, given in results:
        own = given[1] if outcome.own and isinstance(given, tuple) else None
        event = event_of(claim, given, panel)[rows]
        values = None if own is None else array_of(claim, own, panel)[rows]
        if cases and values is not None and cases[0].own is not None and np.array_equal(values, cases[0].own, equal_nan=True):
            values = cases[0].own  # most definitions differ in their events only: one outcome is kept, and transformed once
        cases.append(Case(definition, event, values))
    widths = {case.event.shape[1] for case in cases}
    wanted = 1 if outcome.symbol and not outcome.own else len(panel.symbols)
    if widths != {wanted} and not outcome.own:
        found = f"its event has {sorted(widths)} columns, its outcome {wanted}"
        raise ClaimError(f"claim {claim.id}", found, "name the outcome's symbol in data=Data(symbols=...)")
    return cases


def event_of(claim: Claim, given: object, panel: Panel) -> Array:
    """The event of what a claim's function gave: labels x columns of 1, 0 and -1, missing values 0."""
    if claim.outcome_as(Outcome).own:
        if not isinstance(given, tuple) or len(given) != 2:
            raise ClaimError(f"claim {claim.id}", f"its function returned a {type(given).__name__}", "with outcome=given(...) return (event, outcome)")
        given = given[0]
    event = array_of(claim, given, panel)
    if np.asarray(given).dtype == bool:  # nothing missing, nothing odd
        return event
    event = np.nan_to_num(event)
    if len(odd := event[~((event == 0) | (np.abs(event) == 1))]):
        raise ClaimError(f"claim {claim.id}", f"its event has numbers such as {odd[0]:.4g}", "return when it holds: True and False, or +1, 0 and -1")
    return event


def array_of(claim: Claim, given: object, panel: Panel) -> Array:
    """A series or frame on the panel's labels as labels x columns."""
    if not isinstance(given, (pd.Series, pd.DataFrame)):
        raise ClaimError(f"claim {claim.id}", f"its function returned a {type(given).__name__}", "return a series or frame on the panel's labels")
    if not given.index.equals(panel.index):
        raise ClaimError(f"claim {claim.id}", f"its event has {len(given):,} labels, the panel {len(panel.index):,}", "keep the panel's index")
    plain = np.asarray(given)
    values = plain.astype(np.float64) if plain.dtype == bool else np.asarray(given.astype(float), dtype=np.float64)
    return values[:, None] if values.ndim == 1 else values
