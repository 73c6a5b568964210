"""What a download asks for. A source that may be downloaded has `requests(wanted) -> list[Download]`: addresses only, no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from flowbt.ground.clock import read_date
from flowbt.ground.errors import PullError
from flowbt.ground.types import JsonView


@dataclass(frozen=True)
class Download:
    """One file. `fixed`: it never changes once published, so what is there is not asked for again. `maybe`: it need not exist.

    `checksum`: the address of a file whose first word is its sha256.
    """

    url: str
    file: str
    fixed: bool = False
    maybe: bool = False
    checksum: str = ""


@dataclass(frozen=True)
class Brought:
    """What a package brought of one symbol: its file, or one line of why there is none."""

    symbol: str
    path: Path | None = None
    problem: str = ""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a source: symbols, days (both included; RangeError where not ISO) and options."""

    symbols: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    options: JsonView = field(default_factory=dict)

    def __post_init__(self) -> None:
        for date in (self.start, self.end):
            if date:
                read_date(date)

    def named(self, example: str) -> tuple[str, ...]:
        """The symbols; PullError with an example where none is given."""
        if not self.symbols:
            raise PullError("symbols", "none given", f"name them with --symbol, such as --symbol {example}")
        return self.symbols

    def days(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last day; PullError where a span is needed and not given, or is no span."""
        if not self.start or not self.end:
            raise PullError("days", "no span given", "give --from and --to (YYYY-MM-DD)")
        first, last = read_date(self.start), read_date(self.end)
        if last < first:
            raise PullError(f"days {self.start} to {self.end}", "the end is before the start", "swap --from and --to")
        return first, last

    def months(self) -> list[str]:
        """The months of the span, as YYYY-MM."""
        first, last = self.days()
        return [f"{month:%Y-%m}" for month in pd.period_range(first, last, freq="M").to_timestamp()]
