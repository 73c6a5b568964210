"""The market of options in one snapshot of a chain: live options once each, forwards, discounts, volatilities, and what was assumed.

    market = option_market(chain)            # a chain table of flowbt.data.sources.chains, one snapshot of one symbol
    market.options[["strike", "call", "years", "forward", "discount", "vol"]], market.expiries, market.words()

A volatility is the provider's own where it is there, else what stands in for it (see `levels`). `implied` holds what each strike's out-of-the-money quote
implies, European or American, whether or not it was needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.ground.errors import SourceError
from flowbt.options import forwards as fw
from flowbt.options.agreement import UNTOLD, LevelFound, level_of, refuse_mixed
from flowbt.options.implied import implied_american, implied_volatility
from flowbt.options.levels import stand_ins, volatilities_of
from flowbt.options.levels import words_of as levels_of
from flowbt.options.quotes import REASONS, refuse_broken, with_quotes, without_doubles
from flowbt.options.times import TimeRule, years_to

Array = npt.NDArray[np.float64]
NAMED, REFUSED = 0.01, 0.07  # how far spot may be from the nearest forward before it is named, and before it is another price
UNITS = 2.0  # spot is at most so many times outside the strikes
UNCARRIED = frozenset({"VIX", "VIXW"})  # nobody can hold these until expiry: a forward may be anywhere
EUROPEAN = frozenset({"SPX", "NDX", "RUT", "XSP", "DJX", "VIX", "XEO", "MRUT", "XND", "NANOS", "BTC", "ETH", "SOL", "XRP", "BTC_USDC", "ETH_USDC"})


def is_american(symbol: str) -> bool:
    """Shares and funds are exercised at any time, the indices and coins of `EUROPEAN` at expiry only."""
    return symbol.upper().lstrip("^_.") not in EUROPEAN


@dataclass(frozen=True)
class MarketRules:
    """How a chain is read: flat `rate` and `dividend` (fractions a year) in place of parity where both are given; the rule of time; exercise
    (None: by the symbol, see `is_american`)."""

    rate: float | None = None
    dividend: float | None = None
    time: TimeRule = "calendar"
    american: bool | None = None

    @property
    def flat(self) -> bool:
        return self.rate is not None or self.dividend is not None


@dataclass(frozen=True)
class OptionMarket:
    """One snapshot. `options`: one row per live option; beside the chain's own columns years, middle, half, fault, expiry_forward, discount, implied
    (NaN where no quote gives it), vol, vol_from (`levels.SOURCES`). `expiries`: see `forwards.forwards`. `nearest`: the soonest
    forward the quotes give, else the deltas, over spot less 1 (NaN where there is none). `unread`: rows without a strike or an expiry. `level`: how many
    times the provider's volatilities are what its quotes imply."""

    symbol: str
    spot: float
    as_of: pd.Timestamp
    options: pd.DataFrame
    expiries: pd.DataFrame
    american: bool
    rules: MarketRules
    expired: int
    doubles: int
    unread: int = 0
    nearest: float = float("nan")
    level: LevelFound = UNTOLD

    def words(self) -> str:
        """What forwards, exercise and time rest on, in a line."""
        how = self.expiries["how"].value_counts()
        forward = ", ".join(f"{name} {count}" for name, count in how.items())
        style = "American" if self.american else "European"
        out = f"forwards of {len(self.expiries)} expiries: {forward}; {style}; {self.rules.time} time"
        if abs(self.nearest) > NAMED:
            out += f"; SPOT IS {abs(self.nearest):.1%} {'UNDER' if self.nearest > 0 else 'OVER'} THE NEAREST FORWARD"
        if (strikes := self.options["strike"].nunique()) < fw.LEAST:
            out += f"; {'ONE STRIKE' if strikes == 1 else f'{strikes} STRIKES'} ONLY"
        quality = self.quality()
        usable, rows = quality.pop("usable"), len(self.options)
        if usable < rows / 2:
            worst = max(quality, key=lambda reason: quality[reason])
            out += f"; only {usable:,} of {rows:,} quotes usable ({worst} {quality[worst]:,})"
        return "; ".join(one for one in (out, levels_of(self.options), self.level.words()) if one)

    def quality(self) -> dict[str, int]:
        """How many quotes there are of each fault ("" is a usable one)."""
        counts = self.options["fault"].value_counts()
        return {reason or "usable": int(counts.get(reason, 0)) for reason in REASONS}


def option_market(chain: pd.DataFrame, rules: MarketRules | None = None) -> OptionMarket:
    """Read one snapshot of one symbol; SourceError where nothing is alive, spot is missing, or it is more than one snapshot."""
    rules = rules or MarketRules()
    if chain.empty:
        raise SourceError("chain", "no rows", "check the file")
    for name, column in (("snapshots", "as_of"), ("symbols", "symbol")):
        if chain[column].nunique(dropna=False) != 1:
            raise SourceError("chain", f"{chain[column].nunique(dropna=False)} {name}", f"take one {column} at a time")
    symbol, as_of, spot = str(chain["symbol"].iloc[0]), pd.Timestamp(chain["as_of"].iloc[0]), float(chain["spot"].median())
    if not spot > 0:
        raise SourceError("chain", f"spot {spot:g}", "give the underlying's price with --spot")
    read = chain[chain["expiry"].notna() & (chain["strike"] > 0)]
    if read.empty:
        raise SourceError("chain", "no option has an expiry and a strike above 0", "check those columns")
    live = read[read["expiry"] > as_of]
    if live.empty:
        last = chain["expiry"].max()
        raise SourceError("chain", f"no option counts: the last settled {last:%Y-%m-%d %H:%M}, the snapshot is of {as_of:%Y-%m-%d %H:%M} UTC", "check its date")
    rows, doubles = without_doubles(live)
    rows = with_quotes(rows).assign(years=years_to(as_of, rows["expiry"], rules.time))
    rows = rows[rows["years"] > 0].reset_index(drop=True)
    refuse_broken(rows)
    nearest = _fits(rows, spot, symbol)
    table = (
        fw.given(rows, spot, rules.rate or 0.0, rules.dividend or 0.0) if rules.flat else fw.forwards(rows, spot, np.inf if symbol in UNCARRIED else fw.NEAR)
    )
    american = rules.american if rules.american is not None else is_american(symbol)
    rows = _joined(rows, table, american)
    rows = rows.assign(implied=_implied(rows, spot, american))
    rows = rows.assign(iv_stands_in=stand_ins(rows))
    refuse_mixed(rows)
    level = level_of(rows)
    if nearest != nearest and symbol not in UNCARRIED and not level.doubted:
        nearest = _fits_deltas(rows, spot)
    vol, source = volatilities_of(rows)
    rows = rows.assign(vol=vol, vol_from=source)
    return OptionMarket(symbol, spot, as_of, rows, table, american, rules, len(read) - len(live), doubles, len(chain) - len(read), nearest, level)


def _fits(rows: pd.DataFrame, spot: float, symbol: str) -> float:
    """The nearest forward over spot less 1. SourceError where spot is the price of something else, or strikes are in another unit."""
    low, high = float(rows["strike"].min()), float(rows["strike"].max())
    if not low / UNITS <= spot <= high * UNITS:
        raise SourceError("chain", f"spot {spot:,.10g} far from its strikes, {low:,.10g} to {high:,.10g}", "give the underlying's price with --spot")
    quoted, named = fw.nearest_forwards(rows)
    for forward, words in ((quoted, "its calls and puts are quoted about"), (named, "its nearest forward is")):
        if abs(forward / spot - 1.0) > REFUSED and symbol not in UNCARRIED:
            raise SourceError("chain", f"spot {spot:,.10g}, and {words} {forward:,.2f}", "give the underlying's price with --spot")
    return (named if named == named else quoted) / spot - 1.0


def _fits_deltas(rows: pd.DataFrame, spot: float) -> float:
    """The same by the forwards of the soonest expiries that the provider's deltas hold, where quotes give none."""
    soon = rows[rows["years"] <= fw.SOON].sort_values("years")["at"].unique()
    found = fw.from_deltas(rows)[soon]
    forward = float(np.median(found[np.isfinite(found)][: fw.LEAST])) if np.isfinite(found).any() else float("nan")
    if abs(forward / spot - 1.0) > REFUSED:
        raise SourceError("chain", f"spot {spot:,.10g}, and its deltas are those of a forward of {forward:,.2f}", "give the underlying's price with --spot")
    return forward / spot - 1.0


def _joined(rows: pd.DataFrame, table: pd.DataFrame, american: bool) -> pd.DataFrame:
    """With each option's expiry (`at`, a row of `table`), its forward and discount, and the number of its strike (`pair`). Parity does not bind American
    options in the money, so none of them is called stale."""
    at = pd.MultiIndex.from_frame(table[["root", "expiry"]]).get_indexer(pd.MultiIndex.from_frame(rows[["root", "expiry"]]))
    strikes = np.unique(rows["strike"].to_numpy(), return_inverse=True)
    out = rows.assign(at=at, pair=at * len(strikes[0]) + strikes[1], expiry_forward=table["forward"].to_numpy()[at], discount=table["discount"].to_numpy()[at])
    by_parity = (table["how"] == fw.PARITY).to_numpy()
    if by_parity.any():
        old = fw.stale(out, np.nan_to_num(table["error"].to_numpy())[at]) & by_parity[at] & (not american)
        out = out.assign(fault=np.where(old, "stale", out["fault"]), middle=out["middle"].mask(old), half=out["half"].mask(old))
    return out


def _implied(rows: pd.DataFrame, spot: float, american: bool) -> Array:
    """What the out-of-the-money quote of each strike implies, for both sides of the strike; its own in-the-money quote where that is all there is
    and its time value more than half of its width and within what the other side is offered at."""
    f, k, t, d, p = (rows[name].to_numpy(dtype=float) for name in ("expiry_forward", "strike", "years", "discount", "middle"))
    call = rows["call"].to_numpy(dtype=bool)
    out = np.full(len(rows), np.nan)
    there = np.isfinite(p)
    if not there.any():
        return out
    args = (p[there], f[there], k[there], t[there])
    if american:
        out[there] = implied_american(*args, spot, d[there], call[there])
    else:
        out[there] = implied_volatility(*args, d[there], call[there])
    outside = (k >= f) == call
    worth = p - d * np.maximum(np.where(call, f - k, k - f), 0.0)  # of time: within the width of a quote in the money it says nothing of a volatility
    asked = rows["ask"].where(outside & (rows["ask"] > 0)).groupby(rows["pair"]).transform("first").to_numpy(dtype=float)  # it is worth no more than that
    told = (worth > rows["half"].to_numpy(dtype=float)) & ~(worth > asked)
    own = pd.Series(np.where(outside | told, out, np.nan), rows.index)
    first = own.where(outside)
    best = first.groupby(rows["pair"]).transform("first")
    return np.asarray(best.fillna(own.groupby(rows["pair"]).transform("first")), dtype=np.float64)
