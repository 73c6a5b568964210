"""Blow-off top in US equities (2025-05-15)."""

import pandas as pd

from flowbt.evidence.claims.declare import Data, Document, OwnDate, claim
from flowbt.evidence.claims.forecasts import dated, falls
from flowbt.evidence.claims.outcomes import autocorrelation, forward_drawdown, forward_return, next_move, next_range, variance_ratio
from flowbt.evidence.claims.sequences import in_order
from flowbt.features import auction_demand, breadth_slope, funding_stress, melt_up, net_liquidity, put_call_collapse, put_call_ratio

DOCUMENT = Document("blowoff", dated="2025-05-15", title="Blow-off top in US equities")

YEARS = {"level": None, "1y": 252, "2y": 504, "5y": 1260, "10y": 2520}
LOW = {"kind": ("equity", "total", "index"), "mean": (1, 5), "rule": tuple(YEARS)}
OPTIONS = Data(memory=21, strategy="blow_off_top", sisters=("NDX", "RUT"))


def _collapsed(panel, kind, mean, rule):
    """At or under 0.55, or at its lowest of so many years."""
    level = 0.55 if rule == "level" else None
    return put_call_collapse(panel, level=level, lookback=YEARS[rule], kind=kind, mean=mean)


@claim("After put/call collapses SPX does worse", direction="down", outcome=forward_return("SPX", 21, also=(5, 10, 42, 63)), definitions=LOW, data=OPTIONS)
def put_call_collapse_return(panel, *, kind="equity", mean=5, rule="level"):
    return _collapsed(panel, kind, mean, rule)


@claim("After put/call collapses falls are deeper", direction="down", outcome=forward_drawdown("SPX", 63, also=(21, 42)), definitions=LOW, data=OPTIONS)
def put_call_collapse_drawdown(panel, *, kind="equity", mean=5, rule="level"):
    return _collapsed(panel, kind, mean, rule)


@claim("After put/call collapses the rise first goes on", direction="up", outcome=forward_return("SPX", 5, also=(3, 10)), definitions=LOW, data=OPTIONS)
def put_call_collapse_first(panel, *, kind="equity", mean=5, rule="level"):
    return _collapsed(panel, kind, mean, rule)


@claim(
    "A melt-up in a month is followed by a deep fall within three",
    direction="down",
    outcome=forward_drawdown("SPX", 63, also=(21, 42, 126)),
    definitions={"gain": (0.06, 0.075, 0.0892, 0.1)},
    data=Data(memory=21, strategy="blow_off_top", start="1950-01-01", sisters=("NDX", "RUT")),
)
def melt_up_snap(panel, *, gain=0.0892):
    return melt_up(panel, gain=gain)


@claim(
    "A melt-up with falling put/call, dealers short gamma and narrowing breadth snaps",
    direction="down",
    outcome=forward_drawdown("SPX", 63, also=(21, 42)),
    definitions={"gain": (0.04, 0.06, 0.0892), "put_call": (True, False), "gamma": (True, False), "breadth": (True, False)},
    data=Data(memory=21, strategy="blow_off_top", start="2011-05-01", sisters=("NDX", "RUT")),
    own=OwnDate(why="two of its four legs were not there: dealers were long gamma (+7.1bn) and breadth was widening (see the facts)"),
)
def melt_up_snap_full(panel, *, gain=0.0892, put_call=True, gamma=True, breadth=True):
    """All four legs at the document's own gain. They never came together in these data; the curve has the looser ones."""
    ratio = put_call_ratio(panel, mean=5)
    legs = {
        "put_call": ratio < ratio.shift(21),
        "gamma": (panel["gex", "SPX"] < 0).rolling(21).max() > 0,  # short at some time in the month
        "breadth": breadth_slope(panel, window=21).slope < 0,
    }
    event = melt_up(panel, gain=gain)
    for name, asked in (("put_call", put_call), ("gamma", gamma), ("breadth", breadth)):
        if asked:
            event = event & legs[name]
    return event


@claim(
    "Yields and SPX rising together while liquidity drains ends badly for SPX",
    direction="down",
    outcome=forward_return("SPX", 42, also=(21, 63)),
    definitions={"n": (21, 42, 63), "liquidity": (True, False)},
    data=Data(memory=63, strategy="stock_bond_divergence", sisters=("NDX", "RUT")),
)
def stock_bond_divergence(panel, *, n=42, liquidity=True):
    both = (panel["value", "DGS10"].diff(n) > 0) & (panel["close"].pct_change(n, fill_method=None) > 0)
    draining = net_liquidity(panel, window=n).change < 0
    return both & draining if liquidity else both


SHORT = {"level": (0.0, 0.5e9, 1e9)}
REGIME = Data(memory=5, strategy="gamma_regime", start="2011-05-01", sisters=("NDX", "RUT"))
LONG = OwnDate(why="SqueezeMetrics has dealers long gamma on that day, +7.1bn; the document gives no figure (see the facts)")


@claim("Dealers short gamma: the next session moves more", direction="up", outcome=next_move("SPX"), definitions=SHORT, data=REGIME, own=LONG)
def short_gamma_amplifies(panel, *, level=0.0):
    return panel["gex", "SPX"] < level


@claim("Dealers short gamma: the next session's range is wider", direction="up", outcome=next_range("SPX"), definitions=SHORT, data=REGIME, own=LONG)
def short_gamma_amplifies_range(panel, *, level=0.0):
    return panel["gex", "SPX"] < level


@claim("Dealers short gamma: the deviation of returns is larger", direction="up", outcome=variance_ratio("SPX"), definitions=SHORT, data=REGIME, own=LONG)
def short_gamma_amplifies_variance(panel, *, level=0.0):
    return panel["gex", "SPX"] < level


@claim("Dealers short gamma: moves follow through", direction="up", outcome=autocorrelation("SPX"), definitions=SHORT, data=REGIME, own=LONG)
def short_gamma_amplifies_follow(panel, *, level=0.0):
    return panel["gex", "SPX"] < level


def _impulse(series):
    """A change in its own trailing deviations, so that the parts of a stage can be added."""
    change = series.iloc[:, 0].diff()
    return change / change.rolling(252, min_periods=63).std()


@claim(
    "Volatility, then credit and funding, then small and long-duration shares, then the index",
    outcome=in_order(10),
    definitions={"small": ("both", "RUT", "NDX"), "vvix": (True, False), "funding": (True, False), "auctions": (True, False)},
    data=Data(symbols=("SPX",)),
)
def breakdown_order(panel, *, small="both", vvix=True, funding=True, auctions=True):
    """Impulse of each stage per session: VIX and VVIX; HY spreads, SOFR less fed funds and poor bid-to-cover; Russell and Nasdaq falling; SPX falling.

    Spreads and SOFR are published a session late, so they are moved back: here the order of events counts, not of news.
    """
    fear = _impulse(panel["close", "VIX"])
    if vvix:
        fear = fear + _impulse(panel["close", "VVIX"])
    credit = _impulse(panel["value", "HY_OAS"]).shift(-1)
    if funding:
        credit = credit + _impulse(funding_stress(panel, mean=1)).shift(-1)
    if auctions:
        credit = credit - _impulse(auction_demand(panel))
    names = ("RUT", "NDX") if small == "both" else (small,)
    falls_of = {name: -panel["close", name].pct_change(fill_method=None).iloc[:, 0] for name in (*names, "SPX")}
    first = sum(falls_of[name] for name in names)
    return pd.DataFrame({"volatility": fear, "credit": credit, "first to fall": first, "SPX": falls_of["SPX"]})


@claim("Small caps fall, then the index, then the central bank eases", outcome=in_order(21, also=(63,)), data=Data(symbols=("SPX",), start="1990-01-01"))
def central_bank_last(panel):
    easing = -panel["value", "DFF"].diff(5).shift(-1)
    return pd.DataFrame(
        {
            "RUT": -panel["close", "RUT"].pct_change(fill_method=None).iloc[:, 0],
            "SPX": -panel["close"].pct_change(fill_method=None).iloc[:, 0],
            "easing": easing.iloc[:, 0],
        }
    )


@claim("The melt-up ends in a disorderly fall within the year", outcome=dated("2025-05-15", "2026-05-15"), data=Data(symbols=("SPX",)))
def blowoff_snap(panel):
    return falls("SPX", 0.10, 21)
