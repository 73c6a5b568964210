"""Does a strategy look ahead, and how much history does it need?

Three probes on its decisions and on the features it called (not on re-simulated portfolios), at some dates:
1. truncate: decided on what was known up to t, the decisions up to t are the same;
2. perturb: with every value known after t changed, the decisions up to t are the same;
3. availability: with everything known a bar later, decisions still follow from what was known (probe 1 again), and none comes earlier.
Warm-up: the shortest history after which the decisions no longer change.

It cannot see data read outside the panel; the loader refuses such imports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.columns import FieldTable
from flowbt.data.panel.reader import PanelReader
from flowbt.engine.loader import Strategy, load_strategy
from flowbt.engine.types import Signals, Targets
from flowbt.ground.errors import CheckFailed, FlowbtError, SignalError
from flowbt.studies.run.market import panel_for

TOLERANCE = 1e-9  # relative: rounding noise is no leak
RECENT = 300  # rows before the cut that are compared
NO_DELAY = np.timedelta64(0, "ns")
HISTORIES = (5, 10, 21, 42, 63, 126, 189, 252, 315, 378, 504, 756, 1260)


@dataclass(frozen=True)
class Leak:
    """A decision that used the future: which probe, at which cut, which part, the first row that differs."""

    probe: str
    cut: pd.Timestamp
    part: str
    label: pd.Timestamp
    symbol: str

    def __str__(self) -> str:
        return f"{self.probe} at {self.cut:%Y-%m-%d}: {self.part} of {self.symbol} on {self.label:%Y-%m-%d} changes"


@dataclass(frozen=True)
class Report:
    """What the probes found. `warm_up` is in bars; None when even the longest history tried is too short."""

    strategy: str
    parameters: dict[str, Any]
    cuts: tuple[pd.Timestamp, ...]
    leaks: tuple[Leak, ...]
    warm_up: int | None
    entries: int

    def raise_if_failed(self) -> None:
        if self.leaks:
            raise CheckFailed(
                f"check of {self.strategy}", f"{len(self.leaks)} look-ahead(s), first: {self.leaks[0]}", "use only trailing windows and what the panel gives"
            )


class ProbePanel(PanelReader):
    """A panel on which what becomes known after `cut` is changed, and everything becomes known `delay` later."""

    cut: np.datetime64 | None = None
    delay: np.timedelta64 = np.timedelta64(0, "ns")

    def _table(self, field: str, symbol: str) -> FieldTable:
        table = super()._table(field, symbol)
        known, stale = table.known + self.delay, table.stale + self.delay
        if self.cut is None:
            return FieldTable(table.event, known, stale, table.values)
        after = known >= self.cut
        # another sign, size and order: whatever is looked at out there, it looks different
        noise = 1.0 + 0.5 * np.sin(np.arange(len(known)) * 12.9898)
        return FieldTable(table.event, known, stale, np.where(after, -table.values * noise + noise, table.values))


def quick_leaks(strategy: Strategy, parameters: dict[str, Any], panel: PanelReader, decision: Any) -> list[Leak]:
    """A short look at a decision that has been made: truncate at three dates, perturb at one. For every run; `check` is the thorough one."""
    full = parts_of(strategy, decision, panel)
    cuts = cut_dates(panel, full, 2)
    chosen = [cuts[at] for at in sorted({0, len(cuts) // 2, len(cuts) - 1})]
    leaks: list[Leak] = []
    for probe, cut in [*(("truncate", cut) for cut in chosen), ("perturb", chosen[len(chosen) // 2])]:
        moment = panel.decisions[panel.index == cut][0]
        other = _probe(panel, moment, NO_DELAY) if probe == "perturb" else _probe(panel, None, NO_DELAY, end=cut)
        try:
            parts = parts_of(strategy, fresh(strategy).decide(other, parameters), other)
        except FlowbtError as error:  # it worked on all data, so what it misses here is what comes later
            leaks.append(Leak(probe, cut, str(error), cut, "the decision"))
            continue
        leaks += compare(probe, cut, full, parts)
    return leaks


def fresh(strategy: Strategy) -> Strategy:
    """The strategy loaded anew, so that nothing it kept from another call helps it; its symbols stay as they are."""
    return replace(load_strategy(strategy.path), symbols=strategy.symbols)


def check(catalog: Catalog, path: Path, parameters: Mapping[str, Any] | None = None, dates: int = 8) -> Report:
    """Probe a strategy file. Raises what loading and deciding raise; look at `leaks` for the result."""
    strategy = load_strategy(path)
    settled = strategy.resolve(parameters or {})
    panel = panel_for(catalog, strategy)
    full = parts_of(strategy, strategy.decide(panel, settled), panel)
    cuts = cut_dates(panel, full, dates)
    leaks: list[Leak] = []
    for probe, delay in (("truncate", 0), ("perturb", 0), ("availability", 1)):
        shift = NO_DELAY if not delay else panel.clock.bar.to_timedelta64()
        whole = _probe(panel, None, shift)
        reference = parts_of(strategy, fresh(strategy).decide(whole, settled), whole) if delay else full
        for cut in cuts:
            moment = panel.decisions[panel.index == cut][0]
            other = _probe(panel, moment, shift) if probe == "perturb" else _probe(panel, None, shift, end=cut)
            leaks += compare(probe, cut, reference, parts_of(strategy, fresh(strategy).decide(other, settled), other))
        if delay:
            leaks += earlier(full, reference)
    entries = sum(int(np.nansum(part.to_numpy(float) != 0)) for name, part in full.items() if name in ("long", "short", "weights"))
    return Report(strategy.name, settled, tuple(cuts), tuple(leaks), warm_up(strategy, settled, panel, full), entries)


def parts_of(strategy: Strategy, decision: Any, panel: PanelReader) -> dict[str, pd.DataFrame]:
    """The frames of a decision by name, then those of the features that were called."""
    if not isinstance(decision, (Signals, Targets)):
        raise SignalError(f"Signals or Targets from {strategy.name}", f"a {type(decision).__name__}", "return flowbt.Signals(...) or flowbt.Targets(...)")
    values = {part.name: getattr(decision, part.name) for part in fields(decision)}
    decided = {name: value for name, value in values.items() if isinstance(value, pd.DataFrame) and len(value) == len(panel.index)}
    called = {name: value for name, value in panel.noted.items() if isinstance(value, pd.DataFrame) and value.index.equals(panel.index)}
    return decided | {name: value for name, value in called.items() if all(pd.api.types.is_numeric_dtype(kind) for kind in value.dtypes)}


def cut_dates(panel: PanelReader, full: Mapping[str, pd.DataFrame], count: int) -> list[pd.Timestamp]:
    """Uniform dates, the first bars of signals, month ends and clock changes, all with some history before them."""
    index = panel.index
    first = min(max(len(index) // 4, 1), len(index) - 2)
    spread = list(np.linspace(first, len(index) - 2, count).astype(int))
    signal = np.zeros(len(index), dtype=bool)
    for part in full.values():
        signal |= (np.nan_to_num(part.to_numpy(float)) != 0).any(axis=1)
    on = np.flatnonzero(signal & (np.arange(len(index)) >= first))
    spread += list(on[np.linspace(0, len(on) - 1, 3).astype(int)]) if len(on) else []
    late = index[first:-1]
    month_end = np.flatnonzero(late.month[1:] != late.month[:-1]) + first
    spread += list(month_end[[0, -1]]) if len(month_end) else []
    hour = pd.DatetimeIndex(panel.decisions).hour
    change = np.flatnonzero(hour[1:] != hour[:-1]) if panel.clock.step == "1d" else np.array([], int)
    spread += [int(change[-1])] if len(change) and change[-1] >= first else []
    return [index[at] for at in sorted({int(at) for at in spread})]


def compare(probe: str, cut: pd.Timestamp, full: Mapping[str, pd.DataFrame], other: Mapping[str, pd.DataFrame]) -> Iterator[Leak]:
    """The first row, up to the cut, at which each part differs."""
    for name, part in full.items():
        if name not in other:
            continue
        left = part.loc[:cut].iloc[-RECENT:].to_numpy(float)
        right = other[name].loc[:cut].iloc[-RECENT:].to_numpy(float)
        same = np.isclose(left, right, rtol=TOLERANCE, atol=0, equal_nan=True)
        if not same.all():
            row, column = np.argwhere(~same)[0]
            yield Leak(probe, cut, name, part.loc[:cut].iloc[-RECENT:].index[row], str(part.columns[column]))


def earlier(full: Mapping[str, pd.DataFrame], delayed: Mapping[str, pd.DataFrame]) -> Iterator[Leak]:
    """A first signal that comes earlier when everything is known later."""
    for name in ("long", "short"):
        if name not in full or name not in delayed:
            continue
        for symbol in full[name].columns:
            before, after = full[name][symbol].to_numpy(bool), delayed[name][symbol].to_numpy(bool)
            if after.any() and (not before.any() or after.argmax() < before.argmax()):
                label = full[name].index[int(after.argmax())]
                yield Leak("availability", label, name, label, str(symbol))


def warm_up(strategy: Strategy, parameters: dict[str, Any], panel: PanelReader, full: Mapping[str, pd.DataFrame]) -> int | None:
    """The shortest history, of those tried, with which late decisions (bars with signals among them) equal those of all history."""
    decided = {name: part for name, part in full.items() if name in Signals.__dataclass_fields__ or name in Targets.__dataclass_fields__}
    on = np.flatnonzero(np.logical_or.reduce([(np.nan_to_num(part.to_numpy(float)) != 0).any(axis=1) for part in decided.values()]))
    late = on[on >= len(panel.index) // 2]
    ends = [len(panel.index) - 1, len(panel.index) * 3 // 4]
    ends += [int(at) for at in late[np.linspace(0, len(late) - 1, 6).astype(int)]] if len(late) else []
    full = decided
    for bars in HISTORIES:
        if all(end >= bars for end in ends) and all(_settled(strategy, parameters, panel, full, end, bars) for end in ends):
            return bars
    return None


def _settled(strategy: Strategy, parameters: dict[str, Any], panel: PanelReader, full: Mapping[str, pd.DataFrame], end: int, bars: int) -> bool:
    short = PanelReader(panel.catalog, panel.symbols, panel.clock, panel.index[end - bars : end + 1])
    parts = parts_of(strategy, fresh(strategy).decide(short, parameters), short)
    return all(
        np.allclose(full[name].iloc[end].to_numpy(float), parts[name].iloc[-1].to_numpy(float), rtol=TOLERANCE, atol=0, equal_nan=True)
        for name in full
        if name in parts
    )


def _probe(panel: PanelReader, cut: np.datetime64 | None, delay: np.timedelta64, end: pd.Timestamp | None = None) -> ProbePanel:
    index = panel.index if end is None else panel.index[panel.index <= end]
    probe = ProbePanel(panel.catalog, panel.symbols, panel.clock, index)
    probe.cut, probe.delay = cut, delay
    return probe
