"""Dates and times as people write them. What can be read in two ways is not read: the caller says which form it is.

A cell is a day, or a day and a time of day with or without a zone. Days repeat, and so do times of day, so each is read once.

Forms: iso (2024-01-31, 2024/1/31, 20240131), mdy, dmy, ymd (years of two digits too), words (31-Jan-24, Jan 31, 2024, 31. Januar 2024),
excel (serial days), and epochs in s, ms, us, ns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

EPOCHS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
WRITTEN = ("iso", "words", "mdy", "dmy", "ymd")
DATES = (*WRITTEN, "excel", *EPOCHS)
DAY_NS = 86_400_000_000_000
_SPLIT = r"^(?P<day>.*?)(?:(?:T| *, *| +)(?P<clock>\d{1,2}:\d\d.*))?$"
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: *([ap])\.? ?m\.?)?(?: *(z|utc|gmt|[+-]\d\d(?::?\d\d)?))?", re.IGNORECASE)
_MONTHS = (
    "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari",
    "february feb februar février fevrier févr fevr febrero febbraio fevereiro fev februari",
    "march mar märz maerz mrz mär mars marzo março marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo mag maggio maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug août aout agosto ago augustus",
    "september sep sept septembre septiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre décembre déc decembre diciembre dic dicembre dezembro",
)
MONTHS = {name: n for n, names in enumerate(_MONTHS, start=1) for name in names.split()}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FILLERS = ("st", "nd", "rd", "th", "de", "of")


@dataclass(frozen=True)
class Moments:
    """A column read by one form. `local`: nanoseconds since 1970 as written, `zone`: nanoseconds its zone is ahead of UTC; both only where they are so.

    `good`: could be read. `aware`: names a zone. `timed`: has a time of day.
    """

    local: np.ndarray
    zone: np.ndarray
    good: np.ndarray
    aware: np.ndarray
    timed: np.ndarray


def read_moments(text: pa.Array, form: str) -> Moments:
    """A column of trimmed text by a form; a cell that is none has `good` False."""
    if form == "excel" or form in EPOCHS:
        return _numbered(text, form)
    days, which = _coded(text)
    clocks, when = pa.array([""], type=text.type), np.zeros(len(text), dtype=np.int64)
    if pc.any(pc.match_substring(days, ":")).as_py():
        parts = pc.extract_regex(text, pattern=_SPLIT)
        days, which = _coded(pc.fill_null(pc.struct_field(parts, "day"), ""))
        clocks, when = _coded(pc.fill_null(pc.struct_field(parts, "clock"), ""))
    ordinals = np.array([_ordinal(day.strip(), form) for day in days.to_pylist()], dtype=float)
    hours = [_of_day(clock) for clock in clocks.to_pylist()]
    since = np.array([one[0] if one else -1 for one in hours], dtype=np.int64)[when]
    ahead = np.array([np.nan if one is None or one[1] is None else one[1] for one in hours], dtype=float)[when]
    aware, zones = ~np.isnan(ahead), np.nan_to_num(ahead).astype(np.int64)
    day = ordinals[which]
    good = ~np.isnan(day) & (since >= 0)
    local = np.where(good, np.nan_to_num(day).astype(np.int64) * DAY_NS + since, 0)
    return Moments(local, zones, good, aware, good & (since > 0))


def forms_of(text: pa.Array) -> list[str]:
    """The forms in which every cell of the column can be read; of the written ones each that fits, of the numbered ones the one whose span fits."""
    first = text.slice(0, 1000)
    fit = [form for form in WRITTEN if read_moments(first, form).good.all() and read_moments(text, form).good.all()]
    if fit or not pc.all(pc.match_substring_regex(text, r"^\d+(?:\.\d+)?$")).as_py():
        return fit
    values = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
    spans = {"excel": (15_000, 80_000), "s": (1e8, 5e9), "ms": (1e11, 5e12), "us": (1e14, 5e15), "ns": (1e17, 5e18)}
    return [form for form, (low, high) in spans.items() if len(values) and values.min() >= low and values.max() <= high][:1]


def is_dated(cell: str) -> bool:
    """Whether a cell can be a written date, in whichever way."""
    match = re.match(_SPLIT, cell.strip())
    day, clock = (match["day"].strip(), match["clock"] or "") if match else ("", "")
    return _of_day(clock) is not None and any(_ordinal(day, form) == _ordinal(day, form) for form in WRITTEN)


def _coded(text: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """The different values, and for each cell which it is."""
    coded = text.dictionary_encode()
    return coded.dictionary, coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _numbered(text: pa.Array, form: str) -> Moments:
    fits = np.asarray(pc.match_substring_regex(text, r"^-?\d{1,19}(?:\.\d+)?$").to_numpy(zero_copy_only=False), dtype=bool)
    some = pc.if_else(pa.array(fits), text, pa.scalar("0", type=text.type))
    nothing = np.zeros(len(text), dtype=np.int64)
    if form != "excel" and pc.all(pc.match_substring_regex(some, r"^-?\d+$")).as_py():
        whole = pc.cast(some, pa.int64()).to_numpy(zero_copy_only=False)
        fits &= np.abs(whole) < 5_000_000_000_000_000_000 // EPOCHS[form]
        local = np.where(fits, whole, 0) * EPOCHS[form]
        return Moments(local, nothing, fits, fits, local % DAY_NS != 0)
    values = pc.cast(some, pa.float64()).to_numpy(zero_copy_only=False)
    if form == "excel":
        fits &= np.abs(values) < 100_000
        seconds = np.round((np.where(fits, values, 0.0) - 25_569) * 86_400).astype(np.int64)
        return Moments(seconds * 1_000_000_000, nothing, fits, ~fits & False, fits & (seconds % 86_400 != 0))
    fits &= np.abs(values) * EPOCHS[form] < 5e18
    micro = np.round(np.where(fits, values, 0.0) * (EPOCHS[form] / 1e3)).astype(np.int64)
    return Moments(micro * 1_000, nothing, fits, fits, micro * 1_000 % DAY_NS != 0)


def _ordinal(day: str, form: str) -> float:
    """Days since 1970, NaN where the text is none of the form."""
    try:
        found = _worded(day) if form == "words" else _numeric(day, form)
        return float("nan") if found is None else float(date(*found).toordinal() - date(1970, 1, 1).toordinal())
    except (ValueError, OverflowError):
        return float("nan")


def _numeric(day: str, form: str) -> tuple[int, int, int] | None:
    """Year, month and day of digits with signs between."""
    if form == "iso":
        match = re.fullmatch(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})", day)
        if match:
            return int(match[1]), int(match[3]), int(match[4])
        return (int(day[:4]), int(day[4:6]), int(day[6:])) if re.fullmatch(r"(?:19|20)[0-9]{6}", day) else None
    match = re.fullmatch(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})", day)
    if not match:
        return None
    a, b, c = match[1], match[3], match[4]
    if form == "ymd":  # 24/01/31: never with points, never where a part has one digit
        return (_year(a), int(b), int(c)) if len(a) == len(b) == len(c) == 2 and match[2] != "." else None
    return (_year(c), int(a), int(b)) if form == "mdy" else (_year(c), int(b), int(a))


def _year(text: str) -> int:
    return int(text) + (0 if len(text) == 4 else 2000 if int(text) < 70 else 1900)


def _worded(day: str) -> tuple[int, int, int] | None:
    """Year, month and day where the month is a word, in the order day month year, month day year or year month day."""
    words = [word.casefold() for word in re.findall(r"[^\W\d_]+|[0-9]+", day)]
    if re.search(r"[^\w\s.,/'-]", day):
        return None
    months = [word for word in words if word in MONTHS]
    numbers = [word for word in words if word.isdigit()]
    others = [word for word in words if not word.isdigit() and word not in months and word not in _DAYS and word not in _FILLERS]
    if len(months) != 1 or len(numbers) != 2 or others:
        return None
    if len(numbers[0]) == 4:
        return int(numbers[0]), MONTHS[months[0]], int(numbers[1])
    return (_year(numbers[1]), MONTHS[months[0]], int(numbers[0])) if len(numbers[0]) <= 2 and len(numbers[1]) in (2, 4) else None


def _of_day(clock: str) -> tuple[int, int | None] | None:
    """Nanoseconds since midnight and how far its zone is ahead (None: no zone said); None for what is no time of day. Empty text is midnight."""
    if not clock:
        return 0, None
    match = _CLOCK.fullmatch(clock.strip())
    if not match:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    half = (match[5] or "").lower()
    if minute > 59 or second > 59 or (hour > 23 if not half else not 1 <= hour <= 12):
        return None
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    nanos = ((hour * 60 + minute) * 60 + second) * 1_000_000_000 + int((match[4] or "0").ljust(9, "0"))
    return nanos, _ahead(match[6].lower()) if match[6] else None


def _ahead(zone: str) -> int:
    if zone in ("z", "utc", "gmt"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (-1 if zone[0] == "-" else 1) * (int(digits[:2]) * 60 + int(digits[2:])) * 60_000_000_000
