"""Business days of the United States government, by which its agencies and the Federal Reserve publish.

Holidays are those of 5 U.S.C. 6103 (pandas' `USFederalHolidayCalendar`); to them come days on which federal offices were closed by
executive order: days of mourning for presidents and days around Christmas. A day too many only makes a value known later.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

CLOSED_BY_ORDER = (
    "1972-12-28", "1973-01-25", "1994-04-27", "2004-06-11", "2007-01-02", "2018-12-05", "2025-01-09",  # mourning
    "2001-12-24", "2003-12-26", "2007-12-24", "2008-12-26", "2012-12-24", "2014-12-26", "2018-12-24", "2019-12-24", "2020-12-24",
    "2024-12-24", "2025-12-24", "2025-12-26",
)  # fmt: skip


@lru_cache(maxsize=1)
def _holidays() -> pd.DatetimeIndex:
    from pandas.tseries.holiday import USFederalHolidayCalendar

    ruled = USFederalHolidayCalendar().holidays("1920-01-01", "2040-12-31")
    return ruled.union(pd.DatetimeIndex(CLOSED_BY_ORDER)).as_unit("ns")


@lru_cache(maxsize=1)
def _business_days() -> pd.DatetimeIndex:
    weekdays = pd.date_range("1920-01-01", "2040-12-31", freq="B", unit="ns")
    return pd.DatetimeIndex(weekdays[~weekdays.isin(_holidays())])


def is_holiday(dates: pd.DatetimeIndex) -> np.ndarray:
    """Which dates are federal holidays or days closed by order (weekends are not counted as such)."""
    return np.asarray(dates.normalize().isin(_holidays()))


def shift(dates: pd.DatetimeIndex, n: int) -> pd.DatetimeIndex:
    """The n-th business day after each date (a day that is none counts from the business day before it)."""
    days = _business_days()
    where = days.searchsorted(dates.normalize(), side="right") - 1 + n
    return days[np.clip(where, 0, len(days) - 1)]


def next_open(dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Each date itself where it is a business day, else the next one."""
    days = _business_days()
    return days[np.clip(days.searchsorted(dates.normalize(), side="left"), 0, len(days) - 1)]
