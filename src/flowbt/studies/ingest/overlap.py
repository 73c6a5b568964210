"""Where several datasets answer for a field and symbol: in which order, on which labels, and whether their levels agree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

from flowbt.data.catalog import Catalog
from flowbt.data.panel.columns import FieldTable, Reader
from flowbt.data.panel.joining import Agreement, agreement, join
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError


@dataclass(frozen=True)
class Pair:
    """Two datasets on the labels that both have."""

    one: str
    other: str
    agreement: Agreement


@dataclass(frozen=True)
class Overlapping:
    """`spoken`: dataset, first and last label, rows, in order of time; `left_out`: what is not joined, and why; `pairs`: each two compared."""

    field: str
    symbol: str
    spoken: tuple[tuple[str, str, str, int], ...]
    left_out: tuple[str, ...]
    pairs: tuple[Pair, ...]

    def record(self) -> dict[str, object]:
        pairs = [{"one": p.one, "other": p.other, **vars(p.agreement), "same": p.agreement.same} for p in self.pairs]
        return {"field": self.field, "symbol": self.symbol, "spoken": [list(one) for one in self.spoken], "left_out": list(self.left_out), "pairs": pairs}

    def lines(self) -> list[str]:
        """For people."""
        said = [f"{self.field} of {self.symbol}: {name} from {first} to {last} ({rows:,} rows)" for name, first, last, rows in self.spoken]
        for pair in self.pairs:
            met = pair.agreement
            how = "agree" if met.same else "differ in level"
            sizes = f"{met.common:,} common labels, median difference {met.median:.4g}, largest {met.largest:.4g}, usual step {met.step:.4g}"
            said.append(f"{pair.one} and {pair.other}: " + (f"{sizes}: {how}" if met.common else "no common label"))
        return said + list(self.left_out)


def overlapping(catalog: Catalog, field: str, symbol: str) -> Overlapping:
    """Who answers for a field and symbol on the clock of the first dataset. FieldError where none holds it."""
    daily = Clock()
    holders = catalog.holders(field, symbol, daily)
    chief = holders[0].declaration.calendar
    clock = chief if chief.always else daily
    holders = catalog.holders(field, symbol, clock)
    held = [(one, Reader(one).on(clock, field, symbol)) for one in holders if field in one.declaration.fields]
    if not held:
        raise FieldError(f"field {field!r} of {symbol}", "no dataset declares it", "see `flowbt data ls`")
    joined = join(held)
    spoken = tuple((one.dataset, f"{one.first:%Y-%m-%d}", f"{one.last:%Y-%m-%d}", one.rows) for one in joined.speakers)
    return Overlapping(field, symbol, spoken, joined.left_out, tuple(_pairs(held)))


def met_at_import(catalog: Catalog, name: str, most: int = 4) -> list[str]:
    """Lines about what a dataset shares with others, for the report of an import; at most `most` fields and symbols are compared."""
    if name not in catalog.imported:
        return []
    lines: list[str] = []
    compared = 0
    for field, symbols in catalog.imported[name].provenance["fields"].items():
        for symbol in symbols:
            others = [one.name for one in catalog.holders(field, symbol, Clock()) if one.name != name]
            if not others or field in ("open", "high", "low", "volume"):
                continue
            if compared == most:
                return [*lines, f"{name} shares more fields with other datasets: see `flowbt data overlap FIELD SYMBOL`"]
            compared += 1
            lines += overlapping(catalog, field, symbol).lines()
    return lines


def _pairs(held: list[tuple[Any, FieldTable]]) -> list[Pair]:
    return [Pair(a.name, b.name, agreement(one, other)) for (a, one), (b, other) in combinations(held, 2) if len(one.event) and len(other.event)]
