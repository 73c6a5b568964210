"""From what a strategy returned to arrays the kernel takes; anything else is a SignalError in one line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.deferred.record import Deferred
from flowbt.engine.types import USUAL, Labels, Market, Signals, Targets, frozen
from flowbt.engine.walk.kernel import Array, Bools, Rules, WeightPlan
from flowbt.ground.errors import FenceError, SignalError


def rules_of(signals: Signals, market: Labels | Market) -> Rules:
    """Signals as arrays. Missing values count as False; `hold`, `stop`, `take`, `trail`, `size` may be numbers or frames.

    Raises SignalError where a frame has another shape, index or columns than the bars, is not of bool, or a number is out of range.
    """
    if signals.long is None and signals.short is None:
        raise SignalError("Signals", "neither long nor short is given", "give at least one bool frame")
    nothing = frozen(np.zeros((len(market.index), len(market.symbols)), np.bool_), np.bool_)
    long = nothing if signals.long is None else bools("long", signals.long, market)
    short = nothing if signals.short is None else bools("short", signals.short, market)
    size = 1.0 / len(market.symbols) if signals.size is None else signals.size
    return Rules(
        long,
        short,
        frozen(np.zeros((1, 1))) if signals.exit is None else fractions(signals.exit, market),
        number("hold", signals.hold, market, least=1.0),
        asked("stop", number("stop", signals.stop, market, above=0.0)),
        asked("take", number("take", signals.take, market, above=0.0)),
        asked("trail", number("trail", signals.trail, market, above=0.0)),
        asked("size", number("size", size, market, least=0.0)),
    )


def plan_of(targets: Targets, market: Labels | Market) -> WeightPlan:
    """Targets as arrays; a missing weight leaves its symbol as it is. Raises SignalError."""
    weights = aligned("weights", targets.weights, market)
    if np.isinf(weights).any():
        raise SignalError("Targets weights", "infinite", "divide only where the divisor is not zero")
    return WeightPlan(weights, number("band", targets.band, market, least=0.0))


def no_rules() -> Rules:
    """Rules without any level, for Targets."""
    none = frozen([[np.nan]])
    never = frozen(np.isfinite(none), np.bool_)
    return Rules(never, never, none, none, none, none, none, none)


def check_rules(decision: object, labels: Labels) -> None:
    """SignalError for what is no decision, or for a rule, such as a size, that the engine would refuse: before anything is counted or shown."""
    if isinstance(decision, Signals):
        rules_of(decision, labels)
    elif isinstance(decision, Targets):
        plan_of(decision, labels)
    else:
        raise no_decision(decision)


def no_decision(found: object) -> SignalError:
    """The error for what is neither Signals nor Targets."""
    return SignalError("Signals or Targets from the strategy", f"a {type(found).__name__}", "return flowbt.Signals(...) or flowbt.Targets(...)")


def bools(name: str, frame: object, market: Labels | Market) -> Bools:
    """A frame of signals as T x N bools; None: never, a missing value is False. SignalError for numbers or objects."""
    values = check_frame(name, frame, market)
    odd = [str(d) for d in values.dtypes if not pd.api.types.is_bool_dtype(d) and not pd.api.types.is_object_dtype(d)]
    if odd:
        raise SignalError(f"Signals {name}", f"a frame of {odd[0]}", "compare with something, so that it holds True and False")
    if any(pd.api.types.is_object_dtype(d) for d in values.dtypes):  # bool with missing values, as a shift leaves it
        known = values.to_numpy(dtype=object)
        if not all(isinstance(x, (bool, np.bool_)) or pd.isna(x) for x in known.ravel()):
            raise SignalError(f"Signals {name}", "a frame of objects", "compare with something, so that it holds True and False")
        return frozen(np.where(pd.isna(known), False, known), np.bool_)
    return frozen(values.fillna(False).to_numpy(dtype=np.bool_), np.bool_)


def fractions(frame: object, market: Labels | Market) -> Array:
    """Exits: bool, or the fraction of the position to close (0..1). SignalError for a fraction outside that."""
    if not isinstance(frame, pd.DataFrame) or not all(pd.api.types.is_float_dtype(d) for d in frame.dtypes):
        return frozen(bools("exit", frame, market))
    values = np.nan_to_num(aligned("exit", frame, market), nan=0.0)
    if (values < 0.0).any() or (values > 1.0).any():
        raise SignalError("Signals exit", "a fraction outside 0..1", "give the fraction of the position to close, or True")
    return frozen(values)


def asked(name: str, values: Array) -> Array:
    """`values`, unless one of them is a fraction that no one means: SignalError with the question."""
    high = values[values >= USUAL[name]]
    if high.size:
        raise SignalError(f"{name} of {high[0]:g}", f"that is {high[0]:.0%}", f"{name} is a fraction: is {high[0] / 100:g} ({high[0]:g}%) meant?")
    return values


def number(name: str, value: object, market: Labels | Market, *, least: float = -np.inf, above: float = -np.inf) -> Array:
    """A number (1 x 1) or a frame (T x N); NaN: none. SignalError for another type or a number out of range."""
    if value is None:
        return frozen([[np.nan]])
    if isinstance(value, pd.DataFrame):
        out = aligned(name, value, market)
    elif isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        out = np.full((1, 1), float(value) if not isinstance(value, int) or abs(value) < 10**300 else np.inf)
    else:
        raise SignalError(f"{name}", f"a {type(value).__name__}", "give a number or a frame of labels x symbols")
    bad = out[np.isinf(out) | (out < least) | (out <= above)]
    if bad.size:
        what = f"at least {least:g}" if np.isfinite(least) else f"more than {above:g}"
        raise SignalError(f"{name} {what}", f"{bad[0]:g}", f"give a finite number {what}, or None")
    return frozen(out)


def aligned(name: str, frame: object, market: Labels | Market) -> Array:
    """A frame's values as float64, T x N in the market's order, NaN kept. SignalError where they are no numbers, or labels or columns are others."""
    values = check_frame(name, frame, market)
    try:
        return frozen(values.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise SignalError(name, f"a frame that is not of numbers ({error})", "give float64 columns") from None


def check_frame(name: str, frame: object, market: Labels | Market) -> pd.DataFrame:
    """The frame with its columns in the market's order. SignalError for other labels, columns or no frame at all; FenceError for what
    an earlier call left behind."""
    found, wanted = type(frame).__name__, f"{len(market.index)} labels x {len(market.symbols)} symbols"
    if isinstance(frame, Deferred):  # of a panel that was recorded, in a plain call: only something kept between calls brings it
        raise FenceError(f"{name} of the decision", "it rests on what an earlier call kept", "keep nothing between calls: take all from the panel given")
    if not isinstance(frame, pd.DataFrame):
        raise SignalError(f"{name} as a frame of {wanted}", f"a {found}", "use panel.spread(series) for one series")
    columns = [str(c) for c in frame.columns]
    if columns != list(market.symbols) and sorted(columns) != sorted(market.symbols):
        spread = "use panel.spread(frame[column]) for a series of another symbol"
        raise SignalError(f"{name} for {', '.join(market.symbols)}", f"columns {', '.join(columns)}", spread)
    if not frame.index.equals(market.index):
        raise SignalError(f"{name} on {wanted}", f"{len(frame)} other labels", "keep the panel's index: no dropna, resample or slicing")
    return frame if columns == list(market.symbols) else frame[list(market.symbols)]


def days_to_next(index: pd.DatetimeIndex) -> npt.NDArray[np.float64]:
    """Calendar days from each label to the next one; 0 for the last."""
    out = np.zeros(len(index))
    out[:-1] = np.diff(index.to_numpy()) / np.timedelta64(1, "D")
    return frozen(out)
