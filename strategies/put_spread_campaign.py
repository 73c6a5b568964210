"""Put campaign: when bearish option premium gathers session after session in an index fund, go with it.

A campaign is a run of sessions with the same sign of net premium, large against all premium. Traded with the fund itself, short.
Source: exitliq
"""

from flowbt import Signals
from flowbt.features import flow_campaign, side_flow

SYMBOLS = ("SPY", "QQQ", "IWM")
BENCHMARK = "SPY"
GRID = {"days": (3, 5, 7), "share": (0.0, 0.05, 0.1), "hold": (5, 10, 21)}


def signals(panel, *, days=5, share=0.05, hold=10, stop=0.05):
    flow = side_flow(panel)
    heavy = (flow.net / (flow.bullish + flow.bearish) <= -share).astype(int).rolling(days).sum() == days
    return Signals(short=heavy & (flow_campaign(panel).days <= -days), hold=hold, stop=stop)
