"""A coin's options: days to the monthly expiry, concentration of open interest by strike, slope of implied volatility.

Frames are labels x symbols, series by label.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.futures import SETTLES
from flowbt.features.trailing import realised_volatility
from flowbt.ground.errors import SourceError
from flowbt.ground.protocols import Panel

QUARTERS = (3, 6, 9, 12)


def last_fridays(start: pd.Timestamp, end: pd.Timestamp, quarterly: bool = False) -> pd.DatetimeIndex:
    """The last Friday of each month (or of March, June, September, December) at 08:00 UTC, from `start`'s month to two after `end`'s
    (four for quarters)."""
    months = pd.date_range(start.normalize().replace(day=1), end + pd.DateOffset(months=4), freq="MS")
    days = pd.DatetimeIndex([pd.offsets.LastWeekOfMonth(weekday=4).rollforward(month) for month in months])
    return (days[days.month.isin(QUARTERS)] if quarterly else days) + SETTLES


def days_until(instants: pd.DatetimeIndex, ends: pd.DatetimeIndex) -> np.ndarray:
    """Days from each of `ends` to the first of the sorted `instants` that is not before it."""
    where = instants.searchsorted(ends, side="left")
    return np.asarray((instants[where] - ends) / pd.Timedelta(days=1), dtype=float)


@feature(family="expiries", units="days", sign="0 = expiry at the bar's end", needs=(), source="document carry")
def days_to_crypto_expiry(panel: Panel, *, quarterly: bool = False) -> pd.DataFrame:
    """Days from the bar's end to the next option expiry: the last Friday of the month, 08:00 UTC (`quarterly`: of March,
    June, September, December). From the calendar alone, so never missing. Labels x symbols."""
    fridays = last_fridays(panel.index[0], panel.index[-1], quarterly)
    return panel.spread(pd.Series(days_until(fridays, panel.clock.closes(panel.index)), index=panel.index))


@feature(family="expiries", units="bool", needs=(), source="document carry; claim funding-flip-oi-dump")
def crypto_expiry_window(panel: Panel, *, days: float = 5.0, quarterly: bool = False) -> pd.DataFrame:
    """At most `days` to the next option expiry (see `days_to_crypto_expiry`). Labels x symbols."""
    fridays = last_fridays(panel.index[0], panel.index[-1], quarterly)
    return panel.spread(pd.Series(days_until(fridays, panel.clock.closes(panel.index)), index=panel.index)) <= days


@feature(
    family="expiries",
    units="vol points",
    sign="positive = near-term volatility over 30-day (inverted)",
    needs=("iv_7d", "iv_30d"),
    stand_ins=("close:DVOL",),
    source="document carry",
)
def iv_term_slope(panel: Panel, *, window: int = 7) -> pd.DataFrame:
    """7-day less 30-day at-the-money implied volatility.

    Without chains, the stand-in is realised volatility of the last `window` labels less DVOL: the sign reads alike, the
    level does not (implied is usually over realised). Labels x symbols; missing where either leg is.
    """
    if panel.has("iv_7d") and panel.has("iv_30d"):
        return panel["iv_7d"] - panel["iv_30d"]
    month = panel.either("iv_7d", ("close", "DVOL")) if not panel.has("iv_7d") else panel.either("iv_30d", ("close", "DVOL"))
    return realised_volatility(panel["close"], window, panel.clock.periods_per_year) - month


class Concentration(NamedTuple):
    """Open interest of one expiry (or of all that are given) by strike."""

    herfindahl: float  # sum of squared shares by strike, 0..1
    near_share: float  # share of open interest within `near` of spot, 0..1
    max_pain: float  # the strike at which option holders are paid least at expiry


def strike_concentration(chain: pd.DataFrame, spot: float, near: float = 0.05) -> Concentration:
    """How concentrated a chain is. `chain`: rows of `strike`, `call` (bool) and `open_interest` (contracts, missing = 0).

    Max pain is searched over the listed strikes; the lowest one on ties. All are missing when there is no open interest.
    SourceError where strike, call or open_interest is no column.
    """
    lacking = {"strike", "call", "open_interest"} - set(chain.columns)
    if lacking:
        raise SourceError("strike concentration of a chain", f"no column {', '.join(sorted(lacking))}", "give strike, call, open_interest")
    interest = chain["open_interest"].fillna(0.0).to_numpy(float)
    strike, call = chain["strike"].to_numpy(float), chain["call"].to_numpy(bool)
    total = interest.sum()
    if not total > 0:
        return Concentration(np.nan, np.nan, np.nan)
    listed, place = np.unique(strike, return_inverse=True)
    share = np.bincount(place, interest) / total
    settle = listed[:, None]
    payout = np.where(call, np.maximum(settle - strike, 0), np.maximum(strike - settle, 0)) @ interest
    return Concentration(float((share**2).sum()), float(share[np.abs(listed / spot - 1) <= near].sum()), float(listed[payout.argmin()]))
