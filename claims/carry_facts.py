"""Crowded BTC carry and volatility selling (2026-02-06): what it prints of the market, against data."""

from flowbt.evidence.claims.arithmetic import FigureCheck, facts, sign_word
from flowbt.evidence.claims.declare import Data, Document, claim
from flowbt.features import carry_yield

DOCUMENT = Document("carry", dated="2026-02-06", title="BTC carry trades and their unwinding")
BTC = Data(symbols=("BTC",), clock="24/7")
SPAN = slice("2025-01-01", "2026-02-06")


@claim("Carry fell from 10% to 2% a year over 2025 and 2026", outcome=facts(), data=BTC)
def fact_carry(panel):
    paid = 100 * carry_yield(panel).iloc[:, 0].rolling(21).mean().loc[SPAN]
    return [
        FigureCheck("highest mean of 21 days, %", 10.0, float(paid.max()), 1.0, f"{paid.idxmax():%Y-%m-%d}"),
        FigureCheck("lowest mean of 21 days, %", 2.0, float(paid.min()), 1.0, f"{paid.idxmin():%Y-%m-%d}"),
        FigureCheck("the low came after the high", "yes", "yes" if paid.idxmin() > paid.idxmax() else "no"),
    ]


@claim("Implied volatility fell from 68% to 34%, and has jumped back", outcome=facts(), data=BTC)
def fact_implied(panel):
    implied = panel["close", "DVOL"].iloc[:, 0].loc[SPAN]
    jump = float(implied.iloc[-1] - implied.iloc[-22])
    return [
        FigureCheck("highest close, before the jump", 68.0, float(implied.loc[:"2026-01-31"].max()), 1.0, f"{implied.loc[:'2026-01-31'].idxmax():%Y-%m-%d}"),
        FigureCheck("lowest close", 34.0, float(implied.min()), 1.0, f"{implied.idxmin():%Y-%m-%d}"),
        FigureCheck("change over 21 days", "positive", sign_word(jump), note=f"{jump:+.0f} points, to {implied.iloc[-1]:.0f}"),
    ]
