"""Expected-move zones, the room in them, and the strength of a range."""

from __future__ import annotations

from typing import Literal, NamedTuple

import pandas as pd

from flowbt.errors import ParameterError
from flowbt.features.declare import feature
from flowbt.features.rolling import sign
from flowbt.features.trailing import enough
from flowbt.features.volatility import realised_volatility
from flowbt.protocols import Panel

_IV = """
VIX:SPX SPY ES IVV VOO XSP|VXN:NDX QQQ NQ|RVX:RUT IWM RTY|VXD:DJI DIA|OVX:USO CL|GVZ:GLD|VTLT:TLT|VVIX:VIX|DVOL:BTC|DVOL_ETH:ETH
"""
# the implied volatility index that speaks of each symbol
IV_INDEX = {symbol: index for index, symbols in (part.split(":") for part in _IV.strip().split("|")) for symbol in symbols.split()}

STATUSES = ("below floor", "near floor", "lower half", "upper half", "near ceiling", "at ceiling", "above ceiling")


class Zone(NamedTuple):
    """Levels in price; `position` 0 = floor, 1 = ceiling; `upside`, `downside` fractions of the close; `status` an index into `STATUSES`."""

    low: pd.DataFrame
    mid: pd.DataFrame
    high: pd.DataFrame
    position: pd.DataFrame
    upside: pd.DataFrame
    downside: pd.DataFrame
    asymmetry: pd.DataFrame
    status: pd.DataFrame


class StatusRule(NamedTuple):
    """Positions at which a status begins: `near` counts from both ends."""

    at: float = 0.98
    near: float = 0.90


def zone_levels(
    centre: pd.DataFrame, iv: pd.DataFrame, horizon: float, width: float = 1.0, year: float = 252.0
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(low, mid, high) = centre -/+ width x centre x iv/100 x sqrt(horizon/year). `iv` in points; the floor is never under 0."""
    move = width * centre * iv / 100.0 * (horizon / year) ** 0.5
    return (centre - move).clip(lower=0.0), centre + 0.0 * move, centre + move


def zone_room(close: pd.DataFrame, low: pd.DataFrame, mid: pd.DataFrame, high: pd.DataFrame, rule: StatusRule | None = None) -> Zone:
    """Position, room and status of `close` in given levels (modelled, or a report's own table).

    position = (close - low) / (high - low); upside = high/close - 1; downside = low/close - 1; asymmetry = |downside| / upside only
    where upside > 0 (above the ceiling a ratio has no meaning and is missing). A missing or empty zone gives missing values.
    """
    width = (high - low).where(high > low)
    position = (close - low) / width
    upside, downside = (high / close - 1).where(width.notna()), (low / close - 1).where(width.notna())
    asymmetry = (downside.abs() / upside.where(upside > 0)).where(downside < 0)
    return Zone(low, mid, high, position, upside, downside, asymmetry, _status(position, rule or StatusRule()))


def _status(position: pd.DataFrame, rule: StatusRule) -> pd.DataFrame:
    """Index into `STATUSES`; a close on the ceiling itself is above it (no room is left), one on the floor is near it."""
    p = position
    starts = (p >= 0, p > 1 - rule.near, p > 0.5, p >= rule.near, p >= rule.at, p >= 1)
    code = pd.DataFrame(0.0, index=p.index, columns=p.columns)
    for reached in starts:
        code += reached
    return code.where(p.notna())


def status_names(status: pd.DataFrame) -> pd.DataFrame:
    """The words of a status frame; missing stays missing."""
    return status.map(lambda code: STATUSES[int(code)], na_action="ignore")


@feature(
    family="zones", units="price; fractions", sign="position 1 = ceiling", needs=("close",), stand_ins=("realised volatility",),
    source="exitliq's zone table; formula ours",
)  # fmt: skip
def expected_move_zone(
    panel: Panel,
    *,
    horizon: int = 21,
    width: float = 1.0,
    centre: Literal["mean", "previous", "anchor"] = "mean",
    iv: str | None = None,
    rule: StatusRule = StatusRule(),  # noqa: B008 (immutable)
) -> Zone:
    """The zone a symbol was expected to stay in over `horizon` bars, drawn before the close that is judged by it.

    Everything that draws the zone is one bar old or older, so that a close can leave it. `centre`: "mean" of the `horizon` closes
    up to the previous one, "previous" close, or "anchor": the close and the volatility of `horizon` bars ago. `iv`: the symbol of
    an implied volatility index, "realised", or None: `IV_INDEX`'s index where the panel has it, else realised volatility over
    max(horizon, 21) bars (a stand-in; `zone_volatility` says which). Missing until the centre and the volatility are there.
    """
    if centre not in ("mean", "previous", "anchor"):
        raise ParameterError(f"expected_move_zone(centre={centre!r})", "not a centre", "use mean, previous or anchor")
    close = panel["close"]
    age = horizon if centre == "anchor" else 1
    middle = close.rolling(horizon, min_periods=enough(horizon)).mean() if centre == "mean" else close
    volatility = zone_volatility(panel, horizon=horizon, iv=iv)
    levels = zone_levels(middle.shift(age), volatility.shift(age), horizon, width, panel.clock.periods_per_year)
    return zone_room(close, *levels, rule)


def zone_sources(panel: Panel, iv: str | None = None) -> dict[str, str]:
    """Which index (or "realised") each symbol's zone takes its volatility from."""
    indices = {s: iv or IV_INDEX.get(s, "") for s in panel.symbols}
    return {s: i if i and i != "realised" and (iv or panel.has("close", i)) else "realised" for s, i in indices.items()}


@feature(family="zones", units="points", needs=("close",), stand_ins=("realised volatility",), sign="higher = wider zone", source="ours")
def zone_volatility(panel: Panel, *, horizon: int = 21, iv: str | None = None) -> pd.DataFrame:
    """The volatility `expected_move_zone` uses, as of each bar: the symbol's implied index, else realised over max(horizon, 21) bars."""
    sources = zone_sources(panel, iv)
    realised = realised_volatility(panel, window=max(horizon, 21)) if "realised" in sources.values() else None
    columns = {s: (realised if i == "realised" and realised is not None else panel["close", i])[s] for s, i in sources.items()}
    return pd.DataFrame(columns, index=panel.index)


def true_range(high: pd.DataFrame, low: pd.DataFrame, close: pd.DataFrame) -> pd.DataFrame:
    """Largest of high - low, |high - previous close|, |low - previous close|; missing on the first row."""
    before = close.shift()
    top, bottom = high.mask(before > high, before), low.mask(before < low, before)
    return (top - bottom).where(before.notna())


def random_walk_index(high: pd.DataFrame, low: pd.DataFrame, close: pd.DataFrame, n: int) -> pd.DataFrame:
    """100 x Poulos' random walk index, signed by the stronger side: up = (high - low n ago), down = (high n ago - low), over ATR_n sqrt(n)."""
    unit = true_range(high, low, close).rolling(n).mean() * float(n) ** 0.5
    unit = unit.where(unit > 0)
    up, down = (high - low.shift(n)) / unit, (high.shift(n) - low) / unit
    strength: pd.DataFrame = up.where(up >= down, -down) * 100.0
    return strength


def efficiency_ratio(close: pd.DataFrame, n: int) -> pd.DataFrame:
    """100 x (change over n rows) / (sum of absolute changes): -100 a straight fall, +100 a straight rise. Missing where nothing moved."""
    path = close.diff().abs().rolling(n).sum()
    return 100.0 * close.diff(n) / path.where(path > 0)


def signed_adx(high: pd.DataFrame, low: pd.DataFrame, close: pd.DataFrame, n: int) -> pd.DataFrame:
    """Wilder's ADX (0 to 100) with the sign of (+DI - -DI). Wilder means are exponential with alpha 1/n, missing for the first 2n rows."""
    up, down = high.diff(), -low.diff()
    plus, minus = up.where((up > down) & (up > 0), 0.0), down.where((down > up) & (down > 0), 0.0)
    known = up.notna() & down.notna()

    def wilder(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.ewm(alpha=1 / n, adjust=False, min_periods=n).mean()

    unit = wilder(true_range(high, low, close))
    di_up, di_down = wilder(plus.where(known)) / unit, wilder(minus.where(known)) / unit
    total = di_up + di_down
    adx = wilder(100.0 * (di_up - di_down).abs() / total.where(total > 0))
    return adx * sign(di_up - di_down)


@feature(
    family="zones", units="index, dominant beyond 40", sign="positive = up", needs=("close",), stand_ins=("close for high and low",),
    source="Poulos' random walk index; sign and scale ours",
)  # fmt: skip
def range_strength(panel: Panel, *, window: int = 21, method: Literal["rwi", "adx", "efficiency"] = "rwi") -> pd.DataFrame:
    """How far a symbol has gone for a random walk of its own range, signed: beyond +40 or -40 the trend is dominant.

    `method`: "rwi" (100 x random walk index), "adx" (signed ADX) or "efficiency" (signed efficiency ratio). A symbol without
    high and low (an index level) uses its close for both. Missing until the window is full.
    """
    close = panel["close"]
    if method == "efficiency":
        return efficiency_ratio(close, window)
    if method not in ("rwi", "adx"):
        raise ParameterError(f"range_strength(method={method!r})", "not a method", "use rwi, adx or efficiency")
    high, low = _or_close(panel, "high", close), _or_close(panel, "low", close)
    return (random_walk_index if method == "rwi" else signed_adx)(high, low, close, window)


def _or_close(panel: Panel, field: str, close: pd.DataFrame) -> pd.DataFrame:
    with_it = [s for s in panel.symbols if panel.has(field, s)]
    return pd.DataFrame({s: panel[field][s] if s in with_it else close[s] for s in panel.symbols}) if with_it else close
