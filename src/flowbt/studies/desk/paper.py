"""The journal as a paper book: journaled decisions traded at the next open, beside the backtest of the same bars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.engine.book import Book
from flowbt.engine.loader import Strategy, load_strategy
from flowbt.engine.options.structures import Structure
from flowbt.engine.simulate import simulate
from flowbt.engine.types import Signals, Targets
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FlowbtError
from flowbt.ground.types import Json
from flowbt.studies.desk.chain import Entry
from flowbt.studies.desk.follow import KIND, kept_code
from flowbt.studies.desk.recheck import rows_at
from flowbt.studies.run.market import cut_decision, market_of, panel_for
from flowbt.studies.run.surfaces import with_surfaces

RULES = ("size", "hold", "stop", "take")


@dataclass(frozen=True)
class PaperBook:
    """A followed strategy. Returns are simple, net of costs, over the journaled bars, at the prices as they are now.

    The gap between the two returns is told apart, and its parts add up to it (all but the last before costs):
    `gap_missing`: of `missing` bars without an entry (no decision then). `gap_data`: of `different` bars on which the backtest decides otherwise.
    `gap_fills`: of `late` entries, made after the open that the backtest fills them at: they are filled at the first open after they were made, or, where the
    bars end before it, not at all (`unfilled`). `gap_costs`: what the journal's book paid in fees, slippage and borrow less what the backtest paid.
    `priced_by`: option structures by what priced them (surface, model, both); empty without structures.
    """

    strategy: str
    first: str
    last: str
    bars: int
    entries: int
    late: int
    unfilled: int
    missing: int
    different: int
    journal_return: float
    backtest_return: float
    gap_missing: float
    gap_data: float
    gap_fills: float
    gap_costs: float
    trades: int
    open_positions: tuple[str, ...]
    priced_by: Mapping[str, int]

    def to_dict(self) -> Json:
        return asdict(self)


def books_of(catalog: Catalog, entries: Sequence[Entry], journal: Path) -> tuple[list[PaperBook], list[str]]:
    """One book per followed strategy, code and parameters, and one line for each that cannot be made; none of both where nothing is followed."""
    books: list[PaperBook] = []
    problems: list[str] = []
    for (name, code, _), group in _groups(entries).items():
        try:
            books.append(_book(catalog, group, load_strategy(kept_code(journal, code))))
        except FlowbtError as error:
            problems.append(f"{name}: {error}")
    return books, problems


def _groups(entries: Sequence[Entry]) -> dict[tuple[str, str, str], list[Entry]]:
    """Decisions by strategy, code and parameters, in the order of their first entry."""
    groups: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.kind == KIND:
            groups[entry.body["strategy"], entry.body["code_hash"], repr(entry.body["parameters"])].append(entry)
    return groups


def _book(catalog: Catalog, group: list[Entry], strategy: Strategy) -> PaperBook:
    panel = panel_for(catalog, strategy)
    whole = strategy.decide(panel, strategy.resolve(group[0].body["parameters"]))
    by_label = {pd.Timestamp(entry.body["label"]).tz_localize(None): entry for entry in group}
    labels = panel.index[(panel.index >= min(by_label)) & (panel.index <= panel.clock.shift(pd.DatetimeIndex([max(by_label)]), 1)[0])]
    market = with_surfaces(market_of(panel, labels), panel, whole)
    said = {label: entry.body["decisions"] for label, entry in by_label.items()}
    decided = [label for label in labels if label in said]
    unsaid = [label for label in labels[:-1] if label not in said]
    timed, unfilled = _in_time(panel.clock, labels, by_label)
    whole_rows = said | {label: rows_at(whole, label, panel.symbols) for label in unsaid}
    ways = [*(_frames(whole, rows, labels, panel.symbols) for rows in (timed, said, whole_rows)), cut_decision(whole, panel, labels)]
    free = replace(strategy.costs, fees=0.0, slippage=0.0, borrow=0.0)
    gross = [_total(simulate(market, _free(way), free, strategy.account)) for way in ways]
    followed, backtest = (simulate(market, way, strategy.costs, strategy.account) for way in (ways[0], ways[-1]))
    own, other = _total(followed), _total(backtest)
    return PaperBook(
        strategy=group[0].body["strategy"],
        first=f"{labels[0]:%Y-%m-%d}",
        last=f"{labels[-1]:%Y-%m-%d}",
        bars=len(labels),
        entries=len(decided),
        late=sum(entry.time > entry.body["fill"] for entry in group),
        unfilled=unfilled,
        missing=len(unsaid),
        different=sum(rows_at(whole, label, panel.symbols) != said[label] for label in decided),
        journal_return=own,
        backtest_return=other,
        gap_missing=gross[1] - gross[2],
        gap_data=gross[2] - gross[3],
        gap_fills=gross[0] - gross[1],
        gap_costs=(own - gross[0]) - (other - gross[3]),
        trades=int((followed.trades["reason"] != "open").sum()) if len(followed.trades) else 0,
        open_positions=tuple(f"{row.side} {row.symbol}" for row in followed.trades.itertuples() if row.reason == "open"),
        priced_by={str(how): int(count) for how, count in followed.trades["priced_by"].value_counts().items()} if "priced_by" in followed.trades else {},
    )


def _in_time(clock: Clock, labels: pd.DatetimeIndex, by_label: Mapping[pd.Timestamp, Entry]) -> tuple[dict[pd.Timestamp, list[dict[str, object]]], int]:
    """The rows by the label after which they can be filled: their own where the entry was made before the next open, else the first whose next open came after
    it was made; and how many come too late for any. Of several at one open the last that asks for something counts."""
    opens = clock.opens(clock.shift(labels, 1))
    rows: dict[pd.Timestamp, list[Json]] = {}
    unfilled = 0
    for label, entry in sorted(by_label.items()):
        made = pd.Timestamp(entry.time).tz_localize(None)
        after = labels[:-1][(labels[:-1] >= label) & (opens[:-1] >= made)]
        if len(after):
            asked = {row["symbol"]: row for row in entry.body["decisions"] if row["action"] != "none"}
            before: list[dict[str, object]] = rows.get(after[0]) or entry.body["decisions"]
            rows[after[0]] = [asked.get(row["symbol"], row) for row in before]
        else:
            unfilled += label != labels[-1]
    return rows, unfilled


def _free(decision: Signals | Targets) -> Signals | Targets:
    """The same, filled at the middle: without the spread of options."""
    if isinstance(decision, Targets) or not isinstance(decision.structure, Structure):
        return decision
    return replace(decision, structure=decision.structure.with_(cross=0.0, tick=0.0))


def _frames(
    whole: Signals | Targets, rows: dict[pd.Timestamp, list[dict[str, object]]], labels: pd.DatetimeIndex, symbols: tuple[str, ...]
) -> Signals | Targets:
    """Journaled rows as a decision: a bar without an entry decides nothing (a weight stays as it was)."""

    def frame(fill: Any, read: Any) -> pd.DataFrame:
        out = pd.DataFrame(fill, index=labels, columns=list(symbols))
        for label, decisions in rows.items():
            for one in decisions if label in out.index else ():
                out.loc[label, one["symbol"]] = read(one)
        return out

    if isinstance(whole, Targets):
        weights = frame(np.nan, lambda one: np.nan if one["weight"] is None else one["weight"])
        return Targets(weights, whole.band if not isinstance(whole.band, pd.DataFrame) else whole.band.reindex(labels))
    sides = {side: frame(False, lambda one, side=side: one["action"] == side) for side in ("long", "short", "exit")}
    given = {rule: getattr(whole, rule) for rule in RULES}
    rules = {rule: frame(np.nan, lambda one, rule=rule: one[rule] if one[rule] is not None else np.nan) for rule, value in given.items() if value is not None}
    kept = {f.name: getattr(whole, f.name) for f in fields(Signals) if f.name not in (*sides, *RULES)}
    kept = {name: value.reindex(labels) if isinstance(value, pd.DataFrame) else value for name, value in kept.items()}
    return Signals(**{**kept, **sides, **rules})


def _total(book: Book) -> float:
    return float(np.prod(1 + book.returns.fillna(0.0).to_numpy(float))) - 1
