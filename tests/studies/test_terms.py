"""Terms that cannot be are refused where they enter: one line, nothing stored, nothing counted."""

import sys

import pytest

import flowbt as fb
from flowbt import cli
from flowbt.engine.loader import load_strategy
from flowbt.engine.types import Account
from flowbt.ground.errors import EngineError, FlowbtError, LoadError

BAD = {
    "run cash": ("run", "S", "--account", "cash=-1"),
    "run cash nan": ("run", "S", "--account", "cash=nan"),
    "run seed": ("run", "S", "--seed", "-1"),
    "run symbols": ("run", "S", "--symbols", ","),
    "run symbols twice": ("run", "S", "--symbols", "SPY,SPY"),
    "run path": ("run", ""),
    "run results": ("run", "S", "--results", ""),
    "run dates": ("run", "S", "--from", "9999-12-31"),
    "run order": ("run", "S", "--from", "2023-06-01", "--to", "2022-06-01"),
    "sweep fees": ("sweep", "S", "--costs", "fees=-1"),
    "sweep seed": ("sweep", "S", "--seed", "-1"),
    "sweep size": ("sweep", "S", "-p", "size=-1,0.5"),
    "sweep hold": ("sweep", "S", "-p", "hold=0,-3"),
    "sweep constraint": ("sweep", "S", "--constraint", "hold = 3"),
    "walk cash": ("walkforward", "S", "--account", "cash=-1"),
    "walk train": ("walkforward", "S", "--train", "infy"),
    "walk train nan": ("walkforward", "S", "--train", "nany"),
    "walk test": ("walkforward", "S", "--test", "1e300y"),
    "walk purge": ("walkforward", "S", "--purge", "-1"),
    "gallery span": ("run", "F", "--from", "2023-06-01", "--to", "2022-06-01"),
    "gallery parameter": ("run", "F", "-p", "hold=3"),
    "gallery seed": ("run", "F", "--seed", "99999999999999"),
    "score nothing": ("score", ""),
    "score no file": ("score", "::x"),
    "score seed": ("score", "F", "--seed", "-1"),
    "board asof": ("board", "--asof", "2099-01-01"),
    "board empty": ("board", "--asof", ""),
    "board symbols": ("board", "--symbols", ","),
    "today asof": ("today", "S", "--asof", "2099-01-01"),
    "today asof text": ("today", "S", "--asof", "now"),
    "today path": ("today", ""),
    "follow asof": ("follow", "S", "--asof", "0001-01-01"),
}


@pytest.fixture
def here(catalog, strategy, tmp_path, monkeypatch):
    strategy.write_text(strategy.read_text().replace("wild=False):", "wild=False, size=0.5):").replace("hold=hold)", "hold=hold, size=size)"))
    folder = tmp_path / "folder"
    folder.mkdir()
    strategy.rename(folder / "fade.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOWBT_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.setenv("FLOWBT_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("FLOWBT_JOURNAL", str(tmp_path / "journal"))
    return folder


def call(capsys, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["flowbt", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return stop.value.code, capsys.readouterr()


@pytest.mark.parametrize("case", BAD)
def test_a_bad_term_is_one_line_and_nothing_is_stored_or_counted(case, here, capsys, monkeypatch, tmp_path):
    names = {"S": str(here / "fade.py"), "F": str(here)}
    code, said = call(capsys, monkeypatch, *(names.get(word, word) for word in BAD[case]))
    assert code in (1, 2)
    assert len((said.err + said.out).strip().splitlines()) == 1, said
    assert not [path for name in ("results", "journal") for path in (tmp_path / name).rglob("*") if path.is_file() and path.name != ".lock"]


CONSTANTS = ("COSTS = 5", "ACCOUNT = {}", "CLOCK = 7", "STEP = 1", "BENCHMARK = 3", "CONSTRAINTS = 4", "GRID = 5", "GRID = {'hold': 3}")


@pytest.mark.parametrize("line", CONSTANTS)
def test_a_constant_of_another_kind_is_named(line, strategy):
    strategy.write_text(strategy.read_text().replace('GRID = {"rise": (0.0, 0.01)}', line))
    with pytest.raises(LoadError, match=line.split()[0]):
        load_strategy(strategy)


NOTEBOOK = (
    lambda setup: fb.run("", setup=setup),
    lambda setup: fb.sweep("", setup=setup),
    lambda setup: fb.score("", setup=setup),
    lambda setup: fb.score("claims", resamples=-5, setup=setup),
    lambda setup: fb.sweep("s.py", number=-1, setup=setup),
    lambda setup: fb.run("s.py", setup=fb.Setup(setup.datasets, seed=-1)),
    lambda setup: fb.run("s.py", setup=fb.Setup(setup.datasets, seed=1.5)),
    lambda setup: fb.run("s.py", setup=fb.Setup(setup.datasets, start="soon")),
)


@pytest.mark.parametrize("act", NOTEBOOK)
def test_the_notebook_refuses_the_same(act, tmp_path, catalog):
    with pytest.raises(FlowbtError, match=r"empty path|seed|resamples|points|soon"):
        act(fb.Setup(tmp_path / "datasets"))


@pytest.mark.parametrize("price", [0.0, -5.0, float("inf")])
def test_a_price_that_is_none_is_refused_before_it_gives_a_number(price, tmp_path, strategy):
    import pandas as pd

    from flowbt.ground.clock import Clock
    from tinydata import FIELDS, bars, store

    labels = Clock().labels("2022-01-03", "2022-06-30")
    table = pd.concat([bars("SPY", labels), bars("QQQ", labels)], ignore_index=True)
    table.loc[60, "close"] = price
    store(tmp_path / "datasets", "prices", table, fields=FIELDS)
    store(tmp_path / "datasets", "dix", pd.DataFrame({"event_time": labels, "symbol": "SPX", "dix": 0.45}), fields={"dix": {}})
    with pytest.raises(FlowbtError, match="which is no price"):
        fb.run(strategy, setup=fb.Setup(tmp_path / "datasets"))


@pytest.mark.parametrize("cash", [10**400, -(10**400), 10**9, -1])
def test_whole_numbers_of_any_length_are_terms_or_one_line(cash):
    if cash == 10**9:
        assert Account(cash=cash).cash == 1e9
    else:
        with pytest.raises(EngineError, match=r"cash of (more than 300 digits|-1)"):
            Account(cash=cash)


SAID = {
    "seed": -1, "start": 5, "end": [], "benchmark": 5, "results": None, "datasets": 5, "demo": "x",
}  # fmt: skip
ASKED = {"symbols": (5, [5], [None], {"SPY"}, "SPY"), "hold": (10**400, -1, "x", [1]), "rise": (10**400,)}


@pytest.mark.parametrize("name", SAID)
def test_a_notebook_may_not_say_anything_of_where_and_on_what(name, here, tmp_path):
    with pytest.raises(FlowbtError) as said:
        fb.run(here / "fade.py", setup=fb.Setup(**{"datasets": tmp_path / "datasets", name: SAID[name]}))
    assert "\n" not in str(said.value)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ASKED.items() for value in values], ids=lambda value: str(value)[:12])
def test_a_notebook_may_not_ask_for_anything(name, value, here, tmp_path):
    with pytest.raises(FlowbtError) as said:
        fb.run(here / "fade.py", setup=fb.Setup(tmp_path / "datasets"), **{name: value})
    assert "\n" not in str(said.value)


def test_a_sweep_of_a_notebook_has_an_end(here, tmp_path):
    with pytest.raises(FlowbtError, match="values of hold: more than 100,000"):
        fb.sweep(here / "fade.py", setup=fb.Setup(tmp_path / "datasets", tmp_path / "results"), hold=range(1, 10**12))
