"""Options of a source, read as what they should be: names, a table, a number. SourceError, in one line, for anything else."""

from __future__ import annotations

import math
from collections.abc import Mapping

from flowbt.data.sources.base import Options
from flowbt.ground.errors import SourceError


def names_of(options: Options, key: str) -> list[str]:
    """A list of names; one name alone is a list of one, of a table its keys. Empty where the option is not given."""
    value = options.get(key)
    if value is None or value == "":
        return []
    if isinstance(value, (list, tuple, set, frozenset, Mapping)):
        return [str(one) for one in value]
    if isinstance(value, (bool, float)):
        raise SourceError(f"option {key}", f"{value!r} is no name", f'give a list: {key} = ["A", "B"]')
    return [str(value)]


def pairs_of(options: Options, key: str) -> dict[str, str]:
    """A table of texts, empty where the option is not given."""
    value = options.get(key)
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise SourceError(f"option {key}", f"{value!r} is no table", f'in a plan or an options file: {key} = {{ A = "B" }}')
    return {str(name): str(one) for name, one in value.items()}


def factors_of(options: Options, key: str) -> dict[str, float]:
    """A table of numbers, empty where the option is not given."""
    return {name: _number(f"{key} of {name}", text) for name, text in pairs_of(options, key).items()}


def number_of(options: Options, key: str, default: float) -> float:
    """A finite number."""
    value = options.get(key)
    return default if value is None or value == "" else _number(key, str(value))


def _number(key: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SourceError(f"option {key}", f"{text!r} is no number", "give a number")
    return number
