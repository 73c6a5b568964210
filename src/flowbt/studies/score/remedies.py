"""What would bring a field that no dataset here has: said in every `untestable` verdict."""

from __future__ import annotations

import re

from flowbt.ground.errors import FieldError

_ROWS = """
calls_bought calls_sold puts_bought puts_sold premium_unknown|option prints with their quotes: `flowbt reduce option-prints FOLDER --to option-flow`
dark_pool_net dark_pool_volume|off-exchange prints with their quotes: `flowbt reduce dark-prints FOLDER --to dark-pool`
short_volume total_volume|FINRA's daily files: `flowbt reduce finra FOLDER --to finra`
dealer_vanna dealer_charm max_pain oi_herfindahl oi_near_share|option chains: `flowbt reduce chains FOLDER --to chains`
gex gex_0dte zero_gamma nearest_positive_gamma dealer_delta|option chains: `flowbt reduce chains FOLDER --to chains`; for gex also SqueezeMetrics' DIX.csv
vpin taker_buy_volume taker_sell_volume|trades of an exchange: `flowbt reduce trades FOLDER --to toxicity`
depth_1pct_usd spread_bps|order-book snapshots: `flowbt reduce book FOLDER --to book`, or Binance's depth archive: `flowbt reduce book-depth FOLDER --to book`
liquidations_long_usd liquidations_short_usd|liquidation prints: `flowbt reduce liquidations FOLDER --to liquidations`
open_interest_usd open_interest_coin|an exchange's metrics archive: `flowbt reduce metrics FOLDER --to open-interest`
event|a table of event_time, known_at, symbol (EARNINGS:NVDA, CPI, ...) and surprise: `flowbt data import` with a mapping
fund_flow_usd fund_aum_usd|a provider's creations and redemptions: `flowbt data import` with a mapping
"""
REMEDIES = {name: how for names, how in (row.split("|") for row in _ROWS.strip().splitlines()) for name in names.split()}


def lacking(error: FieldError) -> str:
    """The error as one line that ends with what would bring the field."""
    field = re.match(r"field '(\w+)'", error.asked)
    how = REMEDIES.get(field.group(1)) if field else None
    return f"{error.asked}: {error.found}; brought by {how}" if how and "not imported" not in error.found else str(error)
