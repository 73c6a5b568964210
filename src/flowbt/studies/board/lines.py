"""What the board reads, line by line: section, name, the feature, and how its value is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from flowbt.features import calendar as ca
from flowbt.features import dark_pool as dp
from flowbt.features import gamma as ga
from flowbt.features import macro as ma
from flowbt.features import option_flow as of
from flowbt.features import volatility as vo
from flowbt.features import zones as zo
from flowbt.features.inputs import ZONE_HORIZON
from flowbt.ground.protocols import Panel

Ask = Callable[[Panel], pd.DataFrame]


@dataclass(frozen=True)
class Line:
    """`form` is a format such as "{:.1f}", or a function of the value, or a tuple of words that the value picks from."""

    section: str
    name: str
    ask: Ask
    form: str | tuple[str, ...] | Callable[[float], str] = "{:.2f}"
    holds: Callable[[float], bool] = bool

    def text(self, value: float) -> str:
        if isinstance(self.form, tuple):
            return self.form[int(value)]
        return self.form.format(value) if isinstance(self.form, str) else self.form(value)


def dollars(value: float) -> str:
    """$ in bn or mn, signed."""
    size = abs(value)
    return f"{'-' if value < 0 else '+'}${size / 1e9:.2f}bn" if size >= 1e8 else f"{'-' if value < 0 else '+'}${size / 1e6:.1f}mn"


def _sign(value: float) -> str:
    return {1: "long gamma (moves are faded)", -1: "short gamma (moves are amplified)"}.get(int(value), "no certain sign")


def _own_or_index(name: str, panel: Panel) -> pd.DataFrame:
    return panel.either(name, (name, "SPX"))


def _index(name: str, form: str = "{:.2f}") -> Line:
    return Line("Volatility", name, lambda p: p["close", name], form)


def _value(section: str, name: str, series: str, form: str = "{:.2f}") -> Line:
    return Line(section, name, lambda p: p["value", series], form)


def _runs(value: float) -> str:
    side = "accumulation" if value > 0 else "distribution"
    return f"{abs(value):.0f} session{'s' if abs(value) != 1 else ''} of {side}" if value else "none"


def _sessions(value: float) -> str:
    return f"{abs(value):.0f} sessions {'above' if value > 0 else 'below'} 50"


def _days(value: float) -> str:
    return f"in {value:.0f} days" if value else "today"


def _until(event: str, panel: Panel) -> pd.DataFrame:
    return ca.days_to_event(panel, event=event).until


RANGE = (("gex_low", "lower"), ("gex_high", "upper"))
PCT, SIGNED, POINTS = "{:.0%}", "{:+.2f}", "{:+.2f} points"

LINES = (
    _index("VIX"),
    Line("Volatility", "VIX rank of a year", vo.iv_rank, PCT),
    Line("Volatility", "VIX percentile of a year", vo.iv_percentile, PCT),
    Line("Volatility", "VIX less realised (21)", vo.iv_minus_realised, POINTS),
    Line("Volatility", "VIX9D / VIX", lambda p: vo.vix_term_structure(p).short),
    Line("Volatility", "VIX / VIX3M", lambda p: vo.vix_term_structure(p).long),
    Line("Volatility", "VIX room up", lambda p: zo.vix_room(p, horizon=ZONE_HORIZON).upside, "{:+.1%}"),
    Line("Volatility", "VIX room down", lambda p: zo.vix_room(p, horizon=ZONE_HORIZON).downside, "{:+.1%}"),
    Line("Volatility", "VIX room up over down", lambda p: zo.vix_asymmetry(p, horizon=ZONE_HORIZON), "{:.1f} : 1"),
    *(_index(name) for name in ("VVIX", "SKEW", "MOVE", "OVX", "GVZ")),
    Line("Dealer gamma", "gamma, $ per 1% (published)", lambda p: p.either("gex", ("gex", "SPX")), dollars),
    *(Line("Dealer gamma", f"gamma, {end} end of its range", partial(_own_or_index, name), dollars) for name, end in RANGE),
    Line("Dealer gamma", "gamma sign", ga.gamma_sign, _sign),
    Line("Dealer gamma", "gamma score (252)", ga.gex_score, SIGNED),
    Line("Dealer gamma", "sessions with this sign", ga.gamma_run, "{:+.0f}"),
    Line("Dealer gamma", "zero gamma over spot", ga.zero_gamma_distance, "{:+.1%}"),
    Line("Dealer gamma", "nearest positive gamma", ga.positive_gamma_gap, "{:+.1%}"),
    Line("Dealer gamma", "same-day share", ga.same_day_share, PCT),
    Line("Dealer gamma", "vanna per vol point", lambda p: p["dealer_vanna"], dollars),
    Line("Dealer gamma", "charm per day", lambda p: p["dealer_charm"], dollars),
    Line("Dealer gamma", "max pain over spot", ga.max_pain_gap, "{:+.1%}"),
    Line("Dealer gamma", "open interest near spot", ga.open_interest_near_spot, PCT),
    Line("Option flow", "put/call, equity", lambda p: of.put_call_ratio(p)),
    Line("Option flow", "put/call, total", lambda p: of.put_call_ratio(p, kind="total")),
    Line("Option flow", "put/call, index", lambda p: of.put_call_ratio(p, kind="index")),
    Line("Option flow", "net premium by side", lambda p: of.side_flow(p).net, dollars),
    Line("Option flow", "naive calls over puts", lambda p: of.side_flow(p).naive),
    Line("Option flow", "unknown share", lambda p: of.side_flow(p).unknown, "{:.1%}"),
    Line("Option flow", "confidence", lambda p: of.side_flow(p).confidence, of.CONFIDENCE),
    Line("Option flow", "flip rate of the top 16", of.flip_rate, "{:.1%}"),
    Line("Option flow", "energy's share of premium", of.premium_share, "{:.1%}"),
    Line("Dark pool", "DIX", lambda p: p["dix", "SPX"], "{:.1%}"),
    Line("Dark pool", "pressure (63)", dp.dark_pool_pressure, "{:+.2f} sd"),
    Line("Dark pool", "ladder", dp.dark_pool_ladder, _runs),
    Line("Dark pool", "price against flow, of 10 sessions", dp.divergence_score, "{:.0f}"),
    Line("Dark pool", "net over volume", dp.dark_pool_share, "{:+.1%}"),
    Line("Dark pool", "volume of 15 sessions above spot", dp.underwater_share, PCT),
    Line("Credit and funding", "high-yield spread", lambda p: ma.credit_spread(p).level, "{:.2f}%"),
    Line("Credit and funding", "high-yield spread, change (21)", lambda p: ma.credit_spread(p).change, POINTS),
    Line("Credit and funding", "credit stress", ma.credit_stress, "{:+.2f} sd"),
    Line("Credit and funding", "SOFR less fed funds (for SOFR-OIS)", ma.funding_stress, POINTS),
    Line("Credit and funding", "financial conditions (NFCI)", lambda p: ma.financial_conditions(p).level, SIGNED),
    _value("Rates and dollar", "10-year yield", "DGS10", "{:.2f}%"),
    Line("Rates and dollar", "10-year yield, change (21)", lambda p: ma.rate_regime(p).second, POINTS),
    Line("Rates and dollar", "dollar index (DXY)", lambda p: p["close", "DXY"]),
    Line("Rates and dollar", "dollar, change (21)", lambda p: ma.rate_regime(p).first, "{:+.2%}"),
    Line("Rates and dollar", "rate regime", lambda p: ma.rate_regime(p).regime, ma.RATE_REGIMES),
    Line("Rates and dollar", "dollar-oil regime", lambda p: ma.dollar_oil_regime(p).regime, ma.OIL_REGIMES),
    Line("Rates and dollar", "oil (WTI)", lambda p: p.either(("value", "DCOILWTICO"), ("close", "WTI")), "${:.2f}"),
    Line("Rates and dollar", "10-year auction against its mean", ma.auction_demand, "{:+.1%}"),
    Line("Fed and liquidity", "fed funds, change (63)", lambda p: ma.fed_regime(p).policy, POINTS),
    Line("Fed and liquidity", "Fed assets, change (63)", lambda p: ma.fed_regime(p).balance_sheet, "{:+.2%}"),
    Line("Fed and liquidity", "policy", lambda p: ma.fed_regime(p).regime, ma.FED_REGIMES),
    Line("Fed and liquidity", "net liquidity", lambda p: ma.net_liquidity(p).level, "${:,.0f}bn"),
    Line("Fed and liquidity", "net liquidity, change (63)", lambda p: ma.net_liquidity(p).change, "{:+,.0f}bn"),
    Line("Growth", "ISM manufacturing", lambda p: ma.ism_regime(p).level, "{:.1f}"),
    Line("Growth", "ISM manufacturing regime", lambda p: ma.ism_regime(p).sessions, _sessions),
    Line("Growth", "ISM services", lambda p: ma.ism_regime(p, series="ISM_NMI").level, "{:.1f}"),
    Line("Growth", "ISM prices paid", lambda p: ma.ism_regime(p, series="ISM_PRICES").level, "{:.1f}"),
    Line("Breadth and sentiment", "members above their 200-session mean", lambda p: p["pct_above_200d", "US"], "{:.0f}%"),
    Line("Breadth and sentiment", "AAII bullish", lambda p: p["aaii_bullish", "US"], "{:.0%}"),
    Line("Breadth and sentiment", "NAAIM exposure", lambda p: p["naaim_exposure", "US"], "{:.0f}"),
    Line("Calendar", "monthly option expiry", ca.days_to_expiry, _days),
    *(Line("Calendar", f"next {event}", partial(_until, event), _days) for event in ("FOMC", "CPI", "PAYROLLS")),
    Line("Calendar", "earnings beats sold in a row", ca.beat_and_sell, "{:.0f}"),
)  # fmt: skip

GATES = (
    Line("Gates", "hard block on metals longs (DXY at or above 100)", lambda p: p["close", "DXY"], holds=lambda level: level >= 100.0),
    Line("Gates", "soft gate: bearish signals pass (credit not under stress)", ma.credit_stress, holds=lambda stress: stress <= 1.0),
)

REMEDIES = {
    **dict.fromkeys((*of.SIDES, "premium_unknown"), "option prints: `flowbt reduce option-prints`"),
    **dict.fromkeys(("dark_pool_net", "dark_pool_volume"), "dark-pool prints with their quotes: `flowbt reduce dark-prints`"),
    **dict.fromkeys(("zero_gamma", "nearest_positive_gamma", "gex_0dte", "gex_low", "gex_high"), "option chains: `flowbt reduce chains`"),
    "event": "a table of event dates with the time they were announced (`flowbt data import table`)",
    "ISM_PRICES": "a csv of ISM prices paid, imported as value of ISM_PRICES (`flowbt data import`)",
}  # what would bring a field (or a series) for which no dataset is declared
