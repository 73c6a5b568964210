"""The root of each option of a generic table: it says when the option settles, and one underlying can have two with options of one date.

SPX, NDX, RUT and DJX have one that settles in the morning of the third Friday, and one that settles at the close of any day, third Fridays too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.ground.clock import Clock

AFTERNOON = {"SPX": "SPXW", "NDX": "NDXP", "RUT": "RUTW", "DJX": "DJXW"}
CONTRACT = r"^\W*(?:O:)?([A-Z]+\d?)\s*\d{6}[CP]\d{8}$"  # SPXW  240119C04700000, as OCC names an option


def named_roots(column: pd.Series) -> pd.Series | None:
    """Roots out of a column of contract names; None where it is none."""
    found = column.astype(str).str.strip().str.upper().str.extract(CONTRACT, expand=False)
    return found if found.notna().all() else None


def named_options(column: pd.Series) -> dict[str, pd.Series]:
    """Expiry (as 20240119), strike and call ("C" or "P") out of a column of contract names; nothing where it is none."""
    found = column.astype(str).str.strip().str.upper().str.extract(r"(\d{6})([CP])(\d{8})$")
    if named_roots(column) is None:
        return {}
    return {"expiry": "20" + found[0], "call": found[1], "strike": pd.to_numeric(found[2]) / 1000.0}


def roots_by_date(table: pd.DataFrame) -> pd.Series:
    """Roots where a table gives the underlying only. `table`: symbol, as_of, date (of expiry), strike, call, and columns that tell two options apart.

    Options of an index of `AFTERNOON` that expire on no third Friday are the afternoon's. On third Fridays both are there where a strike comes twice with
    different numbers: the second is the afternoon's, as Cboe lists them.
    """
    third = _third_fridays(pd.DatetimeIndex(table["date"]))
    distinct = ~table.duplicated()
    second = distinct & table[distinct].duplicated(["symbol", "as_of", "date", "strike", "call"]).reindex(table.index, fill_value=False)
    weekly = table["symbol"].map(AFTERNOON)
    out: pd.Series = table["symbol"].where(weekly.isna() | (third & ~second), weekly)
    return out


def _third_fridays(dates: pd.DatetimeIndex) -> np.ndarray:
    """Which dates are third Fridays, or the session before one without trading."""
    unique = dates.unique()
    friday = unique + pd.to_timedelta((4 - unique.day_of_week) % 7, unit="D")
    third = (friday.day >= 15) & (friday.day <= 21)
    last = Clock().shift(pd.DatetimeIndex(friday), 0)
    return np.asarray((third & (unique == last))[unique.get_indexer(dates)])
