"""Side before signal: follow option premium only after it is split by who paid the spread; the naive call/put ratio is the control.

`signal` = "side" ranks names by net bullish premium over all premium, "naive" by calls over puts. Low-confidence sessions (much
premium of unknown side) do not count.
Source: exitliq
"""

from flowbt import Costs, Targets
from flowbt.features import side_flow

SYMBOLS = tuple(f"M{n:02d}" for n in range(1, 41))
BENCHMARK = "SPY"
COSTS = Costs(fees=0.0001, slippage=0.0001)
GRID = {"signal": ("side", "naive"), "tail": (0.1, 0.2, 0.3), "smooth": (1, 2, 3)}


def signals(panel, *, signal="side", tail=0.2, smooth=2):
    flow = side_flow(panel)
    share = flow.net / (flow.bullish + flow.bearish)
    rank = (share if signal == "side" else flow.naive).where(flow.confidence >= 1).rank(axis=1, pct=True)
    side = (rank > 1 - tail).astype(float) - (rank <= tail).astype(float)
    return Targets(side.rolling(smooth, min_periods=1).mean() * (0.49 / (tail * len(SYMBOLS))), band=0.005)
