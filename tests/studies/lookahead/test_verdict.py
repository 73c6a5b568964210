"""A leak is a verdict: nothing is stored, or what is stored says so wherever it is shown."""

import json

import pytest
from click.testing import CliRunner
from tests.studies.lookahead.corpus import text_of

from flowbt.cli import flowbt
from flowbt.ground.errors import LookAheadError
from flowbt.results import shelf
from flowbt.studies.gallery.gallery import Job, run_gallery
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.request import Request
from flowbt.studies.run.stored import store_run
from flowbt.studies.sweep.setup import SweepRequest, set_up
from flowbt.studies.sweep.sweep import SweepOptions, sweep
from flowbt.studies.sweep.walkforward import WindowPlan, walk_forward_study
from flowbt.studies.units import HERE

PEEK = text_of(
    "peek", "after = np.vstack([ret.to_numpy()[1:], ret.to_numpy()[-1:]])\nlong = base & pd.DataFrame(after > 0, index=index, columns=close.columns)"
)
IN_ONE_BRANCH = PEEK.replace('GRID = {"level": (0.0, 0.002)}', 'GRID = {"kind": ("up", "spied")}').replace(
    "level=0.0, hold=3):",
    'level=0.0, hold=3, kind="up"):\n    if kind == "up":\n        return Signals(long=panel["close"].pct_change(fill_method=None) > 0, hold=hold)',
)


@pytest.fixture
def spied(tmp_path):
    path = tmp_path / "strategies" / "spied.py"
    path.parent.mkdir()
    path.write_text(PEEK)
    return path


def words(funds, tmp_path):
    return ["--datasets", str(funds.roots[0]), "--results", str(tmp_path / "results")]


def test_the_command_refuses_with_3_and_stores_nothing(funds, spied, tmp_path):
    done = CliRunner().invoke(flowbt, ["run", str(spied), *words(funds, tmp_path)])
    assert isinstance(done.exception, LookAheadError)
    assert done.exception.exit_code == 3
    assert not (tmp_path / "results").exists()


def test_what_is_kept_is_marked_and_comes_last(funds, spied, tmp_path):
    done = CliRunner().invoke(flowbt, ["run", str(spied), "--keep-leak", "--json", *words(funds, tmp_path)], catch_exceptions=False)
    assert "changes when what came after" in json.loads(done.output)["look_ahead"]
    (entry,) = shelf.listing(tmp_path / "results").entries
    assert entry.summary["look_ahead"]
    assert "LOOK-AHEAD" in (entry.path / "tearsheet.html").read_text()
    honest = tmp_path / "honest.py"
    honest.write_text(text_of("honest", "long = ret.shift(1) > 0"))
    store_run(tmp_path / "results", backtest(funds, Request(honest)))
    for order in ("created", "sharpe"):
        listed = CliRunner().invoke(flowbt, ["results", "ls", "--sort", order, "--results", str(tmp_path / "results")]).output.splitlines()
        assert ["LOOK-AHEAD" in line for line in listed] == [False, False, True]


def test_a_gallery_tells_the_leak_last_and_never_in_green(funds, spied, tmp_path):
    (spied.parent / "plain.py").write_text(text_of("plain", "long = ret.shift(1) > 0"))
    job = Job(spied.parent, funds.roots[0], None, placebos=3, workers=HERE)
    plain, told = run_gallery(job).entries
    assert (plain.leak, told.finding) == ("", "uses the future: worthless")
    assert told.strategy == "spied"
    assert told.measures == {}


def test_a_sweep_probes_each_branch(funds, tmp_path):
    path = tmp_path / "branch.py"
    path.write_text(IN_ONE_BRANCH)
    assert set_up(funds, SweepRequest(path, {"kind": "up"})).leak is None
    with pytest.raises(LookAheadError):
        set_up(funds, SweepRequest(path))


def test_a_kept_sweep_says_so_and_a_walk_forward_refuses(funds, spied, tmp_path):
    _, document, luck = sweep(funds, SweepRequest(spied, keep_leak=True), SweepOptions(tmp_path / "results"))
    assert document["look_ahead"]
    assert luck["verdict"].startswith("Worthless: it uses the future")
    with pytest.raises(LookAheadError):
        walk_forward_study(funds, SweepRequest(spied, keep_leak=True), WindowPlan(), tmp_path / "results")
