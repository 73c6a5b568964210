"""Invented runs in the exact layout of a record; nothing here is market data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from flowbt.evidence.measures import measure
from flowbt.results.record import RunRecord, content_key


def make_record(name: str = "dull", *, seed: int = 1, sessions: int = 600, drift: float = 0.0003, **changes: Any) -> RunRecord:
    rng = np.random.default_rng(seed)
    index = pd.bdate_range("2019-01-02", periods=sessions, name="label")
    market = rng.normal(0.0003, 0.01, sessions)
    held = np.repeat(rng.random(sessions // 10 + 1) < 0.5, 10)[:sessions]
    own = np.where(held, -0.4 * market + rng.normal(drift, 0.004, sessions), 0.0)
    value = 100_000 * np.cumprod(1 + own)
    flags = np.where(pd.Series(market).rolling(40, min_periods=1).mean() > 0, "positive", "negative")
    returns = pd.DataFrame(
        {
            "value": value,
            "strategy": own,
            "exposure": np.where(held, -0.4, 0.0),
            "gross": np.where(held, 0.4, 0.0),
            "turnover": np.abs(np.diff(held, prepend=0)) * 0.4,
            "fees": np.where(held, 3.0, 0.0),
            "slippage": np.where(held, 5.0, 0.0),
            "borrow": np.where(held, 1.2, 0.0),
            "funding": 0.0,
            "benchmark": market,
            "placebo": rng.normal(0, 0.004, sessions),
            "regime:gamma sign": flags,
        },
        index=index,
    )
    prices = pd.DataFrame({"AAA": 100 * np.cumprod(1 + market), "BBB": 50 * np.cumprod(1 + market * 0.7)}, index=index)
    trades = _trades(prices, rng)
    orders = pd.DataFrame(
        {"label": trades["entry_label"], "symbol": trades["symbol"], "side": "sell", "units": trades["units"], "price": trades["entry_price"]}
    )
    manifest = _manifest(name, index, seed) | changes
    manifest["id"] = content_key(manifest)
    return RunRecord(manifest, returns, orders, trades, prices, measure(returns["strategy"], trades, 252, returns["benchmark"], activity=returns))


def _trades(prices: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for number, start in enumerate(range(5, len(prices) - 15, 12)):
        symbol = ("AAA", "BBB")[number % 2]
        side = ("short", "long")[number % 3 == 0]
        entry, out = float(prices[symbol].iloc[start]), float(prices[symbol].iloc[start + 8])
        gain = (out / entry - 1) * (1 if side == "long" else -1)
        rows.append(
            {
                "trade": number,
                "symbol": symbol,
                "side": side,
                "entry_label": prices.index[start],
                "exit_label": prices.index[start + 8],
                "entry_price": entry,
                "exit_price": out,
                "units": 400.0,
                "pnl": gain * 40_000,
                "return": gain,
                "bars": 8,
                "reason": ("hold", "stop")[number % 4 == 0],
                "fees": 8.0,
                "dark_pool_pressure@entry": float(rng.normal()),
                "dark_pool_pressure@exit": float(rng.normal()),
            }
        )
    return pd.DataFrame(rows)


def _manifest(name: str, index: pd.DatetimeIndex, seed: int) -> dict[str, Any]:
    return {
        "strategy": name,
        "thesis": "Short an index that dark pools sell into a rally at the top of its zone.",
        "source": "exitliq",
        "file": f"strategies/{name}.py",
        "code_hash": "ab12" * 8,
        "parameters": {"rally": 0.02, "hold": 10},
        "symbols": ["AAA", "BBB"],
        "clock": "XNYS",
        "step": "1d",
        "from": f"{index[0]:%Y-%m-%d}",
        "to": f"{index[-1]:%Y-%m-%d}",
        "decide_at": "18:30",
        "synthetic": True,
        "datasets": [
            {
                "name": "demo",
                "hash": "cd34" * 8,
                "span": ["2019-01-02", "2021-04-20"],
                "fields": ["close", "dix"],
                "vintage": "point in time",
                "synthetic": True,
                "survivorship": "",
                "lag": "known at 18:00 New York of the session",
            },
        ],
        "stand_ins": [{"asked": "dark_pool_net", "used": "dix"}],
        "costs": {"fees": 0.0001, "slippage": 0.0002, "borrow": 0.003},
        "account": {"cash": 100_000.0, "margin": 1.0},
        "rules": ["Short when the rally of the session is at least 2%.", "Leave after 10 sessions."],
        "assumptions": ["Orders fill at the next open."],
        "versions": {"flowbt": "0.1.0", "numpy": "2.4"},
        "commit": "0123abc",
        "seed": seed,
        "command": f"flowbt run strategies/{name}.py",
        "created": f"2026-01-{1 + seed % 28:02d}T10:00:00",
        "benchmark": "AAA",
        "verdicts": {"deflated_sharpe": 0.61, "trials": 24, "placebo_sharpe": 0.05, "out_of_sample": None},
        "warnings": [],
    }
