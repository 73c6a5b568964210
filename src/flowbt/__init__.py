"""flowbt: backtests of flow-driven market signals, and honest scores for the claims made about them."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Signals": "flowbt.engine.types",
    "Targets": "flowbt.engine.types",
    "Costs": "flowbt.engine.types",
    "Account": "flowbt.engine.types",
    "Document": "flowbt.evidence.claims.declare",
    "claim": "flowbt.evidence.claims.declare",
    **dict.fromkeys(
        (
            "forward_return",
            "forward_excess",
            "forward_drawdown",
            "forward_worst",
            "forward_volatility",
            "forward_change",
            "next_move",
            "next_range",
            "variance_ratio",
            "autocorrelation",
            "given",
        ),
        "flowbt.evidence.claims.outcomes",
    ),
    **dict.fromkeys(("dated", "touches", "first_of", "ends_above", "falls", "pays"), "flowbt.evidence.claims.forecasts"),
    **dict.fromkeys(("Setup", "run", "sweep", "walkforward", "check", "board", "compare", "panel", "score"), "flowbt.api"),  # the notebook
}
__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:  # names are imported on first use, so that `import flowbt` costs nothing
    if name not in _HOMES:
        from flowbt.ground.errors import nearest

        raise AttributeError(f"flowbt has no {name!r}; {nearest(name, _HOMES)}".rstrip("; "))
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
