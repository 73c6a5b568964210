"""Before the fact: the chance that a structure held to expiry ends with a profit, and its expected profit, by two measures.

Under the surface: the distribution the model's own option prices imply (Breeden and Litzenberger: its probabilities are the slope of call prices over
strike). By construction an option bought in the middle of the market then earns nothing on average (its payoff discounted, shares at their carry), and
one bought at the ask its half-spread less.
Under history: the underlying's own moves over as many bars as are left, all that ended before the day, each as likely.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.engine.options.pricing import Contract, known_inputs, payoff
from flowbt.engine.options.structures import Structure
from flowbt.engine.types import Array
from flowbt.options.daily import DaySurfaces
from flowbt.options.implied import black_price

GRID, REACH = 1201, 2.9  # strikes, deviations either side: within the models' smiles
MOST, LEAST = 1260, 250  # bars of history looked at; moves needed


class Chances(NamedTuple):
    """Probability of a profit (0 to 1) and expected profit (currency of the structure, per unit); NaN where there is no telling."""

    surface: float
    surface_mean: float
    history: float
    history_mean: float


class Held(NamedTuple):
    """A structure as it was bought: its contracts, shares per unit, signed quantity, and what one costs in all (shares left out), spread included."""

    contracts: tuple[Contract, ...]
    shares: float
    quantity: float
    cost: float


def profit_at(held: Held, opened: float, spots: Array) -> Array:
    """Profit at expiry at each spot."""
    return np.asarray(held.quantity * (payoff(held.contracts, spots, held.shares) - held.shares * opened) - held.cost)


def chances(structure: Structure, held: Held, market: tuple[float, float, float], closes: pd.Series, bars: int, surface: DaySurfaces | None = None) -> Chances:
    """`market`: spot, volatility index or at-the-money volatility in points, years to expiry. `closes`: those up to the day it is opened, the last one
    included. `surface`: the stored one of that day, in place of the model. NaN for structures of several expiries and those settled in coin."""
    if len({contract.expiry for contract in held.contracts}) != 1 or structure.model.coin:
        return Chances(np.nan, np.nan, np.nan, np.nan)
    spot, iv, years = market
    spots, weight = implied_distribution(structure, market, surface)
    profit = profit_at(held, spot, spots)
    rate = float(known_inputs(surface, np.asarray(0), (iv, spot), (spot, years), structure.model).rate)
    mean = held.quantity * float(np.exp(-rate * years) * (weight @ payoff(held.contracts, spots))) - held.cost
    moves = closes.dropna().tail(MOST + 1).to_numpy(dtype=float)
    past = moves[bars:] / moves[:-bars] if 0 < bars < len(moves) else np.empty(0)
    if len(past) < LEAST:
        return Chances(float(weight[profit > 0].sum()), mean, np.nan, np.nan)
    then = profit_at(held, spot, spot * past)
    return Chances(float(weight[profit > 0].sum()), mean, float((then > 0).mean()), float(then.mean()))


def implied_distribution(structure: Structure, market: tuple[float, float, float], surface: DaySurfaces | None = None) -> tuple[Array, Array]:
    """Prices at expiry and their probabilities, the tails as two lumps. Where the model has butterfly arbitrage a negative probability counts nothing."""
    spot, iv, years = market
    middle = known_inputs(surface, np.asarray(0), (iv, spot), (spot, years), structure.model)
    forward = spot * float(np.exp((middle.rate - middle.dividend) * years))
    deviation = float(middle.vol) * float(np.sqrt(years))
    strikes = forward * np.exp(np.linspace(-REACH, REACH, GRID) * deviation)
    calls = black_price(forward, strikes, years, known_inputs(surface, np.asarray(0), (iv, spot), (strikes, years), structure.model).vol)
    below = np.maximum.accumulate(np.clip(1.0 + np.diff(calls) / np.diff(strikes), 1e-9, 1.0 - 1e-9))  # ending under the middle of two strikes
    weight = np.diff(np.concatenate([[0.0], below, [1.0]]))
    low, high = (strikes[:2].mean(), strikes[-2:].mean())
    put, call = calls[:2].mean() - forward + low, calls[-2:].mean()
    ends = max(low - put / weight[0], 0.0), high + call / weight[-1]  # the means beyond the grid, as the options there are priced
    return np.concatenate([ends[:1], strikes[1:-1], ends[1:]]), weight


def bars_to(expiry_years: float, year: float) -> int:
    """Bars of a clock with `year` bars a year in so many calendar years, at least one."""
    return max(round(expiry_years * year), 1)
