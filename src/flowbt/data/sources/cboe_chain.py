"""Cboe option chains: the quote table a browser downloads (csv, all layouts met) and the delayed-quote JSON.

Quote table: a line with `Last:` (name and spot), a line with `Date:` (several styles and languages, quotes possibly unbalanced), a header with every
column name twice, then one row per strike and expiry with the call to the left and the put to the right. Rows that expired the same
day remain, and are kept here: who uses the chain drops them by their settlement instant.
JSON: the time stamp is UTC; one record per option, named by its OCC symbol.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.sources.chain_terms import ROOTS, closes_of, completed, instant, number, numbers, read_text, settlement, with_commas
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.documents import parse_json
from flowbt.ground.errors import SourceError
from flowbt.ground.types import Json

URL = "https://cdn.cboe.com/api/global/delayed_quotes/options/{symbol}.json"
INDICES = frozenset({"SPX", "NDX", "RUT", "XSP", "DJX", "VIX", "OEX", "XEO"})  # their addresses have an underscore before the name
_ALIAS = {"Vol": "Volume", "Open Int": "Open Interest", "Int": "Open Interest"}
_FIELDS = {"iv": "IV", "open_interest": "Open Interest", "volume": "Volume", "bid": "Bid", "ask": "Ask", "delta": "Delta", "gamma": "Gamma"}
HEADER = "Expiration Date"
UNREAD = 0.02  # of rows that name no option
_NEEDED = ("iv", "open_interest", "bid", "ask")


def parse_table(path: Path) -> pd.DataFrame:
    """A quote table as one row per option: the chain table (see `chains`); `as_of` and `expiry` (settlement) naive UTC. SourceError if it is none."""
    lines = with_commas(read_text(path), HEADER).splitlines()
    start = next((n for n, line in enumerate(lines[:12]) if line.lstrip('"').startswith(HEADER)), None)
    head = "\n".join(lines[: start or 0])
    spot = re.search(r"Last:[ \t]*\$?(-?[\d.,]+)", head, re.IGNORECASE)
    date = re.search(r"Date:[ \t]*(.*?)(?:\"|[,;\t]?\s*Bid:|$)", head, re.MULTILINE | re.IGNORECASE)
    if start is None or spot is None or date is None:
        raise SourceError(path.name, "no Last:, Date: and Expiration Date lines", "give a quote table as Cboe's page downloads it")
    header = [_ALIAS.get(name.strip(), name.strip()) for name in next(csv.reader([lines[start]]))]
    if header.count("IV") != 2 or "Strike" not in header or "Puts" not in header:
        raise SourceError(path.name, f"header {','.join(header)[:80]}", "the columns Calls, IV, Open Interest, Strike, Puts, IV, Open Interest are needed")
    options = _rows(lines[start + 1 :], header, path)
    table = _finish(options, instant(date[1], path), number(spot[1], path, "Last:"), path)
    _refuse_half(table, path)
    return table


def _refuse_half(table: pd.DataFrame, path: Path) -> None:
    """SourceError where the last expiry ends under spot and the others do not: rows are sorted by expiry and strike, so the rest of it was cut off."""
    highest, spot = table.groupby("expiry")["strike"].max(), float(table["spot"].iloc[0])
    last = float(highest.iloc[-1])
    if last < spot < highest.median() and float(table["strike"][table["expiry"] == highest.index[-1]].iloc[-1]) == last:
        raise SourceError(path.name, f"its last expiry ends at the strike {last:g}, under spot ({spot:,.2f}): it is cut short", "download it again")


def _rows(lines: list[str], header: list[str], path: Path) -> pd.DataFrame:
    while lines and not lines[-1].strip():
        lines.pop()
    if lines and lines[-1].count(",") < len(header) - 1:
        raise SourceError(path.name, f"its last row is cut short ({lines[-1][:40]!r})", "download it again")
    if not lines:
        raise SourceError(path.name, "no rows under its header", "download it again")
    try:
        body = pd.read_csv(io.StringIO("\n".join(lines)), header=None, names=range(len(header)), thousands=",", low_memory=False, index_col=False)
    except (pd.errors.ParserError, ValueError) as error:
        raise SourceError(path.name, f"its rows cannot be read ({error})"[:140], "download it again") from None
    unread = int((~_names(body[header.index("Calls")]) & ~_names(body[header.index("Puts")])).sum())
    if unread > UNREAD * len(body):
        raise SourceError(path.name, f"{unread:,} of its {len(body):,} rows name no option", "download it again")
    return pd.concat([_side(body, header, call) for call in (True, False)], ignore_index=True)


def _names(column: pd.Series) -> pd.Series:
    return column.astype(str).str.contains(r"\d{6}[CP]\d{8}", regex=True)


def _side(body: pd.DataFrame, header: list[str], call: bool) -> pd.DataFrame:
    middle = header.index("Strike")
    half = list(enumerate(header))[:middle] if call else list(enumerate(header))[middle + 1 :]
    where = {name: n for n, name in half}
    names = {field: numbers(body[where[title]]) for field, title in _FIELDS.items() if title in where}
    return pd.DataFrame({"option": body[where["Calls" if call else "Puts"]].astype(str).str.strip(), "listed": numbers(body[middle]), **names})


def parse_quotes(path: Path, text: str = "") -> pd.DataFrame:
    """Cboe's delayed quotes as one row per option; see `parse_table`."""
    try:
        document: Json = parse_json(text or read_text(path))
        data, stamp = document["data"], pd.Timestamp(document["timestamp"])
        if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", str(document["timestamp"]).strip()):  # a date alone is its session's close
            stamp = closes_of(pd.DatetimeIndex([stamp]))[0]
        frame = pd.DataFrame(data["options"])
        spot = float(data["current_price"])
        values = {name: frame[name].astype(float) for name in _FIELDS if name in frame or name in _NEEDED}
        options = pd.DataFrame({"option": frame["option"].str.strip(), "listed": np.nan, **values})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(path.name, f"not Cboe's delayed quotes ({error})"[:160], "it needs timestamp, data.options, data.current_price") from None
    return _finish(options, stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp, spot, path)


def _finish(options: pd.DataFrame, as_of: pd.Timestamp, spot: float, path: Path) -> pd.DataFrame:
    text = options["option"].str  # root, yymmdd, C or P, strike x 1000 in eight digits
    root, date, side, digits = text[:-15], text[-15:-9], text[-9:-8], text[-8:]
    named = side.isin(["C", "P"]) & date.str.isdigit() & digits.str.isdigit() & root.str.isalnum()
    if not named.any():
        raise SourceError(path.name, "no option symbols such as SPXW240105C04700000", "check that it is an option chain")
    out, root = options[named], root[named]
    strike = pd.to_numeric(digits[named]) / 1000.0
    listed = out["listed"].where((out["listed"] > 0) & (out["listed"] != 1000.0 * strike), strike)  # some print thousandths, as the symbol has them
    off = (listed - strike).abs() > 0.01
    if off.mean() > UNREAD:
        found = f"strike {listed[off].iloc[0]:g} beside {out['option'][off].iloc[0]}, and {int(off.sum()) - 1:,} more such"
        raise SourceError(path.name, found, "its column of strikes contradicts its options' names: download it again")
    strike = listed
    try:
        expiry = settlement(root, date[named])
    except ValueError as error:
        raise SourceError(path.name, f"expiry in an option symbol: {error}"[:120], "download it again") from None
    named_by = {"symbol": root.replace(ROOTS), "root": root, "expiry": expiry, "strike": strike, "call": side[named] == "C"}
    frame = pd.DataFrame({"as_of": as_of, **named_by})
    frame = frame.assign(**{field: out[field].astype(float) for field in _FIELDS if field in out}, spot=spot)
    for name in ("volume", "bid", "ask"):
        if name not in frame:
            frame[name] = np.nan
    # a zero is how the page prints "none" for a volatility
    return completed(frame.assign(iv=frame["iv"].where(frame["iv"] > 0))).reset_index(drop=True)


def requests(wanted: Wanted) -> list[Download]:
    """The delayed quotes of each symbol as of now, one file a day (the last of a day stays): a folder of them is a history."""
    day = f"{pd.Timestamp.now('UTC'):%Y-%m-%d}"
    return [Download(URL.format(symbol=f"_{name}" if name in INDICES else name), f"{name}_{day}.json") for name in wanted.named("SPX")]
