"""What happens to one symbol in one bar, as numbers in and numbers out: the only place that says it in compiled code.

Every compiled walk calls these functions, in the order of docs/engine.md: exits at the open (`due_at_open`), entries (`share_of`, `entry_units`),
levels inside the bar (`fixed_level`, `trailed_level`, `level_hit`), carry at the close (`borrow_paid`, `funding_paid`). They take no arrays, so that
they cost nothing when called and no thread has to count references. `twin.py` says the same in plain Python, by itself.
"""

from __future__ import annotations

import numpy as np

from flowbt.ground.compiled import jit

REASONS = ("entry", "signal", "opposite", "hold", "stop", "take", "trail", "liquidation", "rebalance", "partial", "expiry", "roll", "early", "hedge")
ENTRY, SIGNAL, OPPOSITE, HOLD, STOP, TAKE, TRAIL, LIQUIDATION, REBALANCE, PARTIAL = range(10)
NONE = -1  # no reason: nothing happens
MISSED, LOST, TAKEN = range(3)  # what a bar did to the levels of a position

DUST = 1e-8  # of all units that entered a position; ten times what vectorbt takes for nothing, so that both books close together
GRAIN = 1e-11  # units; the same of vectorbt's absolute tolerance
LEAST_SHARE = 1e-12  # of what the entries of a bar ask for; less room than that is none
LEAST_WEIGHT = 1e-9  # of equity; a smaller weight or move is none


@jit
def is_flat(units: float, entered: float) -> bool:
    """Whether `units` are nothing, as what is left of a position into which `entered` units have gone."""
    return abs(units) <= max(DUST * entered, GRAIN)


@jit
def due_at_open(units: float, pending: float, exit_fraction: float, age: int, hold: float) -> tuple[int, float]:
    """Reason and fraction of the exit at an open, the first that applies: signal, opposite, hold, partial. `pending`: side of the pending entry;
    `exit_fraction`: fraction asked to close; `age`: bars since entry; `hold`: NaN where there is none."""
    if exit_fraction >= 1.0:
        return SIGNAL, 1.0
    if units * pending < 0.0:
        return OPPOSITE, 1.0
    if age >= hold:
        return HOLD, 1.0
    if exit_fraction > 0.0:
        return PARTIAL, exit_fraction
    return NONE, 0.0


@jit
def sold_units(units: float, entered: float, part: float) -> float:
    """The units of an exit of `part` of a position: all of them where only dust would stay."""
    rest = units - units * part
    return units if part >= 1.0 or is_flat(rest, entered) else units * part


@jit
def share_of(asked: float, held: float, equity: float, max_gross: float) -> float:
    """The share of the notional `asked` for that there is room for beside the notional `held`."""
    room = max(max_gross * equity - held, 0.0)
    return room / asked if asked > room else 1.0


@jit
def entry_units(side: float, size: float, equity: float, share: float, price: float) -> float:
    """Signed units of an entry at an open; 0 where none is made."""
    if not (size > 0.0 and equity > 0.0 and share > LEAST_SHARE):
        return 0.0
    units = size * equity * share / price
    return 0.0 if is_flat(units, units) else side * units


@jit
def slipped(price: float, units: float, slippage: float) -> float:
    """`price` moved against who buys (units > 0) or sells."""
    return price * (1.0 + slippage) if units > 0.0 else price * (1.0 - slippage)


@jit
def fixed_level(side: float, entry: float, stop: float, margin: float) -> tuple[float, int]:
    """The loss level that does not move, and its reason: the stop, for shorts the nearer of stop and liquidation. `stop` NaN: none."""
    level, reason = -np.inf * side, NONE
    if stop > 0.0:
        level, reason = entry * (1.0 - side * stop), STOP
    if side < 0.0 and entry * (1.0 + margin) < level:
        level, reason = entry * (1.0 + margin), LIQUIDATION
    return level, reason


@jit
def trailed_level(side: float, fixed: float, reason: int, best: float, trail: float) -> tuple[float, int]:
    """The nearer of the fixed level and the trail; of equal ones stop, trail, liquidation. `trail` NaN: none."""
    if trail > 0.0:
        level = best * (1.0 - side * trail)
        if side * (level - fixed) > 0.0 or (level == fixed and reason == LIQUIDATION):
            return level, TRAIL
    return fixed, reason


@jit
def level_hit(side: float, opened: float, high: float, low: float, level: float, goal: float) -> tuple[int, float]:
    """Which level is hit inside the bar (MISSED, LOST, TAKEN) and the price at which it fills: the loss first; beyond a level, the open.
    `goal`: the take's price, NaN where there is none."""
    if side > 0.0:
        if low <= level:
            return LOST, min(opened, level)
        if high >= goal:
            return TAKEN, max(opened, goal)
    else:
        if high >= level:
            return LOST, max(opened, level)
        if low <= goal:
            return TAKEN, min(opened, goal)
    return MISSED, 0.0


@jit
def better(side: float, best: float, high: float, low: float) -> float:
    """The best price so far, after a bar that was held to its end."""
    return max(best, high) if side > 0.0 else min(best, low)


@jit
def borrow_paid(notional: float, borrow: float, days: float) -> float:
    """Cash a position pays to have borrowed what it sold, over `days` calendar days at `borrow` a year."""
    return -notional * borrow * days / 365.0 if notional < 0.0 else 0.0


@jit
def funding_paid(notional: float, rate: float) -> float:
    """Cash a position pays as funding: positive rates are paid by longs, received by shorts."""
    return notional * rate


@jit
def trade_profit(side: float, paid_in: float, paid_out: float, cost: float) -> float:
    """Profit of a trade: `paid_in`, `paid_out` notionals of its entries and exits, `cost` its fees and carry."""
    return side * (paid_out - paid_in) - cost
