"""Blow-off top in US equities (2025-05-15): what it prints of the market, against data."""

from flowbt.evidence.claims.arithmetic import FigureCheck, change, facts, level, sign_word
from flowbt.evidence.claims.declare import Data, Document, claim
from flowbt.features import breadth_slope

DOCUMENT = Document("blowoff", dated="2025-05-15", title="Blow-off top in US equities")
DAY = DOCUMENT.dated
US = Data(symbols=("SPX",))
MONTH = {"since": "2025-04-14"}  # the month whose SPX gain is nearest to the one printed ends on 14 May
SEVEN = {"NVDA": 21.96, "AAPL": 5.15, "TSLA": 39.0, "AMZN": 15.92, "MSFT": 16.58}


@claim("Put/call fell to 0.55, the lowest since 2010", outcome=facts(), data=US)
def fact_put_call(panel):
    checks = []
    for kind in ("equity", "total"):
        ratio = panel[f"put_call_{kind}", "US"].iloc[:, 0].loc["2010-01-01":DAY].dropna()
        under = int((ratio.iloc[:-1] <= 0.55).sum())
        checks.append(FigureCheck(f"{kind} ratio of the day", 0.55, float(ratio.iloc[-1]), 0.05))
        checks.append(FigureCheck(f"earlier {kind} readings since 2010 at or under 0.55", 0, under, note=f"lowest {ratio.min():.2f}"))
    return checks


@claim("Dealers are short gamma, as printed", outcome=facts(), data=US)
def fact_gamma_2025(panel):
    gamma = level(panel, "SPX", DAY, "gex")
    return [FigureCheck("sign of SPX dealer gamma", "negative", sign_word(gamma), note=f"SqueezeMetrics, {gamma / 1e9:+.2f}bn")]


@claim("SPX and its largest names rose as printed over the month", outcome=facts(), data=US)
def fact_month(panel):
    end = "2025-05-14"
    rows = [FigureCheck("SPX, %", 8.92, change(panel, "SPX", end, **MONTH), 0.15)]
    rows += [FigureCheck(f"{name}, %", printed, change(panel, name, end, "member_close", **MONTH), 1.0) for name, printed in SEVEN.items()]
    return [*rows, FigureCheck("Dow, %", 3.76, change(panel, "DIA", end, **MONTH), 0.3, "DIA stands in")]


@claim("Mega caps lead while breadth narrows and retail is euphoric", outcome=facts(), data=US)
def fact_leadership(panel):
    names = panel.wide("member_close").ffill(limit=3)
    month = names.loc["2025-05-14"] / names.loc["2025-04-14"] - 1
    lead = float(month[list(SEVEN)].median() - month.median())
    slope = float(breadth_slope(panel, window=21).slope.loc[DAY].iloc[0])
    retail = panel["aaii_bullish", "US"].iloc[:, 0]
    gap = float(retail.loc[DAY] - retail.loc[:DAY].mean())
    return [
        FigureCheck("largest names less the median name, month", "positive", sign_word(lead), note=f"{100 * lead:+.1f} points"),
        FigureCheck("slope of breadth over 21 sessions", "negative", sign_word(slope), note=f"{100 * slope:+.2f} points a session"),
        FigureCheck("AAII bullish share against its mean", "above", "above" if gap > 0 else "below" if gap < 0 else "", note=f"{100 * gap:+.0f} points"),
    ]


@claim("Liquidity drains: the Fed's assets fall, no cut, the 10-year yield rises", outcome=facts(), data=US)
def fact_liquidity(panel):
    assets = level(panel, "WALCL", DAY, "value") - level(panel, "WALCL", "2025-02-14", "value")
    cut = level(panel, "DFF", DAY, "value") - level(panel, "DFF", "2025-02-14", "value")
    rise = level(panel, "DGS10", DAY, "value") - level(panel, "DGS10", "2025-04-15", "value")
    return [
        FigureCheck("the Fed's assets over three months", "negative", sign_word(assets), note=f"{assets / 1e3:+.0f}bn"),
        FigureCheck("fed funds over three months, points", 0.0, cut, 0.02),
        FigureCheck("10-year yield over a month", "positive", sign_word(rise), note=f"{100 * rise:+.0f}bp"),
        FigureCheck("GDP contracts and CPI cools", "yes", "", note="not imported"),
        FigureCheck("foreign holders sell long bonds", "yes", "", note="not on disk"),
    ]


@claim("Volatility is compressed", outcome=facts(), data=US)
def fact_volatility_2025(panel):
    fall = change(panel, "VIX", DAY, since="2025-04-15")
    return [FigureCheck("VIX over a month", "negative", sign_word(fall), note=f"{fall:+.0f}%, to {level(panel, 'VIX', DAY):.1f}")]
