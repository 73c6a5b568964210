"""`flowbt check`: the probe of every act, and beside it the slow questions: does the join in time hold, and how much history does the strategy need?

1. the probe (`probe.py`), as in a run;
2. truncate: decided on a panel read anew that ends at t, the decisions up to t are the same; perturb: so they are with every value known after t
   changed in the tables themselves; delay: and on a panel where everything is known a bar later, they still follow from what was known;
3. warm-up: the shortest history after which the decisions no longer change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.columns import FieldTable
from flowbt.data.panel.reader import PanelReader
from flowbt.data.panel.views import Quiet
from flowbt.engine.loader import Strategy, again, load_strategy
from flowbt.ground.errors import FenceError, FlowbtError, LookAheadError
from flowbt.ground.types import Json, Parameters
from flowbt.studies.lookahead.cuts import activity_of, cut_rows
from flowbt.studies.lookahead.parts import PartTable, first_difference, parts_of
from flowbt.studies.lookahead.probe import SEED, Leak
from flowbt.studies.lookahead.strategies import DO, leak_of
from flowbt.studies.run.market import panel_for

NO_DELAY = np.timedelta64(0, "ns")
HISTORIES = (5, 10, 21, 42, 63, 126, 189, 252, 315, 378, 504, 756, 1260)


@dataclass(frozen=True)
class Report:
    """What was found. `warm_up` is in bars; None when even the longest history tried is too short. `entries`: cells of the decision that ask for something."""

    strategy: str
    parameters: Json
    cuts: tuple[pd.Timestamp, ...]
    leaks: tuple[Leak, ...]
    warm_up: int | None
    entries: int

    def raise_if_failed(self) -> None:
        if self.leaks:
            raise LookAheadError(f"{self.strategy} uses the future", str(self.leaks[0]), DO)


class ProbePanel(PanelReader):
    """A panel read anew on which what becomes known from `cut` on is changed, and everything becomes known `delay` later."""

    cut: np.datetime64 | None = None
    delay: np.timedelta64 = NO_DELAY

    def _table(self, field: str, symbol: str) -> FieldTable:
        table = super()._table(field, symbol)
        known, stale = table.known + self.delay, table.stale + self.delay
        if self.cut is None:
            return FieldTable(table.event, known, stale, table.values)
        after = known >= self.cut
        # another sign, size and order: whatever is looked at out there, it looks different
        noise = 1.0 + 0.5 * np.sin(np.arange(len(known)) * 12.9898)
        return FieldTable(table.event, known, stale, np.where(after, -table.values * noise + noise, table.values))


def check(catalog: Catalog, path: Path, parameters: Parameters | None = None, dates: int = 8) -> Report:
    """Probe a strategy file. Raises what loading and deciding raise; look at `leaks` for the result."""
    strategy = load_strategy(path)
    settled = strategy.resolve(parameters or {})
    panel = panel_for(catalog, strategy)
    decision = strategy.decide(panel, settled)
    full = parts_of(decision, len(panel.index))
    cuts = _cuts(panel, full, dates)
    leak = leak_of(strategy, settled, Quiet(panel.unlogged()), decision)
    leaks = [leak] if leak else []
    leaks += joined(strategy, settled, panel, full, cuts) if not leak else []
    entries = sum(int(np.nansum(part.values != 0)) for name, part in full.items() if isinstance(part, PartTable) and name in ("long", "short", "weights"))
    warm = None if leaks else warm_up(strategy, settled, panel, full)
    return Report(strategy.name, settled, tuple(panel.index[row] for row in cuts), tuple(leaks), warm, entries)


def joined(strategy: Strategy, parameters: dict[str, object], panel: PanelReader, full: dict[str, object], cuts: list[int]) -> list[Leak]:
    """The first leak on panels read anew, where the join in time is made again."""
    bar = panel.clock.bar.to_timedelta64()
    for probe, shift in (("truncate", NO_DELAY), ("perturb", NO_DELAY), ("truncate", bar)):
        reference = full
        if shift != NO_DELAY:
            late = _read_anew(panel, None, shift, len(panel.index))
            reference = parts_of(again(strategy).decide(late, parameters), len(panel.index))
        for row in cuts:
            rows = row + 1 if probe == "truncate" else len(panel.index)
            other = _read_anew(panel, panel.decisions[row] if probe == "perturb" else None, shift, rows)
            try:
                parts = parts_of(again(strategy).decide(other, parameters), rows)
            except FenceError:
                raise
            except FlowbtError:
                continue  # too short a history, or numbers it cannot do with
            found = first_difference(reference, parts, row + 1)
            if found is not None:
                label = panel.index[row]
                return [Leak(probe, label, found.part, label if found.row < 0 else panel.index[found.row], found.column)]
    return []


def warm_up(strategy: Strategy, parameters: dict[str, object], panel: PanelReader, full: Parameters) -> int | None:
    """The shortest history, of those tried, with which late decisions (bars with signals among them) equal those of all history."""
    tables = {name: part for name, part in full.items() if isinstance(part, PartTable)}
    if not tables:
        return HISTORIES[0]
    on = np.flatnonzero(np.logical_or.reduce([(np.nan_to_num(part.values) != 0).any(axis=1) for part in tables.values() if part.numeric]))
    late = on[on >= len(panel.index) // 2]
    ends = [len(panel.index) - 1, len(panel.index) * 3 // 4]
    ends += [int(at) for at in late[np.linspace(0, len(late) - 1, 6).astype(int)]] if len(late) else []
    for bars in HISTORIES:
        if all(end >= bars and _settled(strategy, parameters, panel, tables, end, bars) for end in ends):
            return bars
    return None


def _settled(strategy: Strategy, parameters: dict[str, object], panel: PanelReader, full: Mapping[str, PartTable], end: int, bars: int) -> bool:
    short = PanelReader(panel.catalog, panel.symbols, panel.clock, panel.index[end - bars : end + 1])
    try:
        parts = parts_of(again(strategy).decide(short, parameters), bars + 1)
    except FenceError:
        raise
    except FlowbtError:
        return False  # it needs a longer history
    last = {name: PartTable(part.values[-1:], part.columns) for name, part in parts.items() if isinstance(part, PartTable)}
    return first_difference({name: PartTable(part.values[end : end + 1], part.columns) for name, part in full.items()}, last, 1) is None


def _cuts(panel: PanelReader, full: Parameters, count: int) -> list[int]:
    """Uniform dates, and some of the decision's own entries."""
    rows = len(panel.index)
    own = cut_rows(activity_of(dict(full)), panel.index, np.random.default_rng(SEED))[:4]
    spread = np.linspace(min(max(rows // 4, 1), rows - 2), rows - 2, count).astype(int)
    return sorted({*map(int, spread), *own})


def _read_anew(panel: PanelReader, cut: np.datetime64 | None, delay: np.timedelta64, rows: int) -> ProbePanel:
    probe = ProbePanel(panel.catalog, panel.symbols, panel.clock, panel.index[:rows])
    probe.cut, probe.delay = cut, delay
    return probe
