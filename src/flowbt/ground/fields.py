"""The vocabulary of fields: one name per quantity, with its unit and sign.

A dataset declares which of these it holds; a name outside the list is allowed for a user's own data, and then carries
the unit its dataset declares. The registry is plain data, read by `flowbt features`, `flowbt data` and the tearsheet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

US = "US"  # symbol of market-wide fields


@dataclass(frozen=True)
class Field:
    name: str
    units: str
    meaning: str


class FieldKey(NamedTuple):
    """A field of a symbol, as declarations and needs write it: `field`, `field:SYMBOL`, `field:PREFIX*` or `field:*`.

    `symbol` is None where none is named: the traded symbols. Errors: none; an unknown field is the catalog's to refuse.
    """

    field: str
    symbol: str | None = None

    @classmethod
    def parse(cls, text: str) -> FieldKey:
        field, _, symbol = text.partition(":")
        return cls(field, symbol or None)

    def __str__(self) -> str:
        return self.field if self.symbol is None else f"{self.field}:{self.symbol}"

    @property
    def words(self) -> str:
        """As messages name it: `gex of SPX`."""
        return self.field if self.symbol is None else f"{self.field} of {self.symbol}"

    @property
    def prefix(self) -> str | None:
        """What the names of all its symbols begin with, where it stands for several (`field:PREFIX*`)."""
        return self.symbol[:-1] if self.symbol is not None and self.symbol.endswith("*") else None

    def matches(self, symbol: str) -> bool:
        return self.symbol is None or (symbol == self.symbol if self.prefix is None else symbol.startswith(self.prefix))


_ROWS = """
open|price|first trade of the bar
high|price|highest trade of the bar
low|price|lowest trade of the bar
close|price|last trade of the bar, or an index's level
volume|shares|traded in the bar
value|as published|a macro series' value
dix|fraction|dollar-weighted off-exchange short share of index members; high reads as buying
gex|$ per 1%|dealer gamma, calls +, puts -
gex_0dte|$ per 1%|dealer gamma of options expiring the same day
zero_gamma|price|spot at which dealer gamma changes sign, nearest to spot
nearest_positive_gamma|price|nearest level under spot where dealer gamma is positive
dealer_delta|$|dealer delta under the same sign assumption
put_call_equity|ratio|Cboe equity options, puts over calls by volume
put_call_total|ratio|Cboe all options, puts over calls by volume
put_call_index|ratio|Cboe index options, puts over calls by volume
dark_pool_net|$|bought at the ask less sold at the bid, off exchange; negative = sold
dark_pool_volume|$|off-exchange volume
short_volume|shares|FINRA off-exchange short volume
total_volume|shares|FINRA off-exchange volume
calls_bought|$|call premium at or above the ask
calls_sold|$|call premium at or below the bid
puts_bought|$|put premium at or above the ask
puts_sold|$|put premium at or below the bid
premium_unknown|$|option premium whose side is unknown
funding_rate|fraction per interval|perpetual funding; positive = longs pay shorts
funding_interval_hours|hours|length of the funding interval
open_interest_usd|$|perpetual open interest
open_interest_coin|coin|perpetual open interest
liquidations_long_usd|$|longs liquidated
liquidations_short_usd|$|shorts liquidated
lending_liquidations_usd|$|collateral liquidated by lending protocols
depth_1pct_usd|$|resting orders within 1% of mid, both sides
spread_bps|bp|best ask less best bid over mid
taker_buy_volume|coin|bought by takers
taker_sell_volume|coin|sold by takers
vpin|fraction|volume-synchronised probability of informed trading, 0 to 1
kyle_lambda|log return per root coin|slope of minute returns on signed root volume
amihud|fraction per $ million|mean absolute minute return over dollar volume
toxic_mid|price|volume-weighted price of the most toxic minutes
iv_7d|vol points|at-the-money implied volatility, 7 days
iv_30d|vol points|at-the-money implied volatility, 30 days
futures_close|price|close of a dated future; symbol is ROOT-YYYY-MM-DD
futures_volume|contracts|volume of a dated future
member_close|price|close of an index member
member_volume|shares|volume of an index member
pct_above_200d|percent|share of members above their 200-session mean
pct_above_50d|percent|share of members above their 50-session mean
aaii_bullish|fraction|AAII survey, bullish
aaii_bearish|fraction|AAII survey, bearish
naaim_exposure|percent|NAAIM mean equity exposure
cot_spec_net|contracts|speculators' long less short
cot_open_interest|contracts|open interest
cot_asset_net|contracts|asset managers' long less short
cot_dealer_net|contracts|dealers' long less short
fund_flow_usd|$|creations less redemptions
fund_aum_usd|$|assets under management
bid_to_cover|ratio|auction bids over amount accepted
auction_tail_bp|bp|high yield less the comparison yield the source uses
event|flag or surprise|1 on the date of an event, known when the date was announced; or an outcome (a surprise), known when it happens
"""

FIELDS = {name: Field(name, units, meaning) for name, units, meaning in (row.split("|") for row in _ROWS.strip().splitlines())}
