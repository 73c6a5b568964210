"""Ideas of a report as structures: priced as of its date, followed to expiry, with the outcome beside the conviction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.engine.options.chances import Chances, Held, bars_to, chances
from flowbt.engine.options.pricing import YEAR, QuotedVolatility, crossing, distance, follow, known_inputs, price_structure
from flowbt.engine.options.structures import Structure, declared
from flowbt.ground.clock import Clock
from flowbt.options.daily import DaySurfaces

COLUMNS = (
    "idea",
    "conviction",
    "opened",
    "spot",
    "volatility",
    "rate",
    "dividend",
    "cost",
    "at_risk",
    "expiry",
    "last",
    "last_spot",
    "value",
    "profit",
    "of_risk",
    "best",
    "settled",
    "priced_by",
    *Chances._fields,
)


@dataclass(frozen=True)
class Idea:
    """`symbol` names the columns of prices and volatilities; `quantity` -1 sells the structure; `title` is the report's words."""

    title: str
    symbol: str
    structure: Structure
    opened: str
    conviction: int | None = None
    quantity: float = 1.0


def outcomes(
    ideas: Iterable[Idea], prices: pd.DataFrame, volatilities: pd.DataFrame, *, clock: Clock | None = None, surfaces: Mapping[str, DaySurfaces] | None = None
) -> pd.DataFrame:
    """One row per idea: opened at the close of its date across its part of the spread, marked to its last expiry or the end of the data.

    `prices`, `volatilities` (points): labels x symbols. `surfaces`: of those symbols that have stored ones, on the labels of `prices`: the surface of the day
    prices an idea where there is one (`priced_by`). `cost` per unit (negative: received), `at_risk` the most that can be lost at
    expiry (missing: no bound), `profit` after the entry's spread, `of_risk` profit over it, `best` the highest profit at a close on the
    way, `settled` False where the data end before the last expiry; `surface` and `history` the chance of a profit as of the day, `surface_mean` and
    `history_mean` the expected one (see `chances`). An idea whose symbol is not in the data has a row of missing values.
    """
    return pd.DataFrame([_outcome(idea, prices, volatilities, clock or Clock(), surfaces or {}) for idea in ideas], columns=list(COLUMNS))


def _outcome(idea: Idea, prices: pd.DataFrame, volatilities: pd.DataFrame, clock: Clock, surfaces: Mapping[str, DaySurfaces]) -> dict[str, object]:
    row: dict[str, object] = {"idea": idea.title, "conviction": idea.conviction, "opened": pd.Timestamp(idea.opened)}
    if idea.symbol not in prices or idea.symbol not in volatilities:
        return row
    structure = declared(idea.structure, clock.always, (idea.symbol,))
    daily, ivs = surfaces.get(idea.symbol), volatilities[idea.symbol]
    path = follow(structure, idea.opened, prices[idea.symbol], QuotedVolatility(ivs, daily) if daily else ivs, clock=clock, symbol=idea.symbol)
    first, last = path.iloc[0], path.iloc[-1]
    at = int(prices.index.searchsorted(path.index[0]))
    then = QuotedVolatility(first["iv"], daily.cut(at, at + 1)) if daily else float(first["iv"])
    quote = price_structure(structure, idea.opened, first["spot"], then, clock=clock, symbol=idea.symbol)
    widths = [
        crossing(structure, price, distance(contract, float(first["spot"]), vol, days / YEAR))
        for contract, price, vol, days in zip(quote.contracts, *(quote.table[name].to_numpy(float) for name in ("price", "volatility", "days")), strict=True)
    ]
    crossed = float((quote.table["quantity"].abs() * widths).sum())
    profit = idea.quantity * path["profit"] - abs(idea.quantity) * crossed
    at_risk = quote.loss + crossed if idea.quantity == 1.0 and quote.loss < float("inf") else float("nan")
    held = Held(quote.contracts, structure.shares, idea.quantity, idea.quantity * quote.net + abs(idea.quantity) * crossed)
    years = float(quote.table["days"].max()) / YEAR
    carry = known_inputs(daily, np.asarray(at), (first["iv"], first["spot"]), (first["spot"], years), structure.model)
    quoted = float(first["spot"]), float(first["iv"]), years
    left, past = bars_to(years, clock.periods_per_year), prices[idea.symbol].loc[: path.index[0]]
    before = chances(structure, held, quoted, past, left, daily.cut(at, at + 1) if daily else None)
    return row | {
        **before._asdict(),
        "priced_by": "surface" if daily is not None and daily.there[at] else "model",
        "spot": first["spot"],
        "volatility": first["iv"],
        "rate": float(carry.rate),
        "dividend": float(carry.dividend),
        "cost": held.cost,
        "at_risk": at_risk,
        "expiry": quote.table["expiry"].max(),
        "last": path.index[-1],
        "last_spot": last["spot"],
        "value": idea.quantity * last["value"],
        "profit": profit.iloc[-1],
        "of_risk": profit.iloc[-1] / at_risk,
        "best": profit.max(),
        "settled": bool(last["settled"]),
    }
