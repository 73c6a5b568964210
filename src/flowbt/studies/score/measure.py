"""One claim, measured: its panel, its definitions, its study. What comes out hangs on the claim, the data and the code alone, never on other claims."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from flowbt.data.panel.reader import PanelReader, open_panel
from flowbt.evidence.claims.arithmetic import Figures, figures_of
from flowbt.evidence.claims.declare import Claim, Document
from flowbt.evidence.claims.events import Case, event_study
from flowbt.evidence.claims.finding import FIELDS
from flowbt.evidence.claims.forecasts import forecast
from flowbt.evidence.claims.sequences import sequence_study
from flowbt.ground.clock import Clock
from flowbt.ground.documents import plain, sealed, unsealed
from flowbt.ground.errors import ClaimError, FieldError, FlowbtError, LookAheadError, ParameterError, check_seed, words_of
from flowbt.ground.fields import FieldKey
from flowbt.ground.files import read_bytes, write_text
from flowbt.ground.protocols import Panel
from flowbt.ground.types import Json
from flowbt.results.shelf import storing
from flowbt.studies.lookahead.claims import ask, refuse_peeking
from flowbt.studies.score.beside import beyond
from flowbt.studies.score.files import ClaimFile, line_of_error
from flowbt.studies.score.owndate import own_date
from flowbt.studies.score.register import definition_hash
from flowbt.studies.score.remedies import lacking
from flowbt.studies.score.scope import array_of, cases_of, event_of, scope_of
from flowbt.studies.score.watched import Watched
from flowbt.studies.units import EVERY_PROCESSOR, Workers

if TYPE_CHECKING:
    from flowbt.data.catalog import Catalog

HISTORY = 4  # years before a claim's start that its trailing windows may see
Measured = Json  # fields of a Finding by name, plain values; and `events`, `judged`: labels in hours since 1970
BESIDE = frozenset({"events", "judged"})  # what is measured for the register and is no field of a finding


@dataclass(frozen=True)
class Settings:
    """`cache`: folder of measured claims, None for none; `store`: write to it; `fresh`: do not read it."""

    resamples: int = 10_000
    seed: int = 0
    cache: Path | None = None
    workers: Workers = EVERY_PROCESSOR
    fresh: bool = False
    store: bool = True

    def __post_init__(self) -> None:
        """ParameterError for a seed or a number of resamples that cannot be used."""
        check_seed(self.seed)
        if not 100 <= self.resamples <= 1_000_000:
            raise ParameterError(f"{self.resamples} resamples", "not from 100 to 1,000,000", "10,000 are usual")


class Scorer:
    """One catalog's panels, shared by the claims of a run."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self.catalog, self.settings = catalog, settings
        self.reused = 0
        self._panels: dict[object, PanelReader] = {}

    def measured(self, file: ClaimFile, claim: Claim) -> Measured:
        """One claim, from the cache where nothing it rests on has changed. Never raises for what a claim file can do wrong: that is its `error`."""
        return self.kept(file, claim) or self.made(file, claim)

    def kept(self, file: ClaimFile, claim: Claim) -> Measured | None:
        """What the cache has of it; None where that is nothing, or not to be read."""
        path = self._stored(file, claim)
        if path and path.is_file() and not self.settings.fresh:
            try:
                found = unsealed(read_bytes(path))
                if set(found) <= FIELDS | BESIDE:
                    self.reused += 1
                    return dict(found)
            except (OSError, ValueError, TypeError):
                pass  # an unreadable entry is made again
        return None

    def made(self, file: ClaimFile, claim: Claim) -> Measured:
        """Measured anew, and kept."""
        path, found = self._stored(file, claim), self._tried(file, claim)
        if path and self.settings.store and not found.get("error"):
            _keep(path, found)
        return found

    def _tried(self, file: ClaimFile, claim: Claim) -> Measured:
        try:
            found = self._study(claim.checked(), file.document)
        except FieldError as error:
            found = {"missing": [lacking(error)]}
        except FlowbtError as error:
            found = {"error": str(error), "leak": isinstance(error, LookAheadError)}
        except Exception as error:  # a claim file is anyone's code: its mistakes are its own line
            found = {"error": f"{type(error).__name__}: {words_of(error)}{line_of_error(file.path)}"}
        return {k: plain(v) for k, v in found.items()}

    def _study(self, claim: Claim, document: Document) -> Measured:
        if missing := self._missing(claim):
            return {"missing": missing}
        if claim.kind == "arithmetic":
            return _figures(figures_of(ask(claim, None, {}, tables=f"{document.name}_tables")))
        panel = Watched(self._panel(claim))
        if claim.kind == "facts":
            try:
                found = _figures(figures_of(ask(claim, panel, {})))
            except (KeyError, IndexError, ValueError):  # a row of a day that the data do not reach, or a name that the demo market has not
                if self.catalog.synthetic:
                    return {"missing": ["real data: the demo market has not all that this figure is about"]}
                if panel.index[-1] >= pd.Timestamp(document.dated):
                    raise
                return {"missing": [f"data up to {document.dated}; they end {panel.index[-1]:%Y-%m-%d}"]}
        elif claim.kind == "dated forecast":
            bets = ask(claim, panel, {})
            found = forecast(claim, bets if isinstance(bets, list) else [bets], panel)
        elif claim.kind == "sequence":
            found = self._sequence(claim, panel)
        else:
            found = self._events(claim, document, panel)
        return found | {"datasets": panel.datasets, "stand_ins": sorted(panel.stand_ins), "caveats": panel.caveats}

    def _sequence(self, claim: Claim, panel: Watched) -> Measured:
        frames, left_out = _each(claim, panel)
        refuse_peeking(claim, panel.panel, frames, partial(array_of, claim), panel.features)
        found = sequence_study(claim, frames, self.settings.resamples, self.settings.seed)
        missing = [*left_out, *found.pop("missing", [])]
        return found | {"definition": frames[0][0], "rows": len(panel.index), "missing": missing}

    def _events(self, claim: Claim, document: Document, panel: Watched) -> Measured:
        results, left_out = _each(claim, panel)
        scope, rows = scope_of(claim, panel, self.settings.resamples, self.settings.seed)
        cases: list[Case] = cases_of(claim, results, panel, rows)
        whole = event_of(claim, results[0][1], panel)
        told = {"definition": cases[0].definition, "rows": len(scope.index), "span": [f"{scope.index[0]:%Y-%m-%d}", f"{scope.index[-1]:%Y-%m-%d}"]}
        told |= {"missing": left_out, "own_date": own_date(claim, document, panel, whole, _columns(results[0][1]))}
        refuse_peeking(claim, panel.panel, results, partial(event_of, claim), panel.features)
        if not cases[0].event.any() and any(case.event.any() for case in cases):
            return told | _never(cases)
        told |= event_study(claim, cases, scope, document.dated)
        held = (cases[0].event != 0).any(axis=1)
        return told | {
            "beyond": beyond(claim, panel.panel, cases[0], scope, rows, document.dated),
            "events": _hours(scope.index[held]),
            "judged": _hours(scope.index[[0, -1]]),
        }

    def _missing(self, claim: Claim) -> list[str]:
        lines = []
        for need in claim.data.needs:
            key = FieldKey.parse(need)
            several = key.prefix is not None
            if not (self.catalog.symbols(key.field, key.prefix or "") if several else self.catalog.has(*key)):
                lines.append(lacking(self.catalog.missing(key.field, None if several else key.symbol)))
        return lines

    def _panel(self, claim: Claim) -> PanelReader:
        symbols = claim.data.symbols or ((claim.symbol,) if claim.symbol else ())
        if not symbols:
            raise ClaimError(f"claim {claim.id}", "neither its outcome nor its data names a symbol", "give data=Data(symbols=(...))")
        clock = Clock(claim.data.clock, claim.data.step, claim.data.decide_at)
        key = (symbols, clock, claim.data.start)
        if key not in self._panels:
            start = f"{int(claim.data.start[:4]) - HISTORY}-01-01" if claim.data.start else None
            panel, others = open_panel(self.catalog, symbols, clock, start), [one for one in self._panels.values() if one.clock == clock]
            self._panels[key] = panel.beside(others[0]) if others else panel
        return self._panels[key]

    @cached_property
    def _data(self) -> list[tuple[str, str, str]]:
        """Every dataset with the hash of its rows, and its declaration, whose publication rule acts as it is now."""
        return sorted((d.name, d.hash, d.declaration.model_dump_json()) for d in self.catalog.imported.values())

    def _stored(self, file: ClaimFile, claim: Claim) -> Path | None:
        if self.settings.cache is None or claim.problems or claim.outcome is None or claim.kind == "arithmetic":  # whose tables are files of their own
            return None
        beside = [claim.data.sisters, claim.data.needs, repr(claim.own), file.document.dated]
        rests = [definition_hash(claim, file), beside, code_hash(), self._data, self.settings.resamples, self.settings.seed]
        return self.settings.cache / f"{claim.id}-{hashlib.sha256(json.dumps(rests).encode()).hexdigest()[:16]}.json"


def _figures(found: Figures) -> Measured:
    """The fields of a finding of arithmetic or facts."""
    told: Measured = {"n": found.n, "n_effective": found.n, "detail": {"checks": found.checks, "wrong": found.wrong, "unknown": found.unknown}}
    nothing = [f"{row['what']}: {row['note'] or 'no data of it here'}" for row in found.checks if row["holds"] is None]
    return told | ({"missing": nothing} if nothing and not found.n else {})


def _never(cases: list[Case]) -> Measured:
    """The reported event did not happen once, though looser definitions did."""
    words = ", ".join(f"{k}={v}" for k, v in cases[0].definition.items())
    looser = sum(bool(case.event.any()) for case in cases)
    line = f"the event as the document has it ({words}) did not happen once in these data; {looser} of {len(cases)} looser definitions did"
    return {"missing": [line], "definitions": len(cases)}


def _hours(index: pd.DatetimeIndex) -> list[int]:
    """Labels as hours since 1970: enough to tell events of one clock apart."""
    return list((index.to_numpy("datetime64[h]").astype(np.int64)).tolist())


def _columns(given: object) -> list[str]:
    event = given[0] if isinstance(given, tuple) else given
    return [str(name) for name in getattr(event, "columns", ["event"])]


def _keep(path: Path, found: Measured) -> None:
    with storing(path, "write the finding"):
        write_text(path, sealed(found))


def _each(claim: Claim, panel: Panel) -> tuple[list[tuple[Json, Any]], list[str]]:
    """What the claim's function gives for every definition whose data is there, and what the others miss; FieldError where the reported one's is not."""
    first, *others = claim.variants()
    out = [(first, ask(claim, panel, first))]
    left_out: set[str] = set()
    for definition in others:
        try:
            out.append((definition, ask(claim, panel, definition)))
        except FieldError as error:
            left_out.add(lacking(error))
    return out, sorted(left_out)


@cache
def code_hash() -> str:
    """Hash of the sources a finding rests on: evidence, features, option prices, the panel, clocks and fields, and how claims are brought to it."""
    package = Path(__file__).parents[2]
    rooms = ("studies/score", "studies/lookahead", "evidence", "features", "options", "data/panel", "ground")
    sources = [path for room in rooms for path in sorted((package / room).rglob("*.py"))]
    digest = hashlib.sha256()
    for path in [*sources, *sorted((package / "data").glob("*.py"))]:
        digest.update(read_bytes(path))
    return digest.hexdigest()[:16]
