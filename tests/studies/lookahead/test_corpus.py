"""Planted leaks are refused, honest strategies are not. A variant of each kind here; all of them, by run, sweep and walk-forward, in the slow suite."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.studies.lookahead import corpus, disguises, events, styles
from tests.studies.lookahead.corpus import peek

from flowbt.cli import flowbt
from flowbt.data.catalog import Catalog
from flowbt.data.demo.build import ensure_demo
from flowbt.ground.errors import LookAheadError
from flowbt.studies.lookahead.kinds import KINDS, table
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.request import Request
from flowbt.studies.score.score import Settings, score
from flowbt.studies.sweep.setup import SweepRequest, set_up
from flowbt.studies.sweep.sweep import SweepOptions, sweep
from flowbt.studies.sweep.walkforward import WindowPlan, walk_forward_study
from flowbt.studies.units import HERE

pytestmark = pytest.mark.filterwarnings("ignore")  # the corpus is written as people write: deprecated names, means of nothing
ROOT = Path(__file__).parents[3]
LEAKS, BEHIND = corpus.leaks() | styles.leaks() | disguises.leaks(), styles.behind()
HONEST = corpus.honest() | styles.honest() | disguises.honest()
KIND = {name: name.split(":")[0] for name in LEAKS}
SHIPPED = sorted((ROOT / "strategies").glob("*.py"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    return Catalog((ensure_demo(tmp_path_factory.mktemp("demo")),))


@pytest.fixture
def planted(demo, tmp_path):
    """Write a strategy file and let an act have it, on the demo market."""
    path, results = tmp_path / "planted.py", tmp_path / "results"
    acts = {
        "run": lambda: backtest(demo, Request(path, rotations=0)),
        "sweep": lambda: sweep(demo, SweepRequest(path), SweepOptions(results)),
        "walk": lambda: walk_forward_study(demo, SweepRequest(path), WindowPlan("3y", "3y", modes=("anchored",)), results),
    }

    def act(text, name):
        path.write_text(text)
        acts[name]()

    return act


def test_the_corpus_is_large_and_the_table_of_kinds_names_all_of_it():
    assert len(LEAKS) >= 490
    assert len(HONEST) >= 180
    assert {kind.name for kind in KINDS} == set(KIND.values())
    assert len(KINDS) >= 45


@pytest.mark.parametrize("kind", sorted(set(KIND.values())))
def test_a_leak_of_each_kind_is_refused(decided, kind):
    mine = [name for name in LEAKS if KIND[name] == kind]
    with pytest.raises(LookAheadError):
        decided(LEAKS[mine[len(mine) // 2]])


@pytest.mark.parametrize("name", [*list(HONEST)[::14], "trailing: 13", "tables: 5", "loop: 6", "loop: 7", "loop: 25"])
def test_an_honest_strategy_is_left_alone(decided, name):
    decided(HONEST[name])


@pytest.mark.parametrize("act", ["sweep", "walk"])
@pytest.mark.parametrize("name", ["behind a parameter: 0", "behind a parameter: 6"])
def test_a_leak_behind_one_value_of_a_parameter_is_refused_by_what_tries_values(planted, act, name):
    with pytest.raises(LookAheadError):
        planted(BEHIND[name], act)


@pytest.mark.slow
@pytest.mark.parametrize("name", LEAKS)
def test_every_leak_is_refused_by_every_act(planted, name):
    for act in ("run", "sweep", "walk"):
        with pytest.raises(LookAheadError):
            planted(LEAKS[name], act)


@pytest.mark.slow
@pytest.mark.parametrize("act", ["sweep", "walk"])
@pytest.mark.parametrize("name", BEHIND)
def test_every_leak_behind_a_parameter_is_refused(planted, act, name):
    with pytest.raises(LookAheadError):
        planted(BEHIND[name], act)


@pytest.mark.slow
@pytest.mark.parametrize("act", ["run", "sweep", "walk"])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_peek_hidden_in_a_shipped_strategy_is_refused(planted, act, path):
    with pytest.raises(LookAheadError):
        planted(peek(path.read_text("utf-8")), act)


@pytest.mark.slow
@pytest.mark.parametrize("name", HONEST)
def test_no_honest_strategy_is_refused(decided, planted, demo, tmp_path, name):
    decided(HONEST[name], demo)
    set_up(demo, SweepRequest(tmp_path / "planted.py"))
    if list(HONEST).index(name) % 8 == 0:
        for act in ("sweep", "walk"):
            planted(HONEST[name], act)


def test_the_table_is_printed_and_stands_in_the_docs():
    rows = [f"| {kind} | `{example}` | {caught} |" for kind, example, caught in table()]
    assert [line for line in (ROOT / "docs" / "lookahead.md").read_text("utf-8").splitlines() if line in rows] == rows
    printed = CliRunner().invoke(flowbt, ["check", "--explain"]).output
    assert all(kind.name in printed and kind.example in printed for kind in KINDS)


@pytest.mark.parametrize("kind", ["sorting", "randomness"])
def test_leaks_in_claims_are_errors(demo, tmp_path, kind):
    assert set(verdicts(demo, tmp_path, events.files()[kind])) == {"error"}


@pytest.mark.parametrize("value", [10, 14])
def test_a_leak_behind_one_value_of_a_definition_is_an_error(demo, tmp_path, value):
    after = "pd.DataFrame(np.roll(close.to_numpy(), -1, axis=0), index, close.columns)"
    text = events.file_of("behind", {0: f"long = ({after} if length == {value} else close.shift(1)) > close"})
    text = text.replace("data=DATA)", 'data=DATA, definitions={"length": range(5, 16)})').replace("level=0.0)", "level=0.0, length=5)")
    assert verdicts(demo, tmp_path, text) == ["error"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", events.files())
def test_every_leak_in_a_claim_is_an_error(demo, tmp_path, kind):
    assert set(verdicts(demo, tmp_path, events.files()[kind])) == {"error"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", events.honest())
def test_no_honest_claim_is_an_error(demo, tmp_path, kind):
    assert "error" not in verdicts(demo, tmp_path, events.honest()[kind])


def verdicts(catalog, folder, text):
    path = folder / "planted.py"
    path.write_text(text)
    return [finding.verdict for finding in score((str(path),), catalog, Settings(resamples=100, workers=HERE)).findings]
