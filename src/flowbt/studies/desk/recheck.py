"""Every journaled decision made again from today's catalog, and why it differs where it does.

1. The code that decided is kept beside the journal; it decides again on the whole panel of today, once, and the rows of the journaled bars are compared.
2. A row that is the same is confirmed. Where it differs, the inputs on that bar are compared with those that were journaled: a newer event than was shown
   then is late data, another value for the same event is revised data.
3. Where the inputs are the same, the code decides once more on the panel cut at that bar: if that gives what was journaled, the decision needs what came after
   it: look-ahead. If not, rows further back were revised.
   Where the datasets are the very ones it names, nothing was revised, either: that code never decided so.
4. The strategy file of today is compared last: where only it gives another decision, the code changed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import PanelReader
from flowbt.engine.loader import Strategy, load_strategy
from flowbt.engine.types import Signals, Targets
from flowbt.ground.documents import plain
from flowbt.ground.errors import FlowbtError
from flowbt.ground.types import Json, JsonView
from flowbt.studies.desk.chain import Entry
from flowbt.studies.desk.follow import KIND, kept_code
from flowbt.studies.desk.forecasts import FORECAST, SETTLEMENT, outcome
from flowbt.studies.desk.today import decision_of
from flowbt.studies.run.market import panel_for

CAUSES = ("look-ahead", "data revised", "late data", "code changed", "cannot be made again", "not so decided")
Body = JsonView


@dataclass(frozen=True)
class Difference:
    """A journaled decision that today's catalog does not confirm. `cause` is one of CAUSES."""

    n: int
    strategy: str
    label: str
    cause: str
    words: str


def recheck(catalog: Catalog, entries: list[Entry], journal: Path, strategies: Path) -> list[Difference]:
    """What differs, in the order of the journal: decisions and settlements. Strategies that cannot decide any more are differences, too."""
    groups: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.kind == KIND:
            groups[entry.body["strategy"], entry.body["code_hash"], repr(entry.body["parameters"])].append(entry)
    found: list[Difference] = []
    for (name, code, _), group in groups.items():
        try:
            found += _of_group(catalog, group, kept_code(journal, code), strategies / f"{name}.py")
        except FlowbtError as error:
            found += [_difference(entry, CAUSES[4], str(error)) for entry in group]
    return sorted([*found, *_resettled(catalog, entries)], key=lambda one: one.n)


def _resettled(catalog: Catalog, entries: list[Entry]) -> list[Difference]:
    """Settlements that today's data would not make so."""
    forecasts = {one.hash: one for one in entries if one.kind == FORECAST}
    found = []
    for entry in (one for one in entries if one.kind == SETTLEMENT and one.body["synthetic"] == catalog.synthetic):
        name, on = entry.body["claim"], entry.body["on"]
        try:
            again = outcome(catalog, forecasts[entry.body["of"]])
        except FlowbtError as error:
            found.append(Difference(entry.n, name, on, CAUSES[4], str(error)))
            continue
        if again is None or (again["true"], again["on"]) != (entry.body["true"], on):
            now = "open" if again is None else f"{'came true' if again['true'] else 'failed'} on {again['on']}"
            found.append(Difference(entry.n, name, on, CAUSES[1], f"by today's data it {now}"))
    return found


def _of_group(catalog: Catalog, group: list[Entry], kept: Path, current: Path) -> list[Difference]:
    """One strategy, one code, one set of parameters."""
    parameters = group[0].body["parameters"]
    strategy = load_strategy(kept)
    panel = panel_for(catalog, strategy)
    whole = strategy.decide(panel, strategy.resolve(parameters))
    newer = _newer(catalog, current, group[0].body)
    found = []
    for entry in group:
        label = pd.Timestamp(entry.body["label"]).tz_localize(None)
        if label not in panel.index:
            found.append(_difference(entry, CAUSES[1], "the bar is not there any more"))
            continue
        if rows_at(whole, label, panel.symbols) != entry.body["decisions"]:
            found.append(_explained(strategy, panel, entry, label))
        elif newer is not None and rows_at(newer, label, panel.symbols) != entry.body["decisions"]:
            found.append(_difference(entry, CAUSES[3], f"{current.name} of today decides otherwise"))
    return found


def _explained(strategy: Strategy, panel: PanelReader, entry: Entry, label: pd.Timestamp) -> Difference:
    late, revised = [], []
    for one in entry.body["known"]:
        field, symbol = one["field"], one["symbol"]
        value = float(panel[field, symbol].to_numpy()[panel.index.get_loc(label), 0])
        event = panel.event_time(field, symbol).loc[label]
        was = None if one["event_time"] is None else pd.Timestamp(one["event_time"])
        if pd.notna(event) and (was is None or event > was):
            late.append(f"{field} of {symbol}")
        elif plain(value) != one["value"]:
            revised.append(f"{field} of {symbol}: {one['value']} then, {plain(value)} now")
    if revised:
        return _difference(entry, CAUSES[1], "; ".join(revised[:3]))
    if late:
        return _difference(entry, CAUSES[2], f"it was not there when the decision was entered: {', '.join(late[:3])}")
    cut = PanelReader(panel.catalog, panel.symbols, panel.clock, panel.index[panel.index <= label])
    again = strategy.decide(cut, strategy.resolve(entry.body["parameters"]))
    if rows_at(again, label, panel.symbols) == entry.body["decisions"]:
        return _difference(entry, CAUSES[0], "with what came later in the panel it decides otherwise")
    if entry.body["data"] == [list(one) for one in sorted({(holder.name, holder.hash) for holder in panel.used.values()})]:
        return _difference(entry, CAUSES[5], "the data and the code are the very ones it names, and do not decide so")
    return _difference(entry, CAUSES[1], "values further back are others than they were")


def rows_at(decision: Signals | Targets, label: pd.Timestamp, symbols: tuple[str, ...]) -> list[dict[str, object]]:
    """The decision's rows for one bar, as they are journaled."""
    parts = {name: value.loc[:label] if isinstance(value, pd.DataFrame) else value for name, value in vars(decision).items()}
    rows: list[Json] = plain([asdict(one) for one in decision_of(type(decision)(**parts), symbols)])
    return rows


def _newer(catalog: Catalog, current: Path, body: Body) -> Signals | Targets | None:
    """What the strategy file of today decides, where it is another than the journaled one; None where it is the same, gone, or takes other parameters."""
    try:
        strategy = load_strategy(current)
        if strategy.code_hash == body["code_hash"]:
            return None
        found: Signals | Targets = strategy.decide(panel_for(catalog, strategy), strategy.resolve(body["parameters"]))
        return found
    except FlowbtError:
        return None


def _difference(entry: Entry, cause: str, words: str) -> Difference:
    return Difference(entry.n, entry.body["strategy"], entry.body["label"][:10], cause, words)
