"""Numbers as people write them, a column at a time: thousands in groups, decimal point or comma, currencies, parentheses or a trailing minus, %, K M B T.

A cell is read in one way or not at all: groups must be of three (or Indian: 12,34,567), a minus stands once, and what is left over makes it unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flowbt.data.sources.base import BLANK

EMPTY = frozenset(word.casefold() for word in BLANK | {"--", "---", "n/a", "n.a.", "#n/a n/a", "#DIV/0!", "#VALUE!", "NULL", "*"})
DASHES = ("-", "--", "---")
CURRENCY = r"US\$|[$€£¥]|\b(?:USD|EUR|GBP|CHF|JPY)\b"
POWERS = {"": 0, "%": 0, "k": 3, "tsd": 3, "m": 6, "mn": 6, "mm": 6, "mio": 6, "b": 9, "bn": 9, "mrd": 9, "t": 12, "tn": 12}
_PLAIN = r"^[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?$"
_SHAPE = r"^\(? ?[-+]? ?(?P<digits>[\d.,'_ ]*\d[\d.,'_ ]*?)(?P<power>[eE][-+]?\d+)? ?(?P<unit>%|[A-Za-z]{1,3})? ?\)? ?-?$"
CHUNK = 50_000  # cells looked at together, for what needs one proof only


@dataclass(frozen=True)
class Numerals:
    """A column read: values (NaN where a cell is blank or unreadable), and which cells were unreadable, a dash alone, or had a percent sign.

    `units`: what stands beside the digits (currencies, brackets, K M B), each with the position of the first cell that has it.
    """

    values: np.ndarray
    bad: np.ndarray
    dashed: np.ndarray
    percent: np.ndarray
    units: dict[str, int]


def arrow(cells: object) -> pa.Array:
    """Text cells as an Arrow array of strings."""
    array = pa.array(cells, type=pa.large_string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def read_numbers(cells: pa.Array, decimal: str) -> Numerals:
    """A column of text as float64 by one decimal sign (percent signs are left as percent)."""
    text = cleaned(cells)
    blank = _flags(pc.is_in(pc.utf8_lower(text), pa.array(sorted(EMPTY), type=text.type)))
    values = np.full(len(text), np.nan)
    percent = np.zeros(len(text), dtype=bool)
    plain = _flags(pc.match_substring_regex(text, _PLAIN)) if decimal == "." else np.zeros(len(text), dtype=bool)
    values[plain] = pc.cast(text.filter(pa.array(plain)), pa.float64()).to_numpy(zero_copy_only=False)
    dashed = np.zeros(len(text), dtype=bool)
    dashed[blank] = _flags(pc.is_in(text.filter(pa.array(blank)), pa.array(DASHES, type=text.type)))
    rest = np.flatnonzero(~plain & ~blank)
    if len(rest):
        some = text.take(pa.array(rest))
        values[rest] = _written(some, decimal)
        percent[rest] = _flags(pc.match_substring(some, "%"))
    values[~np.isfinite(values)] = np.nan
    return Numerals(values, np.isnan(values) & ~blank, dashed, percent, _beside(cells, np.flatnonzero(~blank) if _priced(cells) else rest))


def _beside(cells: pa.Array, rows: np.ndarray) -> dict[str, int]:
    """What stands beside the digits of some cells, with the first position of each."""
    signs = pc.replace_substring_regex(cells.take(pa.array(rows)), r"[\d.,'\s+-]+", "").dictionary_encode()
    first = np.unique(signs.indices.to_numpy(zero_copy_only=False), return_index=True)[1]
    return {name: int(rows[at]) for name, at in zip(signs.dictionary.to_pylist(), first, strict=True)}


def _priced(cells: pa.Array) -> bool:
    """Whether some cell names a currency."""
    return any(pc.any(pc.match_substring(cells, sign)).as_py() for sign in ("$", "€", "£", "¥", "USD", "EUR", "GBP", "CHF", "JPY"))


def number(cell: str, decimal: str) -> float:
    """One cell as a number (percent signs left as percent), NaN where it is none."""
    return float(read_numbers(arrow([cell]), decimal).values[0])


def cleaned(cells: pa.Array) -> pa.Array:
    """Cells without currencies and spaces around them; every minus, space and apostrophe the plain one."""
    text = cells
    if not pc.all(pc.string_is_ascii(text)).as_py():
        for pattern, plain in (("[\u00a0\u202f\u2007\u2009]", " "), ("[\u2212\u2013\u2014]", "-"), ("[\u2019\u00b4]", "'")):
            text = pc.replace_substring_regex(text, pattern, plain)
    if _priced(text):
        text = pc.replace_substring_regex(text, CURRENCY, "")
    return pc.utf8_trim_whitespace(text)


def proofs(cells: pa.Array) -> Iterator[tuple[str, int]]:
    """What the cells say of the decimal sign, with the position of the first cell that does: "." or ",", "?," and "?." where it may be either.

    Of each at most one; no more than `CHUNK` cells are looked at after the first proof (a cell that contradicts it later is unreadable).
    """
    seen: set[str] = set()
    for start in range(0, len(cells), CHUNK):
        text = cleaned(cells.slice(start, CHUNK))
        shape = pc.extract_regex(text, pattern=_SHAPE)
        for at in np.flatnonzero(_flags(pc.is_valid(shape)) & _flags(pc.match_substring_regex(text, r"[.,]"))):
            one = shape[int(at)].as_py()
            if (sign := _proof(one["digits"], bool(one["power"]))) and sign not in seen:
                seen.add(sign)
                yield sign, start + int(at)
        if seen & {".", ","}:
            return


def are_numbers(cells: pa.Array) -> np.ndarray:
    """Which cells have the shape of a number, in whichever way it is read."""
    shape = pc.extract_regex(cleaned(cells), pattern=_SHAPE)
    units = pc.utf8_lower(pc.fill_null(pc.struct_field(shape, "unit"), "?"))
    return np.asarray(_flags(pc.is_valid(shape)) & _flags(pc.is_in(units, pa.array(sorted(POWERS), type=units.type))))


def _proof(digits: str, power: bool) -> str:
    digits = digits.strip()
    signs = [sign for sign in digits if sign in ".,"]
    if len(set(signs)) == 2:
        return signs[-1]
    if len(signs) > 1:
        return "," if signs[0] == "." else "."
    if not signs:
        return ""
    before, _, after = digits.partition(signs[0])
    whole = re.sub(r"[ '_]", "", before)
    if len(after) == 3 and whole.isdigit() and whole == before and len(whole) <= 3 and not whole.startswith("0") and not power:
        return "?" + signs[0]
    return signs[0]


def _written(text: pa.Array, decimal: str) -> np.ndarray:
    """Cleaned cells that are not plain numbers; NaN where one is none."""
    groups = {"." if decimal == "," else ",", "'", " ", "_"}
    whole = "|".join(
        [r"\d+", *(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+" for sign in sorted(groups)), *([r"\d{1,2}(?:,\d{2})+,\d{3}"] if decimal == "." else [])]
    )
    pattern = (
        rf"^(?P<open>\( ?)?(?P<sign>[-+])? ?(?P<whole>{whole})?(?P<part>{re.escape(decimal)}\d*)?(?P<power>[eE][-+]?\d{{1,3}})?"
        r" ?(?P<unit>%|[A-Za-z]{1,3})?(?P<close> ?\))?(?P<after> ?-)?$"
    )
    found = pc.extract_regex(text, pattern=pattern)
    whole_digits, part, power, unit = (pc.fill_null(pc.struct_field(found, name), "") for name in ("whole", "part", "power", "unit"))
    opened, closed, signed, after = (_flags(pc.not_equal(pc.fill_null(pc.struct_field(found, name), ""), "")) for name in ("open", "close", "sign", "after"))
    digits = pc.replace_substring_regex(whole_digits, r"\D", "")
    fraction = pc.replace_substring(part, decimal, "")
    factor = pc.fill_null(pc.index_in(pc.utf8_lower(unit), pa.array(list(POWERS), type=unit.type)), -1).to_numpy(zero_copy_only=False)
    good = _flags(pc.is_valid(found)) & (factor >= 0) & (opened == closed) & (opened.astype(int) + signed + after <= 1)
    good &= _flags(pc.greater(pc.add(pc.utf8_length(digits), pc.utf8_length(fraction)), 0))
    exponent = np.array(list(POWERS.values()))[np.maximum(factor, 0)]
    said = pc.cast(pc.if_else(pc.equal(power, ""), "0", pc.replace_substring_regex(power, r"[eE]\+?", "")), pa.int64()).to_numpy(zero_copy_only=False)
    tens = pc.cast(pa.array(exponent + said), text.type)
    zero, point, exp, nothing = (pa.scalar(sign, type=text.type) for sign in ("0", ".", "0e", ""))
    written = pc.binary_join_element_wise(zero, digits, point, fraction, exp, tens, nothing)
    values = pc.cast(pc.if_else(pa.array(good), written, pa.scalar("nan", type=text.type)), pa.float64()).to_numpy(zero_copy_only=False)
    minus = opened | after | _flags(pc.equal(pc.fill_null(pc.struct_field(found, "sign"), ""), "-"))
    return np.asarray(np.where(minus, -values, values))


def _flags(array: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), dtype=bool)
