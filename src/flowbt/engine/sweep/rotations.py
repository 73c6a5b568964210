"""Rotations of one decision under plain rules, walked by the sweep's kernels in threads: what a run over very many symbols has its placebos from."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import numpy as np

from flowbt.engine.sweep.fingerprint import PLAIN, masks_of
from flowbt.engine.sweep.kernel import Trials
from flowbt.engine.sweep.live import kernel_of
from flowbt.engine.sweep.masks import cut_bits
from flowbt.engine.sweep.sums import METRICS
from flowbt.engine.walk.kernel import Array, Bars, Rules, Terms

THREADS = os.cpu_count() or 1
LEAVES = np.arange(3).reshape(1, 3)  # long, short, exit


def rules_are_numbers(rules: Rules) -> bool:
    """Whether the rules are numbers and exits whole, so that the sweep's kernels can walk them."""
    return all(part.size == 1 for part in rules[3:]) and bool(np.isin(rules.exit, (0.0, 1.0)).all())


def _stand_back() -> None:
    """The block's own work goes first: this thread takes what processors have left, where the system knows threads apart."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


@contextmanager
def rotated_rules(bars: Bars, rules: Rules, terms: Terms, offsets: Sequence[int]) -> Iterator[Iterator[Array]]:
    """The returns of the decision moved down by each offset, T values each, in the order of the offsets. A missing one rests on a missing rate.

    They are walked in threads from the beginning of the block, beside what it does; those that are not walked at its end never are.
    """
    masks, kernel, length = masks_of(rules), kernel_of(bars), len(bars.open)
    flat, values = masks.reshape(-1, masks.shape[1] // bars.open.shape[1]), np.array([[part.flat[0] for part in rules[3:]]])

    def walk(offset: int) -> Array:
        turned = np.empty_like(flat)
        cut_bits(flat, length, -offset % length, length, turned)
        returns: Array = np.zeros(length)
        kernel(terms, turned.reshape(masks.shape), PLAIN, Trials(LEAVES, values, np.empty((1, len(METRICS))), returns[None]), 1.0)
        return returns

    pool = ThreadPoolExecutor(THREADS, initializer=_stand_back)
    try:
        yield pool.map(walk, offsets)
    finally:
        pool.shutdown(cancel_futures=True)
