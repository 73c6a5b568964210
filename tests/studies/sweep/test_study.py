"""The study: values, storing, resuming, the ledger, luck, walk-forward, the command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.studies.sweep.conftest import STRATEGY

from flowbt.data.catalog import Catalog
from flowbt.engine.loader import load_strategy
from flowbt.engine.sweep.space import Space
from flowbt.ground.clock import Clock
from flowbt.ground.errors import Busy, ParameterError
from flowbt.results.belief import trials_under
from flowbt.studies.sweep import sweep as study
from flowbt.studies.sweep.setup import SweepRequest, set_up
from flowbt.studies.sweep.store import SweepFolder
from flowbt.studies.sweep.values import Search, numbers_of, space_of, values_of
from tinydata import FIELDS, store

ONE_SLICE = {"window": "2:9:1", "level": "-0.01:0.01:0.002", "hold": "2,3,5"}


def test_values_are_read_as_the_default_s_type() -> None:
    assert values_of("hold", "3:9:3", 5) == [3, 6, 9]
    assert values_of("level", "0.01:0.03:0.01", 0.5) == [0.01, 0.02, 0.03]
    assert values_of("level", "1,2,2", 0.5) == [1.0, 2.0]
    assert values_of("kind", "up,down", "up") == ["up", "down"]
    assert values_of("flag", "true,false", True) == [True, False]
    for text in ("3:9", "9:3:1", "3:9:0", "x:9:1", ""):
        with pytest.raises(ParameterError):
            values_of("hold", text, 5)


def test_trial_numbers_count_the_grid_and_come_back() -> None:
    space = Space.of({"a": (1, 2, 3), "b": ("x", "y")})
    codes = space.codes(np.arange(6))
    assert [tuple(space.trial(code).values()) for code in codes] == [(1, "x"), (1, "y"), (2, "x"), (2, "y"), (3, "x"), (3, "y")]
    assert (space.numbers(codes) == np.arange(6)).all()


def test_constraints_and_random_draws(strategy: Path) -> None:
    space = space_of(load_strategy(strategy), {"window": "2:40:1", "hold": "1:40:1"})
    every = numbers_of(space, ("hold < window",), Search())
    trials = [space.trial(code) for code in space.codes(every)]
    assert len(every) == 3 * 39 * 40 // 2
    assert all(trial["hold"] < trial["window"] for trial in trials)
    drawn = numbers_of(space, ("hold < window",), Search("random", 50, 3))
    assert len(set(drawn)) == 50
    assert set(drawn) <= set(every)
    with pytest.raises(ParameterError, match="hald"):
        numbers_of(space, ("hald < window",), Search())


@pytest.fixture(scope="module")
def done(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any], Path]:
    root = tmp_path_factory.mktemp("done")
    (root / "swing.py").write_text(STRATEGY)
    request = SweepRequest(root / "swing.py", top=3)
    return *study.sweep(catalog, request, study.SweepOptions(root / "results", tearsheets=1)), root


def test_a_sweep_is_stored_as_documented(done: tuple[Path, dict[str, Any], dict[str, Any], Path]) -> None:
    folder, document, luck, _ = done
    assert {path.name for path in folder.iterdir()} >= {"luck.json", "progress.json", "sweep.html", "sweep.json", "trials.parquet"}
    (run,) = document["runs"].values()
    stored = json.loads((folder.parent / run / "run.json").read_text())["measures"]
    assert stored["sharpe"] == pytest.approx(document["top"][0]["sharpe"], abs=1e-9)
    table = pq.read_table(folder / "trials.parquet").to_pandas()
    assert list(table.columns) == ["trial", "window", "level", "hold", *document["metrics"]]
    assert len(table) == document["trials"] == 3 * 3 * 2 - 3  # hold 5 needs a window over 4
    assert document["top"][0]["sharpe"] == table["sharpe"].max() == luck["best"]["sharpe"]
    assert document["verified"]["largest_difference"] < 1e-9
    laps = dict(document["seconds"])
    assert document["rate"] == pytest.approx(len(table) / laps["trials"])
    assert set(laps) == {"prepare", "trials", "verify", "luck", "pages", "total"}
    assert laps.pop("total") == pytest.approx(sum(laps.values()))
    assert document["how"] == {"path": "fused", "traces": 1, "masks": 18, "evaluations": document["how"]["evaluations"], "reasons": []}
    assert json.loads((folder / "luck.json").read_text())["ledger"]["trials"] == len(table) * 2 // 3  # levels of -1% and 0 decide the same
    assert json.loads((folder / "progress.json").read_text())["state"] == "done"


def test_running_it_again_adds_nothing_to_the_ledger(done: tuple[Path, dict[str, Any], dict[str, Any], Path], catalog: Catalog) -> None:
    folder, document, _, root = done
    before = (folder / "trials.parquet").read_bytes()
    study.sweep(catalog, SweepRequest(root / "swing.py", {"hold": "2,5", "level": "-0.01,0,0.01"}), study.SweepOptions(root / "results"))
    assert trials_under(root / "results")(document).trials == document["trials"] * 2 // 3  # nor does the run of its best
    assert (folder / "trials.parquet").read_bytes() == before
    study.sweep(catalog, SweepRequest(root / "swing.py", {"hold": "2,3,5"}), study.SweepOptions(root / "results"))
    assert trials_under(root / "results")(document).trials == document["trials"] * 2 // 3 + 3 * 2


def test_a_sweep_counts_those_stored_whose_ledger_is_gone(done: tuple[Path, dict[str, Any], dict[str, Any], Path], catalog: Catalog, tmp_path: Path) -> None:
    _, _, luck, root = done
    shutil.copytree(root / "results", tmp_path / "results")
    (tmp_path / "swing.py").write_text(STRATEGY)
    request = SweepRequest(tmp_path / "swing.py", {"hold": "2,3", "window": "4", "level": "0.002,0.003"})
    found = study.sweep(catalog, request, study.SweepOptions(tmp_path / "results"))[2]
    assert found["ledger"]["trials"] >= luck["ledger"]["trials"] + 4


def test_no_seed_chooses_what_luck_is_measured_by(catalog: Catalog, strategy: Path, tmp_path: Path) -> None:
    found = []
    for seed in (7, 8):
        request = SweepRequest(strategy, {"hold": "2,5"}, search=Search(seed=seed))
        found.append(study.sweep(catalog, request, study.SweepOptions(tmp_path / "results"))[2])
    assert found[0] == found[1]


class Stop(BaseException): ...


def test_an_interrupted_sweep_resumes_to_the_same_bytes(strategy: Path, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "FUSED", 40)
    request = SweepRequest(strategy, ONE_SLICE)

    def stop(what: str, done: int, total: int) -> None:
        if done > total / 3:
            raise Stop

    whole, _, _ = study.sweep(catalog, request, study.SweepOptions(tmp_path / "whole"))
    with pytest.raises(Stop):
        study.sweep(catalog, request, study.SweepOptions(tmp_path / "cut", show=stop))
    folder = tmp_path / "cut" / "swing" / whole.name
    work = folder.with_name(f"{folder.name}.working")
    parts = sorted((work / "parts").iterdir())
    parts[1].write_bytes(parts[1].read_bytes()[:100])  # as a power cut may leave it
    assert json.loads((work / "progress.json").read_text())["state"] == "interrupted"
    study.sweep(catalog, request, study.SweepOptions(tmp_path / "cut", resume=True))
    assert (folder / "trials.parquet").read_bytes() == (whole / "trials.parquet").read_bytes()
    assert (folder / "luck.json").read_bytes() == (whole / "luck.json").read_bytes()


def test_a_finished_sweep_stays_until_the_next_one_is_whole(strategy: Path, catalog: Catalog, tmp_path: Path) -> None:
    request = SweepRequest(strategy, ONE_SLICE)

    def stop(*_: object) -> None:
        raise Stop

    whole, _, _ = study.sweep(catalog, request, study.SweepOptions(tmp_path))
    before = {path.name: path.read_bytes() for path in whole.iterdir()}
    for resume in (False, True):
        with pytest.raises(Stop):
            study.sweep(catalog, request, study.SweepOptions(tmp_path, show=stop, resume=resume))
        assert {path.name: path.read_bytes() for path in whole.iterdir()} == before
    assert study.sweep(catalog, request, study.SweepOptions(tmp_path, resume=True))[0] == whole
    assert (whole / "trials.parquet").read_bytes() == before["trials.parquet"]


def test_two_of_the_same_sweep_at_once_are_refused(strategy: Path, catalog: Catalog, tmp_path: Path) -> None:
    setup = set_up(catalog, SweepRequest(strategy, ONE_SLICE))
    with SweepFolder.of(tmp_path, setup.strategy.name, setup.id).working(False), pytest.raises(Busy, match="another process is writing it"):
        study.sweep(catalog, SweepRequest(strategy, ONE_SLICE), study.SweepOptions(tmp_path, resume=True))


def test_tpe_finds_as_many_trials_as_asked_and_resumes(strategy: Path, catalog: Catalog, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    request = SweepRequest(strategy, ONE_SLICE, search=Search("tpe", 70, 1))
    folder, document, _ = study.sweep(catalog, request, study.SweepOptions(tmp_path))
    table = pd.read_parquet(folder / "trials.parquet")
    assert len(table) == document["trials"] == table["trial"].nunique() == 70
    assert (table["hold"] < table["window"] + 1).all()


def test_a_strategy_that_branches_says_so(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "branch.py"
    body = "    c = panel['close']\n    return Signals(long=c > c.shift(n) if up else c < c.shift(n))\n"
    path.write_text(f'"""Branch."""\nfrom flowbt import Signals\nSYMBOLS = ("SPY",)\n\n\ndef signals(panel, *, up=True, n=3):\n{body}')
    setup = set_up(catalog, SweepRequest(path, {"up": "true,false", "n": "1,2,3"}))
    setup.sweeper.run(setup.space.codes(setup.numbers))
    told = study.how(setup)
    assert told["path"] == "fused"
    assert told["traces"] == 2
    assert "up" in told["reasons"][0]


def test_pure_noise_is_called_noise(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "coin.py"
    path.write_text(
        '"""Coin."""\nimport numpy as np\nfrom flowbt import Signals\nSYMBOLS = ("SPY", "QQQ")\n\n\n'
        "def signals(panel, *, seed=1, p=0.1, hold=5):\n    c = panel['close']\n    draw = np.random.default_rng(seed).random(c.shape)\n"
        "    return Signals(long=c.notna() & (draw < p), short=c.notna() & (draw > 1 - p), hold=hold)\n"
    )
    request = SweepRequest(path, {"seed": "1:40:1", "p": "0.05,0.1", "hold": "3,5"})
    _, document, luck = study.sweep(catalog, request, study.SweepOptions(tmp_path / "results"))
    assert document["trials"] == 160
    assert luck["deflated_sharpe"] < 0.95
    assert 0.2 < luck["pbo"]["pbo"] < 0.8
    assert luck["verdict"].startswith("Not to be told from luck")


def test_the_command_prints_one_json_document(strategy: Path, datasets: Path, tmp_path: Path) -> None:
    from flowbt.cli.research.sweep import command

    args = [str(strategy), "--demo", "--datasets", str(datasets), "--results", str(tmp_path / "r"), "--json", "-p", "window=3,5"]
    result = CliRunner().invoke(command, args, catch_exceptions=False)
    document = json.loads(result.output)
    assert document["kind"] == "sweep"
    assert document["luck"]["verdict"]
    assert Path(document["folder"]).is_dir()


def test_walk_forward_keeps_the_trades_of_every_window(strategy: Path, datasets: Path, tmp_path: Path) -> None:
    from flowbt.cli.research.walkforward import command

    args = [str(strategy), "--demo", "--datasets", str(datasets), "--results", str(tmp_path / "r"), "--train", "4y", "--test", "2y"]
    result = CliRunner().invoke(command, args, catch_exceptions=False)
    assert "Out of sample, chained" in result.output
    (folder,) = (tmp_path / "r" / "swing").glob("walkforward-*")
    document = json.loads((folder / "walkforward.json").read_text())
    windows, trades = pd.read_parquet(folder / "windows.parquet"), pd.read_parquet(folder / "trades.parquet")
    assert set(windows["mode"]) == {"rolling", "anchored"}
    assert (len(document["id"]), folder.name) == (12, f"walkforward-{document['id']}")
    assert document["plan"]["rolling"]["purge"] == 5  # the longest hold
    assert (windows["train_to"] < windows["test_from"]).all()
    closed = trades[trades["reason"] != "open"]
    assert len(closed) == sum(one["measures"]["trades"] for one in document["modes"].values())
    starts = windows.set_index(["mode", "window"])["test_from"]
    assert all(row.entry_label > starts[(row.mode, row.window)] for row in trades.itertuples())


TWO_SPANS = """from flowbt import Signals

SYMBOLS = ("X",)
GRID = {"by": ("price", "gex")}


def signals(panel, *, by="price"):
    close = panel["close"]
    return Signals(long=close > close.shift(1) if by == "price" else close > close.shift(1) + 0 * panel["gex", "X"], hold=2)
"""


def test_the_run_of_a_trial_is_on_the_sweeps_bars(tmp_path: Path) -> None:
    """Alone it has data from 2020 on, with its rival from 2020-12-31 on: the page's link showed another Sharpe ratio than the table."""
    labels = Clock().labels("2020-01-02", "2022-12-30")
    close = 100 * np.exp(np.cumsum(0.01 * np.random.default_rng(5).standard_normal(len(labels))))
    table = pd.DataFrame({"event_time": labels, "symbol": "X", "open": close, "high": close, "low": close, "close": close, "volume": 1e6})
    store(tmp_path / "data", "prices", table, fields=FIELDS)
    store(tmp_path / "data", "gamma", pd.DataFrame({"event_time": labels[252:], "symbol": "X", "gex": 1.0}), fields={"gex": {}})
    (tmp_path / "two.py").write_text(TWO_SPANS)
    options = study.SweepOptions(tmp_path / "results", tearsheets=2)
    folder, document, _ = study.sweep(Catalog((tmp_path / "data",)), SweepRequest(tmp_path / "two.py"), options)
    assert document["from"] == "2020-12-31"
    for row in document["top"]:
        run = json.loads((folder.parent / document["runs"][str(row["trial"])] / "run.json").read_text())
        assert (run["from"], run["measures"]["sharpe"]) == (document["from"], pytest.approx(row["sharpe"]))
