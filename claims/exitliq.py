"""Daily flow report "exit liquidity", phase 3 day 9 (2026-04-08)."""

import numpy as np
import pandas as pd

from flowbt.evidence.claims.declare import Data, Document, OwnDate, claim
from flowbt.evidence.claims.outcomes import forward_drawdown, forward_excess, forward_return, given
from flowbt.evidence.claims.sequences import in_order
from flowbt.features import (
    beat_and_sell,
    convergence_count,
    dark_pool_pressure,
    expected_move_zone,
    fast_tape,
    gex_score,
    long_term_gain_window,
    premium_share,
    range_strength,
    side_flow,
    status_200d,
    vix_room,
)

DOCUMENT = Document("exitliq", dated="2026-04-08", title="Exit liquidity, phase 3 day 9")

INDICES = ("SPY", "QQQ", "IWM")
SIDES = ("calls_bought:SPY", "calls_sold:SPY", "puts_bought:SPY", "puts_sold:SPY", "premium_unknown:SPY")


# A. What follows an event


@claim(
    "An index that rallies while dark pools sell it falls back",
    direction="down",
    outcome=forward_return(None, 10, also=(1, 5, 21)),
    definitions={"rally": (0.01, 0.015, 0.02), "sold": (0.0, 0.5, 1.0), "window": (63, 252)},
    data=Data(symbols=INDICES, memory=10, strategy="exit_liquidity"),
    own=OwnDate(symbols=INDICES, why="the dark-pool nets it prints are sold data; DIX, which stands in, was +0.24 deviations that day, not sold"),
)
def distribution_into_rally(panel, *, rally=0.02, sold=0.5, window=63):
    return (panel["close"].pct_change(fill_method=None) >= rally) & (dark_pool_pressure(panel, window=window) <= -sold)


@claim(
    "Exit liquidity in full: rally, distribution, short gamma, close at the ceiling",
    direction="down",
    outcome=forward_drawdown(None, 21, also=(10, 42)),
    definitions={"rally": (0.01, 0.015, 0.02), "sold": (True, False), "gamma": (True, False), "ceiling": (True, False)},
    data=Data(symbols=INDICES, memory=10, strategy="exit_liquidity"),
    own=OwnDate(symbols=INDICES, why="rally and ceiling were there; dealers were long gamma (+5.35bn) and DIX does not show selling (see the facts)"),
)
def exit_liquidity_full(panel, *, rally=0.02, sold=True, gamma=True, ceiling=True):
    """All four legs. They never came together in these data; the curve has what is left when legs are dropped."""
    event = panel["close"].pct_change(fill_method=None) >= rally
    legs = {
        "sold": dark_pool_pressure(panel) < 0,
        "gamma": panel["gex", "SPX"] < 0,
        "ceiling": expected_move_zone(panel, horizon=10, width=0.75).position >= 1.0,
    }
    for name, asked in (("sold", sold), ("gamma", gamma), ("ceiling", ceiling)):
        if asked:
            event = event & legs[name]
    return event


# The report prints SPX 6,363 to 6,782 about 6,573, a close of 6,783: a band of 3.2% either side. Ten sessions at three quarters of VIX give 3.1%, and 6,777.
ZONE = {"horizon": (5, 10, 21, 42), "width": (0.75, 1.0, 1.5)}
CEILING = Data(memory=21, strategy="zone_exhaustion", start="1990-01-01", sisters=("NDX", "RUT"))


@claim("At the zone's ceiling SPX does worse than usual", direction="down", outcome=forward_return("SPX", 10, also=(5, 21)), definitions=ZONE, data=CEILING)
def zone_ceiling_reversal(panel, *, horizon=10, width=0.75):
    return expected_move_zone(panel, horizon=horizon, width=width).position >= 1.0


@claim(
    "From the zone's ceiling the floor is reached before an equal move up",
    direction="up",
    outcome=given("share of floors reached first", 63, symbol="SPX", units="share"),
    definitions=ZONE,
    data=CEILING,
)
def zone_ceiling_floor_first(panel, *, horizon=10, width=0.75):
    """Outcome: 1 the floor first, 0 the equal move up first, missing while neither came within 63 sessions; floors nearer than 1% are left out."""
    zone = expected_move_zone(panel, horizon=horizon, width=width)
    return zone.position >= 1.0, _floor_first(panel["close"], zone.downside.where(zone.downside < -0.01), 63)


def _floor_first(close, downside, within):
    price, floor = close.to_numpy(), downside.to_numpy()
    out = np.full(price.shape, np.nan)
    for ahead in range(within, 0, -1):  # the earliest touch is written last
        move, here = price[ahead:] / price[:-ahead] - 1, out[:-ahead]
        here[move >= -floor[:-ahead]] = 0.0
        here[move <= floor[:-ahead]] = 1.0
    return pd.DataFrame(out, index=close.index, columns=close.columns)


@claim(
    "VIX near its floor after a collapse rises",
    direction="up",
    outcome=forward_return("VIX", 10, also=(5, 21)),
    definitions={"fall": (0.1, 0.15, 0.2), "near": (0.1, 0.25, 0.4), "width": (0.75, 1.0, 1.5)},
    data=Data(memory=21, strategy="vix_asymmetry"),
)
def vix_depressed_asymmetry(panel, *, fall=0.15, near=0.25, width=1.0):
    fell = panel["close"].pct_change(fill_method=None) <= -fall
    return fell & (vix_room(panel, width=width).position <= near)


@claim(
    "Where naive and side-adjusted flow differ, returns follow the side-adjusted sign",
    direction="up",
    outcome=forward_return(None, 5, also=(1, 10)),
    definitions={"confidence": (0, 1, 2)},
    data=Data(symbols=INDICES, memory=5, strategy="side_adjusted_flow", needs=SIDES),
)
def side_before_signal(panel, *, confidence=1):
    flow = side_flow(panel)
    return np.sign(flow.net).where((flow.flip > 0) & (flow.confidence >= confidence), 0.0)


@claim(
    "On fast tapes dark-pool labels say less about what follows",
    direction="down",
    outcome=given("return over 5 in the label's direction", 5),
    definitions={"speed": (1.5, 2.0, 3.0), "window": (63, 252)},
    data=Data(symbols=INDICES, memory=21, strategy="exit_liquidity"),
)
def labels_lie(panel, *, speed=2.0, window=63):
    close = panel["close"]
    label = np.sign(dark_pool_pressure(panel, window=window))
    return fast_tape(panel, speed=speed).where(label.notna(), False), label * (close.shift(-5) / close - 1)


DOLLAR = {"n": (5, 21, 63), "rule": ("level", "break")}


def _dollar(panel, n, rule):
    """Dollar under 100 and falling while the 10-year yield rises; `break`: it crossed 100 within n sessions."""
    dollar = panel["close", "DXY"]
    event = (dollar < 100) & (dollar.diff(n) < 0) & (panel["value", "DGS10"].diff(n) > 0)
    return event & (dollar.shift(n) >= 100) if rule == "break" else event


@claim(
    "Dollar under 100 and falling, yields rising: gold rises",
    direction="up",
    outcome=forward_return("GLD", 21, also=(5, 63)),
    definitions=DOLLAR,
    data=Data(memory=21, strategy="metals_unblock"),
)
def dollar_block_gold(panel, *, n=21, rule="level"):
    return _dollar(panel, n, rule)


@claim(
    "Dollar under 100 and falling, yields rising: silver rises",
    direction="up",
    outcome=forward_return("SLV", 21, also=(5, 63)),
    definitions=DOLLAR,
    data=Data(memory=21, strategy="metals_unblock"),
)
def dollar_block_silver(panel, *, n=21, rule="level"):
    return _dollar(panel, n, rule)


@claim(
    "Dollar at or over 100: gold does worse",
    direction="down",
    outcome=forward_return("GLD", 21, also=(5, 63)),
    definitions={"level": (97.5, 100.0, 102.5)},
    data=Data(memory=21, strategy="metals_unblock"),
    own=OwnDate(on=False),  # it had just broken below
)
def dollar_over_100_gold(panel, *, level=100.0):
    return panel["close", "DXY"] >= level


@claim(
    "Dollar at or over 100: silver does worse",
    direction="down",
    outcome=forward_return("SLV", 21, also=(5, 63)),
    definitions={"level": (97.5, 100.0, 102.5)},
    data=Data(memory=21, strategy="metals_unblock"),
    own=OwnDate(on=False),  # it had just broken below
)
def dollar_over_100_silver(panel, *, level=100.0):
    return panel["close", "DXY"] >= level


@claim(
    "A dominant range persists",
    direction="up",
    outcome=forward_return(None, 21, also=(5, 63)),
    definitions={"window": (10, 21, 42), "level": (40.0, 80.0)},
    data=Data(symbols=("SPY", "QQQ", "IWM", "HYG", "TLT", "GLD", "SLV", "USO", "XLU"), memory=21),
    own=OwnDate(
        symbols=("HYG", "XLU", "TLT", "GLD", "SLV", "-IWM"),
        why="its five rising ranges are ours too; IWM rose by ours",
    ),
)
def dominant_range(panel, *, window=10, level=40.0):
    """Signed: with the range's direction where it is dominant."""
    strength = range_strength(panel, window=window)
    return np.sign(strength).where(strength.abs() >= level, 0.0)


@claim(
    "A reclaim of the 200-day average that holds leads to more than one that fails",
    direction="up",
    outcome=forward_return("SPX", 63, also=(21, 126)),
    definitions={"confirm": (1, 2, 3, 5)},
    data=Data(memory=200, strategy="reclaim_200d", sisters=("NDX", "RUT")),
    own=OwnDate(on=False, why="the close of the day was the first over the mean; the report asks for two sessions"),
)
def reclaim_200d(panel, *, confirm=2):
    """Signed: +1 on the session that confirms a reclaim, -1 on the session on which one fails; so half the difference of the two is measured."""
    status = status_200d(panel, confirm=max(confirm, 2))
    held = status.reclaimed if confirm > 1 else status_200d(panel, confirm=1).reclaimed
    return held.astype(float) - status.failed.astype(float)


CREDIT = {"horizon": (5, 10, 21, 42), "width": (0.75, 1.0, 1.5)}


@claim(
    "Credit at its ceiling: HYG does worse",
    direction="down",
    outcome=forward_return("HYG", 21, also=(5, 63)),
    definitions=CREDIT,
    data=Data(memory=21),
)
def credit_ceiling(panel, *, horizon=10, width=0.75):
    return expected_move_zone(panel, horizon=horizon, width=width).position >= 0.98


@claim(
    "Credit at its ceiling: SPY does worse",
    direction="down",
    outcome=forward_return("SPY", 21, also=(5, 63)),
    definitions=CREDIT,
    data=Data(symbols=("HYG",), memory=21),
)
def credit_ceiling_spy(panel, *, horizon=10, width=0.75):
    return expected_move_zone(panel, horizon=horizon, width=width).position >= 0.98


@claim(
    "A name that falls on a day SPX gains 2.5% goes on to lag",
    direction="down",
    outcome=given("return less SPX over 21", 21),
    definitions={"gain": (0.015, 0.02, 0.025), "fell": (0.0, -0.01)},
    data=Data(symbols=("SPX",), memory=5, start="2001-01-01", strategy="relative_weakness"),
    own=OwnDate(symbols=("TSLA", "ADBE")),
)
def relative_weakness(panel, *, gain=0.025, fell=0.0):
    """Members of today: those that later left the index are missing, which flatters the laggards."""
    names = panel.wide("member_close")
    index = panel["close"].iloc[:, 0]
    weak = (names.pct_change(fill_method=None) < fell).mul(index.pct_change(fill_method=None) >= gain, axis=0)
    ahead = (names.shift(-21) / names - 1).sub(index.shift(-21) / index - 1, axis=0)
    return weak, ahead.where(ahead.abs() < 3)  # a fourfold price in a month is a recycled ticker


NAMES = ("AAPL", "ABBV", "AMD", "AMZN", "AVGO", "COST", "LLY", "META", "MSFT", "MU", "NVDA", "PG", "TSLA")  # those with both prices and short volume


@claim(
    "Names that dark pools accumulate beat those they distribute",
    direction="up",
    outcome=given("return over 10, long less short", 10),
    definitions={"top": (0.2, 0.33), "mean": (1, 5)},
    data=Data(symbols=("SPX",), memory=10, strategy="dark_pool_quality", start="2011-05-01"),
    own=OwnDate(
        symbols=("MSFT", "PG", "ABBV", "NVDA", "-AMZN", "-MU", "-LLY", "-TSLA"),
        why="its nets are sold data; by FINRA's short share AMZN was sold, as it says, but MSFT not bought",
    ),
)
def dark_pool_quality(panel, *, top=0.33, mean=1):
    """Signed: +1 for the share `top` of names with the highest net over volume, -1 for the lowest. FINRA's short share stands in."""
    if panel.has("dark_pool_net", "AAPL"):
        parts = [panel["dark_pool_net", name].iloc[:, 0] / panel["dark_pool_volume", name].iloc[:, 0] for name in NAMES]
    else:
        panel.either(("dark_pool_net", "AAPL"), ("short_volume", "AAPL"))
        parts = [panel["short_volume", name].iloc[:, 0] / panel["total_volume", name].iloc[:, 0] for name in NAMES]
    rank = pd.concat(parts, axis=1, keys=NAMES).rolling(mean).mean().rank(axis=1, pct=True)
    price = pd.concat([panel["member_close", name].iloc[:, 0] for name in NAMES], axis=1, keys=NAMES)
    return (rank > 1 - top).astype(float) - (rank <= top).astype(float), price.shift(-10) / price - 1


@claim(
    "When last year's buyers turn long-term in profit, SPY does worse",
    direction="down",
    outcome=forward_return("SPY", 21, also=(5, 10)),
    definitions={"ratio": (1.25, 1.5, 2.0), "last": (373, 387)},
    data=Data(memory=21),
)
def long_term_gain_exit(panel, *, ratio=1.5, last=387):
    return long_term_gain_window(panel, last=last) >= ratio


@claim(
    "After a row of earnings beats that were sold, QQQ does worse",
    direction="down",
    outcome=forward_return("QQQ", 21, also=(5, 10)),
    definitions={"count": (5, 6, 7)},
    data=Data(memory=21, needs=("event:EARNINGS:*",)),
)
def beat_and_sell_run(panel, *, count=5):
    return beat_and_sell(panel) >= count


@claim(
    "More bearish than bullish inputs: SPX falls",
    direction="down",
    outcome=forward_return("SPX", 10, also=(5, 21)),
    definitions={"tilt": (2, 3, 4)},
    data=Data(memory=21, strategy="convergence_tilt", start="2011-05-01", partial=True, sisters=("NDX", "RUT")),
    own=OwnDate(why="its option-flow, dark-pool and range inputs are sold data: of those on disk six lean up and three down"),
)
def convergence_tilt(panel, *, tilt=2):
    return convergence_count(panel).tilt <= -tilt


# B. Inside a regime


@claim(
    "Deep in negative gamma, down sessions are followed by larger moves than up sessions",
    direction="up",
    outcome=given("size of the next return", 1, symbol="SPX"),
    definitions={"deep": (-0.5, -1.0, -1.5)},
    data=Data(memory=21, strategy="gamma_regime", start="2011-05-01"),
    own=OwnDate(why="SqueezeMetrics has dealers long gamma on that day, +5.35bn, about its usual level (see the facts)"),
)
def gamma_reversal_cascade(panel, *, deep=-1.0):
    """Signed: +1 on down sessions of the regime, -1 on up sessions. Where there is no zero-gamma level, the score of dealer gamma stands in."""
    if panel.has("zero_gamma", "SPX"):
        regime = panel["close"] / panel["zero_gamma", "SPX"] - 1 <= deep / 20
    else:
        panel.either(("zero_gamma", "SPX"), ("gex", "SPX"))
        regime = gex_score(panel) <= deep
    move = panel["close"].pct_change(fill_method=None)
    return -np.sign(move).where(regime, 0.0), move.abs().shift(-1)


SHELTER, RISK = ["HYG", "XLU", "TLT", "GLD", "SLV"], ["SPY", "QQQ", "IWM"]


@claim(
    "When only shelter and hard assets have a dominant rising range, SPY does worse",
    direction="down",
    outcome=forward_return("SPY", 21, also=(5, 63)),
    definitions={"window": (10, 21, 42), "least": (1, 2, 3)},
    data=Data(symbols=(*SHELTER, *RISK), memory=21),
    own=OwnDate(why="the report's Range is not public: by ours, after six rising sessions, stocks too were in a rising range"),
)
def green_ranges_defensive(panel, *, window=10, least=2):
    green = range_strength(panel, window=window) > 40
    return (green[SHELTER].sum(axis=1) >= least) & (green[RISK].sum(axis=1) == 0)


@claim(
    "A sector abandoned by option premium after a shock does not rebound",
    direction="down",
    outcome=forward_excess("XLE", "SPY", 21),
    definitions={"share": (0.006, 0.01, 0.02), "shock": (-0.05, -0.1)},
    data=Data(memory=21, needs=("calls_bought:XOM", "calls_bought:CVX")),
)
def energy_abandoned(panel, *, share=0.01, shock=-0.05):
    shocked = panel["close", "USO"].pct_change(5, fill_method=None) <= shock
    return shocked & (premium_share(panel) < share)


# C. Who moves first


@claim("Oil, then the dollar, then metals", outcome=in_order(10, also=(5, 21)), definitions={"kind": ("size", "signed")}, data=Data(symbols=("GLD",)))
def range_before_price(panel, *, kind="size"):
    """`size`: how far each moves; `signed`: oil up, dollar down, gold up."""
    moves = pd.DataFrame({name: panel["close", name].iloc[:, 0].pct_change(fill_method=None) for name in ("USO", "DXY", "GLD")})
    return moves.abs() if kind == "size" else moves * [1.0, -1.0, 1.0]
