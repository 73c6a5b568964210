"""Random markets and decisions that visit every branch: gaps, missing bars, ties, shared capital, ruin."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.engine.types import Account, Costs, Market, Signals, Targets


def market(rng: np.random.Generator, bars: int = 60, symbols: int = 3, *, vol: float = 0.03, missing: float = 0.0, funding: bool = False) -> Market:
    names = tuple("ABCDEFGHIJ"[:symbols])
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

    leave = None if rng.random() < 0.3 else mask(0.1) if rng.random() < 0.5 else frame(m, np.where(rng.random(shape) < 0.15, rng.random(shape), 0.0))
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
    return Targets(frame(m, weights), band=float(rng.choice([0.0, 0.05, 0.3])))


def terms(rng: np.random.Generator) -> tuple[Costs, Account]:
    costs = Costs(fees=float(rng.choice([0.0, 0.001])), slippage=float(rng.choice([0.0, 0.002])), borrow=float(rng.choice([0.0, 0.05])))
    return costs, Account(margin=float(rng.choice([0.05, 1.0])), max_gross=float(rng.choice([0.5, 1.0, 2.5])))
