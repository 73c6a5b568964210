"""The points of a sweep: each parameter's values, and trials as rows of positions into them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
CELLS = 50  # into which the range of a parameter is cut
MANY = 1 << 16  # settings whose numbers need no more than two bytes


@dataclass(frozen=True)
class Space:
    """`names` and, for each, its `values`. A trial is a row of codes: one position per parameter.

    Trial numbers count the grid, the last parameter fastest.
    """

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, grid: Mapping[str, Sequence[object]]) -> Space:
        return cls(tuple(grid), tuple(tuple(values) for values in grid.values()))

    @property
    def size(self) -> int:
        return math.prod(len(values) for values in self.values)

    def most(self, names: Sequence[str]) -> int:
        """How many settings of the named parameters there are."""
        return math.prod(len(self.values[self.names.index(name)]) for name in names)

    def codes(self, numbers: Ints) -> Ints:
        """Trials x parameters, for trial numbers of the grid."""
        out = np.empty((len(numbers), len(self.names)), np.int64)
        rest = numbers.astype(np.int64)
        for column in range(len(self.names) - 1, -1, -1):
            rest, out[:, column] = np.divmod(rest, len(self.values[column]))
        return out

    def numbers(self, codes: Ints) -> Ints:
        return self.keys(codes, self.names)

    def trial(self, codes: Sequence[int] | Ints) -> dict[str, object]:
        return {name: values[int(code)] for name, values, code in zip(self.names, self.values, codes, strict=True)}

    def keys(self, codes: Ints, names: Sequence[str]) -> Ints:
        """One number per trial, equal where the named parameters are equal."""
        key = np.zeros(len(codes), np.int64)
        for name in names:
            column = self.names.index(name)
            key = key * len(self.values[column]) + codes[:, column]
        return key

    def cells(self, codes: Ints) -> Ints:
        """One number per trial, equal where all parameters are equal or, of numbers, lie in the same fiftieth of the range of their values: near clones."""
        key = np.zeros(len(codes), np.int64)
        for column, values in enumerate(self.values):
            numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
            known = np.array(values, np.float64) if numbers else np.arange(len(values), dtype=np.float64)
            width = np.ptp(known) / CELLS if numbers and len(values) > 2 else 0.0
            distinct, place = np.unique(np.minimum((known - known.min()) // width, CELLS - 1) if width > 0 else known, return_inverse=True)
            key = key * len(distinct) + place[codes[:, column]]
        return key

    def groups(self, codes: Ints, names: Sequence[str]) -> Iterator[tuple[dict[str, object], Ints]]:
        """(the first trial, positions of the trials) for each distinct setting of the named parameters."""
        keys, count = self.keys(codes, names), self.most(names)
        if count > MANY:
            distinct, keys = np.unique(keys, return_inverse=True)
            count = len(distinct)
        order = np.argsort(keys.astype(np.uint16) if count <= MANY else keys, kind="stable")  # short keys are sorted without comparing them
        sizes = np.bincount(keys, minlength=1)
        ends = np.cumsum(sizes)
        for size, end in zip(sizes[sizes > 0].tolist(), ends[sizes > 0].tolist(), strict=True):
            where = order[end - size : end]
            yield self.trial(codes[where[0]]), where
