"""Dark-pool quality: long the names with the largest off-exchange accumulation, short those with the largest distribution.

Ranked by net over off-exchange volume across the last `window` sessions; long and short of equal size.
Source: exitliq
"""

from flowbt import Costs, Targets
from flowbt.features import dark_pool_share

SYMBOLS = tuple(f"M{n:02d}" for n in range(1, 41))
BENCHMARK = "SPY"
COSTS = Costs(fees=0.0001, slippage=0.0001)
GRID = {"window": (3, 5, 10), "tail": (0.1, 0.2, 0.3), "smooth": (1, 3, 5)}


def signals(panel, *, window=5, tail=0.2, smooth=3):
    rank = dark_pool_share(panel).rolling(window).mean().rank(axis=1, pct=True)
    side = (rank > 1 - tail).astype(float) - (rank <= tail).astype(float)
    return Targets(side.rolling(smooth, min_periods=1).mean() * (0.49 / (tail * len(SYMBOLS))), band=0.005)
