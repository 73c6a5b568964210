"""Put campaign: when bearish option premium gathers session after session in an index fund, go with it by a put spread.

A campaign is a run of sessions with the same sign of net premium, heavy against all premium. The spread risks its debit: `size` of equity.
Source: exitliq
"""

from flowbt import Signals
from flowbt.engine.options.structures import moneyness, put_spread
from flowbt.features import flow_campaign, side_flow, zone_volatility

SYMBOLS = ("SPY", "QQQ", "IWM")
BENCHMARK = "SPY"
GRID = {"days": (3, 5, 7), "share": (0.0, 0.05, 0.1), "hold": (5, 10, 21), "lower": (0.9, 0.93, 0.96)}


def signals(panel, *, days=5, share=0.05, hold=10, lower=0.95, size=0.02):
    flow = side_flow(panel)
    heavy = (flow.net / (flow.bullish + flow.bearish) <= -share).astype(int).rolling(days).sum() == days
    spread = put_spread(zone_volatility(panel, 21), moneyness(1.0), moneyness(lower), days=30)
    bearish = heavy & (flow_campaign(panel).days <= -days)
    return Signals(long=bearish, hold=hold, size=size, structure=spread)  # long: the spread is bought
