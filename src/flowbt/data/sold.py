"""What free sources do not have, and who sells it: what an error about data that are not there can say to do."""

from __future__ import annotations

from flowbt.data.demo.names import MEMBERS
from flowbt.ground.fields import PRICES

_ROWS = """
calls_bought calls_sold puts_bought puts_sold premium_unknown|option prints with their quotes are sold (Unusual Whales, ThetaData, resellers of OPRA); then `flowbt reduce option-prints`
dark_pool_net dark_pool_volume|off-exchange prints with their quotes are sold (Unusual Whales, Polygon); then `flowbt reduce dark-prints`
gex_0dte zero_gamma nearest_positive_gamma dealer_delta dealer_vanna dealer_charm max_pain|option chains of the past are sold (Cboe DataShop, ORATS, OptionMetrics); then `flowbt reduce chains`
"""  # noqa: E501
SOLD = {name: words for names, words in (row.split("|") for row in _ROWS.strip().splitlines()) for name in names.split()}
NAMES = (
    "M01 to M40 are single names of the demo market (--demo); daily bars of real ones are sold (Norgate, Polygon, Tiingo), their flow too (Unusual Whales): "
    "import what you have and put its symbols into the file's SYMBOLS"
)


def sold(field: str, symbol: str | None) -> str:
    """Which data would bring a field of a symbol and who sells them; empty where a free source has it."""
    return NAMES if symbol in MEMBERS and field in PRICES else SOLD.get(field, "")
