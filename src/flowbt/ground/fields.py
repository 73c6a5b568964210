"""The vocabulary of fields: one name per quantity, with its unit, its sign, and how it combines in time.

A dataset declares which of these it holds; a name outside the list is allowed for a user's own data, and then carries the unit and the rule of
combination its dataset declares. The registry is plain data, read by `flowbt features`, `flowbt data` and the tearsheet.

How the parts of a longer bar combine:

    first last max min sum mean    of the parts' values, in order of event time
    mean:<field>                   mean weighted by another field of the same dataset
    rate                           fractions of successive intervals, added up (funding: what the bar's settlements came to)
    compound                       the same, compounded: product of (1 + rate), less 1
    event                          not combined: the last one stands

A value under a finer clock is the last one known, whatever the rule; and so is a value of the rules `last` and `event` under any clock, prices
excepted. Elsewhere the parts are those of the bar, and a bar with too few of them (the dataset's `coverage`, a share) is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PRICES = ("open", "high", "low", "close", "volume")  # what a dataset has on one basis: traded, split or total return
FOLDED = "total return"  # the basis of prices into which dividends are folded: their returns are right, their levels are not
OWN = ("event_time", "known_at", "revised_at", "symbol", "row", "file")  # columns every table has while it is imported: no field has these names
US = "US"  # symbol of market-wide fields
RULES = ("first", "last", "max", "min", "sum", "mean", "rate", "compound", "event")


@dataclass(frozen=True)
class Field:
    name: str
    units: str
    over_time: str
    meaning: str


def is_rule(text: str) -> bool:
    """Whether `text` is a rule of combination."""
    return text in RULES or (text.startswith("mean:") and len(text) > 5)


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
open|price|first|first trade of the bar
high|price|max|highest trade of the bar
low|price|min|lowest trade of the bar
close|price|last|last trade of the bar, or an index's level
volume|shares|sum|traded in the bar
value|as published|last|a macro series' value
dix|fraction|last|dollar-weighted off-exchange short share of index members; high reads as buying
gex|$ per 1%|last|dealer gamma, calls +, puts -
gex_low|$ per 1%|last|the lowest dealer gamma a chain can be read as: other volatilities and forwards, less two standard errors of what stands in
gex_high|$ per 1%|last|the highest of the same, plus the errors
gex_0dte|$ per 1%|last|dealer gamma of options expiring the same day
zero_gamma|price|last|spot at which dealer gamma changes sign, nearest to spot
nearest_positive_gamma|price|last|nearest level under spot where dealer gamma is positive
dealer_delta|$|last|dealer delta under the same sign assumption
dealer_vanna|$ per vol point|last|change of dealer delta when all volatilities rise by a point
dealer_charm|$ per day|last|change of dealer delta as a day passes
max_pain|price|last|strike at which holders of all live options are paid least
oi_herfindahl|fraction|last|concentration of open interest by strike, sum of squared shares
oi_near_share|fraction|last|share of open interest within 5% of spot
put_call_equity|ratio|last|Cboe equity options, puts over calls by volume
put_call_total|ratio|last|Cboe all options, puts over calls by volume
put_call_index|ratio|last|Cboe index options, puts over calls by volume
dark_pool_net|$|sum|bought at the ask less sold at the bid, off exchange; negative = sold
dark_pool_volume|$|sum|off-exchange volume
short_volume|shares|sum|FINRA off-exchange short volume
total_volume|shares|sum|FINRA off-exchange volume
calls_bought|$|sum|call premium at or above the ask
calls_sold|$|sum|call premium at or below the bid
puts_bought|$|sum|put premium at or above the ask
puts_sold|$|sum|put premium at or below the bid
premium_unknown|$|sum|option premium whose side is unknown
funding_rate|fraction per interval|rate|perpetual funding; positive = longs pay shorts; on longer bars what its settlements add up to
funding_interval_hours|hours|sum|length of the funding interval, or of the intervals that settled in the bar
open_interest_usd|$|last|perpetual open interest
open_interest_coin|coin|last|perpetual open interest
liquidations_long_usd|$|sum|longs liquidated
liquidations_short_usd|$|sum|shorts liquidated
lending_liquidations_usd|$|sum|collateral liquidated by lending protocols
depth_1pct_usd|$|last|resting orders within 1% of mid, both sides
spread_bps|bp|mean|best ask less best bid over mid
taker_buy_volume|coin|sum|bought by takers
taker_sell_volume|coin|sum|sold by takers
vpin|fraction|last|volume-synchronised probability of informed trading, 0 to 1
kyle_lambda|log return per root coin|mean|slope of minute returns on signed root volume
amihud|fraction per $ million|mean|mean absolute minute return over dollar volume
toxic_mid|price|mean:taker_buy_volume|volume-weighted price of the most toxic minutes
iv_7d|vol points|last|at-the-money implied volatility, 7 days
iv_30d|vol points|last|at-the-money implied volatility, 30 days
iv_91d|vol points|last|at-the-money implied volatility, 91 days
iv_skew|fraction|last|slope of the 30-day smile at the forward over its level, per standard deviation
iv_curve|fraction|last|curvature of the 30-day smile over its level, per standard deviation squared
slice_years|years|last|option surface: time to an expiry; symbol is SYMBOL@nn, its expiries in order
slice_carry|fraction a year|last|option surface: carry of the expiry's forward over spot
slice_rate|fraction a year|last|option surface: interest rate to the expiry by put-call parity
slice_a|total variance|last|option surface: level of raw SVI
slice_b|total variance|last|option surface: slope of raw SVI's wings
slice_rho|fraction|last|option surface: tilt of raw SVI
slice_m|log-moneyness|last|option surface: centre of raw SVI
slice_s|log-moneyness|last|option surface: width of raw SVI's bend
slice_low|log-moneyness|last|option surface: lowest strike quoted
slice_high|log-moneyness|last|option surface: highest strike quoted
futures_close|price|last|close of a dated future; symbol is ROOT-YYYY-MM-DD
futures_volume|contracts|sum|volume of a dated future
member_close|price|last|close of an index member
member_volume|shares|sum|volume of an index member
pct_above_200d|percent|last|share of members above their 200-session mean
pct_above_50d|percent|last|share of members above their 50-session mean
aaii_bullish|fraction|last|AAII survey, bullish
aaii_bearish|fraction|last|AAII survey, bearish
naaim_exposure|percent|last|NAAIM mean equity exposure
cot_spec_net|contracts|last|speculators' long less short
cot_open_interest|contracts|last|open interest
cot_asset_net|contracts|last|asset managers' long less short
cot_dealer_net|contracts|last|dealers' long less short
dividend|price|sum|cash per share to holders on the evening before the ex-date, in the shares of that day
split|ratio|event|new shares per old, from this session on
fund_flow_usd|$|sum|creations less redemptions
fund_aum_usd|$|last|assets under management
bid_to_cover|ratio|last|auction bids over amount accepted
auction_tail_bp|bp|last|high yield less the comparison yield the source uses
event|flag or surprise|event|1 on the date of an event, known when the date was announced; or an outcome (a surprise), known when it happens
"""

FIELDS = {name: Field(name, units, over_time, meaning) for name, units, over_time, meaning in (row.split("|") for row in _ROWS.strip().splitlines())}
