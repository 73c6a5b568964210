"""The curve of dated futures: annualised basis by expiry, and at a constant maturity. Frames are labels x symbols, series by label."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.ground.errors import FieldError
from flowbt.ground.protocols import Panel

SETTLES = pd.Timedelta(hours=8)  # UTC, Deribit and most venues; CME's 16:00 London differs by a third of a day
REACH = 15.0  # days beyond the listed expiries to which the nearest one may stand


class FuturesCurve(NamedTuple):
    """Labels x contracts, in the order of expiry."""

    basis: pd.DataFrame  # fraction per year, missing where a contract is left out
    days: pd.DataFrame  # days from the bar's end to expiry


def expiry_of(contract: str) -> pd.Timestamp:
    """`BTC-2024-03-29` -> the settlement instant, 2024-03-29 08:00 UTC. FieldError for a name without a date at its end."""
    try:
        return pd.Timestamp(contract[-10:]) + SETTLES
    except ValueError as error:
        raise FieldError(f"the expiry of future {contract!r}", "no date at its end", "name futures ROOT-YYYY-MM-DD") from error


def annualised_basis(futures: pd.DataFrame, spot: pd.Series, days: pd.DataFrame) -> pd.DataFrame:
    """(F / S - 1) x 365 / days, per contract; missing at or after expiry."""
    return (futures.div(spot, axis=0) - 1.0) * 365.0 / days.where(days > 0)


def curve(panel: Panel, root: str, nearest_days: float = 3.0, min_volume: float = 0.0) -> FuturesCurve:
    """Every contract of `root` in the panel. Left out: under `nearest_days` to expiry, volume under `min_volume` (where it
    is asked for, a missing volume is under it), and a close that only repeats the label before (same close and volume).
    FieldError where a volume is asked for and there is none.
    """
    prefix = f"{root}-"
    futures = panel.wide("futures_close", prefix=prefix)
    names = [str(name) for name in futures.columns]
    futures = futures[sorted(names, key=lambda name: expiry_of(str(name)))]
    ends = panel.clock.closes(panel.index)
    days = pd.DataFrame({name: (expiry_of(name) - ends) / pd.Timedelta(days=1) for name in futures.columns}, index=panel.index)
    keep = days >= nearest_days
    if len(futures.columns) and panel.has("futures_volume", futures.columns[0]):
        volume = panel.wide("futures_volume", prefix=prefix).reindex(columns=futures.columns)
        keep &= ~((futures == futures.shift(1)) & (volume == volume.shift(1)))
        if min_volume > 0:
            keep &= volume >= min_volume
    elif min_volume > 0:
        raise FieldError(f"futures of {root} with volume of at least {min_volume:g}", "no field futures_volume", "import volumes, or use min_volume=0")
    spot = panel["close", root].iloc[:, 0]
    return FuturesCurve(annualised_basis(futures, spot, days).where(keep), days)


def constant_maturity(curve: FuturesCurve, days: float) -> pd.Series:
    """Basis at `days`, linear between the two expiries around it; outside them the nearest within 15 days, else missing."""
    basis, time = curve.basis.to_numpy(float), curve.days.to_numpy(float)
    out = np.full(len(basis), np.nan)
    finite = np.isfinite(basis)
    for row in np.flatnonzero(finite.any(axis=1)):
        x = time[row, finite[row]]
        if x[0] - REACH <= days <= x[-1] + REACH:
            out[row] = np.interp(days, x, basis[row, finite[row]])
    return pd.Series(out, index=curve.basis.index)


def held(basis: pd.Series, bar: pd.Timedelta) -> pd.Series:
    """The last basis known, for three days: futures rest at weekends, and their daily bars stand still against an hourly spot."""
    return basis.ffill(limit=max(1, int(pd.Timedelta(days=3) / bar)))
