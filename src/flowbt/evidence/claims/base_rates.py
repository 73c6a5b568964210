"""How often the like of a forecast came true before it was made: the base rate it is judged against.

A window is any run of as many sessions as the forecast has, within the closes before it. The base rate is the share of windows in which the same relative
bets, all of them, came true. Windows overlap, so they count as `len / bars` independent ones: as a probability half a success and half a failure are added,
which keeps it off 0 and 1 (Krichevsky, Trofimov 1981).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

FEWEST = 250  # windows under which nothing is said of how often


@dataclass(frozen=True)
class Bet:
    """`rule`: touches, first, ends, falls, pays. `up`, `down`: relative moves from the close on the date made; `legs`: (call or put, strike / spot, number)."""

    rule: str
    symbol: str
    words: str
    up: float = float("nan")
    down: float = float("nan")
    within: int = 0
    legs: tuple[tuple[str, float, float], ...] = ()
    volatility: str = ""
    field: str = "close"


@dataclass(frozen=True)
class BaseRate:
    """`share` of the windows in which it came true; `windows`: how many, as independent ones."""

    share: float
    windows: float

    @property
    def probability(self) -> float:
        """The share as a forecast, never 0 or 1."""
        return (self.share * self.windows + 0.5) / (self.windows + 1)


def remaining(bet: Bet, moved: float) -> Bet:
    """What a bet still asks for once its price has moved by `moved` (a fraction) since it was made."""
    legs = tuple((kind, strike / (1 + moved), number) for kind, strike, number in bet.legs)
    return replace(bet, up=(1 + bet.up) / (1 + moved) - 1, down=(1 + bet.down) / (1 + moved) - 1, legs=legs)


def base_rate(bets: Sequence[tuple[Bet, pd.Series, float]], bars: int) -> BaseRate | None:
    """How often all bets came true together in windows of `bars`.

    `bets`: each with the closes of its symbol by label, up to the day it is asked, and its cost as a fraction of spot (0 where it has none).
    None where fewer than FEWEST windows are there.
    """
    found = [came_true(bet, closes.dropna(), bars, cost) for bet, closes, cost in bets]
    together = pd.concat(found, axis=1, join="inner").all(axis=1) if found else pd.Series(dtype=bool)
    if len(together) < FEWEST:
        return None
    return BaseRate(float(together.mean()), max(1.0, len(together) / bars))


def came_true(bet: Bet, closes: pd.Series, bars: int, cost: float = 0.0) -> pd.Series:
    """Whether the bet came true in the window of `bars` that begins at each label; labels whose window has no end yet are left out."""
    history = closes.to_numpy(float)
    if len(history) <= bars:
        return pd.Series(dtype=bool)
    starts = closes.index[: len(history) - bars]
    if bet.rule == "falls":
        fell = closes / closes.rolling(bet.within + 1, min_periods=1).max() - 1 <= bet.down
        return pd.Series(fell.rolling(bars).max().to_numpy()[bars:] > 0, index=starts)
    windows = np.lib.stride_tricks.sliding_window_view(history, bars + 1)
    return pd.Series(_true(bet, windows / windows[:, :1] - 1, cost), index=starts)


def payoff(bet: Bet, price: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What the legs are worth at their end, over the spot they were bought at, where the price is `price` times that spot."""
    worth = np.zeros_like(price)
    for kind, strike, number in bet.legs:
        worth += number * np.maximum(0.0, price - strike if kind == "call" else strike - price)
    return worth


def _true(bet: Bet, moves: npt.NDArray[np.float64], cost: float) -> npt.NDArray[np.bool_]:
    if bet.rule == "pays":
        return payoff(bet, 1 + moves[:, -1]) > cost
    if bet.rule == "ends":
        return np.asarray(moves[:, -1] > bet.up)
    if bet.rule == "touches":
        return np.asarray(moves.max(axis=1) >= bet.up if np.isfinite(bet.up) else moves.min(axis=1) <= bet.down)
    down, up, never = moves <= bet.down, moves >= bet.up, moves.shape[1]
    first_down = np.where(down.any(axis=1), down.argmax(axis=1), never)
    return np.asarray(first_down < np.where(up.any(axis=1), up.argmax(axis=1), never))
