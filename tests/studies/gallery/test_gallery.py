"""The gallery: a row for every file, whatever happens to it, and corrections over all of them."""

import json
import math
from pathlib import Path

import pytest

from flowbt.ground.errors import LoadError
from flowbt.studies.gallery.gallery import GalleryRow, Job, claim_verdicts, run_gallery, with_corrections
from flowbt.studies.units import HERE

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def small(slice_root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("strategies")
    for name in ("placebo_coin", "milestone_momentum"):
        (folder / f"{name}.py").write_text((ROOT / "strategies" / f"{name}.py").read_text("utf-8"))
    (folder / "broken.py").write_text("def signals(panel\n")
    (folder / "elsewhere.py").write_text(
        '"""Nothing: there is no such symbol in the data."""\nfrom flowbt import Signals\nSYMBOLS = ("ZZZ",)\ndef signals(panel):\n    return Signals()\n'
    )
    job = Job(folder, slice_root, tmp_path_factory.mktemp("results"), demo=False, placebos=19, workers=HERE)
    told = []
    return job, run_gallery(job, lambda entry, number, total: told.append((entry.strategy, number, total))), told


def test_every_file_has_a_row(small):
    _, gallery, told = small
    assert {entry.strategy for entry in gallery.entries} == {"placebo_coin", "milestone_momentum", "broken", "elsewhere"}
    assert sorted(number for _, number, _ in told) == [1, 2, 3, 4]
    assert gallery.entries[-1].error
    assert gallery.entries[-2].error


def test_reasons_are_one_line(small):
    _, gallery, _ = small
    errors = {entry.strategy: entry.error for entry in gallery.entries if entry.error}
    assert "syntax error" in errors["broken"]
    assert "ZZZ" in errors["elsewhere"]
    assert all("\n" not in line for line in errors.values())


def test_rows_have_placebos_and_their_run(small):
    job, gallery, _ = small
    coin = next(entry for entry in gallery.entries if entry.strategy == "placebo_coin")
    assert coin.placebo_low < coin.placebo < coin.placebo_high
    assert coin.p >= 1 / 20
    assert coin.null_sharpe is not None  # the data are synthetic: it also ran where nothing is planted
    assert (job.results / coin.folder / "run.json").is_file()


def test_verdicts_of_the_last_scoreboard_stand_beside_their_strategy(tmp_path):
    findings = [{"id": "a", "strategy": "x", "verdict": "contradicted"}, {"id": "b", "strategy": "x", "verdict": "underpowered"}]
    (tmp_path / "claims").mkdir()
    board = tmp_path / "claims" / "findings.json"
    board.write_text(json.dumps({"synthetic": False, "findings": findings}))
    assert claim_verdicts(tmp_path, synthetic=False) == {"x": ("a: contradicted", "b: underpowered")}
    assert claim_verdicts(tmp_path, synthetic=True) == {}  # scored on real data: nothing to say of the demo market
    board.write_text("{")
    with pytest.warns(RuntimeWarning, match="score claims"):  # a gallery's runs are not lost for it
        assert claim_verdicts(tmp_path, synthetic=False) == {}


def test_an_empty_folder_is_refused(tmp_path, slice_root):
    with pytest.raises(LoadError, match=r"no \.py file in it"):
        run_gallery(Job(tmp_path, slice_root, None, demo=False))


def test_more_strategies_deflate_more():
    entry = GalleryRow("x", measures={"trades": 9, "sharpe": 1.0}, p=0.01, shape=(0.06, 2500, 0.0, 3.0, 1 / 2500))
    other = GalleryRow("y", measures={"trades": 9, "sharpe": 0.0}, p=0.6, shape=(0.0, 2500, 0.0, 3.0, 1 / 2500))
    one, many = with_corrections([entry])[0], with_corrections([entry, *[other] * 19])[0]
    assert one.deflated_sharpe > many.deflated_sharpe > 0.5
    assert (one.adjusted, many.adjusted) == (pytest.approx(0.01), pytest.approx(0.2))


def test_what_never_traded_is_not_counted():
    idle = GalleryRow("x", measures={"trades": 0}, p=1.0, shape=(math.nan, 100, math.nan, math.nan, math.nan))
    row = with_corrections([idle])[0]
    assert (row.adjusted, row.deflated_sharpe, row.finding) == (None, None, "never traded")


@pytest.mark.slow
def test_planted_effects_are_found_and_nothing_where_there_are_none(tmp_path):
    gallery = run_gallery(Job(ROOT / "strategies", tmp_path, None, demo=True))
    found = {entry.strategy for entry in gallery.entries if (entry.adjusted or 1.0) <= 0.05}
    assert {"exit_liquidity", "vol_spiral_unwind", "gamma_regime", "small_cap_streak", "dark_pool_quality", "side_adjusted_flow", "metals_unblock"} <= found
    assert "placebo_coin" not in found
    assert all((entry.null_adjusted or 1.0) > 0.05 for entry in gallery.entries)
