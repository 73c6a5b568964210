"""Toxicity: flow against which a market maker loses, seen in bars.

Volume-synchronised imbalance (VPIN) is computed on equal volume buckets by `vpin_rows`, for bars here and for single trades by
`flowbt reduce`; its plain twin is `vpin_twin`. Scales (bucket size, sigma) come from the past only: full-sample values look ahead.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from flowbt.features.declare import feature
from flowbt.features.trailing import enough, log_returns, percentile
from flowbt.ground.compiled import jit
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel

Array = npt.NDArray[np.float64]
PER_DAY = 50  # buckets per day of usual volume (Easley, Lopez de Prado, O'Hara 2012)


def bulk_buys(change: Array, sigma: Array, volume: Array) -> Array:
    """Bulk volume classification: volume x Phi(change / sigma). Half of it where the change or sigma is missing or sigma is 0."""
    usable = np.isfinite(change) & np.isfinite(sigma) & (sigma > 0)
    ratio = np.divide(change, sigma, out=np.zeros_like(volume), where=usable)
    return np.asarray(volume * ndtr(ratio), dtype=float)


@jit
def vpin_rows(buy: Array, volume: Array, size: Array, n: int) -> tuple[Array, Array]:
    """VPIN after each row (trade or bar), and that of the last bucket completed.

    `buy`, `volume` per row; `size` the bucket volume in force when a bucket is opened on that row; `n` buckets. A row is split over the
    buckets it fills. VPIN = sum |buy - sell| / sum volume of the last n buckets, missing until n are complete; the second array is
    |buy - sell| / volume of the last complete bucket. Rows with a missing value, or a missing size at an opening, are left out.
    """
    rows = len(volume)
    out, last = np.full(rows, np.nan), np.full(rows, np.nan)
    gaps, sizes = np.zeros(n), np.zeros(n)
    done, filled, bought, target = 0, 0.0, 0.0, 0.0
    gap_sum, size_sum, now, single = 0.0, 0.0, np.nan, np.nan
    for t in range(rows):
        if volume[t] > 0 and np.isfinite(buy[t]):
            left, share = volume[t], buy[t] / volume[t]
            while left > 0:
                if filled == 0.0:
                    target = size[t]
                if not target > 0:
                    break
                take = min(left, target - filled)
                filled += take
                bought += take * share
                left -= take
                if filled >= target * (1 - 1e-12):
                    slot = done % n
                    gap = abs(2 * bought - filled)
                    gap_sum += gap - gaps[slot]
                    size_sum += filled - sizes[slot]
                    gaps[slot], sizes[slot] = gap, filled
                    done += 1
                    if slot == n - 1:  # sum afresh once a round, so that rounding does not pile up
                        gap_sum, size_sum = gaps.sum(), sizes.sum()
                    single = gap / filled
                    if done >= n:
                        now = gap_sum / size_sum
                    filled, bought = 0.0, 0.0
        out[t], last[t] = now, single
    return out, last


def vpin_twin(buy: Array, volume: Array, size: Array, n: int) -> Array:
    """`vpin_rows` in plain Python, first result only, for tests."""
    buckets: list[tuple[float, float]] = []
    filled = bought = target = 0.0
    out = []
    for b, v, s in zip(buy.tolist(), volume.tolist(), size.tolist(), strict=True):
        left = v if v > 0 and np.isfinite(b) else 0.0
        while left > 0:
            target = s if filled == 0 else target
            if not target > 0:
                break
            take = min(left, target - filled)
            filled, bought, left = filled + take, bought + take * b / v, left - take
            if filled >= target * (1 - 1e-12):
                buckets.append((abs(2 * bought - filled), filled))
                filled = bought = 0.0
        recent = buckets[-n:]
        out.append(sum(g for g, _ in recent) / sum(f for _, f in recent) if len(recent) == n else np.nan)
    return np.array(out)


def usual_volume(volume: pd.DataFrame, bars: int) -> pd.DataFrame:
    """Mean volume per bar over the `bars` bars before this one."""
    return volume.shift(1).rolling(bars, min_periods=enough(bars)).mean()


def buys(panel: Panel, side: str, sigma_bars: int) -> pd.DataFrame:
    """Volume bought per bar: by takers where the data say so ("taker"), or by bulk classification of the close's change ("bulk").

    ParameterError for another side.
    """
    if side == "taker":
        return panel["taker_buy_volume"]
    if side != "bulk":
        raise ParameterError(f"side={side!r}", "not known", "use bulk or taker")
    change = panel["close"].diff()
    sigma = change.shift(1).rolling(sigma_bars, min_periods=enough(sigma_bars)).std()
    bought = bulk_buys(change.to_numpy(float), sigma.to_numpy(float), panel["volume"].to_numpy(float))
    return pd.DataFrame(bought, index=change.index, columns=change.columns).where(sigma.notna() & change.notna())


@feature(
    family="toxicity",
    units="fraction",
    sign="0 = balanced, 1 = one-sided",
    needs=("close", "volume"),
    stand_ins=("taker_buy_volume", "taker_sell_volume"),
    source="Easley, Lopez de Prado, O'Hara (2012), Review of Financial Studies 25(5)",
)
def bar_vpin(panel: Panel, *, side: str = "bulk", buckets: int = 50, days: int = 20, sigma_bars: int = 60) -> pd.DataFrame:
    """VPIN from bars: mean |buy - sell| / volume over the last `buckets` equal volume buckets, stamped at completion.

    A bucket is 1/50 of the mean daily volume of the `days` days before. `side`: "bulk" (volume x Phi(change of close / sigma of `sigma_bars`
    bars before)) or "taker" (buys as reported, volume = both taker sides). Bars are coarse: a long bar fills several buckets alike, so prefer
    hours to days, or field `vpin` from trades. Labels x symbols; missing until `buckets` are complete; missing bars are left out.
    """
    bought = buys(panel, side, sigma_bars)
    volume = bought + panel["taker_sell_volume"] if side == "taker" else panel["volume"]
    per_day = max(1.0, panel.clock.periods_per_year / 365.0)
    size = usual_volume(volume, int(days * per_day)) * per_day / PER_DAY
    out = {c: vpin_rows(bought[c].to_numpy(float), volume[c].to_numpy(float), size[c].to_numpy(float), buckets)[0] for c in bought.columns}
    return pd.DataFrame(out, index=bought.index)


@feature(
    family="toxicity",
    units="fraction",
    sign="near 1 = more toxic than in its own past",
    needs=("vpin",),
    source="ours",
)
def vpin_percentile(panel: Panel, *, window: int = 250) -> pd.DataFrame:
    """Percentile of field `vpin` (from trades) in its last `window` labels. Labels x symbols; missing with under two thirds of them."""
    return percentile(panel["vpin"], window)


@feature(
    family="toxicity",
    units="return per root volume",
    sign="positive = buying lifts the price",
    needs=("close", "volume"),
    stand_ins=("taker_buy_volume", "taker_sell_volume"),
    source="Kyle (1985); signed root volume as in Hasbrouck (2009)",
)
def kyle_lambda(panel: Panel, *, side: str = "bulk", window: int = 60, sigma_bars: int = 60) -> pd.DataFrame:
    """Slope of the bar's log return on sign(buy - sell) x sqrt(|buy - sell|), over `window` bars.

    With `side="bulk"` the sign comes from the return itself, so the slope measures depth, never the direction of cause. Labels x symbols; missing
    with under two thirds of the window, or where the flow did not vary.
    """
    bought = buys(panel, side, sigma_bars)
    net = bought - panel["taker_sell_volume"] if side == "taker" else 2.0 * bought - panel["volume"]
    flow = net.transform(np.sign) * net.abs() ** 0.5
    moved = log_returns(panel["close"])
    both = flow.notna() & moved.notna()
    flow, moved = flow.where(both), moved.where(both)
    variance = flow.rolling(window, min_periods=enough(window)).var()
    return flow.rolling(window, min_periods=enough(window)).cov(moved) / variance.where(variance > 0)
