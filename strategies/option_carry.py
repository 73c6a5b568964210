"""Option carry: sell calls on BTC while they are dearer than its moves, hedge them with a cheap long perpetual, roll; stop when they no longer pay.

Calls are sold while DVOL is at least `least` points over realised volatility and the perpetual's funding is at or under `dear` a year; bought back
when DVOL falls under realised. The perpetual is traded at each open to take the delta away, when off by more than `band`: what is left
earns implied less realised variance, pays funding and loses in jumps.
Source: carry
"""

from flowbt import Costs, Signals
from flowbt.engine.options.structures import long_call, moneyness
from flowbt.features import funding_apr, iv_minus_realised

SYMBOLS = ("BTC",)
CLOCK = "24/7"
COSTS = Costs(fees=0.0005, slippage=0.0003)
GRID = {"least": (0.0, 5.0, 10.0), "dear": (0.1, 0.3), "days": (7, 14, 28), "above": (1.0, 1.05, 1.1), "band": (0.02, 0.05, 0.1)}


def signals(panel, *, least=5.0, dear=0.3, days=14, above=1.05, band=0.05):
    paid = iv_minus_realised(panel, index="DVOL", window=30)
    sell = (paid >= least) & (funding_apr(panel, window=7) <= dear)
    call = long_call(panel["close", "DVOL"], moneyness(above), days=days).with_(by="notional", hedge=True, hedge_band=band, roll=True)
    return Signals(short=sell, exit=paid < 0, size=1.0, structure=call)  # short: the calls are sold
