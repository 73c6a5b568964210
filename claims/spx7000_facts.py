"""SPX above 7,000 (2026-01-28): what it prints of the market, against data."""

import pandas as pd

from flowbt.evidence.claims.arithmetic import FigureCheck, facts, level, sign_word
from flowbt.evidence.claims.declare import Data, Document, claim
from flowbt.features import breadth_slope, iv_minus_realised, iv_rank, milestone, structural_pivot, win_streak

DOCUMENT = Document("spx7000", dated="2026-01-28", title="SPX above 7,000")
DAY = DOCUMENT.dated
US = Data(symbols=("SPX",))


def _side(close, line):
    return "above" if close >= line else "below"


@claim("SPX has cleared 7,000 and holds over 6,992", outcome=facts(), data=US)
def fact_levels(panel):
    close = level(panel, "SPX", DAY)
    high = level(panel, "SPX", DAY, "high")
    first = milestone(panel).first_above.iloc[:, 0]
    over = panel["close", "SPX"].iloc[:, 0] >= 7000
    when = f"first close over it: {first.index[first & over][0]:%Y-%m-%d}" if (first & over).any() else "no close over it yet"
    pivot = structural_pivot(panel, kind="all_time_high").level.iloc[:, 0].loc[DAY]
    return [
        FigureCheck("close against 7,000", "above", _side(close, 7000), note=f"{close:,.2f}, high {high:,.2f}; {when}"),
        FigureCheck("close against 6,992", "above", _side(close, 6992), note=f"the last high broken is {pivot:,.2f}"),
    ]


@claim("A Russell win streak is running", outcome=facts(), data=US)
def fact_streak(panel):
    beats = win_streak(panel, kind="beats", symbol="RUT").iloc[:, 0].loc[:DAY]
    up = win_streak(panel, kind="up", symbol="RUT").iloc[:, 0].loc[:DAY]
    recent = beats.iloc[-21:]
    note = f"longest of the month {recent.max():.0f}, to {recent.idxmax():%Y-%m-%d}; longest run of up sessions {up.iloc[-21:].max():.0f}"
    return [FigureCheck("sessions in a row on which Russell beat SPX", "running", "running" if beats.iloc[-1] >= 2 else "over", note=note)]


@claim("What SPX does under normal conditions is as printed", outcome=facts(), data=US)
def fact_baselines(panel):
    close = panel["close", "SPX"].iloc[:, 0].loc[:DAY]
    month = 100 * close.pct_change(21, fill_method=None).loc["1988-01-01":].mean()
    fortnight = 100 * close.pct_change(10, fill_method=None).loc["1950-01-01":].mean()
    return [
        FigureCheck("mean of one month, %", 0.83, float(month), 0.06, "from 1988, as long as there is a Russell"),
        FigureCheck("mean of two weeks, %", 0.34, float(fortnight), 0.03, "from 1950"),
    ]


@claim("After every new multiple of 1,000 SPX was higher a year on, by 16.29% on average", outcome=facts(), data=US)
def fact_milestones(panel):
    close = panel["close", "SPX"].iloc[:, 0]
    first = milestone(panel).first_above.iloc[:, 0] & (close.index < DAY) & (close.index >= "1995-01-01")
    year = (close.shift(-252) / close - 1)[first].dropna()
    note = ", ".join(f"{t:%Y} {100 * v:+.0f}%" for t, v in year.items())
    return [
        FigureCheck("share positive, %", 100.0, float(100 * (year > 0).mean()), 0.5, note),
        FigureCheck("mean, %", 16.29, float(100 * year.mean()), 1.0, f"{len(year)} first closes since 1998"),
    ]


@claim("Gamma is positive, volatility low and near what is realised, breadth builds, small caps lead", outcome=facts(), data=US)
def fact_regime(panel):
    gamma, rank = level(panel, "SPX", DAY, "gex"), float(iv_rank(panel).loc[DAY].iloc[0])
    gap = float(iv_minus_realised(panel).loc[DAY].iloc[0])
    slope = float(breadth_slope(panel, window=21).slope.loc[DAY].iloc[0])
    lead = panel["close", "RUT"].iloc[:, 0].pct_change(21, fill_method=None) - panel["close", "SPX"].iloc[:, 0].pct_change(21, fill_method=None)
    return [
        FigureCheck("sign of SPX dealer gamma", "positive", sign_word(gamma), note=f"{gamma / 1e9:+.2f}bn"),
        FigureCheck("rank of VIX in its year is low (under 0.3)", "yes", "yes" if rank < 0.3 else "no" if pd.notna(rank) else "", note=f"{rank:.2f}"),
        FigureCheck("VIX less realised volatility, points (near)", 0.0, gap, 4.0),
        FigureCheck("slope of breadth over 21 sessions", "positive", sign_word(slope)),
        FigureCheck("Russell less SPX over 21 sessions", "positive", sign_word(float(lead.loc[DAY]))),
    ]
