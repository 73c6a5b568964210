"""Convergence: what the inputs add up to, and how many independent layers agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.inputs import votes
from flowbt.features.rolling import sign
from flowbt.ground.protocols import Panel


class Convergence(NamedTuple):
    """Counts of votes; tilt = bullish - bearish; conviction -5..+5 (see `conviction`)."""

    bullish: pd.DataFrame
    bearish: pd.DataFrame
    tilt: pd.DataFrame
    conviction: pd.DataFrame


def tally(ballots: Mapping[str, pd.DataFrame], layers: Mapping[str, str]) -> Convergence:
    """Add up named frames of votes; `layers` says which layer each belongs to. A missing vote is 0."""
    frames = {name: vote.fillna(0.0) for name, vote in ballots.items()}
    none = 0.0 * next(iter(frames.values()))
    bullish = sum(((vote > 0).astype(float) for vote in frames.values()), start=none)
    bearish = sum(((vote < 0).astype(float) for vote in frames.values()), start=none)
    by_layer: dict[str, pd.DataFrame] = {}
    for name, vote in frames.items():
        by_layer[layers[name]] = by_layer[layers[name]] + vote if layers[name] in by_layer else vote
    tilt = bullish - bearish
    return Convergence(bullish, bearish, tilt, conviction(by_layer, tilt))


def conviction(layers: Mapping[str, pd.DataFrame], tilt: pd.DataFrame) -> pd.DataFrame:
    """How many layers lean the way of `tilt`, at most 5, with the tilt's sign; 0 where the tilt is 0.

    `layers`: per layer a frame whose sign is its lean (the sum of its votes). Six votes of one layer are one layer.
    """
    agreeing = sum(((sign(lean) == sign(tilt)).astype(float) for lean in layers.values()), start=0.0 * tilt)
    return agreeing.clip(upper=5.0) * sign(tilt)


@feature(family="convergence", units="counts; -5..+5", sign="positive = bullish", needs=("close",), source="exitliq's convergence count; weights ours")
def convergence_count(panel: Panel, *, inputs: tuple[str, ...] = ()) -> Convergence:
    """Bullish and bearish inputs, their difference, and a conviction from how many layers agree.

    Every input of `INPUTS` that the panel can feed votes (or those named in `inputs`). Inputs with missing or low-confidence values
    vote 0, so counts of an early year are smaller than those of a late one.
    """
    cast = votes(panel, inputs)
    return tally({name: vote.vote for name, (_, vote) in cast.items()}, {name: i.layer for name, (i, _) in cast.items()})
