"""Carry until crowded: hold BTC spot against a short perpetual for its funding; when carry and volatility are both crushed, leave for a small short.

A long spell of easy carry compresses yield and implied volatility together; the crowd then leaves through one door. BTCSPOT is spot, without
funding; BTC is the perpetual. Both have the bars of spot, so that the pair earns funding and no basis.
Source: carry
"""

from flowbt import Costs, Targets
from flowbt.features import carry_crowding, funding_apr

SYMBOLS = ("BTCSPOT", "BTC")
CLOCK = "24/7"
BENCHMARK = "BTC"
COSTS = Costs(fees=0.0005, slippage=0.0003)
GRID = {"crowded": (0.7, 0.8, 0.9), "least": (0.0, 0.03, 0.06), "tail": (0.0, 0.1, 0.2)}


def signals(panel, *, crowded=0.8, least=0.03, tail=0.2):
    score = panel.spread(carry_crowding(panel, legs="funding", smooth=21).score["BTC"])
    funding = panel.spread(funding_apr(panel, window=7)["BTC"])
    harvest, leave = (funding >= least) & (score < crowded), score >= crowded
    weights = 0.45 * harvest.astype(float)
    weights["BTC"] = -weights["BTC"] - tail * leave["BTC"].astype(float)
    return Targets(weights, band=0.02)
