"""Planted leaks are refused, honest strategies are not. A variant of each kind here; all of them, by run and sweep, in the slow suite."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.studies.lookahead.corpus import honest, leaks, peek

from flowbt.cli import flowbt
from flowbt.data.catalog import Catalog
from flowbt.data.demo import ensure_demo
from flowbt.ground.errors import LookAheadError
from flowbt.studies.lookahead.kinds import KINDS, table
from flowbt.studies.sweep.setup import SweepRequest, set_up

pytestmark = pytest.mark.filterwarnings("ignore")  # the corpus is written as people write: deprecated names, means of nothing
ROOT = Path(__file__).parents[3]
LEAKS, HONEST = leaks(), honest()
KIND = {name: name.split(":")[0] for name in LEAKS}
SHIPPED = sorted((ROOT / "strategies").glob("*.py"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    return Catalog((ensure_demo(tmp_path_factory.mktemp("demo")),))


def test_the_corpus_is_large_and_the_table_of_kinds_names_all_of_it():
    assert len(LEAKS) >= 100
    assert len(HONEST) >= 100
    assert {kind.name for kind in KINDS} == set(KIND.values())
    assert len(KINDS) >= 17


@pytest.mark.parametrize("kind", sorted(set(KIND.values())))
def test_a_leak_of_each_kind_is_refused(decided, kind):
    mine = [name for name in LEAKS if KIND[name] == kind]
    with pytest.raises(LookAheadError):
        decided(LEAKS[mine[len(mine) // 2]])


@pytest.mark.parametrize("name", [*list(HONEST)[::14], "trailing: 13", "loop: 6", "loop: 7", "loop: 25"])
def test_an_honest_strategy_is_left_alone(decided, name):
    decided(HONEST[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LEAKS)
def test_every_leak_is_refused_by_run_and_sweep(decided, demo, tmp_path, name):
    with pytest.raises(LookAheadError):
        decided(LEAKS[name], demo)
    with pytest.raises(LookAheadError):
        set_up(demo, SweepRequest(tmp_path / "planted.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", HONEST)
def test_no_honest_strategy_is_refused_by_run_or_sweep(decided, demo, tmp_path, name):
    decided(HONEST[name], demo)
    set_up(demo, SweepRequest(tmp_path / "planted.py"))


@pytest.mark.slow
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_peek_hidden_in_a_shipped_strategy_is_refused(decided, demo, path):
    with pytest.raises(LookAheadError):
        decided(peek(path.read_text("utf-8")), demo)


def test_the_table_is_printed_and_stands_in_the_docs():
    rows = [f"| {kind} | `{example}` | {caught} |" for kind, example, caught in table()]
    assert [line for line in (ROOT / "docs" / "lookahead.md").read_text("utf-8").splitlines() if line in rows] == rows
    printed = CliRunner().invoke(flowbt, ["check", "--explain"]).output
    assert all(kind.name in printed and kind.example in printed for kind in KINDS)
