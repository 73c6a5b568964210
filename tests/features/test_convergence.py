"""Convergence: votes, counts, layers, what low confidence and missing data do, the checklist."""

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features import bull_checklist, convergence_count, votes
from flowbt.features.convergence import tally
from flowbt.features.inputs import INPUTS, LAYERS
from flowbt.features.option_flow import SIDES


def _frame(values: object, name: str = "SPX") -> pd.DataFrame:
    array = np.asarray(values, dtype=float)
    return pd.DataFrame({name: array}, index=pd.bdate_range("2025-01-02", periods=len(array)))


def _tally(**ballots: float) -> tuple[float, ...]:
    """Votes named layer__n."""
    frames = {name: _frame([vote]) for name, vote in ballots.items()}
    return tuple(float(frame.iloc[0, 0]) for frame in tally(frames, {name: name.split("__")[0] for name in ballots}))


def test_counts_tilt_and_layers() -> None:
    assert _tally(flow__1=-1, flow__2=-1, gamma__1=-1, macro__1=1, macro__2=1, macro__3=-1, zone__1=0) == (2, 5 - 1, -2, -2)


def test_six_votes_of_one_layer_are_one_layer() -> None:
    assert _tally(**{f"macro__{n}": 1 for n in range(6)})[3] == 1


def test_conviction_stops_at_five_and_a_tie_has_none() -> None:
    assert _tally(**{f"{layer}__1": -1 for layer in "abcdefg"})[3] == -5
    assert _tally(flow__1=1, gamma__1=-1) == (1, 1, 0, 0)


def test_missing_vote_is_neutral() -> None:
    assert _tally(flow__1=np.nan, gamma__1=1) == (1, 0, 1, 1)


def test_every_input_names_a_layer_and_says_its_rule() -> None:
    assert {i.layer for i in INPUTS} == set(LAYERS)
    assert len({i.name for i in INPUTS}) == len(INPUTS)
    assert all(i.rule and i.needs for i in INPUTS)


def test_low_confidence_flow_does_not_vote() -> None:
    flow = dict(zip((*SIDES, "premium_unknown"), ([10.0] * 3, [1.0] * 3, [1.0] * 3, [1.0] * 3, [0.5, 2.0, 9.0]), strict=True))
    panel = TinyPanel({"close": _frame([1.0] * 3), **{name: _frame(v) for name, v in flow.items()}})
    _, vote = votes(panel, ["option net by side"])["option net by side"]
    assert vote.vote["SPX"].tolist() == [1.0, 1.0, 0.0]
    assert vote.value["SPX"].tolist() == [9.0] * 3


@pytest.mark.parametrize(("gex", "dxy", "tilt"), [(-1e9, 101.0, -2), (1e9, 99.0, 2), (1e9, 101.0, 0)])
def test_inputs_the_panel_can_feed_vote(gex: float, dxy: float, tilt: float) -> None:
    panel = TinyPanel({"close": _frame([100.0] * 3), ("gex", "SPX"): _frame([gex] * 3)["SPX"], ("close", "DXY"): _frame([dxy] * 3)["SPX"]})
    found = convergence_count(panel, inputs=("dealer gamma", "dollar block"))
    assert found.tilt.iloc[-1, 0] == tilt
    assert (found.bullish - found.bearish).equals(found.tilt)


def test_long_rally_reads_bullish_by_trend() -> None:
    rng = np.random.default_rng(4)
    close = 100 * np.exp(np.cumsum(rng.normal(0.002, 0.005, 300)))
    _, vote = votes(TinyPanel({"close": _frame(close)}), ["200-session mean"])["200-session mean"]
    assert vote.vote.iloc[-1, 0] == 1
    assert vote.vote.iloc[50, 0] == 0  # no mean yet


def test_checklist_counts_what_holds() -> None:
    oil, dxy = _frame([97.0] * 4)["SPX"], _frame([100.0, 99.4, 99.3, 99.6])["SPX"]
    panel = TinyPanel({"close": _frame([1.0] * 4), ("value", "DCOILWTICO"): oil, ("close", "DXY"): dxy})
    assert bull_checklist(panel)["SPX"].tolist() == [1, 1, 2, 1]
