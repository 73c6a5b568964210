"""Option chains of any provider as one kind of table, told apart by content: Cboe (table, JSON), Deribit (two csv layouts), generic csv.

The table has one row per option and snapshot: as_of, symbol, root, expiry (settlement), strike, call, iv (fraction), open_interest
(contracts, as of the evening before), volume, bid, ask, spot. Instants are naive UTC. A missing number is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.sources.cboe_chain import COLUMNS, parse_json, parse_table, read_text, settlement
from flowbt.ground.errors import SourceError

_GENERIC = {
    "expiry": ("expiration", "expiry", "expiry_date", "expiration_date"),
    "strike": ("strike", "strike_price"),
    "call": ("right", "type", "option_type", "cp", "call_put"),
    "iv": ("iv", "implied_volatility", "impliedvolatility", "mark_iv"),
    "open_interest": ("openinterest", "open_interest", "oi"),
    "volume": ("volume", "volume_x"),
    "bid": ("bid",),
    "ask": ("ask",),
    "spot": ("spot", "underlying_price", "s0"),
    "as_of": ("as_of", "date", "timestamp", "quote_date"),
}  # column names, lower case, in order of preference


@dataclass(frozen=True)
class Missing:
    """What a file may not say of itself: the underlying's price, the snapshot's instant (naive UTC) and the symbol."""

    spot: float | None = None
    as_of: pd.Timestamp | None = None
    symbol: str | None = None


def read_chain(path: Path, missing: Missing | None = None) -> pd.DataFrame:
    """Any chain file as the table above. SourceError where the layout is none of these, or the file lacks what `missing` could give."""
    given = missing or Missing()
    text = read_text(path)
    start = text.lstrip()[:400]
    if start.startswith("{"):
        return parse_json(path)
    if "Last:" in start and "Date:" in start:
        return parse_table(path)
    return _generic(text, path, given)


def _generic(text: str, path: Path, given: Missing) -> pd.DataFrame:
    raw = pd.read_csv(StringIO(text), low_memory=False)
    lower = {str(name).lower(): name for name in raw.columns}
    found = {field: raw[lower[next(n for n in names if n in lower)]] for field, names in _GENERIC.items() if any(n in lower for n in names)}
    lacking = [field for field in ("expiry", "strike", "call", "iv", "open_interest") if field not in found]
    if lacking:
        there = ", ".join(map(str, raw.columns[:12]))
        raise SourceError(path.name, f"no column for {', '.join(lacking)} among {there}", "name them expiration, strike, right, iv, open_interest")
    deribit = "instrument_name" in lower
    name = raw[lower["instrument_name"]].str.split("-").str[0] if deribit else pd.Series(given.symbol or path.name.split("_")[0].upper(), raw.index)
    dates = _dates(found["expiry"], path)
    expiry = dates + pd.Timedelta(hours=8) if deribit else pd.Series(settlement(name, dates.dt.strftime("%y%m%d")), raw.index)
    years = raw[lower["t_years"]].astype(float) if "t_years" in lower else None
    frame = pd.DataFrame({"symbol": name, "root": name, "expiry": expiry, "call": found["call"].astype(str).str.upper().str.startswith("C")})
    for field in ("strike", "iv", "open_interest", "volume", "bid", "ask"):
        frame[field] = pd.to_numeric(found[field], errors="coerce") if field in found else np.nan
    frame["as_of"] = _as_of(found.get("as_of"), expiry, years, given, path)
    frame["spot"] = _spot(found.get("spot"), given, path)
    iv = frame["iv"] / (100.0 if deribit else 1.0)  # Deribit prints percent; 0 and 999 mean none
    return frame.assign(iv=iv.where((iv > 0) & ((iv < 9.99) | (not deribit))))[COLUMNS]


def _dates(expiry: pd.Series, path: Path) -> pd.Series:
    text = expiry.astype(str).str.strip()
    form = "%d%b%y" if text.str.fullmatch(r"\d{1,2}[A-Za-z]{3}\d{2}").all() else "%Y%m%d" if text.str.fullmatch(r"\d{8}").all() else "ISO8601"
    try:
        return pd.to_datetime(text.str.title() if form == "%d%b%y" else text, format=form).dt.normalize().astype("datetime64[ns]")
    except ValueError as error:
        raise SourceError(path.name, f"expiry dates: {error}"[:140], "use 20240119, 2024-01-19 or 19JAN24") from None


def _as_of(stamp: pd.Series | None, expiry: pd.Series, years: pd.Series | None, given: Missing, path: Path) -> pd.Series | pd.Timestamp:
    if given.as_of is not None:
        return given.as_of
    if stamp is not None:
        return pd.to_datetime(stamp, utc=True, format="ISO8601").dt.tz_localize(None).astype("datetime64[ns]")
    if years is not None:  # the file gives years to expiry instead: the snapshot is the same instant for every row, up to rounding
        instants = np.sort((expiry - pd.to_timedelta(years * 365.0, unit="D")).to_numpy().astype("datetime64[ns]"))
        return pd.Timestamp(instants[len(instants) // 2]).floor("min")
    raise SourceError(path.name, "does not say when it was taken", "give the instant with --as-of '2024-01-05 21:00' (UTC)")


def _spot(spot: pd.Series | None, given: Missing, path: Path) -> pd.Series | float:
    if given.spot is not None:
        return given.spot
    if spot is not None:
        return pd.to_numeric(spot, errors="coerce")
    raise SourceError(path.name, "does not give the underlying's price", "give it with --spot 4500")
