"""The page of a stored sweep: maps over all trials, luck in words, damage named."""

import numpy as np
import pandas as pd
import pytest
from tests.results.sweep_files import write_sweep

from flowbt.ground.errors import StoreError
from flowbt.results.pages import site
from flowbt.results.pages import sweep as sweeps


def test_maps_are_the_median_and_the_best_over_the_other_parameters(tmp_path):
    folder, trials = write_sweep(tmp_path)
    (first, *_) = sweeps.context(*sweeps.read(folder), {})["data"]["maps"]
    assert (first["x"], first["y"]) == ("rally", "hold")
    own = trials[(trials["rally"] == 0.02) & (trials["hold"] == 5)]["sharpe"]
    at = first["y_labels"].index("5"), first["x_labels"].index("0.02")
    assert first["median"]["sharpe"][at[0]][at[1]] == pytest.approx(own.median(), rel=1e-3)
    assert first["best"]["sharpe"][at[0]][at[1]] == pytest.approx(own.max(), rel=1e-3)


def test_curves_are_quartiles_by_value(tmp_path):
    _, trials = write_sweep(tmp_path)
    curve = sweeps.sharpe_by_value(trials, "hold")
    groups = trials.groupby("hold")["sharpe"]
    assert curve["labels"] == ["3", "5", "10", "21"]
    np.testing.assert_allclose(curve["middle"], groups.median(), rtol=1e-3)
    np.testing.assert_allclose(curve["low"], groups.quantile(0.25), rtol=1e-3)


def test_many_values_are_cut_into_equal_parts():
    labels, codes = sweeps.levels(pd.Series(np.linspace(0, 1, 480)))
    assert len(labels) == sweeps.MOST_LEVELS
    assert set(np.bincount(codes)) == {20}


def test_the_best_and_a_random_rest_are_shown():
    trials = pd.DataFrame({"trial": range(5000), "sharpe": np.random.default_rng(1).normal(size=5000)})
    shown = sweeps.sample(trials)
    assert len(shown) == sweeps.BEST + sweeps.REST == shown["trial"].nunique()
    assert shown["sharpe"].head(sweeps.BEST).min() >= trials["sharpe"].nlargest(sweeps.BEST).min()


def test_what_was_not_computed_says_so():
    assert {tile["words"] for tile in sweeps.luck_strip({"pbo": None, "noise": None})} == {"not computed"}


def test_tones_follow_the_sense_of_each_figure():
    luck = {"deflated_sharpe": 0.99, "pbo": {"pbo": 0.7}, "noise": {"p": 0.01, "rotations": 99}, "neighbours": {"kept": 0.5}}
    assert [tile["tone"] for tile in sweeps.luck_strip(luck, believed=True)] == ["good", "bad", "good", "good"]
    assert "good" not in [tile["tone"] for tile in sweeps.luck_strip(luck)]  # green only where the best trial is believed


def test_the_page_is_written_listed_and_escaped(tmp_path):
    folder, _ = write_sweep(tmp_path, name="<script>alert(1)</script>")
    text = sweeps.write(tmp_path, folder).read_text()
    assert "<script>alert" not in text
    assert "<b>credit" not in text
    (notice,) = site.notices(tmp_path)
    assert notice["href"] == "exit_liquidity/sweep-0123456789ab/sweep.html"


def test_an_unfinished_sweep_says_what_to_do(tmp_path):
    folder, _ = write_sweep(tmp_path)
    (folder / "sweep.json").unlink()
    with pytest.raises(StoreError, match=r"--resume"):
        sweeps.read(folder)
    (folder / "sweep.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        sweeps.read(folder)
