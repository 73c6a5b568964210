"""The rows of some symbols in a stored table, which is sorted by symbol: only the row groups that hold them are unpacked, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pyarrow as pa

from flowbt.data.versions import Version
from flowbt.ground.errors import DatasetError

TIMES = ("event_time", "known_at")


@dataclass(frozen=True)
class Stretch:
    """Rows of a row group, from `first` up to (not with) `last`, all of one symbol."""

    group: int
    symbol: str
    first: int
    last: int


class StoredRows:
    """Columns of the rows of `symbols` (those of them that are there), and where each symbol lies in them."""

    def __init__(self, version: Version, symbols: Iterable[str]) -> None:
        self.version, self.symbols = version, frozenset(symbols)

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """symbol -> its rows in every column. DatasetError where the table is not sorted by symbol."""
        out: dict[str, slice] = {}
        at, last = 0, ""
        for part in self._stretches:
            if part.symbol in out and part.symbol != last:
                raise DatasetError(f"dataset {self.version.home.name}", "data.parquet is not sorted by symbol", "import it again")
            begin = out[part.symbol].start if part.symbol in out else at
            at, last = at + part.last - part.first, part.symbol
            out[part.symbol] = slice(begin, at)
        return out

    def column(self, name: str) -> np.ndarray:
        """A column of these rows, in the order of the file."""
        return self.columns([name])[name]

    def columns(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Columns of these rows, in the order of the file; those asked for together are unpacked side by side."""
        kinds, rows = dict.fromkeys(TIMES, "datetime64[ns]"), sum(part.last - part.first for part in self._stretches)
        out = {name: np.empty(rows, dtype=kinds.get(name, "float64")) for name in names}
        at = 0
        for group, parts in self._by_group.items():
            table = self._read(group, names)
            values = {name: table[name].combine_chunks().to_numpy(zero_copy_only=False) for name in names}  # a missing value is NaN
            for part in parts:
                for name in names:
                    out[name][at : at + part.last - part.first] = values[name][part.first : part.last]
                at += part.last - part.first
        return out

    @cached_property
    def _stretches(self) -> list[Stretch]:
        return [part for group in self._groups() for part in self._within(group)]

    @cached_property
    def _by_group(self) -> dict[int, list[Stretch]]:
        """The stretches by row group, neighbours put together."""
        found: dict[int, list[Stretch]] = {}
        for part in self._stretches:
            parts = found.setdefault(part.group, [])
            if parts and parts[-1].last == part.first:
                parts[-1] = Stretch(part.group, "", parts[-1].first, part.last)
            else:
                parts.append(part)
        return found

    def _groups(self) -> list[int]:
        """The row groups that may hold one of the symbols."""
        if not (ranges := self.version.ranges) or not self.symbols:
            return []
        wanted = np.array(sorted(self.symbols))
        low, high = (np.array(side) for side in zip(*ranges, strict=True))
        return [int(n) for n in np.flatnonzero(np.searchsorted(wanted, low) < np.searchsorted(wanted, high, side="right"))]

    def _within(self, group: int) -> Iterator[Stretch]:
        symbols = self._read(group, ["symbol"])["symbol"].combine_chunks()
        symbols = symbols if isinstance(symbols, pa.DictionaryArray) else symbols.dictionary_encode()
        codes, names = symbols.indices.to_numpy(), symbols.dictionary.to_pylist()
        edges = np.r_[0, np.flatnonzero(codes[1:] != codes[:-1]) + 1, len(codes)] if len(codes) else [0]
        for first, last in pairwise(edges):
            if (name := names[codes[first]]) in self.symbols:
                yield Stretch(group, name, int(first), int(last))

    def _read(self, group: int, names: Sequence[str]) -> pa.Table:
        with self.version.reading():
            return self.version.parquet.read_row_group(group, columns=list(names))
