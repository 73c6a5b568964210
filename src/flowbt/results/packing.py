"""Thousands of rows made small for a page: columns in place of rows, what repeats said once, lines as letters. `browser.js` reads it back."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from flowbt.ground.types import Json

LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"  # 64, none of which HTML or JSON writes otherwise
LEVELS = len(LETTERS) ** 2 - 1  # a point is two letters
MISSING = ".."
NUMBER = re.compile(r"(\d+(?:[.,]\d+)*)")


def packed(rows: Sequence[dict[str, object]]) -> dict[str, object]:
    """Rows that have the same names, as columns by name: the values; or, where they repeat, the distinct ones (`of`) and which of them each row has (`at`)."""
    columns: Json = {}
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        keys = [repr(value) for value in values]  # 1, 1.0, True and "1" are four
        distinct = dict(zip(keys, values, strict=True))
        place = {key: number for number, key in enumerate(distinct)}
        repeats = 2 * len(distinct) <= len(values)
        columns[name] = {"of": list(distinct.values()), "at": [place[key] for key in keys]} if repeats else values
    return columns


def line(values: Sequence[float | None]) -> list[object]:
    """A line as its lowest and highest value and two letters a point, which are within 1/4095 of its range; empty where no value is known."""
    known = [value for value in values if value is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    steps = [None if value is None else round(LEVELS * (value - low) / ((high - low) or 1.0)) for value in values]
    return [low, high, "".join(MISSING if step is None else LETTERS[step // 64] + LETTERS[step % 64] for step in steps)]


def parted(text: str) -> tuple[list[str], str]:
    """A sentence as the words around its numbers, which many share, and the numbers, parted by spaces."""
    pieces = NUMBER.split(text)
    return pieces[::2], " ".join(pieces[1::2])
