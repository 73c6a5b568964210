"""Generated runs of option structures, for holding the compiled walk to its twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from flowbt.engine.options import structures as st
from flowbt.engine.options.structures import Skew, Structure, delta, moneyness
from flowbt.engine.types import Account, Costs, Market, Signals
from flowbt.ground.clock import Clock
from flowbt.options.daily import DaySurfaces
from flowbt.options.model import COIN, EQUITY

BARS = 110
NAMES = {False: (("SPY",), ("SPX",), ("SPY", "IWM", "QQQ")), True: (("BTC",), ("BTC", "ETH"))}


def case(seed: int) -> tuple[Market, Signals, Costs, Account]:
    """One run: a market with gaps, jumps and days with surfaces; a structure of any kind, with any terms; rules of any kind; dear and cheap accounts."""
    rng = np.random.default_rng(seed)
    always = bool(rng.random() < 0.4)
    clock = Clock("24/7", rng.choice(["1d", "8h"])) if always else Clock()
    symbols = NAMES[always][rng.integers(len(NAMES[always]))]
    market = some_market(rng, clock, symbols)
    structure = some_structure(rng, market)
    account = Account(
        cash=float(rng.choice([100_000.0, 3.0 if structure.model.coin else 500.0])),
        margin=float(rng.choice([0.3, 1.0])),
        max_gross=float(rng.choice([0.5, 1.0, 4.0])),
    )
    costs = Costs(fees=float(rng.choice([0.0, 0.001])), slippage=float(rng.choice([0.0, 0.002])), borrow=float(rng.choice([0.0, 0.05])))
    return market, some_rules(rng, market, structure), costs, account


def some_market(rng: np.random.Generator, clock: Clock, symbols: tuple[str, ...]) -> Market:
    index = clock.labels("2024-01-02", "2025-01-31")[:BARS]
    shape, vol = (len(index), len(symbols)), rng.choice([0.01, 0.03, 0.09])
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, vol, shape) + (rng.random(shape) < 0.01) * rng.normal(0.0, 0.3, shape), axis=0))
    opened = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0.0, vol / 3, shape))
    high, low = np.maximum(opened, close) * (1 + vol * rng.random(shape)), np.minimum(opened, close) * (1 - vol * rng.random(shape))
    gone = rng.random(shape) < 0.04
    opened, close = np.where(gone, np.nan, opened), np.where(gone & (np.arange(len(index))[:, None] > 0), np.nan, close)
    funding = rng.normal(0.0, 1e-4, shape) if clock.always else np.zeros(shape)
    surfaces = tuple(some_surfaces(rng, len(index)) if rng.random() < 0.5 else None for _ in symbols)
    keep = np.sort(rng.choice(len(index), len(index) - 5, replace=False))  # labels the data skip
    market = Market(index[keep], symbols, *(part[keep] for part in (opened, high, low, close, funding)), clock)
    return replace(market, surfaces=tuple(one and one.cut(0, len(keep)) for one in surfaces))


def some_surfaces(rng: np.random.Generator, bars: int) -> DaySurfaces:
    """Two slices on some days; interest and dividends known on most."""
    years = np.array([0.05, 0.4])
    day = np.column_stack([years, [0.01, 0.02], [0.03, 0.04], 0.03 * years, 0.1 * years, [-0.4, -0.3], [0.0, 0.01], [0.1, 0.2], [-0.3, -0.3], [0.2, 0.2]])
    known = np.where(rng.random((2, bars)) < 0.8, rng.random((2, bars)) * 0.06, np.nan)
    return DaySurfaces.of([day if rng.random() < 0.4 else None for _ in range(bars)], *known)


def some_structure(rng: np.random.Generator, market: Market) -> Structure:
    days, coin = int(rng.integers(1, 60)), bool(market.clock.always and rng.random() < 0.3)
    when = {"expiry": f"{market.index[-20]:%Y-%m-%d}"} if rng.random() < 0.1 else {"days": days}
    series = pd.DataFrame(20 + 30 * rng.random(market.close.shape), market.index, list(market.symbols))
    iv = series.where(rng.random(series.shape) < 0.9) if rng.random() < 0.7 else 35.0
    made = [
        lambda: st.long_call(iv, delta(0.3), **when),
        lambda: st.long_put(iv, moneyness(1.04), **when),
        lambda: st.put_spread(iv, moneyness(1.0), delta(0.2), **when),
        lambda: st.call_spread(iv, moneyness(1.0), moneyness(1.05), **when),
        lambda: st.straddle(iv, **when),
        lambda: st.calendar(iv, moneyness(1.0), near=days, far=days + 30),
        lambda: st.covered_call(iv, delta(0.25), **when),
        lambda: st.collar(iv, moneyness(0.95), moneyness(1.05), floor=moneyness(0.85), **when),
    ]
    structure = made[rng.integers(6 if coin else 8)]()
    dated = "expiry" in when and structure.name != "calendar"
    terms: dict[str, object] = {"cycle": rng.choice(["day", "week", "month"]), "by": rng.choice(["risk", "notional"])}
    terms["roll"] = bool(rng.random() < 0.4) and not dated
    terms["roll_days"] = int(rng.integers(0, 8)) if rng.random() < 0.3 else None
    terms |= {"hedge": bool(rng.random() < 0.4) and not coin, "hedge_band": float(rng.choice([0.0, 0.1])), "spread": rng.choice([None, 0.1, 0.0])}
    terms |= {"coin": coin, "american": rng.choice([None, True, False]), "rate": rng.choice([None, 0.05]), "dividend": rng.choice([None, 0.08])}
    terms["skew"] = rng.choice(np.array([None, Skew(), Skew(-0.2, 0.05), EQUITY, COIN.end(1.0)], dtype=object))
    return structure.with_(**terms)


def some_rules(rng: np.random.Generator, market: Market, structure: Structure) -> Signals:
    def frame(share: float) -> pd.DataFrame:
        return pd.DataFrame(rng.random(market.close.shape) < share, market.index, list(market.symbols))

    often, levels = rng.choice([0.05, 0.3]), pd.DataFrame(0.1 + rng.random(market.close.shape), market.index, list(market.symbols))
    out = frame(0.05) if rng.random() < 0.5 else frame(0.05) * rng.random(market.close.shape)
    both = rng.integers(3)
    return Signals(
        long=frame(often) if both != 1 else None,
        short=frame(often) if both != 0 else None,
        exit=out if rng.random() < 0.7 else None,
        hold=int(rng.integers(2, 40)) if rng.random() < 0.5 else None,
        stop=float(rng.choice([0.2, 0.8])) if rng.random() < 0.5 else None,
        take=levels if rng.random() < 0.5 else None,
        size=float(rng.choice([0.02, 0.5, 2.0])) if rng.random() < 0.8 else None,
        structure=structure,
    )
