"""The board's table of zones: levels, room, status, range strength and the 200-session mean, per symbol."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from flowbt.features.inputs import ZONE_HORIZON
from flowbt.features.ranges import range_strength
from flowbt.features.trend import status_200d
from flowbt.features.zones import STATUSES, expected_move_zone, vix_room, zone_sources
from flowbt.ground.errors import FieldError
from flowbt.studies.board.panel import Fresh, last

DOMINANT = 40.0


@dataclass(frozen=True)
class ZoneRow:
    """Prices; `upside`, `downside`, `distance_200d` fractions of the close; `asymmetry` |downside| / upside, missing above the ceiling."""

    symbol: str
    low: float
    mid: float
    high: float
    close: float
    change: float
    position: float
    upside: float
    downside: float
    asymmetry: float
    status: str
    volatility: str  # the index the zone was drawn with, or "realised"
    range_strength: float
    dominant: bool
    distance_200d: float
    sessions_200d: float  # on the present side of the mean
    confirmed_200d: bool
    known_at: pd.Timestamp | None


def zone_row(panel: Fresh, symbol: str) -> ZoneRow:
    """The row of one symbol. FieldError where it has no close on the last label."""
    close = panel["close"]
    if close.iloc[-1].isna().all():
        span = panel.panel.catalog.holder("close", symbol, panel.clock).spans("close")[symbol]
        raise FieldError(f"close of {symbol}", f"prices are there from {span[0][:10]} to {span[1][:10]}", "import data of the date")
    zone = vix_room(panel, horizon=ZONE_HORIZON) if symbol == "VIX" else expected_move_zone(panel, horizon=ZONE_HORIZON)
    strength, mean = range_strength(panel), status_200d(panel)
    source = "VVIX" if symbol == "VIX" and panel.has("close", "VVIX") else zone_sources(panel)[symbol]
    one = {name: last(frame) for name, frame in zone._asdict().items() if name != "status"}
    status, force = last(zone.status), last(strength)
    return ZoneRow(
        symbol=symbol,
        close=last(close),
        change=last(close.pct_change(fill_method=None)),
        status=STATUSES[int(status)] if status == status else "no zone",
        volatility=source,
        range_strength=force,
        dominant=abs(force) > DOMINANT,
        distance_200d=last(mean.distance),
        sessions_200d=last(mean.since),
        confirmed_200d=bool(mean.confirmed.iloc[-1, 0]),
        known_at=panel.known_at(),
        **one,
    )
