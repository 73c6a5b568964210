"""The board's rows of 24/7 markets: funding, basis, carry, open interest, liquidations, depth, toxicity, volatility and its term, expiries."""

from __future__ import annotations

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import PanelReader
from flowbt.features import carry as ca
from flowbt.features import expiries as ex
from flowbt.features import liquidations as li
from flowbt.features import open_interest as oi
from flowbt.features import toxicity as to
from flowbt.ground.clock import ALWAYS, Clock
from flowbt.ground.protocols import Panel
from flowbt.studies.board.lines import PCT, SIGNED, Line, dollars

COINS = ("BTC", "ETH")
DAYS = 800  # of history, enough for the year of the longest window twice over
YEARLY = "{:+.1%} a year"


def _implied(panel: Panel) -> pd.DataFrame:
    """Of chains, or of bitcoin the index: another coin has none of its own there."""
    return panel.either("iv_30d", ("close", "DVOL")) if panel.symbols[0] == "BTC" else panel["iv_30d"]


def _term(panel: Panel) -> pd.DataFrame:
    return ex.iv_term_slope(panel) if panel.symbols[0] == "BTC" else panel["iv_7d"] - panel["iv_30d"]


def _left(value: float) -> str:
    return f"in {value:.1f} days"


LINES = (
    Line("", "price", lambda p: p["close"], "${:,.0f}"),
    Line("", "change over a day", lambda p: p["close"].pct_change(fill_method=None), "{:+.1%}"),
    Line("", "funding", ca.funding_apr, YEARLY),
    Line("", "funding, 7 days", lambda p: ca.funding_apr(p, window=7), YEARLY),
    Line("", "basis at 30 days", ca.basis_apr, YEARLY),
    Line("", "carry yield", ca.carry_yield, YEARLY),
    Line("", "carry crowding (of a year)", lambda p: ca.carry_crowding(p).score, PCT),
    Line("", "open interest", lambda p: p["open_interest_usd"], dollars),
    Line("", "open interest, change (3 days)", oi.open_interest_change, "{:+.1%}"),
    Line("", "longs liquidated", lambda p: p["liquidations_long_usd"], dollars),
    Line("", "shorts liquidated", lambda p: p["liquidations_short_usd"], dollars),
    Line("", "depth within 1%", lambda p: p["depth_1pct_usd"], dollars),
    Line("", "book stress", lambda p: li.book_stress(p).depth_z, "depth {:+.1f} sd"),
    Line("", "toxicity (VPIN)", lambda p: p.either("vpin"), "{:.2f}"),
    Line("", "toxicity (VPIN of bars, percentile)", to.vpin_percentile, PCT),
    Line("", "30-day volatility", _implied, "{:.1f}"),
    Line("", "volatility, 7 less 30 days", _term, SIGNED),
    Line("", "max pain", lambda p: p["max_pain"], "${:,.0f}"),
    Line("", "monthly expiry", ex.days_to_crypto_expiry, _left),
    Line("", "quarterly expiry", lambda p: ex.days_to_crypto_expiry(p, quarterly=True), _left),
)


def coin_panels(catalog: Catalog, decided: pd.Timestamp) -> dict[str, PanelReader]:
    """A panel a coin whose close is there, on 24/7 days, up to the last one over at `decided` (naive UTC)."""
    found = {}
    for coin in COINS:
        if catalog.has("close", coin):
            clock = Clock(ALWAYS)
            end = decided.normalize() - pd.Timedelta(days=1)
            found[coin] = PanelReader(catalog, (coin,), clock, clock.labels(end - pd.Timedelta(days=DAYS), end))
    return found
