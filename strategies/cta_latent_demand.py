"""Latent demand: a young, strong trend that trend followers do not hold yet will be bought by them; hold it for a week.

Source: exitliq
"""

from flowbt import Signals
from flowbt.features import momentum, realised_volatility

SYMBOLS = ("SPY",)
BENCHMARK = "SPY"
GRID = {"strong": (0.8, 1.0, 1.2), "slow": (0.0, 0.3, 0.6), "hold": (5, 10, 21)}


def signals(panel, *, strong=1.0, slow=0.3, hold=5):
    volatility = realised_volatility(panel, window=63, method="close") / 100
    month = momentum(panel, window=21) / (volatility * (21 / 252) ** 0.5)
    half = momentum(panel, window=126) / (volatility * (126 / 252) ** 0.5)
    return Signals(long=(month > strong) & (half < slow), hold=hold, size=0.98)
