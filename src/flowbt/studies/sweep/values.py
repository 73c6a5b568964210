"""What a sweep tries: values from the command line, constraints between parameters, trial numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.engine.loader import Strategy, read_value
from flowbt.engine.sweep.space import Ints, Space
from flowbt.engine.sweep.sums import METRICS
from flowbt.ground.errors import ParameterError, RangeError, check_seed
from flowbt.studies.sweep.constraints import met

MOST = 50_000_000  # trials of a grid; beyond it only a random draw is sensible
TOGETHER = 250_000  # trials, about, that are held to the constraints at once
ROUNDS = 64  # of drawing from a grid that is too large to be laid out


@dataclass(frozen=True)
class Search:
    """`kind`: grid (all), random (`number` points of the grid), tpe (`number` points chosen as results come in)."""

    kind: str = "grid"
    number: int = 0
    seed: int = 7

    def __post_init__(self) -> None:
        """ParameterError for a seed or a number of points that cannot be."""
        check_seed(self.seed)
        if not (self.kind != "grid") <= self.number <= MOST:
            raise ParameterError(f"{self.kind} search of {self.number} points", f"not from 1 to {MOST:,}", "give another number")


def space_of(strategy: Strategy, given: Mapping[str, str]) -> Space:
    """Every parameter with its values: given, else the file's GRID, else only its default. Swept ones come first, in the order they were named."""
    strategy.resolve({name: strategy.parameters.get(name) for name in given})  # refuses unknown names; values are read below
    grid: dict[str, Sequence[object]] = {}
    for name, text in given.items():
        grid[name] = values_of(name, text, strategy.parameters[name])
    for name, values in strategy.grid.items():
        grid.setdefault(name, [read_value(name, value, strategy.parameters[name]) for value in values])
    taken = sorted({"trial", *METRICS} & set(grid))
    if taken:
        raise ParameterError(f"a sweep of {taken[0]!r}", "the stored table has a column of that name", "rename the parameter")
    for name, default in strategy.parameters.items():
        grid.setdefault(name, (default,))
    return Space.of({name: [tuple(v) if isinstance(v, list) else v for v in values] for name, values in grid.items()})


def values_of(name: str, text: str, default: object) -> list[object]:
    """`a:b:step` (b included), `x,y,z` or one value, each read as the default's type. Repeated values count once."""
    parts = text.split(":")
    if len(parts) == 3:
        return _range(name, text, [_number(name, part) for part in parts], default)
    if len(parts) == 2:
        raise ParameterError(f"-p {name}={text}", "a range without a step", "write a:b:step, for example 0.01:0.04:0.005")
    values = [read_value(name, part.strip(), default) for part in text.split(",") if part.strip()]
    if not values:
        raise ParameterError(f"-p {name}={text}", "no value", "for example -p hold=3,5,10")
    return list(dict.fromkeys(values))


def _range(name: str, text: str, parts: list[float], default: object) -> list[object]:
    first, last, step = parts
    steps = (last - first) / step if step else -1.0
    count = math.floor(steps + 1e-9) + 1 if abs(steps) < 1e9 else 0
    if not 0 < count <= 1_000_000:
        raise ParameterError(f"-p {name}={text}", "an empty or endless range", "write a:b:step with a step from a towards b")
    return [read_value(name, float(f"{first + k * step:.12g}"), default) for k in range(count)]


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
        if math.isfinite(number):
            return number
        raise ValueError(text)
    except ValueError:
        raise ParameterError(f"-p {name}", f"{text!r} is not a number", "write a:b:step, for example 3:21:2") from None


def numbers_of(space: Space, constraints: Iterable[str], search: Search) -> Ints:
    """The trial numbers of a grid or random search, ascending, after the constraints."""
    rules = tuple(constraints)
    if search.kind == "random":
        numbers = _draw(space, rules, search)
    elif space.size > MOST:
        raise ParameterError(f"a grid of {space.size:,} trials", f"more than {MOST:,}", "use --random N, or fewer values")
    else:
        every = np.arange(space.size)
        numbers = every if not rules else np.concatenate([part[allowed(space, part, rules)] for part in np.array_split(every, max(1, space.size // TOGETHER))])
    if not len(numbers):
        raise RangeError(f"trials under {' and '.join(rules)}", "none is left", "loosen the constraints or add values")
    return numbers


def _draw(space: Space, rules: tuple[str, ...], search: Search) -> Ints:
    """`number` distinct points that meet the constraints. Small grids are laid out (fewer points where there are no more); of large ones points are drawn,
    and RangeError where so few meet the constraints that not enough are found."""
    rng = np.random.default_rng(search.seed)
    if space.size <= 4 * search.number or space.size <= 1_000_000:
        every = rng.permutation(space.size)
        return np.sort(every[allowed(space, every, rules)][: search.number])
    found = np.empty(0, np.int64)
    for _ in range(ROUNDS):
        more = rng.integers(0, space.size, max(2 * search.number, 65_536))
        found = np.concatenate([found, more[allowed(space, more, rules)]])
        _, first = np.unique(found, return_index=True)
        found = found[np.sort(first)][: search.number]
        if len(found) == search.number:
            return np.sort(found)
    asked = f"{search.number:,} trials under {' and '.join(rules)}"
    raise RangeError(asked, f"{len(found):,} found in a grid of {space.size:,}", "loosen the constraints, or give fewer values and no --random")


def allowed(space: Space, numbers: Ints, constraints: Iterable[str]) -> np.ndarray:
    """Which trials meet every constraint (an expression of parameter names, such as "fast < slow")."""
    keep = np.ones(len(numbers), np.bool_)
    rules = tuple(constraints)
    if rules:
        frame = frame_of(space, space.codes(numbers))
        columns = {str(name): frame[name].to_numpy() for name in frame}
        for rule in rules:
            keep &= met(rule, columns)
    return keep


def frame_of(space: Space, codes: Ints, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Trials as a frame of parameter values."""
    columns = {}
    for name in names or space.names:
        at = space.names.index(name)
        columns[name] = pd.Series(list(space.values[at])).take(codes[:, at]).reset_index(drop=True)
    return pd.DataFrame(columns)
