"""Cboe option chains: the quote table a browser downloads (csv, all layouts met) and the delayed-quote JSON.

Quote table: a line with `Last:` (name and spot), a line with `Date:` (several styles, quotes possibly unbalanced), a header with every
column name twice, then one row per strike and expiry with the call to the left and the put to the right. Rows that expired the same
day remain, and are kept here: who uses the chain drops them by their settlement instant.
JSON: the time stamp is UTC; one record per option, named by its OCC symbol.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.ground.clock import Clock, local_instants
from flowbt.ground.errors import SourceError

NEW_YORK = "America/New_York"
ROOTS = {"SPXW": "SPX", "SPXPM": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX", "XSPAM": "XSP", "DJXW": "DJX", "OEXW": "OEX", "XEOW": "XEO"}
MORNING = {"SPX", "NDX", "RUT", "DJX", "VIX", "VIXW", "XSPAM"}  # roots settled on the opening prices of their expiry date
COLUMNS = ["as_of", "symbol", "root", "expiry", "strike", "call", "iv", "open_interest", "volume", "bid", "ask", "spot"]
_OCC = re.compile(r"^([A-Z0-9]+?)(\d{6})([CP])(\d{8})$")
_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
_ALIAS = {"Vol": "Volume", "Open Int": "Open Interest", "Int": "Open Interest"}
_FIELDS = {"iv": "IV", "open_interest": "Open Interest", "volume": "Volume", "bid": "Bid", "ask": "Ask"}


def read_text(path: Path) -> str:
    """The file's text, unzipped where it is gzipped. SourceError where it cannot be read."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except FileNotFoundError:
        raise SourceError(str(path), "no such file", "check the path") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SourceError(path.name, f"cannot be read ({type(error).__name__})", "check the path, or download it again") from None


def parse_table(path: Path) -> pd.DataFrame:
    """A quote table as one row per option: `COLUMNS`; `as_of` and `expiry` (settlement) naive UTC, `iv` a fraction. SourceError if it is none."""
    lines = read_text(path).splitlines()
    start = next((n for n, line in enumerate(lines[:12]) if line.lstrip('"').startswith("Expiration Date")), None)
    head = "\n".join(lines[: start or 0])
    spot, date = re.search(r"Last:\s*\$?([\d,]*\.?\d+)", head), re.search(r"Date:\s*([^\n]*?\d{1,2}:\d{2}\s*[AaPp][Mm])", head)
    if start is None or spot is None or date is None:
        raise SourceError(path.name, "no Last:, Date: and Expiration Date lines", "give a quote table as Cboe's page downloads it")
    header = [_ALIAS.get(name.strip(), name.strip()) for name in next(csv.reader([lines[start]]))]
    if header.count("IV") != 2 or "Strike" not in header or "Puts" not in header:
        raise SourceError(path.name, f"header {','.join(header)[:80]}", "the columns Calls, IV, Open Interest, Strike, Puts, IV, Open Interest are needed")
    body = pd.read_csv(io.StringIO("\n".join(lines[start + 1 :])), header=None, names=range(len(header)), dtype=str, keep_default_na=False)
    sides = [_side(body, header, call) for call in (True, False)]
    return _finish(pd.concat(sides, ignore_index=True), _when(date.group(1), path), float(spot.group(1).replace(",", "")), path)


def _side(body: pd.DataFrame, header: list[str], call: bool) -> pd.DataFrame:
    middle = header.index("Strike")
    half = list(enumerate(header))[:middle] if call else list(enumerate(header))[middle + 1 :]
    where = {name: n for n, name in half}
    names = {field: pd.to_numeric(body[where[title]].str.replace(",", ""), errors="coerce") for field, title in _FIELDS.items()}
    return pd.DataFrame({"option": body[where["Calls" if call else "Puts"]].str.strip(), "listed": pd.to_numeric(body[middle], errors="coerce"), **names})


def parse_json(path: Path) -> pd.DataFrame:
    """Cboe's delayed quotes as one row per option; see `parse_table`."""
    try:
        document: dict[str, Any] = json.loads(read_text(path))
        data, stamp = document["data"], pd.Timestamp(document["timestamp"])
        frame = pd.DataFrame(data["options"])
        spot = float(data["current_price"])
        options = pd.DataFrame({"option": frame["option"].str.strip(), "listed": np.nan, **{name: frame[name].astype(float) for name in _FIELDS}})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(path.name, f"not Cboe's delayed quotes ({error})"[:160], "it needs timestamp, data.options, data.current_price") from None
    return _finish(options, stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp, spot, path)


def _finish(options: pd.DataFrame, as_of: pd.Timestamp, spot: float, path: Path) -> pd.DataFrame:
    parts = options["option"].str.extract(_OCC)
    named = parts[0].notna()
    if not named.any():
        raise SourceError(path.name, "no option symbols such as SPXW240105C04700000", "check that it is an option chain")
    out, parts = options[named], parts[named]
    root = parts[0]
    strike = out["listed"].fillna(pd.to_numeric(parts[3]) / 1000.0)
    named_by = {"symbol": root.replace(ROOTS), "root": root, "expiry": settlement(root, parts[1]), "strike": strike, "call": parts[2] == "C"}
    frame = pd.DataFrame({"as_of": as_of, **named_by})
    frame = frame.assign(**{field: out[field].astype(float) for field in _FIELDS}, spot=spot)
    # a zero is how the page prints "none" for a volatility
    return frame.assign(iv=frame["iv"].where(frame["iv"] > 0))[COLUMNS].reset_index(drop=True)


def settlement(root: pd.Series, yymmdd: pd.Series) -> pd.DatetimeIndex:
    """Settlement instants (naive UTC): 09:30 New York for morning-settled roots, else the session's close (16:00, 13:00 on half days)."""
    dates = pd.DatetimeIndex(pd.to_datetime(yymmdd.to_numpy(), format="%y%m%d")).as_unit("ns")
    unique = dates.unique()
    close, clock = local_instants(unique, "16:00", NEW_YORK), Clock()
    sessions = clock.is_label(unique)
    if sessions.any():
        close = pd.DatetimeIndex(np.where(sessions, clock.closes(unique.where(sessions, unique[sessions][0])), close))
    opening = local_instants(dates, "09:30", NEW_YORK)
    return pd.DatetimeIndex(np.where(root.isin(MORNING).to_numpy(), opening, close[unique.get_indexer(dates)])).as_unit("ns")


def _when(text: str, path: Path) -> pd.Timestamp:
    """`February 5 2022, 8:26 PM`, `March 22, 2024 at 9:40 PM`, `9 June 2023, 1:40 PM`: New York wall time, to naive UTC."""
    month = re.search(r"[A-Za-z]{3,}", text)
    numbers = re.findall(r"\d+", text)
    day, year, hour, minute = (int(n) for n in numbers[:4]) if len(numbers) >= 4 else (0, 0, 0, 0)
    place = _MONTHS.find(month.group(0)[:3].lower()) if month else -1
    if place % 3 or not (1 <= day <= 31 and 1990 <= year <= 2100 and 1 <= hour <= 12):
        raise SourceError(path.name, f"date line {text!r}", "expected a month by name, a day, a year and a time such as 4:31 PM")
    hour = hour % 12 + (12 if text.strip()[-2:].upper() == "PM" else 0)
    return local_instants(pd.DatetimeIndex([pd.Timestamp(year, place // 3 + 1, day)]), f"{hour:02d}:{minute:02d}", NEW_YORK)[0]
