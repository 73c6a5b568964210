"""Toxic-flow maker: quote both sides of BTC by the hour, wider as flow grows toxic, and stand with the flow when it is very toxic.

A quote `width` volatilities from the last close is taken when the close passes it; the inventory is worked off over `keep` hours. Fills are at the next
open, not at the quote: the spread itself is not earned, what is left is whether the flow comes back. VPIN from trades, else from bars.
Source: carry
"""

from flowbt import Costs, Targets
from flowbt.features import bar_vpin, realised_volatility

SYMBOLS = ("BTC",)
CLOCK, STEP = "24/7", "1h"
COSTS = Costs(fees=0.0, slippage=0.0001, funding=False)  # spot
GRID = {"width": (0.75, 1.0, 1.5), "widen": (0.0, 1.0, 2.0), "toxic": (0.9, 0.94, 0.98), "keep": (1, 2, 4)}


def signals(panel, *, width=0.75, widen=1.0, toxic=0.94, keep=1, lean=True):
    close, vpin = panel["close"], panel["vpin"] if panel.has("vpin") else bar_vpin(panel)
    rank = vpin.rolling(720, min_periods=240).rank(pct=True)
    hour = realised_volatility(panel, window=48, method="close").shift(1) / 100 / 8760**0.5
    quote = close.shift(1) * hour * width * (1 + widen * rank.shift(1))
    move = close - close.shift(1)
    taken = (move <= -quote).astype(float) - (move >= quote).astype(float)
    side = taken.where(rank <= toxic, -taken if lean else 0.0)
    return Targets(0.9 * side.rolling(keep, min_periods=1).mean(), band=0.05)
