"""Walk-forward windows, purged and embargoed, as positions of bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flowbt.ground.errors import ParameterError


class Window(NamedTuple):
    """Half-open ranges of bar positions: fit on [train_start, train_end), judge on [test_start, test_end)."""

    train_start: int
    train_end: int
    test_start: int
    test_end: int


@dataclass(frozen=True)
class Split:
    """`train`, `test`: bars; `anchored`: every training window starts at bar 0; `purge`: bars dropped at the end of training (the longest
    holding, whose outcome would reach into the test); `embargo`: bars skipped after training and purge, before the test."""

    train: int
    test: int
    anchored: bool = False
    purge: int = 0
    embargo: int = 0


def walk_forward(bars: int, split: Split) -> tuple[Window, ...]:
    """Windows over `bars` bars. Test windows do not overlap and follow one another; the last may be shorter.

    Raises ParameterError where not one window fits.
    """
    if min(split.train - split.purge, split.test) < 1 or min(split.purge, split.embargo) < 0:
        raise ParameterError(f"{split.train} training and {split.test} test bars, purge {split.purge}", "nothing is left", "ask for longer windows")
    windows = []
    for start in range(split.train + split.embargo, bars, split.test):
        fitted = start - split.embargo
        windows.append(Window(0 if split.anchored else fitted - split.train, fitted - split.purge, start, min(start + split.test, bars)))
    if not windows:
        needed = split.train + split.embargo + 1
        raise ParameterError(f"walk-forward over {bars} bars", f"one window needs {needed}", "shorten the training window or load more history")
    return tuple(windows)
