"""How often the like of a forecast came true before it was made: the base rate it is judged against.

A window is any run of as many sessions as the forecast has, within the bars before it. The base rate is the share of windows in which the same relative
bets, all of them, came true; a level is touched by highs and lows where there are any, as when it is settled, else by closes. Windows overlap, so they count
as `len / bars` independent ones: as a probability half a success and half a failure are added, which keeps it off 0 and 1 (Krichevsky, Trofimov 1981).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

TOUCHING = ("touches", "first")  # rules of a level that is reached
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
    """`share` of the windows in which it came true; `windows`: how many, as independent ones. `ranged`: of bets that touch a level, the share of bars whose
    highs and lows are there and differ (of the bet with the fewest); on the others closes are looked at. None where nothing is touched."""

    share: float
    windows: float
    ranged: float | None = None

    @property
    def probability(self) -> float:
        """The share as a forecast, never 0 or 1."""
        return (self.share * self.windows + 0.5) / (self.windows + 1)


@dataclass(frozen=True)
class PastPrices:
    """A bet with the closes of its symbol by label, up to the day it is asked, and its cost as a fraction of spot (0 where it has none). `low`, `high`: of the
    same labels, where there are any; missing ones count as the close."""

    bet: Bet
    close: pd.Series
    cost: float = 0.0
    low: pd.Series | None = None
    high: pd.Series | None = None

    @property
    def ranged(self) -> float | None:
        """The share of bars with a high over its low; None where the bet touches no level."""
        if self.bet.rule not in TOUCHING:
            return None
        if self.low is None or self.high is None:
            return 0.0
        return float((self.high > self.low)[self.close.notna()].mean())


def remaining(bet: Bet, moved: float) -> Bet:
    """What a bet still asks for once its price has moved by `moved` (a fraction) since it was made."""
    legs = tuple((kind, strike / (1 + moved), number) for kind, strike, number in bet.legs)
    return replace(bet, up=(1 + bet.up) / (1 + moved) - 1, down=(1 + bet.down) / (1 + moved) - 1, legs=legs)


def base_rate(bets: Sequence[PastPrices], bars: int) -> BaseRate | None:
    """How often all bets came true together in windows of `bars`. None where fewer than FEWEST windows are there."""
    found = [came_true(one, bars) for one in bets]
    together = pd.concat(found, axis=1, join="inner").all(axis=1) if found else pd.Series(dtype=bool)
    if len(together) < FEWEST:
        return None
    ranged = [one.ranged for one in bets if one.ranged is not None]
    return BaseRate(float(together.mean()), max(1.0, len(together) / bars), min(ranged, default=None))


def came_true(one: PastPrices, bars: int) -> pd.Series:
    """Whether the bet came true in the window of `bars` that begins at each label; labels without a close, and those whose window has no end yet, are left
    out."""
    bet, closes = one.bet, one.close.dropna()
    history = closes.to_numpy(float)
    if len(history) <= bars:
        return pd.Series(dtype=bool)
    starts = closes.index[: len(history) - bars]
    if bet.rule == "falls":
        fell = closes / closes.rolling(bet.within + 1, min_periods=1).max() - 1 <= bet.down
        return pd.Series(fell.rolling(bars).max().to_numpy()[bars:] > 0, index=starts)
    spot = history[: len(history) - bars, None]
    if bet.rule in ("ends", "pays"):
        end = history[bars:] / spot[:, 0]
        return pd.Series(payoff(bet, end) > one.cost if bet.rule == "pays" else end - 1 > bet.up, index=starts)
    low, high = (closes if side is None else side.reindex(closes.index).fillna(closes) for side in (one.low, one.high))
    down, up = (np.lib.stride_tricks.sliding_window_view(side.to_numpy(float)[1:], bars) / spot - 1 for side in (low, high))
    return pd.Series(_touched(bet, down, up), index=starts)


def payoff(bet: Bet, price: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What the legs are worth at their end, over the spot they were bought at, where the price is `price` times that spot."""
    worth = np.zeros_like(price)
    for kind, strike, number in bet.legs:
        worth += number * np.maximum(0.0, price - strike if kind == "call" else strike - price)
    return worth


def _touched(bet: Bet, down: npt.NDArray[np.float64], up: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Windows x bars of the moves to each low and high: was the level reached; of `first`, the lower one on an earlier bar than the upper one."""
    if bet.rule == "touches":
        return np.asarray(up.max(axis=1) >= bet.up if np.isfinite(bet.up) else down.min(axis=1) <= bet.down)
    below, above, never = down <= bet.down, up >= bet.up, down.shape[1]
    first = np.where(below.any(axis=1), below.argmax(axis=1), never)
    return np.asarray(first < np.where(above.any(axis=1), above.argmax(axis=1), never))
