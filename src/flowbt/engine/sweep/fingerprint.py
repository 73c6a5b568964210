"""What a trial decides, as one number: equal for equal decisions on the same bars, whatever code or parameters made them.

Hashed are the bars on which long, short and exit are true (long and short on one bar are neither), and the rules; weights and what is no plain rule by
their bytes. The sweep's packed masks and a single run's frames give the same number.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd

from flowbt.engine.decisions import plan_of, rules_of
from flowbt.engine.sweep.masks import Words, pack
from flowbt.engine.sweep.program import Codes, other_masks, trial_signals, whole
from flowbt.engine.sweep.space import Ints
from flowbt.engine.types import Market, Signals, Targets
from flowbt.engine.walk.kernel import Array, Rules, WeightPlan
from flowbt.ground.compiled import jit

SEED, FACTOR = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
HALF, NOTHING, LAST = np.uint64(32), np.uint64(0), np.uint64(63)
WHOLE_WORD = ~NOTHING
PLAIN = Codes(np.array([0]), np.array([1]), np.array([2]), 1)  # a program whose leaves are long, short and exit themselves


@jit
def stir(state: np.uint64, word: np.uint64) -> np.uint64:
    """The state after one more word."""
    state = (state ^ word) * FACTOR
    return state ^ (state >> HALF)


@jit
def fingerprints(codes: Codes, masks: Words, trials: tuple[Ints, Words], bars: int, out: Words) -> None:
    """One number per trial. `masks`: rows x N*W words; `trials`: rows of the masks (trials x leaves) and the bits of the rules (trials x rules)."""
    rows, rules = trials
    width = (bars + 63) >> 6
    tail = WHOLE_WORD >> (LAST - np.uint64((bars - 1) & 63))  # bits of the last word that are bars; a `~` sets the others too
    stack = np.empty((codes.depth, masks.shape[1]), np.uint64)
    signal, entry = np.empty((3, masks.shape[1]), np.uint64), np.empty(width, np.uint64)
    signs = SEED
    for i in range(rows.shape[0]):
        if other_masks(rows, i):
            trial_signals(codes, masks, rows[i], whole(masks), stack, signal, entry)
            signs = SEED
            for side in range(3):
                for k in range(signal.shape[1]):
                    signs = stir(signs, signal[side, k] & tail if k % width == width - 1 else signal[side, k])
        state = signs
        for k in range(rules.shape[1]):
            state = stir(state, rules[i, k])
        out[i] = stir(state, HALF)


def bits_of(values: Array) -> Words:
    """Floats as words, one for each value: -0 is 0, and a missing value is a missing value."""
    plain = np.where(np.isnan(values), np.nan, values) + 0.0
    words: Words = np.ascontiguousarray(plain, np.float64).view(np.uint64)
    return words


def fingerprint(decision: Signals | Targets, market: Market) -> int:
    """The number of one decision cut to the market's bars. Raises SignalError where it cannot be traded."""
    if isinstance(decision, Targets):
        return fingerprint_of_weights(plan_of(decision, market))
    return fingerprint_of_rules(rules_of(decision, market), b"" if decision.structure is None else _content(decision.structure))


def fingerprint_of_weights(plan: WeightPlan) -> int:
    """The number of a plan of weights and its band; equal plans have one number."""
    return _hash(b"weights", bits_of(plan.weights).tobytes(), b"band", bits_of(plan.band).tobytes())


def fingerprint_of_rules(rules: Rules, structure: bytes = b"") -> int:
    """The number of rules. `structure`: what an option structure consists of."""
    shape = rules.long.shape
    fraction = np.broadcast_to(rules.exit, shape)
    odd = [structure] if structure else []
    if not np.isin(fraction, (0.0, 1.0)).all():  # fractions of the position
        odd.append(b"exit" + bits_of(fraction).tobytes())
    values = np.empty((1, 5))
    for k, (name, array) in enumerate(zip(rules._fields[3:], rules[3:], strict=True)):
        bits = bits_of(array)
        values[0, k] = array.flat[0]
        if (bits != bits.flat[0]).any():
            values[0, k] = np.nan
            odd.append(name.encode() + bits.tobytes())
    out = np.empty(1, np.uint64)
    fingerprints(PLAIN, masks_of(rules), (np.arange(3).reshape(1, 3), bits_of(values)), shape[0], out)
    return _hash(int(out[0]).to_bytes(8, "little"), *odd) if odd else int(out[0])


def masks_of(rules: Rules) -> Words:
    """Long, short and exit as packed bits: the leaves of `PLAIN`, 3 x N*W words."""
    whole = np.broadcast_to(rules.exit, rules.long.shape) > 0.0
    return np.stack([pack(np.ascontiguousarray(mask, np.bool_)).ravel() for mask in (rules.long, rules.short, whole)])


def _content(value: object) -> bytes:
    """What an option structure consists of, frames by their values."""
    if isinstance(value, pd.DataFrame | pd.Series):
        return bytes(pd.util.hash_pandas_object(value).to_numpy().tobytes())
    parts = [getattr(value, part.name) for part in fields(value)] if is_dataclass(value) else value if isinstance(value, tuple) else None
    return repr(value).encode() if parts is None else type(value).__name__.encode() + b"".join(_hash(_content(part)).to_bytes(8, "little") for part in parts)


def _hash(*parts: bytes) -> int:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "little") + part)
    return int.from_bytes(whole.digest()[:8], "little")
