"""Crowded BTC carry and volatility selling, and how they unwind (2026-02-06)."""

import numpy as np
import pandas as pd

from flowbt.evidence.claims.declare import Data, Document, OwnDate, claim
from flowbt.evidence.claims.outcomes import forward_change, forward_drawdown, forward_return, forward_volatility, forward_worst, given
from flowbt.evidence.claims.sequences import in_order
from flowbt.features import book_stress, carry_crowding, carry_yield, crypto_expiry_window, funding_flip, open_interest_dump, toxic_mid, vpin_percentile

DOCUMENT = Document("carry", dated="2026-02-06", title="BTC carry trades and their unwinding")

FLIP = {"smooth": (1, 3, 7), "fall": (0.05, 0.1), "bars": (1, 3, 7), "days": (5.0, 10.0, 31.0)}
WATCHED = OwnDate(on=None, why="the document watches for it and does not say that it has come")
DAILY = Data(symbols=("BTC",), clock="24/7", memory=7, needs=("open_interest_usd:BTC", "funding_rate:BTC"), strategy="vol_spiral_unwind")


def _flipped(panel, smooth, days):
    """Funding turned negative in the last week, and an expiry is near."""
    recent = funding_flip(panel, window=smooth).to_negative.astype(float).rolling(7, min_periods=1).max() > 0
    return recent & crypto_expiry_window(panel, days=days)


def _unwinds(panel, smooth, fall, bars, days):
    """The same, and open interest fell, in the last five days, by more than nine in ten of its changes over so many days."""
    dumped = open_interest_dump(panel, bars=bars, fall=fall, quantile=0.1).astype(float).rolling(5, min_periods=1).max() > 0
    return _flipped(panel, smooth, days) & dumped


@claim(
    "Funding flips and open interest is dumped into an expiry: BTC falls",
    direction="down",
    outcome=forward_return("BTC", 7, also=(1, 3, 14)),
    definitions=FLIP,
    data=DAILY,
    own=WATCHED,
)
def funding_flip_oi_dump(panel, *, smooth=3, fall=0.05, bars=3, days=10.0):
    return _unwinds(panel, smooth, fall, bars, days)


@claim(
    "Funding flips, open interest is dumped: realised volatility rises",
    direction="up",
    outcome=forward_volatility("BTC", 7, also=(3, 14)),
    definitions=FLIP,
    data=DAILY,
    own=WATCHED,
)
def funding_flip_volatility(panel, *, smooth=3, fall=0.05, bars=3, days=10.0):
    return _unwinds(panel, smooth, fall, bars, days)


@claim(
    "Funding flips, open interest is dumped: implied volatility rises",
    direction="up",
    outcome=forward_change("close", "DVOL", 7, also=(3, 14)),
    definitions=FLIP,
    data=DAILY,
    own=WATCHED,
)
def funding_flip_implied(panel, *, smooth=3, fall=0.05, bars=3, days=10.0):
    return _unwinds(panel, smooth, fall, bars, days)


@claim(
    "Funding flips into an expiry, open interest left aside: BTC falls",
    direction="down",
    outcome=forward_return("BTC", 7, also=(1, 3, 14)),
    definitions={"smooth": (1, 3, 7), "days": (5.0, 10.0, 31.0)},
    data=Data(clock="24/7", memory=7, strategy="vol_spiral_unwind"),
    own=WATCHED,
)
def funding_flip_alone(panel, *, smooth=3, days=10.0):
    return _flipped(panel, smooth, days)


CROWDED = {"score": (0.7, 0.8, 0.9), "window": (180, 365)}
LONG = Data(symbols=("BTC",), clock="24/7", memory=30, strategy="carry_crowding")
OVER = OwnDate(on=False, why="the document speaks of the calm before: by its day implied volatility had jumped back")


@claim(
    "Carry and volatility both compressed: the worst day to come is worse",
    direction="down",
    outcome=forward_worst("BTC", 60, also=(30, 90)),
    definitions=CROWDED,
    data=LONG,
    own=OVER,
)
def carry_crowding_worst_day(panel, *, score=0.8, window=365):
    return carry_crowding(panel, window=window).score >= score


@claim(
    "Carry and volatility both compressed: the fall to come is deeper",
    direction="down",
    outcome=forward_drawdown("BTC", 60, also=(30, 90)),
    definitions=CROWDED,
    data=LONG,
    own=OVER,
)
def carry_crowding_drawdown(panel, *, score=0.8, window=365):
    return carry_crowding(panel, window=window).score >= score


COLLAPSED = {"carry": (0.02, 0.03, 0.05), "high": (0.08, 0.1), "halved": (0.5, 0.6)}


def _collapsed_carry(panel, carry, high, halved):
    """A year's carry at `carry` or less after `high` or more within 400 days, implied volatility at `halved` of its highest of that time or less."""
    paid = carry_yield(panel)
    fallen = (paid <= carry) & (paid.rolling(400, min_periods=200).max() >= high)
    implied = panel["close", "DVOL"]
    return fallen & (implied <= halved * implied.rolling(400, min_periods=200).max())


@claim(
    "Carry has gone from 10% to 2% and implied volatility from 68% to 34%: the worst day to come is worse",
    direction="down",
    outcome=forward_worst("BTC", 60, also=(30, 90)),
    definitions=COLLAPSED,
    data=LONG,
    own=OVER,
)
def carry_collapse_worst_day(panel, *, carry=0.02, high=0.1, halved=0.5):
    return _collapsed_carry(panel, carry, high, halved)


@claim(
    "Carry has gone from 10% to 2% and implied volatility from 68% to 34%: the fall to come is deeper",
    direction="down",
    outcome=forward_drawdown("BTC", 60, also=(30, 90)),
    definitions=COLLAPSED,
    data=LONG,
    own=OVER,
)
def carry_collapse_drawdown(panel, *, carry=0.02, high=0.1, halved=0.5):
    return _collapsed_carry(panel, carry, high, halved)


HOURLY = Data(symbols=("BTC",), clock="24/7", step="1h", memory=24, needs=("depth_1pct_usd:BTC", "spread_bps:BTC"))


@claim(
    "A thin book: price moves more per coin traded",
    direction="up",
    outcome=given("move of the next hour per coin traded", 1, ratio=True),
    definitions={"sigmas": (0.5, 1.0, 2.0)},
    data=HOURLY,
    own=WATCHED,
)
def thin_book_jump(panel, *, sigmas=1.0):
    close, volume = panel["close"], panel["volume"]
    impact = (close.pct_change(fill_method=None).abs() / volume.where(volume > 0)).shift(-1)
    return book_stress(panel, sigmas=sigmas).thin, impact


@claim(
    "A thin book: the next move is larger",
    direction="up",
    outcome=given("size of the next hour's return", 1, ratio=True),
    definitions={"sigmas": (0.5, 1.0, 2.0)},
    data=HOURLY,
    own=WATCHED,
)
def thin_book_big_moves(panel, *, sigmas=1.0):
    return book_stress(panel, sigmas=sigmas).thin, panel["close"].pct_change(fill_method=None).abs().shift(-1)


TOXIC = {"level": (0.8, 0.9, 0.95)}


@claim(
    "Toxic flow: spreads widen next",
    direction="up",
    outcome=forward_change("spread_bps", "BTC", 1, also=(3, 6), relative=True),
    definitions=TOXIC,
    data=Data(symbols=("BTC",), clock="24/7", step="1h", memory=24, needs=("vpin:BTC", "spread_bps:BTC"), strategy="toxic_flow_maker"),
    own=WATCHED,
)
def toxic_flow_spread(panel, *, level=0.9):
    return vpin_percentile(panel) >= level


@claim(
    "After toxic flow the price drifts to the mean price of that flow",
    direction="up",
    outcome=forward_return("BTC", 12, also=(6, 24)),
    definitions={"quantile": (0.8, 0.9, 0.95), "window": (120, 240)},
    data=Data(clock="24/7", step="1h", memory=24, strategy="toxic_flow_maker"),
    own=WATCHED,
)
def toxic_mid_drift(panel, *, quantile=0.9, window=240):
    """Signed: +1 where the price lies under the toxic mean, -1 over it."""
    found = toxic_mid(panel, window=window, quantile=quantile)
    return -np.sign(found.distance).where(found.toxic, 0.0)


@claim(
    "Unwind, then implied volatility, then price, then liquidations",
    outcome=in_order(3, also=(1, 7)),
    definitions={"liquidations": (True, False)},
    data=Data(symbols=("BTC",), clock="24/7", strategy="vol_spiral_unwind"),
)
def vol_spiral_order(panel, *, liquidations=False):
    """Daily impulses. DVOL is forward filled at most as long as its dataset allows; the loop is looked for in both directions by the pairs."""
    stages = {
        "unwind": -panel["funding_rate"].iloc[:, 0].diff(),
        "volatility": panel["close", "DVOL"].iloc[:, 0].diff(),
        "price falls": -panel["close"].iloc[:, 0].pct_change(fill_method=None),
    }
    if liquidations:
        stages["liquidations"] = np.log1p(panel["liquidations_long_usd"].iloc[:, 0]).diff()
    return pd.DataFrame(stages)
