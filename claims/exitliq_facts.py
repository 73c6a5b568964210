"""The daily flow report "exit liquidity" (2026-04-08): what it prints of the market, against data."""

import math

from flowbt.evidence.claims.arithmetic import FigureCheck, change, facts, level, sign_word
from flowbt.evidence.claims.declare import Data, Document, claim

DOCUMENT = Document("exitliq", dated="2026-04-08", title="Exit liquidity, phase 3 day 9")
DAY = DOCUMENT.dated
US = Data(symbols=("SPX",))

# symbol -> printed close, and how far rounding (and dividends paid since, for series that are adjusted for them) may take it
CLOSES = {
    "SPX": (6783.0, 0.5),
    "SPY": (676.0, 2.5),
    "QQQ": (606.0, 1.0),
    "IWM": (260.0, 1.0),
    "DXY": (99.10, 0.05),
    "VIX": (21.0, 0.05),
    "GLD": (435.0, 0.5),
    "SLV": (67.5, 0.05),
    "TLT": (86.90, 1.2),
    "HYG": (80.19, 1.5),
    "USO": (125.0, 0.5),
}
MOVES = {
    "SPX": (2.50, 0.02),
    "SPY": (2.55, 0.02),
    "QQQ": (3.80, 0.05),
    "IWM": (2.90, 0.05),
    "DXY": (-0.80, 0.05),
    "VIX": (-21.0, 0.5),
    "GLD": (2.20, 0.05),
    "SLV": (1.80, 0.05),
    "TLT": (0.30, 0.05),
}
NAMES = {
    "TSLA": (343.25, -0.98),
    "MSFT": (374.33, 0.55),
    "META": (612.42, 6.50),
    "PLTR": (140.76, -6.20),
    "ABBV": (211.59, 2.53),
    "AAPL": (258.90, 2.13),
    "AMZN": (221.25, 3.50),
    "ORCL": (143.66, 0.34),
    "AXON": (391.53, 5.00),
    "ADBE": (239.31, -0.35),
    "CEG": (284.27, 4.29),
    "CRWD": (426.51, 0.77),
}


@claim("Closes of indices and funds are those of the day", outcome=facts(), data=US)
def fact_closes(panel):
    return [FigureCheck(f"{symbol} close", printed, level(panel, symbol, DAY), slack) for symbol, (printed, slack) in CLOSES.items()]


@claim("Moves of indices and funds are those of the day", outcome=facts(), data=US)
def fact_moves(panel):
    checks = [FigureCheck(f"{symbol} on the day, %", printed, change(panel, symbol, DAY), slack) for symbol, (printed, slack) in MOVES.items()]
    fund = change(panel, "USO", DAY)
    return [*checks, FigureCheck("crude oil on the day, %", -13.4, math.nan, 0.5, f"no crude future here; USO {fund:+.1f}%")]


@claim("Closes and moves of the named stocks are those of the day", outcome=facts(), data=US)
def fact_names(panel):
    checks = []
    for name, (close, move) in NAMES.items():
        found = level(panel, name, DAY, "member_close")
        checks.append(FigureCheck(f"{name} close", close, found, 0.01 * close, "adjusted for dividends since"))
        checks.append(FigureCheck(f"{name} on the day, %", move, change(panel, name, DAY, "member_close"), 0.05))
    return checks


@claim("SPX stands to its 200-session mean as printed", outcome=facts(), data=US)
def fact_mean_200(panel):
    close = panel["close", "SPX"].iloc[:, 0].loc[:DAY]
    mean = close.rolling(200).mean()
    before = (close < mean).iloc[:-1].to_numpy()
    run = int(before[::-1].argmin()) if not before.all() else len(before)
    return [
        FigureCheck("200-session mean", 6760.0, float(mean.iloc[-1]), 5.0),
        FigureCheck("close against the mean, as counted among the bearish inputs", "below", "below" if close.iloc[-1] < mean.iloc[-1] else "above"),
        FigureCheck("sessions in a row under the mean, up to the day before (15 or more)", 15, run),
        FigureCheck("points under the mean five sessions before", 185, float(mean.iloc[-6] - close.iloc[-6]), 5.0),
    ]


@claim("Dealers are short gamma, as printed", outcome=facts(), data=US)
def fact_gamma(panel):
    gamma = level(panel, "SPX", DAY, "gex")
    before = level(panel, "SPX", "2026-04-07", "gex")
    note = f"SqueezeMetrics, {gamma / 1e9:+.2f}bn"
    return [
        FigureCheck("sign of SPX dealer gamma", "negative", sign_word(gamma), note=note),
        FigureCheck("sign on the eve of the rally it is said to have driven", "negative", sign_word(before), note=f"{before / 1e9:+.2f}bn"),
        FigureCheck("same-day gamma at 6,770 to 6,800, bn", -4.0, math.nan, 1.0, "chains of the day are sold, not on disk"),
    ]


@claim("The dollar broke 100 on the day, while the 10-year yield rose", outcome=facts(), data=US)
def fact_dollar(panel):
    dollar = panel["close", "DXY"].iloc[:, 0].loc[:DAY].dropna()
    last = dollar[dollar >= 100].index[-1]
    first = dollar[dollar.index > last].index[0]
    rise = 100 * (level(panel, "DGS10", DAY, "value") - level(panel, "DGS10", "2026-04-07", "value"))
    month = panel["value", "DGS10"].iloc[:, 0].loc[:DAY].diff(21).iloc[-1]
    return [
        FigureCheck("first close under 100", DAY, f"{first:%Y-%m-%d}"),
        FigureCheck("dollar on the day", "negative", sign_word(change(panel, "DXY", DAY))),
        FigureCheck("10-year yield, 21 sessions", "positive", sign_word(month), note=f"{100 * month:+.0f}bp; {rise:+.0f}bp on the day"),
    ]


@claim("ISM manufacturing stood in its third month of expansion, prices paid at 78.3", outcome=facts(), data=US)
def fact_ism(panel):
    seen = panel["value", "ISM_PMI"].iloc[:, 0].loc[:DAY].dropna()
    months = seen[seen != seen.shift()].iloc[-2:]
    note = f"data end with {seen.iloc[-1]:g}"
    return [
        FigureCheck("PMI", 52.7, math.nan, 0.05, note),
        FigureCheck("prices paid", 78.3, math.nan, 0.05, "not on disk"),
        FigureCheck("the two months before were expansion", "yes", "yes" if (months > 50).all() else "no", note=note),
    ]


@claim("A bounce began on 26 March, a year after the low of April 2025", outcome=facts(), data=US)
def fact_bounce(panel):
    close = panel["close", "SPX"].iloc[:, 0]
    return [
        FigureCheck("SPX on 2026-03-26", "positive", sign_word(change(panel, "SPX", "2026-03-26")), note=f"{change(panel, 'SPX', '2026-03-26'):+.2f}%"),
        FigureCheck("low of the spring, closing", "2026-03-26", f"{close.loc['2026-02-01':DAY].idxmin():%Y-%m-%d}"),
        FigureCheck("month of the low of 2025", "2025-04", f"{close.loc['2025-01-01':'2025-12-31'].idxmin():%Y-%m}"),
    ]


@claim("Flow of the day: option premium, dark pools, TWAP", outcome=facts(), data=US)
def fact_flow(panel):
    told = {"option premium, bn": 15.94, "dark-pool volume, bn": 80.11, "SPY dark-pool net, bn": -1.73}
    told |= {"QQQ dark-pool net, bn": -1.35, "IWM dark-pool net, bn": -1.75}
    return [FigureCheck(what, printed, math.nan, 0.01, "sold data; none on disk") for what, printed in told.items()]
