"""The journal as a paper book: journaled decisions traded at the next open, beside the backtest of the same bars."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.engine.book import Book
from flowbt.engine.loader import Strategy, load_strategy
from flowbt.engine.simulate import simulate
from flowbt.engine.types import Signals, Targets
from flowbt.ground.errors import JournalError
from flowbt.ground.types import Json
from flowbt.studies.desk.chain import Entry
from flowbt.studies.desk.follow import KIND, kept_code
from flowbt.studies.desk.recheck import rows_at
from flowbt.studies.run.market import cut_decision, market_of, panel_for
from flowbt.studies.run.surfaces import with_surfaces

RULES = ("size", "hold", "stop", "take")


@dataclass(frozen=True)
class PaperBook:
    """A followed strategy. Returns are simple, net of costs, over the journaled bars. `late`: entered after their fill, which nobody could have traded;
    they are traded as if they had been in time, and counted. `missing`: bars without an entry (no decision then). `different`: bars on which the backtest
    decides otherwise. The gap between the two returns is told apart: `gap_missing`, of bars without an entry; `gap_data`, of bars that differ. Fills and costs
    are the same in both books, so they make none of it."""

    strategy: str
    first: str
    last: str
    bars: int
    entries: int
    late: int
    missing: int
    different: int
    journal_return: float
    backtest_return: float
    gap_missing: float
    gap_data: float
    trades: int
    open_positions: tuple[str, ...]

    def to_dict(self) -> Json:
        return asdict(self)


def paper_books(catalog: Catalog, entries: list[Entry], journal: Path) -> list[PaperBook]:
    """One book per followed strategy, code and parameters. Raises JournalError where the journal has no decision."""
    groups: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.kind == KIND:
            groups[entry.body["strategy"], entry.body["code_hash"], repr(entry.body["parameters"])].append(entry)
    if not groups:
        raise JournalError("score of the journal", "it holds no decision", "enter today's with `flowbt follow`")
    return [_book(catalog, group, load_strategy(kept_code(journal, code))) for (_, code, _), group in groups.items()]


def _book(catalog: Catalog, group: list[Entry], strategy: Strategy) -> PaperBook:
    panel = panel_for(catalog, strategy)
    parameters = strategy.resolve(group[0].body["parameters"])
    whole = strategy.decide(panel, parameters)
    by_label = {pd.Timestamp(entry.body["label"]).tz_localize(None): entry for entry in group}
    labels = panel.index[(panel.index >= min(by_label)) & (panel.index <= panel.clock.shift(pd.DatetimeIndex([max(by_label)]), 1)[0])]
    market = with_surfaces(market_of(panel, labels), panel, whole)
    said = {label: entry.body["decisions"] for label, entry in by_label.items()}
    decided = [label for label in labels if label in said]
    unsaid = [label for label in labels[:-1] if label not in said]
    whole_rows = said | {label: rows_at(whole, label, panel.symbols) for label in unsaid}
    books = [_frames(whole, rows, labels, panel.symbols) for rows in (said, whole_rows)]
    followed, filled = (simulate(market, decision, strategy.costs, strategy.account) for decision in books)
    backtest = simulate(market, cut_decision(whole, panel, labels), strategy.costs, strategy.account)
    different = sum(rows_at(whole, label, panel.symbols) != by_label[label].body["decisions"] for label in decided)
    own, without_holes, other = _total(followed), _total(filled), _total(backtest)
    return PaperBook(
        strategy=group[0].body["strategy"],
        first=f"{labels[0]:%Y-%m-%d}",
        last=f"{labels[-1]:%Y-%m-%d}",
        bars=len(labels),
        entries=len(decided),
        late=sum(entry.time > entry.body["fill"] for entry in group),
        missing=len(unsaid),
        different=different,
        journal_return=own,
        backtest_return=other,
        gap_missing=own - without_holes,
        gap_data=without_holes - other,
        trades=int((followed.trades["reason"] != "open").sum()) if len(followed.trades) else 0,
        open_positions=tuple(f"{row.side} {row.symbol}" for row in followed.trades.itertuples() if row.reason == "open"),
    )


def _frames(whole: Signals | Targets, rows: dict[pd.Timestamp, list[Json]], labels: pd.DatetimeIndex, symbols: tuple[str, ...]) -> Signals | Targets:
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
