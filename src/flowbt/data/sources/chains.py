"""Option chains of any provider as one kind of table, told apart by content: Cboe (table, JSON), Deribit (book summary, csv), generic csv.

The table has one row per option and snapshot: as_of, symbol, root, expiry (settlement), strike, call, iv (fraction), open_interest
(contracts, as of the evening before), volume, bid, ask (currency of the strike), spot, and where the provider gives them delta, gamma, forward;
multiplier. Instants are naive UTC. A missing number is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.sources.base import parsing
from flowbt.data.sources.cboe_chain import parse_quotes, parse_table
from flowbt.data.sources.chain_dates import expiry_dates, instants_of
from flowbt.data.sources.chain_roots import named_options, named_roots, roots_by_date
from flowbt.data.sources.chain_terms import ROOTS, completed, numbers, read_text, settlement, with_commas
from flowbt.data.sources.deribit_chain import deribit_table, parse_summary
from flowbt.ground.errors import SourceError
from flowbt.options.units import as_fractions

_GENERIC = {
    "symbol": ("underlying", "underlying_symbol", "symbol", "ticker", "act_symbol"),
    "expiry": ("expiration", "expiry", "expiry_date", "expiration_date", "expire_date"),
    "strike": ("strike", "strike_price"),
    "call": ("right", "type", "option_type", "cp", "call_put"),
    "iv": ("iv", "implied_volatility", "impliedvolatility", "mark_iv"),
    "open_interest": ("openinterest", "open_interest", "oi"),
    "volume": ("volume", "volume_x"),
    "bid": ("bid", "bid_btc", "bid_eth", "bid_price"),
    "ask": ("ask", "ask_btc", "ask_eth", "ask_price"),
    "spot": ("spot", "underlying_price", "underlying_last", "s0"),
    "index": ("index_price", "estimated_delivery_price"),
    "as_of": ("as_of", "timestamp", "quote_datetime", "date", "quote_date"),
    "delta": ("delta",),
    "gamma": ("gamma",),
    "root": ("root", "option_root", "root_symbol"),
    "contract": ("option", "option_symbol", "contract", "contract_symbol", "contractsymbol", "symbol", "ticker"),
}  # column names, lower case, in order of preference


_DERIBIT = ('"instrument_name"', '"jsonrpc"')
FIRST, LAST = pd.Timestamp("1990-01-01"), pd.Timestamp("2100-01-01")  # of snapshots: others are in another unit
MOST_YEARS = 30
AGREED = pd.Timedelta(days=2)  # how far apart the instants may be that years to expiry give
OWN = pd.Timedelta(hours=18)  # how much earlier than its stamp a snapshot may be said to be: the hour of its day, not another day


@dataclass(frozen=True)
class Missing:
    """What a file may not say of itself: the underlying's price, the snapshot's instant (naive UTC) and the symbol. What is given here counts before
    the file, except that of a file of several snapshots `as_of` takes the last one that was there by then."""

    spot: float | None = None
    as_of: pd.Timestamp | None = None
    symbol: str | None = None


def read_chain(path: Path, missing: Missing | None = None) -> pd.DataFrame:
    """Any chain file as the table above. SourceError where the layout is none of these, or the file lacks what `missing` could give."""
    given = missing or Missing()
    if given.spot is not None and not 0 < given.spot < float("inf"):
        raise SourceError(path.name, f"spot {given.spot:g}", "give a price above 0")
    with parsing(path, "an option chain"):
        text = read_text(path)
        start = text.lstrip()[:400]
        if start.startswith("{"):
            table = parse_summary(path, text) if any(mark in text[:5000] for mark in _DERIBIT) else parse_quotes(path, text)
        elif "last:" in start.lower() and "date:" in start.lower():
            table = parse_table(path)
        else:
            table = _generic(text, path, given)
        return as_fractions(_whole(_dated(_as_given(table, given, path), path), path), path.name)


def _dated(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """SourceError where a snapshot was taken when there were no such files."""
    off = table["as_of"].isna() | (table["as_of"] < FIRST) | (table["as_of"] > LAST)
    if off.any():
        found = table["as_of"][off].iloc[0]
        raise SourceError(path.name, f"its snapshot is of {found}", "give the instant with --as-of '2024-01-05 21:00' (UTC), or write it as 2024-01-05T21:00Z")
    return table


def _whole(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """SourceError where contracts of a hundred units are counted in parts: 1.234 is 1,234 with another mark, or in thousands."""
    parts = table["open_interest"][(table["multiplier"] > 1) & (table["open_interest"] % 1 > 0)]
    if len(parts):
        raise SourceError(path.name, f"open interest such as {parts.iloc[0]:g} in {len(parts):,} rows, which is no number of contracts", "write 1234 for 1.234")
    return table


def _as_given(table: pd.DataFrame, given: Missing, path: Path) -> pd.DataFrame:
    """The table with what the caller said of it."""
    if given.symbol is not None and table["symbol"].nunique() == 1:
        table = table.assign(symbol=given.symbol)
    if given.spot is not None:
        table = table.assign(spot=given.spot)
    if given.as_of is not None and table["as_of"].nunique() > 1:
        by_then = table[table["as_of"] <= given.as_of]
        if by_then.empty:
            first = table["as_of"].min()
            raise SourceError(path.name, f"its first snapshot is of {first:%Y-%m-%d %H:%M} UTC", f"give an instant after it, not {given.as_of:%Y-%m-%d %H:%M}")
        table = by_then[by_then["as_of"] == by_then.groupby("symbol")["as_of"].transform("max")]
    elif given.as_of is not None:
        taken = table["as_of"].iloc[0] if len(table) else given.as_of
        if taken - given.as_of > OWN:
            raise SourceError(
                path.name, f"its snapshot is of {taken:%Y-%m-%d %H:%M} UTC", f"it was not there at {given.as_of:%Y-%m-%d %H:%M}: give its own day"
            )
        table = table.assign(as_of=given.as_of)
    return table.reset_index(drop=True)


def _generic(text: str, path: Path, given: Missing) -> pd.DataFrame:
    text = with_commas(text, "")
    _refuse_cut(text, path)
    try:
        raw = pd.read_csv(StringIO(text), low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise SourceError(path.name, f"is no table ({error})"[:120], "give a chain as csv or JSON") from None
    lower = {str(name).strip().lower(): name for name in raw.columns}
    found = {field: raw[lower[next(n for n in names if n in lower)]] for field, names in _GENERIC.items() if any(n in lower for n in names)}
    if "contract" in found:
        found = named_options(found["contract"]) | found
    named = "instrument_name" in lower
    lacking = [field for field in ("expiry", "strike", "call") if field not in found and not named]
    lacking += ["iv"] if "iv" not in found and not {"bid", "ask"} <= set(found) else []
    lacking += ["open_interest"] if "open_interest" not in found else []
    if lacking or raw.empty:
        there = ", ".join(map(str, raw.columns[:12]))
        asked = "name them expiration, strike, right, iv (or bid and ask), open_interest"
        raise SourceError(path.name, f"no column for {', '.join(lacking)} among {there}" if lacking else "no rows", asked)
    values = {field: numbers(found[field]) for field in found if field not in ("symbol", "expiry", "call", "as_of", "root", "contract")}
    years = numbers(raw[lower["t_years"]]) if "t_years" in lower else None
    if named:
        plain = deribit_table(raw[lower["instrument_name"]], {**values, "forward": values.get("spot", pd.Series(np.nan, raw.index))}, pd.NaT, path, spot=1.0)
        as_of = _as_of(found.get("as_of"), plain["expiry"], years, given, path, always=True)
        return deribit_table(raw[lower["instrument_name"]], {**values, "forward": values.get("spot", pd.Series(np.nan, raw.index))}, as_of, path, given.spot)
    return _shares(raw, found, values, years, given, path)


def _refuse_cut(text: str, path: Path) -> None:
    lines = text.rstrip("\n").splitlines()
    if len(lines) > 1 and '"' not in lines[-1] and lines[-1].count(",") < lines[0].count(","):
        raise SourceError(path.name, f"its last row is cut short ({lines[-1][:40]!r})", "download it again")


def _shares(raw: pd.DataFrame, found: dict[str, pd.Series], values: dict[str, pd.Series], years: pd.Series | None, given: Missing, path: Path) -> pd.DataFrame:
    own = found["symbol"].astype(str).str.strip().str.upper() if "symbol" in found else None
    if own is not None and own.str.contains(r"\d{6}[CP]\d{8}$").any():  # a column of contract names
        own = None
    root = found["root"].astype(str).str.strip().str.upper() if "root" in found else named_roots(found["contract"]) if "contract" in found else None
    own = own if own is not None else root if root is not None else pd.Series(given.symbol or path.name.split("_")[0].upper(), raw.index)
    right = found["call"].astype(str).str.strip().str.upper().str[:1]
    if not right.isin(["C", "P"]).all():
        raise SourceError(path.name, f"{(~right.isin(['C', 'P'])).sum()} rows are neither call nor put", "write C or P, call or put")
    frame = pd.DataFrame({"symbol": own.replace(ROOTS), "date": expiry_dates(found["expiry"], path), "call": right == "C"})
    for field in ("strike", "iv", "open_interest", "volume", "bid", "ask", "delta", "gamma"):
        frame[field] = values.get(field, np.nan)
    if root is None:
        root = own if (own != frame["symbol"]).any() else roots_by_date(frame.assign(as_of=found.get("as_of")))
    expiry = pd.Series(settlement(root, frame["date"].dt.strftime("%y%m%d")), raw.index)
    frame = frame.assign(root=root, expiry=expiry)
    frame["as_of"] = _as_of(found.get("as_of"), expiry, years, given, path)
    if given.spot is None and "spot" not in values:
        raise SourceError(path.name, "does not give the underlying's price", "give it with --spot 4500")
    frame["spot"] = given.spot if given.spot is not None else values["spot"]
    return completed(frame.assign(iv=frame["iv"].where(frame["iv"] > 0)))


def _as_of(stamp: pd.Series | None, expiry: pd.Series, years: pd.Series | None, given: Missing, path: Path, always: bool = False) -> pd.Series | pd.Timestamp:
    """The instants rows were taken at. A date alone is the session's close (around the clock: the end of the day): what it holds was not known before."""
    if stamp is not None:
        return instants_of(stamp, path, always)
    if given.as_of is not None:
        return given.as_of
    if years is not None:  # the file gives years to expiry instead: the snapshot is the same instant for every row, up to rounding
        days = pd.to_timedelta((years * 365.0).where(years.between(0, MOST_YEARS)), unit="D")
        instants = np.sort((expiry - days).dropna().to_numpy().astype("datetime64[ns]"))
        if not len(instants) or instants[len(instants) * 9 // 10] - instants[len(instants) // 10] > AGREED:
            raise SourceError(path.name, "its years to expiry give no one instant", "give it with --as-of '2024-01-05 21:00' (UTC), or in a column as_of")
        return pd.Timestamp(instants[len(instants) // 2]).floor("min")
    raise SourceError(path.name, "does not say when it was taken", "give the instant with --as-of '2024-01-05 21:00' (UTC)")
