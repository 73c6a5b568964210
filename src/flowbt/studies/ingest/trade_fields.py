"""One-minute bars of trades to fields: toxicity, price impact and taker volume per bar of a longer step.

1. The minutes of a symbol are laid on a full grid; a minute without trades has volume 0 and the close before it.
2. A bucket is 1/50 of the mean daily volume of the 20 days before each minute (at least one day must be there), so nothing ahead is used.
3. VPIN runs over the minutes, taker side where the trades have one, else bulk classification with the trailing sigma of minute changes.
4. Each longer bar takes the last VPIN stamped in it, sums of taker volume, the slope and the illiquidity of its own minutes, and the
   volume-weighted price of the most toxic tenth (against the day before) of its minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.features.toxicity import PER_DAY, bulk_buys, vpin_rows

DAY = 1440  # minutes
FIELDS = ("vpin", "taker_buy_volume", "taker_sell_volume", "kyle_lambda", "amihud", "toxic_mid")


@dataclass(frozen=True)
class VpinRules:
    """`buckets` of VPIN, `days` of the usual volume, `step` of the output, `toxic`: the share of minutes that counts as most toxic."""

    buckets: int = 50
    days: int = 20
    step: str = "1h"
    toxic: float = 0.1


def trade_fields(minutes: pd.DataFrame, rules: VpinRules) -> pd.DataFrame:
    """`minutes` as `data.raw.trades.minute_bars` gives them, any number of symbols -> event_time, symbol, FIELDS."""
    parts = [_one(part, rules).assign(symbol=str(symbol)) for symbol, part in minutes.groupby("symbol")]
    return pd.concat(parts, ignore_index=True)[["event_time", "symbol", *FIELDS]]


def _one(minutes: pd.DataFrame, rules: VpinRules) -> pd.DataFrame:
    grid = on_grid(minutes)
    grid["vpin"], last = vpin_rows(grid["buy"].to_numpy(float), grid["volume"].to_numpy(float), bucket_size(grid["volume"], rules.days), rules.buckets)
    grid["toxic"] = last > pd.Series(last, index=grid.index).rolling(DAY, min_periods=60).quantile(1 - rules.toxic).shift(1).to_numpy()
    return bars_of(grid, rules.step)


def on_grid(minutes: pd.DataFrame) -> pd.DataFrame:
    """Every minute from first to last, with `change` (of the close), `net` (taker buys less sells) and the sides filled in."""
    table = minutes.set_index("event_time")[["close", "volume", "buy", "dollars"]]
    grid = table.reindex(pd.date_range(table.index[0], table.index[-1], freq="min"))
    grid["close"] = grid["close"].ffill()
    grid[["volume", "dollars"]] = grid[["volume", "dollars"]].fillna(0.0)
    change = grid["close"].diff()
    if table["buy"].isna().all():
        sigma = change.rolling(DAY, min_periods=60).std().shift(1)
        grid["buy"] = bulk_buys(change.to_numpy(float), sigma.to_numpy(float), grid["volume"].to_numpy(float))
        grid.loc[sigma.isna(), "buy"] = np.nan
    grid["buy"] = grid["buy"].where(grid["volume"] > 0, 0.0)
    grid["net"] = 2.0 * grid["buy"] - grid["volume"]
    grid["change"] = np.log(grid["close"]).diff()
    return grid


def bucket_size(volume: pd.Series, days: int) -> np.ndarray:
    """Volume of a bucket at each minute: a fiftieth of the mean daily volume of the minutes before it, of `days` days at most, one at least."""
    usual = volume.shift(1).rolling(days * DAY, min_periods=DAY).mean()
    return np.asarray(usual * DAY / PER_DAY, dtype=float)


def bars_of(grid: pd.DataFrame, step: str) -> pd.DataFrame:
    """The minutes of each bar reduced to FIELDS; a bar without a trade is left out."""
    traded = grid[grid["volume"] > 0]
    bars = pd.DatetimeIndex(traded.index).floor("D" if step == "1d" else step)
    groups = traded.groupby(bars)
    out = pd.DataFrame({"vpin": groups["vpin"].last()})
    out["taker_buy_volume"] = groups["buy"].sum(min_count=1)
    out["taker_sell_volume"] = (traded["volume"] - traded["buy"]).groupby(bars).sum(min_count=1)
    signed = np.sign(traded["net"]) * traded["net"].abs() ** 0.5
    out["kyle_lambda"] = _slope(signed, traded["change"], bars)
    out["amihud"] = 1e6 * (traded["change"].abs() / traded["dollars"]).groupby(bars).mean()
    toxic = traded[traded["toxic"]]
    by = bars[traded["toxic"].to_numpy(bool)]
    out["toxic_mid"] = toxic["dollars"].groupby(by).sum() / toxic["volume"].groupby(by).sum()
    return out.rename_axis("event_time").reset_index()


def _slope(x: pd.Series, y: pd.Series, bars: pd.DatetimeIndex) -> pd.Series:
    """Least-squares slope of y on x within each bar; missing with fewer than ten pairs or where x does not vary."""
    both = pd.DataFrame({"x": x, "y": y, "xy": x * y, "xx": x * x}).dropna().groupby(bars[(x.notna() & y.notna()).to_numpy(bool)])
    mean, count = both.mean(), both.size()
    variance = mean["xx"] - mean["x"] ** 2
    return ((mean["xy"] - mean["x"] * mean["y"]) / variance.where(variance > 0)).where(count >= 10)
