"""The desk of a run with option structures in plain Python: what is held, and how a fill is priced and recorded. `twin.py` drives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.engine.options.pricing import (
    LEAST,
    BarHours,
    Contract,
    OptionInputs,
    contract_of,
    crossing,
    distance,
    known_inputs,
    settled,
    value_with,
)
from flowbt.engine.options.structures import Leg, Structure
from flowbt.engine.types import Account, Costs, Market
from flowbt.engine.walk.events import REASONS, slipped
from flowbt.engine.walk.kernel import Array, Bars, Bools
from flowbt.engine.walk.twin import PendingOrder


@dataclass
class PricedContract:
    """A contract: its prices and deltas at the closes, and at the opens, from bar `begin` to its `last` (or the end of the data). `column`: where it stands in
    a book."""

    contract: Contract
    symbol: int
    begin: int
    last: int
    price: Array
    delta: Array
    open_price: Array
    open_delta: Array
    open_vol: Array
    open_years: Array
    quoted: Bools  # at each open: whether a surface of the day priced it
    paid_at: float = float("nan")  # the underlying's price at settlement
    column: int = -1

    def at(self, values: Array, t: int) -> float:
        return float(values[t - self.begin])


class StructureBars(NamedTuple):
    """What a walk gives: orders (bar, column, reason, trade | units, price, fee, slippage), units of the column after each, fills made by the end of each open,
    then per bar the value, net and gross exposure (T x 2), and the carry of each symbol (T x N)."""

    order: npt.NDArray[np.int64]
    fill: Array
    after: Array
    by_open: npt.NDArray[np.int64]
    value: Array
    exposure: Array
    borrow: Array
    funding: Array


@dataclass
class StructurePosition:
    """A structure held. `side` +1 bought, -1 sold; `money`: asked at entry; `cash`: all paid and received so far, fees too; `paid`: for one
    bought of it at entry, before fees."""

    number: int
    symbol: int
    side: int
    units: float
    entered: float
    money: float
    since: int
    row: int
    options: list[PricedContract] = field(default_factory=list)
    cash: float = 0.0
    fees: float = 0.0
    paid: float = 0.0
    due: str = ""
    priced_by: str = ""  # at entry: "surface", "model", or "both"
    expired: pd.Timestamp | None = None  # the expiry a roll goes on from


@dataclass
class Desk:
    """All that changes while the bars go by."""

    market: Market
    bars: Bars
    structure: Structure
    costs: Costs
    account: Account
    iv: Array
    timing: BarHours
    days: Array  # of each bar's label, since 1970
    cash: float
    held: dict[int, StructurePosition] = field(default_factory=dict)
    pending: dict[int, PendingOrder] = field(default_factory=dict)
    columns: list[PricedContract] = field(default_factory=list)
    units: dict[int, float] = field(default_factory=dict)
    open_trade: dict[int, int] = field(default_factory=dict)
    orders: list[tuple[int, int, int, int]] = field(default_factory=list)
    fills: list[tuple[float, float, float, float]] = field(default_factory=list)
    after: list[float] = field(default_factory=list)  # units of the column after each fill
    owner: list[int] = field(default_factory=list)  # of each trade, the structure's number
    opened: list[StructurePosition] = field(default_factory=list)

    def fill(self, t: int, j: int, position: StructurePosition, what: tuple[int, str, float, float, float]) -> None:
        """Record a fill: column, reason, signed units, price, price without costs."""
        column, reason, units, price, fair = what
        if units == 0.0:
            return
        before = self.units.get(column, 0.0)
        if before * units < 0.0 and abs(units) > abs(before):  # through zero: out, then in
            self.fill(t, j, position, (column, reason, -before, price, fair))
            self.fill(t, j, position, (column, reason, units + before, price, fair))
            return
        if before == 0.0:
            self.open_trade[column] = len(self.owner)
            self.owner.append(position.number)
        fee = 0.0 if reason == "expiry" and column >= len(self.market.symbols) else abs(units) * price * self.costs.fees
        self.units[column] = before + units
        self.after.append(before + units)
        self.cash -= units * price + fee
        position.cash -= units * price + fee
        position.fees += fee
        self.orders.append((t, column, REASONS.index(reason), self.open_trade[column]))
        self.fills.append((units, price, fee, abs(units) * abs(price - fair)))

    def option(self, t: int, j: int, leg: Leg, since: pd.Timestamp | None) -> PricedContract:
        """What a leg opened at the open of bar t is, and its prices."""
        spot = float(self.bars.open[t, j])
        market = spot, lambda strike, years: self.inputs(np.asarray(t - 1), j, np.asarray(spot), strike, np.asarray(years))
        return self.priced(t, j, contract_of(self.structure, leg, self.market.index[t], market, self.timing, since))

    def inputs(self, rows: npt.NDArray[np.int64], j: int, spot: Array, strike: float, years: Array) -> OptionInputs:
        """Of a strike as known at the closes of `rows`: by the surface of that day where there is one, else by the declared model."""
        surfaces = self.market.surfaces[j] if self.market.surfaces else None
        return known_inputs(surfaces, rows, (self.iv[rows, j], spot), (strike, years), self.structure.model)

    def priced(self, t: int, j: int, contract: Contract) -> PricedContract:
        """Its marks from bar t on; at an open with the volatility of the close before."""
        days, model = self.days[t:], self.structure.model
        last = self.timing.last_bar(days, contract.expiry)
        span, rows = slice(t, t + last + 1), np.arange(t, min(t + last + 1, len(self.days)))
        left = self.timing.years(days[: last + 1], contract.expiry)
        mark = self.bars.mark[span, j]
        price, delta = value_with(contract, mark, left, self.inputs(rows, j, mark, contract.strike, left), model)
        years = self.timing.years(days[: last + 1], contract.expiry, at_open=True)
        spot = self.bars.open[span, j]
        inputs = self.inputs(rows - 1, j, spot, contract.strike, years)
        opens = value_with(contract, spot, years, inputs, model)
        paid_at = float("nan")
        if last < len(days):
            bar = (float(spot[-1]) if spot[-1] > 0 else float(self.bars.mark[t + last, j]), float(self.bars.mark[t + last, j]))
            high, low = float(self.bars.high[t + last, j]), float(self.bars.low[t + last, j])
            deviation = float(np.log(high / low) / np.sqrt(4 * np.log(2))) if high > low > 0 else 0.0  # Parkinson's, of this bar
            paid, paid_at = settled(contract, bar, self.timing.within(days[last], contract.expiry), deviation, self.structure.model.coin)
            price[-1], delta[-1] = max(paid, LEAST * contract.strike), 0.0
        return PricedContract(contract, j, t, t + last, price, delta, *opens, inputs.vol, years, inputs.quoted, paid_at)

    def crossed(self, t: int, j: int, option: PricedContract, units: float) -> float:
        """The price a fill at the open of bar t gets."""
        contract, fair, years = option.contract, option.at(option.open_price, t), option.at(option.open_years, t)
        width = crossing(self.structure, fair, distance(contract, float(self.bars.open[t, j]), option.at(option.open_vol, t), years))
        return max(fair + (width if units > 0 else -width), LEAST * contract.strike)

    def trade_option(self, t: int, j: int, position: StructurePosition, option: PricedContract, change: tuple[str, float]) -> None:
        reason, units = change
        fair = option.at(option.open_price, t)
        self.fill(t, j, position, (option.column, reason, units, self.crossed(t, j, option, units), fair))

    def trade_shares(self, t: int, j: int, position: StructurePosition, reason: str, units: float, at: float = 0.0) -> None:
        """At the open, or at the price `at` inside the bar."""
        fair = at or self.bars.open[t, j]
        price = float(slipped(float(fair), float(units), float(self.costs.slippage)))
        self.fill(t, j, position, (j, reason, units, price, fair))
