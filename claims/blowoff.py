"""Blow-off top in US equities (2025-05-15)."""

import pandas as pd

from flowbt.evidence.claims.declare import Data, Document, claim
from flowbt.evidence.claims.forecasts import dated, falls
from flowbt.evidence.claims.outcomes import autocorrelation, forward_drawdown, forward_return, next_move, next_range, variance_ratio
from flowbt.evidence.claims.sequences import in_order
from flowbt.features import breadth_slope, melt_up, net_liquidity, put_call_collapse, put_call_ratio

DOCUMENT = Document("blowoff", dated="2025-05-15", title="Blow-off top in US equities")

YEARS = {"level": None, "1y": 252, "2y": 504, "5y": 1260, "10y": 2520}
LOW = {"kind": ("equity", "total", "index"), "mean": (1, 5), "rule": tuple(YEARS)}
OPTIONS = Data(memory=21, strategy="blow_off_top")


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
    data=Data(memory=21, strategy="blow_off_top", start="1950-01-01"),
)
def melt_up_snap(panel, *, gain=0.0892):
    return melt_up(panel, gain=gain)


@claim(
    "A melt-up with falling put/call, dealers short gamma and narrowing breadth snaps",
    direction="down",
    outcome=forward_drawdown("SPX", 63, also=(21, 42)),
    definitions={"gain": (0.04, 0.06, 0.0892), "put_call": (True, False), "gamma": (True, False), "breadth": (True, False)},
    data=Data(memory=21, strategy="blow_off_top", start="2011-05-01"),
)
def melt_up_snap_full(panel, *, gain=0.04, put_call=True, gamma=False, breadth=True):
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
    data=Data(memory=63, strategy="stock_bond_divergence"),
)
def stock_bond_divergence(panel, *, n=42, liquidity=True):
    both = (panel["value", "DGS10"].diff(n) > 0) & (panel["close"].pct_change(n, fill_method=None) > 0)
    draining = net_liquidity(panel, window=n).change < 0
    return both & draining if liquidity else both


SHORT = {"level": (0.0, 0.5e9, 1e9)}
REGIME = Data(memory=5, strategy="gamma_regime", start="2011-05-01")


@claim("Dealers short gamma: the next session moves more", direction="up", outcome=next_move("SPX"), definitions=SHORT, data=REGIME)
def short_gamma_amplifies(panel, *, level=0.0):
    return panel["gex", "SPX"] < level


@claim("Dealers short gamma: the next session's range is wider", direction="up", outcome=next_range("SPX"), definitions=SHORT, data=REGIME)
def short_gamma_amplifies_range(panel, *, level=0.0):
    return panel["gex", "SPX"] < level


@claim("Dealers short gamma: the deviation of returns is larger", direction="up", outcome=variance_ratio("SPX"), definitions=SHORT, data=REGIME)
def short_gamma_amplifies_variance(panel, *, level=0.0):
    return panel["gex", "SPX"] < level


@claim("Dealers short gamma: moves follow through", direction="up", outcome=autocorrelation("SPX"), definitions=SHORT, data=REGIME)
def short_gamma_amplifies_follow(panel, *, level=0.0):
    return panel["gex", "SPX"] < level


@claim(
    "Volatility, then credit, then small caps, then the index",
    outcome=in_order(10),
    definitions={"small": ("RUT", "NDX"), "vvix": (True, False)},
    data=Data(symbols=("SPX",)),
)
def breakdown_order(panel, *, small="RUT", vvix=True):
    """Stress of each stage per session. HY spreads are shown a session late, so they are moved back: here the order of events counts, not of news."""
    fear = panel["close", "VIX"].pct_change(fill_method=None)
    if vvix:
        fear = fear + panel["close", "VVIX"].pct_change(fill_method=None)
    falls_of = {name: -panel["close", name].pct_change(fill_method=None).iloc[:, 0] for name in (small, "SPX")}
    credit = panel["value", "HY_OAS"].diff().shift(-1)
    return pd.DataFrame({"volatility": fear.iloc[:, 0], "credit": credit.iloc[:, 0], small: falls_of[small], "SPX": falls_of["SPX"]})


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
