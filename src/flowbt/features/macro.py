"""Macro regimes: credit, funding, liquidity, rates and dollar, oil, ISM, the central bank, auctions, and the gates made of them.

FRED series are the latest vintage; each is seen only once it was published (`known_at`). Frames carry one series under every symbol.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.rolling import sign, signed_run
from flowbt.features.trailing import enough, zscore
from flowbt.ground.protocols import Panel

DOLLAR = ("close:DXY",)
HIGH_YIELD = ("value:BAMLH0A0HYM2", "close:HYG")
RATE_REGIMES = ("easing: dollar down, yields down", "sell America: dollar down, yields up", "haven: dollar up, yields down", "tightening: dollar up, yields up")
OIL_REGIMES = ("easing: dollar down, oil down", "reflation: dollar down, oil up", "demand scare: dollar up, oil down", "stagflation: dollar up, oil up")
FED_REGIMES = ("cutting", "on hold", "hiking")


class Change(NamedTuple):
    level: pd.DataFrame
    change: pd.DataFrame


class Quadrant(NamedTuple):
    """Two changes and the quadrant they make: 0..3, 2 x (first rises) + (second rises); missing where either change is."""

    first: pd.DataFrame
    second: pd.DataFrame
    regime: pd.DataFrame


class Ism(NamedTuple):
    level: pd.DataFrame
    expansion: pd.DataFrame  # bool: above the line
    sessions: pd.DataFrame  # since it crossed the line, signed


class Fed(NamedTuple):
    policy: pd.DataFrame  # change of the fed funds rate, percentage points
    balance_sheet: pd.DataFrame  # change, fraction; negative = QT
    regime: pd.DataFrame  # index into FED_REGIMES


def quadrant(first: pd.DataFrame, second: pd.DataFrame) -> Quadrant:
    """Quadrant of two changes; no change counts as not rising."""
    regime = 2.0 * (first > 0) + (second > 0)
    return Quadrant(first, second, regime.where(first.notna() & second.notna()))


def dollar(panel: Panel) -> pd.DataFrame:
    """ICE dollar index, or the broad trade-weighted one (another scale: the level gates need the first)."""
    return panel.either(("close", "DXY"), ("value", "DTWEXBGS"))


def oil_price(panel: Panel) -> pd.DataFrame:
    """WTI: spot (FRED), else the front future, else the fund USO (another scale: only its changes mean something)."""
    return panel.either(("value", "DCOILWTICO"), ("close", "WTI"), ("close", "USO"))


@feature(
    family="macro",
    units="percentage points",
    sign="positive = spreads widen",
    needs=("value:HY_OAS",),
    stand_ins=HIGH_YIELD[:1],
    source="ICE BofA index via FRED",
)
def credit_spread(panel: Panel, *, window: int = 21) -> Change:
    """High-yield option-adjusted spread (percent) and its change over `window` sessions."""
    level = panel.either(("value", "HY_OAS"), ("value", "BAMLH0A0HYM2"))
    return Change(level, level - level.shift(window))


@feature(family="macro", units="z-score", sign="positive = stress", needs=("value:HY_OAS",), stand_ins=HIGH_YIELD, source="ours")
def credit_stress(panel: Panel, *, window: int = 21, history: int = 252) -> pd.DataFrame:
    """Widening of high-yield spreads over `window` sessions (or, as a stand-in, the fall of HYG) in standard deviations of `history`."""
    if panel.has("value", "HY_OAS") or panel.has("value", "BAMLH0A0HYM2"):
        return zscore(credit_spread(panel, window=window).change, history)
    hyg = panel.either(("value", "HY_OAS"), ("close", "HYG"))
    return zscore(-(hyg / hyg.shift(window) - 1), history)


@feature(family="macro", units="bool", sign="True = bearish signals pass", needs=("value:HY_OAS",), stand_ins=HIGH_YIELD, source="exitliq's soft gate")
def credit_gate(panel: Panel, *, limit: float = 1.0, window: int = 21, history: int = 252) -> pd.DataFrame:
    """The report's soft gate: bearish signals pass unless credit is under stress (`credit_stress` above `limit`). False where missing."""
    return credit_stress(panel, window=window, history=history) <= limit


@feature(family="macro", units="bool", sign="True = metals longs blocked", needs=DOLLAR, source="exitliq's hard block: DXY at or above 100")
def dollar_block(panel: Panel, *, level: float = 100.0) -> pd.DataFrame:
    """The ICE dollar index stands at or above `level`. False where it is missing: pair it with `dollar_unblocked`."""
    return panel["close", "DXY"] >= level


@feature(family="macro", units="bool", sign="True = metals longs allowed", needs=DOLLAR, source="exitliq's hard block")
def dollar_unblocked(panel: Panel, *, level: float = 100.0) -> pd.DataFrame:
    """The ICE dollar index is known and under `level`: the hard block on metals longs is off."""
    return panel["close", "DXY"] < level


@feature(family="macro", units="percentage points", sign="positive = funding tight", needs=("value:SOFR", "value:DFF"), source="New York Fed via FRED")
def funding_stress(panel: Panel, *, mean: int = 5) -> pd.DataFrame:
    """SOFR less the effective fed funds rate, a stand-in for SOFR-OIS and named so, averaged over `mean` sessions."""
    return (panel["value", "SOFR"] - panel["value", "DFF"]).rolling(mean, min_periods=enough(mean)).mean()


@feature(
    family="macro", units="$ bn", sign="rising = more liquidity", needs=("value:WALCL", "value:WTREGEN", "value:RRPONTSYD"), source="Federal Reserve via FRED"
)
def net_liquidity(panel: Panel, *, window: int = 63) -> Change:
    """Fed assets less the Treasury's account less reverse repo, in $ bn, and its change over `window` sessions.

    FRED publishes WALCL and WTREGEN in $ mn, RRPONTSYD in $ bn; they are brought to $ bn here. Missing where one is.
    """
    level = panel["value", "WALCL"] / 1000 - panel["value", "WTREGEN"] / 1000 - panel["value", "RRPONTSYD"]
    return Change(level, level - level.shift(window))


@feature(
    family="macro",
    units="fraction; points; 0..3",
    sign="regime 1 = sell America",
    needs=(*DOLLAR, "value:DGS10"),
    stand_ins=("value:DTWEXBGS",),
    source="exitliq",
)
def rate_regime(panel: Panel, *, window: int = 21) -> Quadrant:
    """Dollar (fraction) and 10-year yield (points) changes over `window` sessions, and their quadrant in `RATE_REGIMES`."""
    usd, ten = dollar(panel), panel["value", "DGS10"]
    return quadrant(usd / usd.shift(window) - 1, ten - ten.shift(window))


@feature(family="macro", units="bool", sign="True = dollar down, yields up", needs=(*DOLLAR, "value:DGS10"), stand_ins=("value:DTWEXBGS",), source="exitliq")
def sell_america(panel: Panel, *, window: int = 21) -> pd.DataFrame:
    """The dollar fell and the 10-year yield rose over `window` sessions."""
    return rate_regime(panel, window=window).regime == 1


@feature(
    family="macro",
    units="fractions; 0..3",
    sign="regime 3 = both up",
    needs=(*DOLLAR, "value:DCOILWTICO"),
    stand_ins=("value:DTWEXBGS", "close:WTI", "close:USO"),
    source="exitliq",
)
def dollar_oil_regime(panel: Panel, *, window: int = 21) -> Quadrant:
    """Dollar and oil changes (fractions) over `window` sessions, and their quadrant in `OIL_REGIMES`. Oil is missing at or under $0."""
    usd, oil = dollar(panel), oil_price(panel)
    oil = oil.where(oil > 0)
    return quadrant(usd / usd.shift(window) - 1, oil / oil.shift(window) - 1)


@feature(
    family="macro",
    units="index; bool; sessions",
    sign="above 50 = expansion",
    needs=("value:ISM_PMI",),
    source="ISM; known on the first business day of the next month",
)
def ism_regime(panel: Panel, *, series: str = "ISM_PMI", line: float = 50.0) -> Ism:
    """An ISM index, whether it is above `line`, and the sessions since it crossed. `series`: ISM_PMI, ISM_NMI or ISM_PRICES."""
    level = panel["value", series]
    return Ism(level, level > line, signed_run(sign(level - line)))


@feature(
    family="macro",
    units="points; fraction; code",
    sign="regime 2 = hiking",
    needs=("value:DFF", "value:WALCL"),
    source="Federal Reserve via FRED; cut-off ours",
)
def fed_regime(panel: Panel, *, window: int = 63, step: float = 0.125) -> Fed:
    """Change of the fed funds rate and of Fed assets over `window` sessions; cutting or hiking when the rate moved by `step` or more."""
    rate, assets = panel["value", "DFF"], panel["value", "WALCL"]
    policy = rate - rate.shift(window)
    regime = 1.0 + (policy >= step) - 1.0 * (policy <= -step)
    return Fed(policy, assets / assets.shift(window) - 1, regime.where(policy.notna()))


@feature(family="macro", units="fraction", sign="negative = weak demand", needs=("bid_to_cover:10-Year",), source="US Treasury; comparison ours")
def auction_demand(panel: Panel, *, term: str = "10-Year", history: int = 252) -> pd.DataFrame:
    """Bid-to-cover of the last auction of `term` against its own mean over the last `history` sessions, less 1.

    The mean weighs each auction by the sessions for which it was the last one.
    """
    cover = panel["bid_to_cover", term]
    return cover / cover.rolling(history, min_periods=enough(history)).mean() - 1


@feature(family="macro", units="index", sign="positive = tight", needs=("value:NFCI",), source="Chicago Fed via FRED")
def financial_conditions(panel: Panel, *, window: int = 21) -> Change:
    """Chicago Fed financial conditions (0 = average, positive = tight) and its change over `window` sessions."""
    level = panel["value", "NFCI"]
    return Change(level, level - level.shift(window))
