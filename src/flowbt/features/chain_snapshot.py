"""The options of one snapshot that count in a dealer gamma profile, with their weights, and the words for what was assumed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.ground.errors import SourceError
from flowbt.options import blackscholes as bs
from flowbt.options.levels import NAMED, REFUSED, shares_of
from flowbt.options.market import MarketRules, OptionMarket, option_market

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChainAssumptions:
    """Assumptions of a profile: contract multiplier (None: the chain's own, 100, Deribit 1), rate and dividend yield (fractions a year,
    continuous; None: forwards and discounts by put-call parity), the dealers' side."""

    multiplier: float | None = None
    rate: float | None = None
    dividend: float | None = None
    sign: Literal["naive", "given"] = "naive"

    @property
    def market(self) -> MarketRules:
        return MarketRules(self.rate, self.dividend)


@dataclass(frozen=True)
class Snapshot:
    """The options of one snapshot that count, as arrays of one length; `weight` = dealers' side x open interest x multiplier; `rate` and `dividend` are
    those of each option's expiry (continuous, a year). `printed`: the provider's gamma, NaN where it gives none."""

    market: OptionMarket
    terms: ChainAssumptions
    multiplier: float
    strike: Array
    years: Array
    vol: Array
    implied: Array
    printed: Array
    rate: Array
    dividend: Array
    weight: Array
    call: npt.NDArray[np.bool_]
    expiry: npt.NDArray[np.datetime64]  # settlement dates in New York
    at: npt.NDArray[np.int64]  # rows of `market.expiries`
    left_out: dict[str, int]

    @property
    def spot(self) -> float:
        return self.market.spot

    @property
    def as_of(self) -> pd.Timestamp:
        return self.market.as_of

    @property
    def today(self) -> pd.Timestamp:
        """The snapshot's date in New York."""
        return self.as_of.tz_localize("UTC").tz_convert("America/New_York").tz_localize(None).normalize()

    def words(self) -> str:
        """All that was assumed, in a line."""
        side = "dealers long calls, short puts" if self.terms.sign == "naive" else "dealers' side as given"
        flat = self.terms.market.flat
        rates = f"rate {self.terms.rate or 0.0:.2%}, dividend {self.terms.dividend or 0.0:.2%}; " if flat else ""
        lone = f"; {self.one_sided} expiries have calls or puts only" if self.one_sided else ""
        if self.call.all() or not self.call.any():
            lone = f"; {'CALLS ONLY: no put counts' if self.call.any() else 'PUTS ONLY: no call counts'}"
        lacking = sum(one for one, _ in unknown_interest(self.market.options).values()) / len(self.market.options)
        unknown = f"; NO OPEN INTEREST IS GIVEN FOR {lacking:.0%} OF ITS OPTIONS" if lacking >= NAMED else ""
        return f"{side}; x{self.multiplier:g}; {rates}{self.market.words()}{lone}{unknown}"

    @property
    def one_sided(self) -> int:
        """How many expiries count with calls or with puts only."""
        sides = pd.Series(self.call).groupby(self.expiry).agg(["min", "max"])
        return int((sides["min"] == sides["max"]).sum())

    @cached_property
    def densities(self) -> tuple[Array, Array, Array]:
        """What does not depend on spot: d1 = log(spot) x slope + shift, and gamma x spot^2 = spot x weight x exp(-d1^2 / 2)."""
        deviation = self.vol * np.sqrt(self.years)
        shift = (-np.log(self.strike) + (self.rate - self.dividend) * self.years) / deviation + deviation / 2
        weight = self.weight * np.exp(-self.dividend * self.years) / (deviation * np.sqrt(2 * np.pi))
        return 1 / deviation, shift, weight

    def option(self, spot: float | None = None) -> bs.OptionTerms:
        return bs.OptionTerms(self.spot if spot is None else spot, self.strike, self.years, self.vol, self.rate, self.dividend)


def snapshot(chain: pd.DataFrame, terms: ChainAssumptions | None = None) -> Snapshot:
    """The options of a chain table (see `flowbt.data.sources.chains`; one as_of) that count. SourceError where none is left."""
    terms = terms or ChainAssumptions()
    market = option_market(chain, terms.market)
    table = market.options
    interest, priced = table["open_interest"], table["vol"] > 0
    held, negative, missing = interest > 0, int((interest < 0).sum()), int(interest.isna().sum())
    left_out = {"expired": market.expired, "no open interest": int((interest == 0).sum()), "no volatility": int((held & ~priced).sum())}
    more = {"negative open interest": negative, "open interest missing": missing, "there twice": market.doubles, "no strike or expiry": market.unread}
    left_out |= {name: count for name, count in more.items() if count}
    kept = table[held & priced]
    lacking = shares_of(table)[""]
    if lacking > REFUSED:
        found = f"{lacking:.0%} of its open interest has neither a volatility nor a quote or neighbour that gives one"
        raise SourceError("chain", found, "bring its volatilities, or bids and asks")
    if kept.empty:
        raise SourceError("chain", f"no option counts ({left_out}; spot {market.spot:g})", "check its open interest, volatilities and quotes")
    multiplier = terms.multiplier or (float(table["multiplier"].iloc[0]) if "multiplier" in table else 100.0)
    call = kept["call"].to_numpy(dtype=bool)
    side = np.where(call, 1.0, -1.0) if terms.sign == "naive" else kept["dealer_sign"].to_numpy(dtype=float)
    names = ("strike", "years", "vol", "implied", "discount", "expiry_forward", "open_interest")
    strike, years, vol, implied, discount, forward, contracts = (kept[name].to_numpy(dtype=float) for name in names)
    rate = -np.log(discount) / years
    dividend = rate - np.log(forward / market.spot) / years
    printed = kept["gamma"].to_numpy(dtype=float) if "gamma" in kept else np.full(len(kept), np.nan)
    weight = side * contracts * multiplier
    where = _dates(kept["expiry"]), kept["at"].to_numpy(np.int64)
    return Snapshot(market, terms, multiplier, strike, years, vol, implied, printed, rate, dividend, weight, call, *where, left_out)


def _dates(instants: pd.Series) -> npt.NDArray[np.datetime64]:
    local = instants.dt.tz_localize("UTC").dt.tz_convert("America/New_York").dt.tz_localize(None)
    return np.asarray(local.to_numpy(), dtype="datetime64[D]")


def unknown_interest(table: pd.DataFrame) -> dict[bool, tuple[int, int]]:
    """Of calls (True) and of puts: how many options have no open interest that can be (missing, or below 0), and how many have one, 0 too."""
    known = table["open_interest"] >= 0
    return {side: (int((~known & (table["call"] == side)).sum()), int((known & (table["call"] == side)).sum())) for side in (True, False)}
