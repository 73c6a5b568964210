"""Random markets and decisions that visit every branch; `case(seed)` is the one generator that all walks are held equal on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from flowbt.engine.types import PRICES, Account, Costs, Market, Signals, Targets
from flowbt.ground.clock import Clock

# Of equity: near the least that is a position, on either side as prices go; never on it to the last digit, where sums in another order differ.
DUST = 1.0371e-14


def market(rng: np.random.Generator, bars: int = 60, symbols: int = 3, *, vol: float = 0.03, missing: float = 0.0, funding: bool = False) -> Market:
    names = tuple("ABCDEFGHIJ"[:symbols]) if symbols <= 10 else tuple(f"S{j:03d}" for j in range(symbols))
    shape = (bars, symbols)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, vol, shape), axis=0))
    opened = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0, vol / 2, shape) * (rng.random(shape) < 0.5))
    high = np.maximum(opened, close) * np.exp(np.abs(rng.normal(0, vol / 2, shape)))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0, vol / 2, shape)))
    if missing:
        gone = rng.random(shape) < missing
        for a in (opened, high, low, close):
            a[gone] = np.nan
        high[rng.random(shape) < missing] = np.nan
        close[rng.random(shape) < missing] = np.nan
    rates = rng.normal(0, 1e-4, shape) if funding else np.zeros(shape)
    return Market(pd.bdate_range("2020-01-01", periods=bars), names, opened, high, low, close, rates)


def frame(m: Market, values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, m.index, list(m.symbols))


def signals(rng: np.random.Generator, m: Market) -> Signals:
    """Each rule is there or not, as a number or as a frame; some frames hold missing values."""
    shape = m.close.shape
    kind = rng.integers(3)

    def mask(share: float) -> pd.DataFrame:
        return frame(m, rng.random(shape) < share)

    def rule(low: float, high: float, whole: bool = False) -> object:
        pick = rng.integers(3)
        if pick == 0:
            return None
        draw = rng.integers(int(low), int(high) + 1, shape).astype(float) if whole else rng.uniform(low, high, shape)
        return float(draw[0, 0]) if pick == 1 else frame(m, np.where(rng.random(shape) < 0.1, np.nan, draw))

    leave: Any = None if rng.random() < 0.3 else mask(0.1)
    if leave is not None and rng.random() < 0.6:  # fractions: some of any size, some that leave dust soon
        often, part = float(rng.choice([0.15, 0.7])), rng.random(shape) if rng.random() < 0.5 else float(rng.choice([0.5, 0.9, 0.9999, 1 - 1e-10]))
        leave = frame(m, np.where(rng.random(shape) < often, part, 0.0))
    return Signals(
        long=mask(0.2) if kind != 1 else None,
        short=mask(0.2) if kind != 0 else None,
        exit=leave,
        hold=rule(1, 8, whole=True),
        stop=rule(0.01, 0.08),
        take=rule(0.01, 0.1),
        trail=rule(0.01, 0.1),
        size=rule(0.05, 0.9),
    )


def targets(rng: np.random.Generator, m: Market) -> Targets:
    weights = rng.normal(0, 0.6, m.close.shape)
    weights[rng.random(weights.shape) < 0.2] = 0.0
    weights[rng.random(weights.shape) < 0.2] = np.nan
    weights *= np.where(rng.random(weights.shape) < 0.1, 10.0 ** rng.integers(-12, 0, weights.shape), 1.0)  # down to dust
    return Targets(frame(m, weights), band=float(rng.choice([0.0, 0.05, 0.3])))


def terms(rng: np.random.Generator) -> tuple[Costs, Account]:
    costs = Costs(fees=float(rng.choice([0.0, 0.001])), slippage=float(rng.choice([0.0, 0.002])), borrow=float(rng.choice([0.0, 0.05])))
    return costs, Account(margin=float(rng.choice([0.05, 1.0])), max_gross=float(rng.choice([0.5, 1.0, 2.5])))


class Case(NamedTuple):
    """One simulation: what is decided on `market`, traded on bars [first, last) of it."""

    market: Market
    decision: Signals | Targets
    costs: Costs
    account: Account
    first: int
    last: int


def case(seed: int) -> Case:
    """Gaps, missing and zero opens, ties, late and early symbols, exits down to dust, frames or numbers, borrow, funding, margin, ruin, too little room."""
    rng = np.random.default_rng(seed)
    bars, symbols, vol = int(rng.integers(8, 50)), int(rng.integers(1, 5)), float(rng.choice([0.004, 0.03, 0.15, 0.4]))
    m = spoiled(rng, market(rng, bars, symbols, vol=vol, funding=bool(rng.integers(2))))
    first, last = (0, bars) if rng.random() < 0.6 else sorted(rng.choice(bars + 1, 2, replace=False).tolist())
    first, last = (first, last) if last - first > 2 else (0, bars)
    costs = Costs(*(float(rng.choice([0.0, x])) for x in (0.002, 0.003, 0.4)), funding=bool(rng.random() < 0.8))
    cash, margin = float(rng.choice([1.0, 1e5])), float(rng.choice([0.02, 0.5, 1.0, 8.0]))
    account = Account(cash=cash, margin=margin, max_gross=float(rng.choice([0.3, 1.0, 2.5, 6.0])))
    decision = targets(rng, m) if rng.random() < 0.2 else plain(rng, m) if rng.random() < 0.5 else signals(rng, m)
    return Case(m, decision, costs, account, first, last)


def calm(seed: int) -> Case:
    """Positions that nothing inside the bars can end, held over up to 300 bars: one symbol in most, with and without gaps, ruin, shorts and carry."""
    rng = np.random.default_rng(seed)
    bars, vol = int(rng.integers(3, 300)), float(rng.choice([0.004, 0.03, 0.15]))
    m = market(rng, bars, int(rng.choice([1, 1, 1, 2])), vol=vol, missing=float(rng.choice([0.0, 0.0, 0.05])), funding=bool(rng.random() < 0.3))
    often = float(rng.choice([0.02, 0.1]))
    drawn = {name: frame(m, rng.random(m.close.shape) < often) for name in ("long", "short", "exit")}
    kept = {name: value for name, value in drawn.items() if name == "long" or rng.random() < 0.5}
    hold, size = rng.choice(np.array([None, 3, 90], object)), float(rng.choice([0.4, 1.0, 3.0]))
    costs = Costs(*(float(rng.choice([0.0, x])) for x in (0.002, 0.003, 0.4)), funding=bool(rng.integers(2)))
    first, last = (0, bars) if rng.random() < 0.6 else (int(rng.integers(bars - 2)), bars)
    return Case(m, Signals(**kept, hold=hold, size=size), costs, Account(cash=1e5, margin=8.0, max_gross=3.0), first, last)


def handful(seed: int) -> Case:
    """Two to sixty-four symbols under plain rules, bars without gaps, up to 120 of them; room for some of the entries, ruin, shorts and carry."""
    rng = np.random.default_rng(seed)
    bars, symbols = int(rng.integers(3, 120)), int(rng.integers(2, 65))
    m = market(rng, bars, symbols, vol=float(rng.choice([0.01, 0.03, 0.15])), funding=bool(rng.random() < 0.3))
    decision = replace(plain(rng, m), size=float(rng.choice([0.1, 0.4, 3.0])))
    costs = Costs(*(float(rng.choice([0.0, x])) for x in (0.002, 0.003, 0.4)), funding=bool(rng.integers(2)))
    account = Account(cash=1e5, margin=float(rng.choice([0.1, 1.0, 8.0])), max_gross=float(rng.choice([0.5, 1.0, 4.0])))
    return Case(m, decision, costs, account, 0 if rng.random() < 0.6 else bars // 2, bars)


def crowd(seed: int) -> Case:
    """More symbols than a word has bits, under plain rules, some over more bars than are walked together; room for some of their entries only."""
    rng = np.random.default_rng(seed)
    bars = 140 if seed % 4 == 3 else 25
    m = spoiled(rng, market(rng, bars, int(rng.integers(65, 140)), vol=float(rng.choice([0.03, 0.15])), funding=bool(rng.integers(2))))
    decision = replace(plain(rng, m), size=float(rng.choice([0.005, 0.03])))
    costs = Costs(0.002, 0.003, float(rng.choice([0.0, 0.4])), funding=bool(rng.integers(2)))
    return Case(m, decision, costs, Account(cash=1e5, margin=0.5, max_gross=1.0), 0, bars)


def spoiled(rng: np.random.Generator, m: Market) -> Market:
    """The market with prices in whole numbers, holes, zeros, late starts, early ends, or labels that are not all business days."""
    prices: dict[str, np.ndarray] = {name: getattr(m, name).copy() for name in PRICES}
    shape = m.close.shape
    if rng.random() < 0.4:  # ties: levels, highs, lows and opens fall on the same numbers
        prices |= {name: np.maximum(np.round(prices[name]), 1.0) for name in PRICES[:4]}
    if rng.random() < 0.5:
        holes = rng.random(shape) < 0.15
        holes |= np.arange(shape[0])[:, None] < rng.choice([0, 0, 5], shape[1])
        holes |= np.arange(shape[0])[:, None] >= shape[0] - rng.choice([0, 0, 4], shape[1])
        prices |= {name: np.where(holes, np.nan, prices[name]) for name in PRICES[:4]}
        prices |= {name: np.where(rng.random(shape) < 0.1, np.nan, prices[name]) for name in ("high", "low", "close")}
        prices["open"] = np.where(rng.random(shape) < 0.05, 0.0, prices["open"])
    hourly = rng.random() < 0.2
    index = pd.date_range("2024-01-01", periods=shape[0], freq="h") if hourly else m.index[np.sort(rng.choice(shape[0], shape[0], replace=False))]
    return replace(m, index=index, clock=Clock("24/7", "1h") if hourly else Clock(), **prices)


def plain(rng: np.random.Generator, m: Market) -> Signals:
    """Rules as numbers, exits as bool: what the fused kernels take."""
    some: Any = lambda *values: rng.choice(np.array(values, dtype=object))  # noqa: E731
    drawn = {name: frame(m, rng.random(m.close.shape) < share) for name, share in (("long", 0.25), ("short", 0.25), ("exit", 0.1))}
    kept = {name: value for name, value in drawn.items() if name == "long" or rng.random() < 0.6}
    if rng.random() < 0.3 and "short" in kept:
        kept.pop("long")
    numbers = {"hold": some(None, 1, 3.0, 2.5), "stop": some(None, 0.02, 0.1), "take": some(None, 0.02, 0.1), "trail": some(None, 0.02, 0.1)}
    return Signals(**kept, **numbers, size=some(None, 0.3, 1.0, 2.0, 0.0, DUST))


def cut(decision: Signals | Targets, first: int, last: int) -> Signals | Targets:
    """The decision on bars [first, last)."""
    return replace(decision, **{name: value.iloc[first:last] for name, value in vars(decision).items() if isinstance(value, pd.DataFrame)})
