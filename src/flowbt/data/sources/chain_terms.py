"""What chain files of all providers share: the table's columns, text, dates and numbers as they are met, settlement instants."""

from __future__ import annotations

import csv
import io
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.unpacking import gunzipped
from flowbt.ground.clock import Clock, local_instants
from flowbt.ground.errors import SourceError
from flowbt.ground.files import read_bytes

NEW_YORK = "America/New_York"
ROOTS = {"SPXW": "SPX", "SPXPM": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX", "XSPAM": "XSP", "DJXW": "DJX", "OEXW": "OEX", "XEOW": "XEO"}
MORNING = {"SPX", "NDX", "RUT", "DJX", "VIX", "VIXW", "XSPAM"}  # roots settled on the opening prices of their expiry date
COLUMNS = ["as_of", "symbol", "root", "expiry", "strike", "call", "iv", "open_interest", "volume", "bid", "ask", "spot"]
MORE = ["delta", "gamma", "forward", "multiplier"]  # the provider's greeks and forward, units per contract; missing where it gives none
_NUMBERS = ("iv", "open_interest", "volume", "bid", "ask", "spot", "delta", "gamma", "forward")
# the first letters of months in English, German, French, Spanish, Italian and Portuguese, without accents
_MONTHS = (
    ("jan", "ene", "gen", "janv"),
    ("feb", "fev", "fevr"),
    ("mar", "mrz", "maer", "marz"),
    ("apr", "avr", "abr"),
    ("may", "mai", "mag"),
    ("jun", "juin", "giu"),
    ("jul", "juil", "lug"),
    ("aug", "aou", "ago"),
    ("sep", "set"),
    ("oct", "okt", "ott", "out"),
    ("nov",),
    ("dec", "dez", "dic"),
)
_ACCENTS = str.maketrans("äáàâéèêëíîïóôõöúûüç", "aaaaeeeeiiioooouuuc")
_ZONES = {"UTC": 0.0, "GMT": 0.0, "Z": 0.0, "BST": 1.0, "CET": 1.0, "CEST": 2.0, "MEZ": 1.0, "MESZ": 2.0, "CST": -6.0, "CDT": -5.0, "PST": -8.0, "PDT": -7.0}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?\s*([AaPp]\.?\s?[Mm]\b\.?)?")
_HALVES = {"上午": "AM", "午前": "AM", "오전": "AM", "下午": "PM", "午後": "PM", "오후": "PM"}  # before the hour
_OURS = frozenset(
    ["ET", "EST", "EDT", "HAE", "HNE", "EASTERN", "STANDARD", "DAYLIGHT", "TIME", "NEW", "YORK", "UHR", "H"]
)  # words after the hour that leave it New York's


def read_text(path: Path) -> str:
    """The file's text, unzipped where it is gzipped. SourceError where it cannot be read."""
    try:
        raw = read_bytes(path)
        return _decoded(gunzipped(raw) if raw[:2] == b"\x1f\x8b" else raw)
    except FileNotFoundError:
        raise SourceError(str(path), "no such file", "check the path") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SourceError(
            path.name, f"cannot be read ({getattr(error, 'strerror', None) or type(error).__name__})", "check the path, or download it again"
        ) from None


def _decoded(raw: bytes) -> str:
    """UTF-8, UTF-16 as spreadsheets save it (with its mark, or every other byte nothing), else the eight bits of western Windows."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    if raw[1:200:2].count(0) > len(raw[1:200:2]) // 2:
        return raw.decode("utf-16-le")
    if b"\x00" in raw:
        raise UnicodeDecodeError("utf-8", raw, 0, 1, "not text")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")


def with_commas(text: str, header: str) -> str:
    """A table whose line that begins with `header` ("" is the first) is separated by semicolons or tabs, with commas in their place; decimal commas
    become points where no number of the table has a point."""
    lines = text.splitlines()
    first = next((n for n, line in enumerate(lines[:12]) if line.strip() and line.lstrip('"').startswith(header)), None)
    if first is None:
        return text
    mark = max(";\t", key=lines[first].count)
    if lines[first].count(mark) <= lines[first].count(","):
        return text
    rows = list(csv.reader(lines[first:], delimiter=mark))
    if mark == ";" and not any(re.fullmatch(r"-?\d+\.\d+", cell) for row in rows[1:] for cell in row):
        rows = [[cell.replace(",", ".") if re.fullmatch(r"-?\d+,\d+", cell) else cell for cell in row] for row in rows]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return "\n".join([*lines[:first], out.getvalue()])


def numbers(column: pd.Series) -> pd.Series:
    """A column as printed (`1,040`, `$12.50`, `21.4%`, `--`) to floats, what is none missing; a percent sign divides by 100."""
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float)
    text = column.astype(str).str.strip()
    percent = text.str.endswith("%")
    values = pd.to_numeric(text.str.rstrip("%").str.replace(r"[$,\s]", "", regex=True), errors="coerce")
    return values.where(~percent, values / 100.0)


def number(text: str, path: Path, what: str) -> float:
    """`4,505.10`, `4505.1`, and `4.505,10` as continental pages have it. SourceError where it is none, or not above 0."""
    plain = text.strip().rstrip(",")
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})*,\d+|-?\d+,\d{1,2}", plain):
        plain = plain.replace(".", "").replace(",", ".")
    try:
        value = float(plain.replace(",", ""))
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise SourceError(path.name, f"{what} {plain!r}", "a price above 0 is needed")
    return value


def instant(text: str, path: Path) -> pd.Timestamp:
    """A page's date line to naive UTC: `February 5 2022, 8:26 PM`, `9 June 2023, 13:40 EDT`, `14.09.2023 16:31 MESZ`, `2023-09-14 16:31 UTC`.

    Without a zone it is New York's time, and a date alone is its session's close. SourceError for what is no date, and for 03/04/2023, which can be two dates.
    """
    clock = _CLOCK.search(text)
    if clock is None:
        return closes_of(pd.DatetimeIndex([_day(text, path, text)]))[0]
    hour, minute, half = int(clock[1]), int(clock[2]), re.sub(r"[.\s]", "", clock[3] or "").upper()
    half = half or next((half for mark, half in _HALVES.items() if mark in text), "")
    if minute > 59 or (half and not 1 <= hour <= 12) or hour > 23:
        raise _no_date(text, path)
    hour = hour % 12 + (12 if half == "PM" else 0) if half else hour
    day = _day(text[: clock.start()], path, text)
    after = text[clock.end() :]
    if any(word not in _OURS | _ZONES.keys() for word in re.findall(r"[^\W\d_]+", after.upper())):  # another zone, or a half of the day we do not know
        raise _no_date(text, path)
    zone = _zone(after)
    wall = day + pd.Timedelta(hours=hour, minutes=minute)
    if zone is None:
        return local_instants(pd.DatetimeIndex([day]), f"{hour:02d}:{minute:02d}", NEW_YORK)[0]
    return wall - pd.Timedelta(hours=zone)


def _day(text: str, path: Path, whole: str) -> pd.Timestamp:
    numbers, words = [int(n) for n in re.findall(r"\d+", text)], re.findall(r"[A-Za-z]{3,}", text.lower().translate(_ACCENTS))
    months = [m + 1 for word in words for m, starts in enumerate(_MONTHS) if word.startswith(starts)]
    if len(months) == 1 and len(numbers) == 2:
        day, year, month = min(numbers), max(numbers), months[0]
    elif not months and len(numbers) == 3 and numbers[0] > 31:
        year, month, day = numbers
    elif not months and len(numbers) == 3 and ("." in text or numbers[0] > 12):
        day, month, year = numbers
    elif not months and len(numbers) == 3 and numbers[1] > 12:
        month, day, year = numbers
    else:
        raise _no_date(whole, path)
    try:
        found = pd.Timestamp(year, month, day)
    except ValueError:
        raise _no_date(whole, path) from None
    if not 1990 <= year <= 2100:
        raise _no_date(whole, path)
    return found


def _no_date(text: str, path: Path) -> SourceError:
    return SourceError(path.name, f"date line {text.strip()!r}", "expected a month by name, a day, a year and a time such as 4:31 PM (or 2024-01-05 16:31)")


def _zone(text: str) -> float | None:
    """Hours ahead of UTC; None for New York (named, or nothing)."""
    found = re.search(r"\b(UTC|GMT|Z)?\s*([+-]\d{1,2})(?::?(\d{2}))?\b|\b([A-Z]{1,4})\b", text)
    if found is None:
        return None
    if found[2]:
        return int(found[2]) + (1 if int(found[2]) >= 0 else -1) * int(found[3] or 0) / 60
    return _ZONES.get(found[4])


def settlement(root: pd.Series, yymmdd: pd.Series) -> pd.DatetimeIndex:
    """Settlement instants (naive UTC): 09:30 New York for morning-settled roots, else the session's close (16:00, 13:00 on half days).

    Options of a Saturday (monthlies to 2015) were last worth something on its Friday.
    """
    dates = pd.DatetimeIndex(pd.to_datetime(yymmdd.to_numpy(), format="%y%m%d")).as_unit("ns")
    dates = dates - pd.to_timedelta(np.where(dates.day_of_week == 5, 1, 0), unit="D")
    unique = dates.unique()
    close = closes_of(unique)
    opening = local_instants(unique, "09:30", NEW_YORK)
    at = unique.get_indexer(dates)
    return pd.DatetimeIndex(np.where(root.isin(MORNING).to_numpy(), opening[at], close[at])).as_unit("ns")


def closes_of(dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The close of each date's session (naive UTC); 16:00 New York where there is none."""
    close, clock = local_instants(dates, "16:00", NEW_YORK), Clock()
    sessions = clock.is_label(dates)
    if sessions.any():
        close = pd.DatetimeIndex(np.where(sessions, clock.closes(dates.where(sessions, dates[sessions][0])), close))
    return close.as_unit("ns")


def completed(frame: pd.DataFrame, **given: Any) -> pd.DataFrame:
    """The table's columns in order; those of MORE that are lacking are missing, `multiplier` 100 unless given. Nothing is infinite."""
    lacking = {name: np.nan for name in MORE if name not in frame and name not in given}
    if "multiplier" in lacking:
        lacking["multiplier"] = 100.0
    out = frame.assign(**lacking, **given)[COLUMNS + MORE]
    infinite = {name: out[name].where(np.isfinite(out[name])) for name in _NUMBERS if not np.isfinite(out[name].fillna(0.0)).all()}
    return out.assign(**infinite)
