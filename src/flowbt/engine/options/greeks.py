"""Where the money of option structures came from: each bar's result by delta, gamma, vega, theta, what these leave over, and costs.

Per option in two steps, from the close before to the open and from the open to the close or settlement, with the greeks at each step's start:
`delta x dS`, `gamma x dS^2 / 2`, `vega x dvol`, `theta x dt`; `residual` is the rest of the option's change (large where an option settles near its
strike). `delta` has the underlying's own profit too. Everything adds up to the change of the account's value, costs negative.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.engine.options.desk import Desk, PricedContract
from flowbt.engine.types import Array
from flowbt.engine.walk.kernel import Tape
from flowbt.options import blackscholes as bs

PARTS = ("delta", "gamma", "vega", "theta", "residual", "costs")


class Moment(NamedTuple):
    """An option at the opens or closes of its bars."""

    price: Array
    spot: Array
    vol: Array
    years: Array
    rate: Array
    dividend: Array


def attribution(desk: Desk, tape: Tape, after_open: Array) -> pd.DataFrame:
    """Cash per bar and part (`PARTS`). `after_open`: units of every column after the trades of each open. Not for accounts of coin."""
    length, symbols = len(desk.market.index), len(desk.market.symbols)
    parts, options = np.zeros((length, 4)), np.zeros(length)
    for option in desk.columns:
        opens, closes = _moments(desk, option)
        bars = slice(option.begin, option.begin + len(opens.price))
        day = _step(option, opens, closes)
        parts[bars] += after_open[bars, option.column, None] * day
        options[bars] += after_open[bars, option.column] * (closes.price - opens.price)
        night = _step(option, Moment(*(one[:-1] for one in closes)), Moment(*(one[1:] for one in opens)))
        later, held = slice(bars.start + 1, bars.stop), tape.units[bars.start : bars.stop - 1, option.column]
        parts[later] += held[:, None] * night
        options[later] += held * (opens.price[1:] - closes.price[:-1])
    order, fill = tape.order, tape.fill
    costs = np.bincount(order[:, 0], fill[:, 2] + fill[:, 3], length) + tape.borrow.sum(axis=1) + tape.funding.sum(axis=1)
    change = np.diff(tape.value, prepend=desk.account.cash)
    shares = change - options + costs if symbols else 0.0
    residual = options - parts.sum(axis=1)
    table = np.column_stack([parts[:, 0] + shares, parts[:, 1:], residual, -costs])
    return pd.DataFrame(table, desk.market.index, list(PARTS))


def _moments(desk: Desk, option: PricedContract) -> tuple[Moment, Moment]:
    """The option at its opens and its closes; a bar without an open begins at the close before it, and the last one ends where it settles."""
    j, span = option.symbol, slice(option.begin, option.begin + len(option.price))
    c, days, rows = option.contract, desk.days[span], np.arange(span.start, span.stop)
    spot, years = desk.bars.mark[span, j].copy(), desk.timing.years(days, c.expiry)
    vol, rate, dividend = (one.copy() for one in desk.inputs(rows, j, spot, c.strike, np.maximum(years, 1e-9))[:3])
    if option.paid_at > 0:
        spot[-1], vol[-1], years[-1] = option.paid_at, option.open_vol[-1], 0.0
    closes = Moment(option.price, spot, vol, years, rate, dividend)
    first, left = desk.bars.open[span, j].copy(), np.array(option.open_years)
    before = desk.inputs(rows - 1, j, first, c.strike, left)
    opens = Moment(option.open_price.copy(), first, np.array(option.open_vol), left, before.rate.copy(), before.dividend.copy())
    for i in np.flatnonzero(np.isnan(opens.price)):
        if i:
            for mine, last in zip(opens, closes, strict=True):
                mine[i] = last[i - 1]
    return opens, closes


def _step(option: PricedContract, start: Moment, end: Moment) -> Array:
    """What the greeks at the start make of the way to the end: bars x (delta, gamma, vega, theta), per unit."""
    call = option.contract.kind == "call"
    terms = bs.OptionTerms(start.spot, option.contract.strike, start.years, start.vol, start.rate, start.dividend)
    moved, aged = end.spot - start.spot, start.years - end.years
    with np.errstate(invalid="ignore"):
        out = (bs.delta(terms, call) * moved, bs.gamma(terms) * moved**2 / 2, bs.vega(terms) * (end.vol - start.vol), bs.theta(terms, call) * aged)
    return np.nan_to_num(np.column_stack(out))
