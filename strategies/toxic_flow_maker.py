"""Toxic-flow maker: quote both sides of BTC by the hour, wide when flow is toxic, and stand with the flow when it is very toxic.

A quote `width` volatilities from the last close is taken when the bar reaches it; the inventory is worked off over `keep` hours. Width grows with
VPIN. Fills here are at the next open, not at the quote, so the spread itself is not earned: what is left is whether the flow comes back.
Source: carry
"""

from flowbt import Costs, Targets
from flowbt.features import realised_volatility

SYMBOLS = ("BTC",)
CLOCK, STEP = "24/7", "1h"
COSTS = Costs(fees=0.0, slippage=0.0001)
GRID = {"width": (0.75, 1.0, 1.5), "widen": (0.0, 1.0, 2.0), "toxic": (0.55, 0.6, 0.7), "keep": (1, 2, 4)}


def signals(panel, *, width=1.0, widen=1.0, toxic=0.6, keep=1, lean=True):
    close, vpin = panel["close"], panel["vpin"]
    hour = realised_volatility(panel, window=48, method="close").shift(1) / 100 / 8760**0.5
    quote = close.shift(1) * hour * width * (1 + widen * vpin.shift(1))
    move = close - close.shift(1)
    taken = (move <= -quote).astype(float) - (move >= quote).astype(float)
    side = taken.where(vpin <= toxic, -taken if lean else 0.0)
    return Targets(0.9 * side.rolling(keep, min_periods=1).mean(), band=0.05)
