"""Features: causal functions of a panel, one module per family, found by name without importing the other families.

Every feature keeps the panel's labels and symbols. Unless its docstring says otherwise, where an input is missing a number is missing
(a count or a vote may be 0) and a bool is False. `tests/conformance/test_features.py` holds every public feature to this.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

FAMILIES = (
    "zones",
    "ranges",
    "gamma",
    "option_flow",
    "dark_pool",
    "volatility",
    "macro",
    "inputs",
    "convergence",
    "checklist",
    "streaks",
    "trend",
    "carry",
    "futures",
    "open_interest",
    "expiries",
    "liquidations",
    "toxicity",
    "impact",
    "breadth",
    "levels",
    "bands",
    "positioning",
    "passive",
    "calendar",
)  # modules of this package that hold public features; add a family by adding its module's name


@lru_cache(maxsize=1)
def _where() -> dict[str, str]:
    """Public function or class name -> family module, read from the sources so that nothing is imported for it."""
    here = Path(__file__).parent
    found: dict[str, str] = {}
    for family in FAMILIES:
        for name in re.findall(r"^(?:def|class) ([A-Za-z]\w*)", (here / f"{family}.py").read_text("utf-8"), re.MULTILINE):
            found.setdefault(name, family)
    return found


def __getattr__(name: str) -> Any:
    if name.startswith("__") or name not in _where():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_where()[name]}"), name)


def __dir__() -> list[str]:
    return sorted({"FAMILIES", *_where()})
