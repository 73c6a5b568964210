"""The inputs of the convergence count: what each one reads, how it votes, and the value that decides it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from flowbt.features.dark_pool import dark_pool_ladder, dark_pool_pressure
from flowbt.features.gamma import gamma_sign
from flowbt.features.macro import OIL_REGIMES, RATE_REGIMES, credit_stress, dollar_oil_regime, funding_stress, ism_regime, net_liquidity, rate_regime
from flowbt.features.option_flow import put_call_ratio, side_flow
from flowbt.features.ranges import range_strength
from flowbt.features.rolling import share_below, sign
from flowbt.features.trend import status_200d
from flowbt.features.volatility import vix_term_structure
from flowbt.features.zones import expected_move_zone, vix_room
from flowbt.ground.fields import FieldKey
from flowbt.ground.protocols import Panel

ZONE_HORIZON = 5  # sessions: the daily report redraws its zones about that often
LAYERS = ("flow", "dark pool", "gamma", "zone", "macro", "trend")


class Vote(NamedTuple):
    """`vote` -1 bearish, 0 neutral or not sure, +1 bullish; `value` the number that decided it (missing: votes 0)."""

    vote: pd.DataFrame
    value: pd.DataFrame


@dataclass(frozen=True)
class ConvergenceInput:
    """A named voter. `needs` lists alternatives: it can vote if any one of them is wholly there ("field" or "field:SYMBOL")."""

    name: str
    layer: str
    rule: str  # in words: when it votes
    needs: tuple[tuple[str, ...], ...]
    ask: Callable[[Panel], Vote]
    words: tuple[str, ...] = ()  # what the value picks from, where it is a code

    def text(self, value: float) -> str:
        """The value as written on the board."""
        return "none" if value != value else self.words[int(value)] if self.words else f"{value:+,.2f}"

    def fields(self, panel: Panel) -> tuple[str, ...]:
        """The first alternative the panel can give; empty if none."""
        return next((fields for fields in self.needs if all(panel.has(*FieldKey.parse(f)) for f in fields)), ())


def beyond(value: pd.DataFrame, low: float, high: float) -> Vote:
    """+1 at or above `high`, -1 at or under `low`, 0 between. Missing votes 0."""
    return Vote(1.0 * (value >= high) - 1.0 * (value <= low), value)


def _flow(panel: Panel) -> Vote:
    flow = side_flow(panel)
    return Vote((sign(flow.net) * (flow.confidence > 0)).fillna(0.0), flow.net)


def _trend(panel: Panel) -> Vote:
    status = status_200d(panel)
    return Vote(1.0 * status.confirmed - 1.0 * (status.distance < 0), status.distance)


def _rates(panel: Panel) -> Vote:
    regime = rate_regime(panel).regime
    return Vote(-1.0 * regime.isin((1, 3)) + (regime == 0), regime)


def _oil(panel: Panel) -> Vote:
    regime = dollar_oil_regime(panel).regime
    return Vote(-1.0 * (regime == 3) + (regime == 0), regime)


def _put_call(panel: Panel) -> Vote:
    return beyond(share_below(put_call_ratio(panel, mean=5), 252), 0.05, 0.95)


def _zone(panel: Panel) -> Vote:
    return _contrary(expected_move_zone(panel, horizon=ZONE_HORIZON).position, 0.1, 0.9)


def _vix_zone(panel: Panel) -> Vote:
    return beyond(vix_room(panel, horizon=ZONE_HORIZON).position, 0.1, 0.9)


def _breadth(panel: Panel) -> Vote:
    return beyond(panel["pct_above_200d", "US"], 40.0, 60.0)


def _funding(panel: Panel) -> Vote:
    spread = funding_stress(panel)
    return Vote(-1.0 * (spread >= 0.10), spread)


def _block(panel: Panel) -> Vote:
    level = panel["close", "DXY"]
    return Vote(1.0 * (level < 100.0) - 1.0 * (level >= 100.0), level)


def _against(value: pd.DataFrame, line: float) -> Vote:
    return Vote(sign(value - line).fillna(0.0), value)


def _signed(value: pd.DataFrame) -> Vote:
    return _against(value, 0.0)


def _contrary(value: pd.DataFrame, low: float, high: float) -> Vote:
    return Vote(-beyond(value, low, high).vote, value)


_SIDES = ("calls_bought", "calls_sold", "puts_bought", "puts_sold", "premium_unknown")
_DARK = (("dark_pool_net",), ("dix:SPX",), ("short_volume", "total_volume"))
_OAS = (("value:HY_OAS",), ("value:BAMLH0A0HYM2",), ("close:HYG",))
_DOLLARS = ("close:DXY", "value:DTWEXBGS")
_OILS = ("value:DCOILWTICO", "close:WTI", "close:USO")
_LIQUIDITY = ("value:WALCL", "value:WTREGEN", "value:RRPONTSYD")
_TERM = ("close:VIX", "close:VIX9D", "close:VIX3M")

INPUTS = (
    ConvergenceInput("option net by side", "flow", "sign of the net; low confidence votes 0", (_SIDES,), _flow),
    ConvergenceInput("put/call ratio", "flow", "lowest 5% of a year -1, highest 5% +1", (("put_call_equity:US",),), _put_call),
    ConvergenceInput("dark-pool pressure", "dark pool", "z-score at or beyond 1", _DARK, lambda p: beyond(dark_pool_pressure(p), -1.0, 1.0)),
    ConvergenceInput("dark-pool ladder", "dark pool", "run of 5 sessions or more", _DARK, lambda p: beyond(dark_pool_ladder(p), -5.0, 5.0)),
    ConvergenceInput("dealer gamma", "gamma", "its sign", (("gex",), ("gex:SPX",)), lambda p: _signed(gamma_sign(p))),
    ConvergenceInput("zone position", "zone", "5-session zone: at or above 0.9 -1, at or under 0.1 +1", (("close",),), _zone),
    ConvergenceInput("VIX zone", "zone", "its 5-session zone: at or under 0.1 -1, at or above 0.9 +1", (("close:VIX",),), _vix_zone),
    ConvergenceInput("range strength", "trend", "beyond 40", (("close",),), lambda p: beyond(range_strength(p), -40.0, 40.0)),
    ConvergenceInput("200-session mean", "trend", "below -1, above for 2 sessions +1", (("close",),), _trend),
    ConvergenceInput("breadth", "trend", "60% of members above their 200-session mean +1, 40% -1", (("pct_above_200d:US",),), _breadth),
    ConvergenceInput("VIX / VIX3M", "macro", "above 1 -1, under 0.9 +1", (_TERM,), lambda p: _contrary(vix_term_structure(p).long, 0.9, 1.0)),
    ConvergenceInput("credit stress", "macro", "z-score of spread widening beyond 1", _OAS, lambda p: _contrary(credit_stress(p), -1.0, 1.0)),
    ConvergenceInput("SOFR - fed funds", "macro", "0.10 points or more -1", (("value:SOFR", "value:DFF"),), _funding),
    ConvergenceInput("rates and dollar", "macro", "yields up -1, dollar and yields down +1", tuple((d, "value:DGS10") for d in _DOLLARS), _rates, RATE_REGIMES),
    ConvergenceInput("dollar and oil", "macro", "both up -1, both down +1", tuple((d, o) for d in _DOLLARS for o in _OILS), _oil, OIL_REGIMES),
    ConvergenceInput("dollar block", "macro", "DXY at or above 100 -1, under +1", (("close:DXY",),), _block),
    ConvergenceInput("ISM", "macro", "above 50 +1, under -1", (("value:ISM_PMI",),), lambda p: _against(ism_regime(p).level, 50.0)),
    ConvergenceInput("net liquidity", "macro", "sign of its change over 63 sessions", (_LIQUIDITY,), lambda p: _signed(net_liquidity(p).change)),
)


def votes(panel: Panel, names: Iterable[str] = ()) -> dict[str, tuple[ConvergenceInput, Vote]]:
    """The votes of all inputs the panel can feed (or of `names` only)."""
    wanted = set(names)
    return {i.name: (i, i.ask(panel)) for i in INPUTS if i.fields(panel) and (not wanted or i.name in wanted)}
