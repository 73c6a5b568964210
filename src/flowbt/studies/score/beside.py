"""What is shown beside a verdict: the effect against sessions matched on volatility, trend and month; on sister symbols; and after the document's date."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from flowbt.data.panel.reader import PanelReader
from flowbt.evidence.claims import study
from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.events import Case, Scope, clusters, inference_of
from flowbt.evidence.claims.outcomes import Outcome
from flowbt.evidence.claims.study import Array, Outcomes
from flowbt.evidence.register.matched import Matched, Strata, alike, answer, cosines_of, crossed, matched
from flowbt.ground.errors import FieldError
from flowbt.ground.types import Json

TREND = 200  # labels of the mean that tells the trend
QUIET = 21  # labels of realised volatility where no index tells it
FEWEST = 5  # events under which an effect after the document's date is not told


class Controls(NamedTuple):
    """Strata of the judged labels, the finest first, and what they are matched on, in words."""

    strata: list[Strata]
    words: str


def controls_of(claim: Claim, panel: PanelReader, rows: slice) -> Controls:
    """VIX within a tenth (where it does not cover the span: the symbol's own realised volatility), side of the mean of 200 labels, calendar month."""
    price = _price(claim, panel)
    close = price.to_numpy(float)[rows]
    trend = np.where(np.isfinite(mean := price.rolling(TREND, min_periods=TREND // 2).mean().to_numpy(float)[rows]), close > mean, -1).astype(np.int64)
    fear = panel["close", "VIX"].iloc[:, 0].to_numpy(float)[rows] if not panel.clock.always and panel.has("close", "VIX") else np.full(len(close), np.nan)
    covered = np.isfinite(fear).mean() > 0.9
    own = np.sqrt((price.pct_change(fill_method=None) ** 2).rolling(QUIET).mean().to_numpy(float)[rows])
    near = alike(fear if covered else own)
    month = (panel.index[rows].month.to_numpy() - 1).astype(np.int64)
    both = crossed(near, trend)
    return Controls([crossed(both, month), both, near], f"{'VIX' if covered else 'realised volatility'} within a tenth, same trend and month")


def _price(claim: Claim, panel: PanelReader) -> pd.Series:
    """Whose trend and volatility it is: SPX where it is there on a session clock, else the outcome's or the panel's first symbol."""
    for symbol in ("" if panel.clock.always else "SPX", claim.symbol, panel.symbols[0]):
        if symbol and panel.has("close", symbol):
            return panel["close", symbol].iloc[:, 0]
    raise FieldError(f"a close of {panel.symbols[0]}", "no dataset has it", "import prices of it")


def beyond(claim: Claim, panel: PanelReader, case: Case, scope: Scope, rows: slice, dated: str) -> Json | None:
    """The reported event against matched controls: effect, low, high, p, share matched, answer; `sisters` and `later` the same way. None where it cannot be."""
    outcome = claim.outcome_as(Outcome)
    statistic = study.STATISTICS[outcome.statistic]
    main = study.outcomes_of(outcome.horizon, [case.own] if case.own is not None else scope.columns(outcome.horizon))
    raw = study.effect_of(case.event, main, statistic)
    controls = controls_of(claim, panel, rows)
    found = matched(case.event, main, statistic, controls.strata)
    if raw is None or found is None:
        return None
    told = _told(found, case.event, main)
    told |= {"answer": answer(claim.sign, raw.effect, told["low"], told["high"]), "matched_on": controls.words}
    told["deviation"] = float(main.columns[0][main.known > 0].std())
    after = np.asarray(scope.index >= pd.Timestamp(dated)) if dated else np.zeros(len(scope.index), dtype=bool)
    told["later"] = _later(case.event, main, statistic, controls.strata, after)
    told["sisters"] = [] if case.own is not None else _sisters(claim, panel, case.event, controls.strata, rows)
    return told


def _told(found: Matched, event: Array, o: Outcomes) -> Json:
    n = int((np.abs(event) * o.known > 0).sum())
    seen = inference_of(found.contrast, found.contrast.test(cosines_of(found, o)), n, len(clusters(event, o)))
    return {"effect": seen.estimate, "low": seen.low, "high": seen.high, "p": seen.p, "share": found.share, "n": n, "n_effective": int(seen.clusters)}


def _later(event: Array, o: Outcomes, statistic: study.Statistic, strata: list[Strata], after: Any) -> Json | None:
    """On the labels since the document."""
    part, held = o.part(after), event[after]
    if (np.abs(held) * part.known > 0).any(axis=1).sum() < FEWEST:
        return None
    found = matched(held, part, statistic, [codes[after] for codes in strata])
    return None if found is None else _told(found, held, part)


def _sisters(claim: Claim, panel: PanelReader, event: Array, strata: list[Strata], rows: slice) -> list[dict[str, object]]:
    """The same event, the outcome of other symbols: raw and matched."""
    outcome = claim.outcome_as(Outcome)
    statistic, out = study.STATISTICS[outcome.statistic], []
    for symbol in claim.data.sisters:
        if outcome.elsewhere is None or symbol == outcome.symbol:
            continue
        try:
            frames = outcome.elsewhere(symbol).columns(panel, outcome.horizon)
        except FieldError:
            continue
        o = study.outcomes_of(outcome.horizon, [np.asarray(frame, dtype=np.float64)[rows] for frame in frames])
        raw, found = study.effect_of(event, o, statistic), matched(event, o, statistic, strata)
        if raw is not None and found is not None:
            out.append({"symbol": symbol, "raw": raw.effect} | _told(found, event, o))
    return out
