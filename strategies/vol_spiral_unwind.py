"""Vol spiral: short BTC when carry unwinds into an option expiry: funding flips negative, positions are dumped, short-dated volatility wakes.

Confirmations come in stages: funding crossed under zero in the last `recent` days and is there still; open interest (coin) fell `dump` over five
days; an option expiry is `expiry` days away or less; 7-day volatility is over 30-day (`wake` off: not asked). Size grows with the stages.
Source: carry
"""

from flowbt import Costs, Signals
from flowbt.features import crypto_expiry_window, funding_flip, iv_term_slope, open_interest_change

SYMBOLS = ("BTC",)
CLOCK = "24/7"
COSTS = Costs(fees=0.0005, slippage=0.0003)
GRID = {"recent": (3, 7, 10), "dump": (0.05, 0.08, 0.12), "expiry": (5, 10, 14), "need": (1, 2, 3, 4), "hold": (3, 5, 7, 14)}


def signals(panel, *, recent=10, dump=0.08, expiry=10, wake=True, need=3, hold=5, stop=0.15):
    funding = funding_flip(panel, window=3)
    flipped = (funding.to_negative.astype(float).rolling(recent, min_periods=1).max() > 0) & (funding.smoothed < 0)
    dumped = open_interest_change(panel, bars=5, unit="coin") <= -dump
    near = crypto_expiry_window(panel, days=expiry)
    stage = flipped.astype(int) + dumped.astype(int) + near.astype(int)
    if wake:
        stage = stage + (iv_term_slope(panel) > 0).astype(int)
    return Signals(short=flipped & (stage >= need), hold=hold, stop=stop, size=(0.25 * stage).clip(0.25, 1.0))
