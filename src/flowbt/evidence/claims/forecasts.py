"""Dated forecasts: bets on later prices, resolved by first touch or at their date, with how often chance brings the like.

A level is taken relative to the spot the document states, so that a price series adjusted later for dividends gives the same answer. How often: `base_rates`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from flowbt.evidence.claims.base_rates import BaseRate, Bet, PastPrices, base_rate, payoff, remaining
from flowbt.evidence.claims.declare import Claim
from flowbt.ground.errors import ClaimError, FieldError
from flowbt.ground.protocols import Panel
from flowbt.ground.types import Json


@dataclass(frozen=True)
class Dated:
    """The outcome of a dated forecast: made and resolved on these dates; its function returns a bet, or a list of bets that must all come true.

    `probability`: what its author gives it, None where nothing is said."""

    made: str
    by: str
    label: str = "a dated forecast"
    horizon: int = 0
    also: tuple[int, ...] = ()
    units: str = "return"
    symbol: str | None = None
    kind: str = "dated forecast"
    probability: float | None = None


def dated(made: str, by: str, probability: float | None = None) -> Dated:
    """A forecast made on one date (YYYY-MM-DD) that is settled by another, with the probability its author gives it, if any. ClaimError where that is none."""
    if probability is not None and not 0.0 < probability < 1.0:
        raise ClaimError(f"probability {probability!r} of a forecast", "not between 0 and 1", "leave it out where the document gives none")
    return Dated(made, by, probability=probability)


def touches(symbol: str, level: float, spot: float) -> Bet:
    """The price reaches `level`; `spot` is the price the document states."""
    move = level / spot - 1
    return Bet("touches", symbol, f"{symbol} touches {level:,g}", up=move if move > 0 else math.nan, down=move if move <= 0 else math.nan)


def first_of(symbol: str, low: float, high: float, spot: float) -> Bet:
    """`low` is touched before `high`."""
    return Bet("first", symbol, f"{symbol} touches {low:,g} before {high:,g}", up=high / spot - 1, down=low / spot - 1)


def ends_above(symbol: str, move: float = 0.0) -> Bet:
    """On the last date the close is over the first by more than `move` (a fraction)."""
    return Bet("ends", symbol, f"{symbol} ends up by more than {move:.2%}", up=move)


def falls(symbol: str, size: float, within: int) -> Bet:
    """Some fall of at least `size` (a fraction) from a close to a later one at most `within` sessions on."""
    return Bet("falls", symbol, f"{symbol} falls {size:.0%} within {within} sessions", down=-size, within=within)


def pays(symbol: str, legs: list[tuple[str, float, float]], spot: float, *, volatility: str = "", field: str = "close") -> Bet:
    """At expiry the legs (("put", strike, quantity), ...) are worth more than their model price on the date made.

    Priced by Black-Scholes, no rate, no dividend, no skew, at the volatility index `volatility`, else at the symbol's own 63-session volatility.
    """
    words = " ".join(f"{'+' if q > 0 else '-'}{strike:g} {kind}" for kind, strike, q in legs)
    return Bet("pays", symbol, f"{symbol} {words} ends above its cost", legs=tuple((k, s / spot, q) for k, s, q in legs), volatility=volatility, field=field)


def forecast(claim: Claim, bets: list[Bet], panel: Panel) -> Json:
    """The bets, resolved, as fields of a finding. A forecast comes true when all do, is pending while none has failed and one is open."""
    when = claim.outcome_as(Dated)
    answers = [resolve(bet, when, panel) for bet in bets]
    chance = _share(rate(bets, when, panel))
    names = ("mean", *(f"mean of bet {i + 2}" for i in range(len(answers) - 1)))
    return {
        "measured": answers[0]["move"],
        "n": 1,
        "n_effective": 1,
        "span": [when.made, str(answers[0]["seen_to"])],
        "figures": [_moved(name, claim.stated.get(name), answer["move"]) for name, answer in zip(names, answers, strict=True)],
        "detail": {"bets": answers, "made": when.made, "by": when.by, "true": together(answers), "chance": chance},
    }


def _moved(name: str, stated: float | None, move: float) -> dict[str, object]:
    return {"name": name, "stated": stated, "measured": move, "low": None, "high": None, "inside": None}


def together(answers: Sequence[dict[str, object]]) -> bool | None:
    """What the answers of `resolve` come to: False where one failed, None where one is open, True where all came true."""
    states = [one["true"] for one in answers]
    return False if False in states else None if None in states else True


def resolve(bet: Bet, when: Dated, panel: Panel) -> Json:
    """One bet on the data there are: words, true (None: open), when (the label that decided it), move and label so far, chance (share by `rate`), cost.

    FieldError where there is no price on the date made."""
    close, start = _made(bet, when, panel)
    end = int(close.index.searchsorted(pd.Timestamp(when.by), side="right")) - 1
    low, high = (close if side is None else side for side in _extremes(bet, panel))
    over, cost = pd.Timestamp(when.by) <= close.index[-1], _cost(bet, panel, close, start, _bars(close, start, when.by))
    window = slice(start, end + 1)
    known = close.iloc[window].dropna()
    truth, touched = _outcome(bet, (known, low.iloc[window].fillna(close), high.iloc[window].fillna(close)), over, cost)
    seen = {"bet": bet.words, "true": truth, "when": touched, "move": float(known.iloc[-1] / known.iloc[0] - 1), "seen_to": f"{known.index[-1]:%Y-%m-%d}"}
    return seen | {"chance": _share(rate([bet], when, panel)), "cost": cost}


def rate(bets: Sequence[Bet], when: Dated, panel: Panel, asked: pd.Timestamp | None = None) -> BaseRate | None:
    """The base rate of all bets coming true together, from the bars up to the date made; or, asked on a later day, of what they ask for from then on.

    None where the history is too short, or nothing of the forecast's time is left. FieldError as `resolve`."""
    found = []
    for bet in bets:
        close, start = _made(bet, when, panel)
        at = start if asked is None else max(start, int(close.index.searchsorted(asked, side="right")) - 1)
        at = int(np.flatnonzero(close.iloc[: at + 1].notna())[-1])
        moved, bars = float(close.iloc[at] / close.iloc[start] - 1), _bars(close, at, when.by)
        cost = _cost(bet, panel, close, start, _bars(close, start, when.by)) or 0.0
        low, high = (None if side is None else side.iloc[: at + 1] for side in _extremes(bet, panel))
        found.append((PastPrices(remaining(bet, moved), close.iloc[: at + 1], cost / (1 + moved), low, high), bars))
    bars = max(one[1] for one in found)
    return base_rate([one[0] for one in found], bars) if bars else None


def _share(found: BaseRate | None) -> float | None:
    return None if found is None else found.share


def _made(bet: Bet, when: Dated, panel: Panel) -> tuple[pd.Series, int]:
    """The closes of a bet's symbol, and the row of the date made."""
    close = _series(panel, bet.field, bet.symbol)
    start = int(close.index.searchsorted(pd.Timestamp(when.made), side="right")) - 1
    late = start >= 0 and close.index[start] < pd.Timestamp(when.made) - pd.Timedelta(days=5)
    if start < 0 or late or not np.isfinite(close.iloc[start]):
        raise FieldError(f"field {bet.field!r} of {bet.symbol} on {when.made}", "its data do not cover that date", "import data that does")
    return close, start


def _extremes(bet: Bet, panel: Panel) -> list[pd.Series | None]:
    """Lows and highs of a bet's symbol; None where it has none, or is settled by another field than the close."""
    return [_series(panel, side, bet.symbol) if bet.field == "close" and panel.has(side, bet.symbol) else None for side in ("low", "high")]


def _bars(close: pd.Series, start: int, by: str) -> int:
    """Sessions from a row to the date of settlement: counted where the data reach it, else weekdays; 0 where that date is past."""
    if pd.Timestamp(by) <= close.index[-1]:
        return max(0, int(close.index.searchsorted(pd.Timestamp(by), side="right")) - 1 - start)
    return max(0, int(np.busday_count(f"{close.index[start]:%Y-%m-%d}", by)))


def _outcome(bet: Bet, prices: tuple[pd.Series, pd.Series, pd.Series], over: bool, cost: float | None) -> tuple[bool | None, str | None]:
    """Did it come true (None: open), and when."""
    close, low, high = prices
    spot = close.iloc[0]
    later = (close.iloc[1:], low.iloc[1:], high.iloc[1:])
    if bet.rule == "touches":
        hit = later[2] >= spot * (1 + bet.up) if np.isfinite(bet.up) else later[1] <= spot * (1 + bet.down)
        return _first(hit, over)
    if bet.rule == "first":
        down, up = later[1] <= spot * (1 + bet.down), later[2] >= spot * (1 + bet.up)
        both = down | up
        if not both.any():
            return (False if over else None), None
        at = both.idxmax()
        return bool(down[at] and not up[at]), f"{at:%Y-%m-%d}"  # both in one session: not shown to have come first
    if bet.rule == "falls":
        return _first(close / close.rolling(bet.within + 1, min_periods=1).max() - 1 <= bet.down, over)
    if not over:
        return None, None
    at = f"{close.index[-1]:%Y-%m-%d}"
    if bet.rule == "ends":
        return bool(close.iloc[-1] / spot - 1 > bet.up), at
    return bool(payoff(bet, np.array([close.iloc[-1] / spot]))[0] > (cost or 0.0)), at


def _first(hit: pd.Series, over: bool) -> tuple[bool | None, str | None]:
    if hit.any():
        return True, f"{hit.idxmax():%Y-%m-%d}"
    return (False if over else None), None


def _cost(bet: Bet, panel: Panel, close: pd.Series, start: int, bars: int) -> float | None:
    """Model price of the legs over spot; None for other bets."""
    if bet.rule != "pays":
        return None
    returns = np.log(close).diff().iloc[max(0, start - 62) : start + 1]
    year = panel.clock.periods_per_year
    sigma = float(_series(panel, "close", bet.volatility).iloc[start] / 100 if bet.volatility else returns.std() * math.sqrt(year))
    spread = sigma * math.sqrt(max(bars, 1) / year)
    value = 0.0
    for kind, strike, quantity in bet.legs:
        d1 = -math.log(strike) / spread + spread / 2
        call = ndtr(d1) - strike * ndtr(d1 - spread)
        value += quantity * float(call if kind == "call" else call - 1 + strike)
    return value


def _series(panel: Panel, field: str, symbol: str) -> pd.Series:
    series: pd.Series = panel[field, symbol].iloc[:, 0]
    return series
