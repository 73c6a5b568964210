"""A decision taken apart: frames on the panel's labels, and plain values. Two decisions are compared part by part, over all the rows they share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from flowbt.ground.types import Json

TOLERANCE = 1e-9  # relative: rounding noise is no leak
NOISE = 1e-13  # of a column's own size: a difference of equals


@dataclass(frozen=True)
class PartDifference:
    """The first part that differs: its name, and the row and column where it is a frame (-1 where it is a plain value)."""

    part: str
    row: int = -1
    column: str = ""


@dataclass(frozen=True)
class PartTable:
    """A part that has a row per label."""

    values: np.ndarray
    columns: tuple[str, ...]

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers, or True and False."""
        return self.values.dtype.kind in "bf"


def parts_of(decision: object, rows: int) -> dict[str, object]:
    """Name -> `PartTable` for what has `rows` rows, else a plain value. Fields of dataclasses, items of dicts, tuples and lists by their names."""
    return dict(_parts(decision, rows, ""))


def _parts(value: object, rows: int, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, pd.api.extensions.ExtensionArray):  # two of them are "equal" to bool() whatever they hold
        value = pd.Series(value)
    if isinstance(value, (pd.DataFrame, pd.Series, np.ndarray)) and value.ndim in (1, 2) and len(value) == rows:
        yield name, table_of(value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield f"{name} kind", type(value).__name__
        for one in fields(value):
            yield from _parts(getattr(value, one.name), rows, f"{name}.{one.name}".lstrip("."))
    elif isinstance(value, dict):
        yield f"{name} keys", tuple(map(str, value))
        for key, item in value.items():
            yield from _parts(item, rows, f"{name}[{key}]")
    elif isinstance(value, (tuple, list)):
        yield f"{name} length", len(value)
        for at, item in enumerate(value):
            yield from _parts(item, rows, f"{name}[{at}]")
    elif isinstance(value, (pd.DataFrame, pd.Series, pd.Index, np.ndarray)):
        plain = np.array(value, dtype=object)
        plain[np.asarray(pd.isna(value))] = None  # nan is not itself, None is
        yield name, (value.shape, plain.tolist())
    elif not callable(value):
        yield name, value


def table_of(value: Any) -> PartTable:
    """Values as floats or as True and False, and missing as False where the rest is that (which is what a missing signal counts as)."""
    columns = tuple(map(str, value.columns)) if isinstance(value, pd.DataFrame) else ()
    raw = value.to_numpy() if not isinstance(value, np.ndarray) else value
    if raw.dtype == object:
        flags = all(isinstance(x, (bool, np.bool_)) or x is None or x != x for x in raw.ravel())
        raw = np.array([np.nan if x is None else x for x in raw.ravel()], dtype=float if flags else object).reshape(raw.shape)
        raw = np.nan_to_num(raw) if flags else raw
    if raw.dtype == object or raw.dtype.kind in "MmUS":
        raw = raw.astype(str)
        return PartTable(raw[:, None] if raw.ndim == 1 else raw, columns)
    values = raw.copy() if raw.dtype == bool else raw.astype(float)
    return PartTable(values[:, None] if values.ndim == 1 else values, columns)


def first_difference(full: Json, other: Json, rows: int, late: bool = False) -> PartDifference | None:
    """The first part that differs in the first `rows` rows; a part that only one of them has differs too. `late`: what is missing in `other` does not."""
    for name, value in full.items():
        if name not in other:
            return PartDifference(name)
        found = _compare(name, value, other[name], rows, late)
        if found is not None:
            return found
    return next((PartDifference(name) for name in other if name not in full), None)


def _compare(name: str, left: Any, right: Any, rows: int, late: bool) -> PartDifference | None:
    if isinstance(left, PartTable) != isinstance(right, PartTable):
        return PartDifference(name)
    if not isinstance(left, PartTable):
        return None if _equal(left, right) else PartDifference(name)
    a, b = left.values[:rows], right.values[:rows]
    if left.columns != right.columns or a.shape != b.shape:
        return PartDifference(name)
    same = a == b
    if left.numeric and right.numeric and not same.all():
        a, b = a.astype(float, copy=False), b.astype(float, copy=False)
        same |= np.isnan(a) & np.isnan(b)
        if not same.all():
            size = np.abs(np.nan_to_num(a, posinf=0.0, neginf=0.0)).max(axis=0, initial=0.0)
            with np.errstate(invalid="ignore"):
                same |= np.abs(a - b) <= np.maximum(TOLERANCE * np.maximum(np.abs(a), np.abs(b)), NOISE * size)
    if late and b.dtype.kind == "f":
        same |= np.isnan(b)
    if same.all():
        return None
    row, column = np.argwhere(~same)[0]
    return PartDifference(name, int(row), left.columns[column] if left.columns else "")


def _equal(left: object, right: object) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right)) or abs(left - right) <= TOLERANCE * max(abs(left), abs(right))
    try:
        return bool(left == right)
    except (TypeError, ValueError):
        return repr(left) == repr(right)
