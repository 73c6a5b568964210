"""Expected-move zones: levels, position, room, asymmetry, status. Frames are labels x symbols, series by label."""

from __future__ import annotations

from typing import Literal, NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import enough
from flowbt.features.volatility import close_to_close, realised_by_symbol
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel

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
    family="zones and range", units="price; fractions", sign="position 1 = ceiling", needs=("close",), stand_ins=("realised volatility",),
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
    max(horizon, 21) bars (a stand-in; `zone_sources` says which). Missing until the centre and the volatility are there.

    How often a close lies inside a zone of 21 sessions (SPY 2011-2026): 98% about the mean, all about the previous close (a day's move
    is small for it: use a horizon of 1 to 5 there), 82% from the anchor.
    ParameterError for another centre.
    """
    if centre not in ("mean", "previous", "anchor"):
        raise ParameterError(f"expected_move_zone(centre={centre!r})", "not a centre", "use mean, previous or anchor")
    close = panel["close"]
    age = horizon if centre == "anchor" else 1
    middle = close.rolling(horizon, min_periods=enough(horizon)).mean() if centre == "mean" else close
    volatility = zone_volatility(panel, horizon, iv)
    levels = zone_levels(middle.shift(age), volatility.shift(age), horizon, width, panel.clock.periods_per_year)
    return zone_room(close, *levels, rule)


def zone_sources(panel: Panel, iv: str | None = None) -> dict[str, str]:
    """Which index (or "realised") each symbol's zone takes its volatility from."""
    indices = {s: iv or IV_INDEX.get(s, "") for s in panel.symbols}
    return {s: i if i and i != "realised" and (iv or panel.has("close", i)) else "realised" for s, i in indices.items()}


def zone_volatility(panel: Panel, horizon: int, iv: str | None = None) -> pd.DataFrame:
    """The volatility zones are drawn with, in points: each symbol's implied index, else realised over max(horizon, 21) bars."""
    sources = zone_sources(panel, iv)
    realised = realised_by_symbol(panel, max(horizon, 21)) if "realised" in sources.values() else None
    columns = {s: (realised if i == "realised" and realised is not None else panel["close", i])[s] for s, i in sources.items()}
    return pd.DataFrame(columns, index=panel.index)


@feature(
    family="zones and range",
    units="points",
    sign="higher = wider zone, dearer options",
    needs=("close",),
    stand_ins=("realised volatility",),
    source="Cboe and Deribit indices; ours where there is none",
)
def symbol_volatility(panel: Panel, *, horizon: int = 21, iv: str | None = None) -> pd.DataFrame:
    """The volatility zones are drawn with and options can be priced with, as of each bar: the symbol's implied index (`IV_INDEX`, or
    `iv`), else realised volatility over max(horizon, 21) bars. Missing where that is."""
    return zone_volatility(panel, horizon, iv)


@feature(
    family="zones and range",
    units="points; fractions",
    sign="position 1 = ceiling",
    needs=("close:VIX",),
    stand_ins=("realised volatility",),
    source="exitliq's VIX row",
)
def vix_room(panel: Panel, *, horizon: int = 21, width: float = 1.0, index: str = "VIX") -> Zone:
    """The zone of VIX itself (or `index`), from VVIX where the panel has it, else from VIX's own realised volatility."""
    close, year = panel["close", index], panel.clock.periods_per_year
    source = IV_INDEX.get(index, "")
    implied = source and panel.has("close", source)
    volatility = panel["close", source] if implied else close_to_close(close, max(horizon, 21), year)
    centre = close.rolling(horizon, min_periods=enough(horizon)).mean()
    return zone_room(close, *zone_levels(centre.shift(), volatility.shift(), horizon, width, year))


@feature(
    family="zones and range",
    units="ratio",
    sign="high = more room up than down",
    needs=("close:VIX",),
    stand_ins=("realised volatility",),
    source="exitliq: 44% against 3%",
)
def vix_asymmetry(panel: Panel, *, horizon: int = 21, width: float = 1.0) -> pd.DataFrame:
    """VIX's room up over its room down: upside / |downside|. Missing outside the zone, where a ratio has no meaning."""
    zone = vix_room(panel, horizon=horizon, width=width)
    return zone.upside.where(zone.upside > 0) / -zone.downside.where(zone.downside < 0)
