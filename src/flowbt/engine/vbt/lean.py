"""vectorbt without what adding up a book never asks: half of the time its import takes goes to packages that draw widgets, fit scalers and know distributions.

Meant for a process that compares books and does nothing else (`aside.py`). A name of what was left out can be imported and passed on; used, it raises.
"""

from __future__ import annotations

import sys
from types import ModuleType

MISSING = "ipywidgets"  # plotly does without it by itself
LEFT_OUT = ("scipy.stats", "sklearn", "sklearn.exceptions", "sklearn.preprocessing", "sklearn.utils", "sklearn.utils.validation")


class Absent(ModuleType):
    """A module whose every name is a class that cannot be made."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(*_: object, **__: object) -> None:
            raise ImportError(f"{self.__name__}.{name} was left out of this process")

        return type(name, (), {"__init__": refuse})


def leave_out() -> None:
    """From here on, imports of this process get stand-ins. To be called before vectorbt is imported."""
    sys.modules[MISSING] = None  # type: ignore[assignment]  # import raises ImportError
    for name in LEFT_OUT:
        sys.modules[name] = Absent(name)
