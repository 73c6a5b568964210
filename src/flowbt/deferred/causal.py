"""Calls that read the future by their own arguments. Refused when they are recorded, or evaluated where the lag is a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

from flowbt.ground.errors import SignalError

_LAGS = ("shift", "diff", "pct_change")
_BACKWARD = ("bfill", "backfill")


def refuse_look_ahead(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise `SignalError` when the call `.name(*args, **kwargs)` moves later values to earlier rows."""
    lag = args[0] if args else kwargs.get("periods", 1)
    if name in _LAGS and isinstance(lag, Real) and lag < 0:
        raise SignalError(f".{name}({lag})", "it reads later rows: look-ahead", f"use {name}({-float(lag):g}) or move the outcome out of the signal")
    if name in _BACKWARD:
        raise SignalError(f".{name}()", "it fills from later rows: look-ahead", "use ffill()")
    if name == "rolling" and kwargs.get("center"):
        raise SignalError(".rolling(center=True)", "its window reaches into later rows: look-ahead", "leave center out")
