"""What the strategies say for the next open, and why: decision, conditions, what was known when, what is stale.

The panel ends at the last bar decided upon at or before `asof`, and never later than now: a bar that is there already, but whose time of decision has not
come, waits for what is published until then. Nothing that became known later is in it, so that any past time gives what would have been said then (where
data were revised without vintages, what the revised data would have said).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import PanelReader
from flowbt.engine.decisions import check_rules
from flowbt.engine.loader import Strategy, load_strategy
from flowbt.engine.types import Labels, Signals, Targets
from flowbt.ground.clock import Clock, read_asof
from flowbt.ground.errors import FlowbtError, RangeError
from flowbt.ground.types import Moment
from flowbt.studies.desk.conditions import Condition, conditions, nearest_flip
from flowbt.studies.run.market import cut_decision, panel_for


@dataclass(frozen=True)
class Known:
    """A field that was looked at: the value shown on the last label, its event, and when it became public (naive UTC). None: nothing is there, or only
    what is too old (`max_age`)."""

    field: str
    symbol: str
    value: float | None
    event_time: pd.Timestamp | None
    known_at: pd.Timestamp | None


@dataclass(frozen=True)
class SymbolDecision:
    """What is asked for one symbol at the next open. `action`: long, short, exit, none, or a weight; sizes are fractions of equity, None: not given."""

    symbol: str
    action: str
    weight: float | None = None
    size: float | None = None
    hold: float | None = None
    stop: float | None = None
    take: float | None = None


@dataclass(frozen=True)
class Believed:
    """The answer for the newest stored run of a strategy (yes, no, cannot tell). `same_code`: that run's code is the one that decides today."""

    run: str
    answer: str
    sentence: str
    same_code: bool


@dataclass(frozen=True)
class Today:
    """A strategy's decision on `label`, decided at `decision_time` (naive UTC), to be filled at `fill` (naive UTC). `belief` of its newest stored run and
    `positions` of its followed book (`long SPY`) are filled by `standing.with_standing`. `flips`: per symbol the condition nearest to changing it alone."""

    strategy: str
    thesis: str
    code_hash: str
    parameters: dict[str, object]
    label: pd.Timestamp
    decision_time: pd.Timestamp
    fill: pd.Timestamp
    synthetic: bool
    decisions: tuple[SymbolDecision, ...]
    conditions: tuple[Condition, ...]
    known: tuple[Known, ...]
    stand_ins: tuple[str, ...]
    data: tuple[tuple[str, str], ...]
    flips: tuple[Condition, ...] = ()
    belief: Believed | None = None
    positions: tuple[str, ...] = ()
    behind: int = 0  # bars of its clock that were due since: its data end before the others' (or before the time asked for)
    waits: pd.Timestamp | None = None  # when the next bar, which is there already, is decided upon (naive UTC)

    @property
    def absent(self) -> tuple[str, ...]:
        """Fields that were asked for and are missing, or too old."""
        return tuple(f"{one.field} of {one.symbol}" for one in self.known if one.event_time is None)


def today(catalog: Catalog, path: Path, asof: Moment | None = None) -> Today:
    """The decision of a strategy file as of an instant (naive UTC) or a date; None: the end of the data. Raises what loading and deciding raise."""
    return _decided(catalog, path, asof, clock_time())[0]


def clock_time() -> pd.Timestamp:
    """Now, naive UTC."""
    return pd.Timestamp.now("UTC").tz_localize(None)


def _decided(catalog: Catalog, path: Path, asof: Moment | None, now: pd.Timestamp) -> tuple[Today, Clock]:
    strategy = load_strategy(path)
    parameters = strategy.resolve({})
    panel, waits = panel_asof(catalog, strategy, asof, now)
    asked = strategy.decide(panel, parameters)
    with strategy.answering():
        decision = cut_decision(asked, panel, panel.index)
        check_rules(decision, Labels(panel.index, panel.symbols))
    label, clock = panel.index[-1], panel.clock
    reasons = conditions(strategy, panel, parameters)
    told = Today(
        strategy=strategy.name,
        thesis=strategy.thesis,
        code_hash=strategy.code_hash,
        parameters=parameters,
        label=label,
        decision_time=clock.decisions(panel.index[-1:])[0],
        fill=clock.opens(clock.shift(panel.index[-1:], 1))[0],
        synthetic=panel.catalog.synthetic,
        decisions=tuple(decision_of(decision, panel.symbols)),
        conditions=reasons,
        known=known_of(panel),
        stand_ins=tuple(f"{one.used} for {one.asked}" for one in panel.stand_ins),
        data=tuple(sorted({(holder.name, holder.hash) for holder in panel.used.values()})),
        flips=tuple(one for name in panel.symbols if (one := nearest_flip(reasons, name)) is not None),
        waits=waits,
    )
    return told, clock


def today_all(catalog: Catalog, paths: Sequence[Path], asof: Moment | None = None, now: pd.Timestamp | None = None) -> tuple[list[Today], list[str]]:
    """Every strategy's decision, and one line for each that cannot decide. `now`: naive UTC (the clock's)."""
    if asof is not None:
        read_asof(asof)  # once, before any strategy is asked
    said: list[tuple[Today, Clock]] = []
    problems: list[str] = []
    for path in paths:
        try:
            said.append(_decided(catalog, path, asof, now if now is not None else clock_time()))
        except FlowbtError as error:
            problems.append(f"{path.stem}: {error}")
    return _behind(said, asof), problems


def _behind(said: Sequence[tuple[Today, Clock]], asof: Moment | None) -> list[Today]:
    """Each with how many bars of its clock were decided upon after its own, up to the newest decision of all, or the time asked for."""
    newest = max((one.decision_time for one, _ in said), default=pd.Timestamp(0))
    found = []
    for one, clock in said:
        until = newest if asof is None else instant_of(asof, clock)
        later = clock.labels(one.label, max(until, one.label))
        found.append(replace(one, behind=int((clock.decisions(later) <= until).sum()) - 1))
    return found


def strategy_files(path: Path) -> list[Path]:
    """The strategy files a path names: one file, or those of a folder. RangeError where there is none."""
    files = sorted(path.glob("*.py")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise RangeError(f"strategies in {path}", "no such file, or no strategy file in it", "name a strategy file or a folder of them")
    return files


def panel_asof(catalog: Catalog, strategy: Strategy, asof: Moment | None, now: pd.Timestamp) -> tuple[PanelReader, pd.Timestamp | None]:
    """The strategy's panel cut after the last bar whose decision lies at or before `asof` and `now`, and, without `asof`, when the next bar that has prices
    already is decided upon. RangeError where there is none."""
    panel = panel_for(catalog, strategy)
    until = now if asof is None else min(instant_of(asof, panel.clock), now)
    decided = panel.clock.decisions(panel.index)
    priced = panel["close"].notna().any(axis=1).to_numpy()
    there = panel.index[priced & (decided <= until)]
    if not len(there):
        begin = panel.index[priced][0] if priced.any() else panel.index[0]
        asked = asof if asof is not None else f"{until:%Y-%m-%d %H:%M} UTC"
        raise RangeError(f"decisions as of {asked}", f"the prices of {', '.join(panel.symbols[:3])} begin {begin:%Y-%m-%d}", "ask for a later time")
    later = decided[priced & (decided > until)] if asof is None else decided[:0]
    return PanelReader(catalog, panel.symbols, panel.clock, panel.index[panel.index <= there[-1]]), later[0] if len(later) else None


def instant_of(asof: Moment, clock: Clock) -> pd.Timestamp:
    """An instant as naive UTC; a bare date is the decision of its session, or the end of its day on a 24/7 clock. RangeError for anything else."""
    moment = read_asof(asof)
    if moment != moment.normalize() or (not isinstance(asof, str) and pd.Timestamp(asof).tzinfo is not None):
        return moment
    return moment + pd.Timedelta(days=1) if clock.always else clock.decisions(pd.DatetimeIndex([moment]))[0]


def decision_of(decision: Signals | Targets, symbols: Sequence[str]) -> list[SymbolDecision]:
    """The last row of a decision, per symbol. Long and short together count as neither, as in the engine."""
    if isinstance(decision, Targets):
        weights = [_at(decision.weights, name) for name in symbols]
        return [SymbolDecision(name, "none" if weight is None else "weight", weight) for name, weight in zip(symbols, weights, strict=True)]
    rows = []
    for name in symbols:
        long, short = bool(_at(decision.long, name)), bool(_at(decision.short, name))
        leaving = _at(decision.exit, name)
        action = "long" if long and not short else "short" if short and not long else "exit" if leaving else "none"
        rules = {rule: _at(getattr(decision, rule), name) for rule in ("size", "hold", "stop", "take")}
        rows.append(SymbolDecision(name, action, None, **rules) if action in ("long", "short") else SymbolDecision(name, action))
    return rows


def known_of(panel: PanelReader) -> tuple[Known, ...]:
    """What was looked at on the last label, and when each value became public; event tables and fields read over all symbols are left out."""
    found = []
    for field, symbol in sorted(set(panel.used)):
        if field == "event":
            continue
        event, known = panel.event_time(field, symbol).iloc[-1], panel.known_at(field, symbol).iloc[-1]
        value = float(panel[field, symbol].to_numpy()[-1, 0])
        found.append(Known(field, symbol, value if value == value else None, None if pd.isna(event) else event, None if pd.isna(known) else known))
    return tuple(found)


def _at(value: Any, symbol: str) -> float | None:
    """A rule's last value for a symbol; None where it is not given or missing."""
    if isinstance(value, pd.DataFrame):
        value = value[symbol].iloc[-1]
    if value is None or (isinstance(value, (float, np.floating)) and np.isnan(value)):
        return None
    return float(value)
