"""Calls that read the future by their own arguments. Refused when they are recorded, or evaluated where the lag is a parameter."""

from __future__ import annotations

from numbers import Real

from flowbt.ground.errors import LookAheadError
from flowbt.ground.types import Parameters

LAGS = ("shift", "diff", "pct_change", "tshift")
BACKWARD = ("bfill", "backfill")
FORWARD_FILLS = ("pad", "ffill")
ACROSS = (1, "columns")  # an axis along which nothing is later


def refuse_look_ahead(name: str, args: tuple[object, ...], kwargs: Parameters) -> None:
    """Raise `LookAheadError` when the call `.name(*args, **kwargs)` moves later values to earlier rows; across the columns nothing is later."""
    if across_columns(name, args, kwargs):
        return
    lag = args[0] if args else kwargs.get("periods", 1)
    if name in LAGS and isinstance(lag, Real) and lag < 0:
        raise LookAheadError(f".{name}({lag})", "it reads later rows: look-ahead", f"use {name}({-float(lag):g}) or move the outcome out of the signal")
    if name in BACKWARD or (name in ("fillna", "reindex", "asfreq") and _text(args[1:2], kwargs) in (*BACKWARD, "nearest")):
        raise LookAheadError(f".{name}()", "it fills from later rows: look-ahead", "use ffill()")
    if name == "interpolate" and (_text(args[:1], kwargs) not in FORWARD_FILLS or kwargs.get("limit_direction") in ("backward", "both")):
        raise LookAheadError(".interpolate()", "it draws a line to later rows: look-ahead", "use ffill()")
    if name == "rolling" and (kwargs.get("center") or (len(args) > 2 and args[2] is True)):
        raise LookAheadError(".rolling(center=True)", "its window reaches into later rows: look-ahead", "leave center out")
    if name == "rolling" and "Forward" in type(args[0] if args else kwargs.get("window")).__name__:
        raise LookAheadError(".rolling(a forward window)", "its window reaches into later rows: look-ahead", "give a number of rows")


def across_columns(name: str, args: tuple[object, ...], kwargs: Parameters) -> bool:
    """Whether the call works along the columns: `axis=1`, or its place among the arguments."""
    place = {"shift": 2, "diff": 1, "interpolate": 1, "fillna": 2}.get(name, 0)
    axis = kwargs.get("axis", args[place] if place and len(args) > place else None)
    return isinstance(axis, (int, str)) and axis in ACROSS


def _text(args: tuple[object, ...], kwargs: Parameters) -> str:
    method = kwargs.get("method", args[0] if args else None)
    return method if isinstance(method, str) else ""
