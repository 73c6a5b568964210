"""Strategy files that cannot be used, each in one clear line; parameters read as their default's type."""

import pytest

from flowbt.engine.loader import load_strategy, read_value
from flowbt.ground.errors import FenceError, FlowbtError, LoadError, ParameterError, StrategyError
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.request import Request
from flowbt.studies.sweep.setup import SweepRequest, set_up

BROKEN = {
    "syntax": ("def signals(panel:\n", "syntax error on line 1"),
    "no function": ('SYMBOLS = ("SPY",)\ndef signal(panel): ...\n', "did you mean signals|no function `signals"),
    "no symbols": ("def signals(panel): ...\n", "SYMBOLS is None"),
    "one text": ('SYMBOLS = "SPY"\ndef signals(panel): ...\n', "SYMBOLS is 'SPY'"),
    "grid": ('SYMBOLS = ("SPY",)\nGRID = {"hold": (1,)}\ndef signals(panel, *, holds=1): ...\n', "did you mean holds"),
    "no default": ('SYMBOLS = ("SPY",)\ndef signals(panel, *, hold): ...\n', "'hold' of `signals` has no default"),
    "import": ('import requests\nSYMBOLS = ("SPY",)\ndef signals(panel): ...\n', "line 1 imports requests"),
    "file": ('SYMBOLS = ("SPY",)\ndef signals(panel):\n    return open("x")\n', "line 3 calls open"),
    "read": ('import pandas as pd\nSYMBOLS = ("SPY",)\ndef signals(panel):\n    return pd.read_csv("x")\n', "calls read_csv"),
    "symbols without end": ('import itertools\nSYMBOLS = itertools.repeat("SPY")\ndef signals(panel): ...\n', "SYMBOLS has more than 100,000 values"),
    "symbols without order": ('SYMBOLS = {"SPY", "QQQ"}\ndef signals(panel): ...\n', "SYMBOLS is {"),
    "grid without end": (
        'import itertools\nSYMBOLS = ("SPY",)\nGRID = {"a": itertools.count()}\ndef signals(panel, *, a=1): ...\n',
        "GRID of a has more than 100,000 values",
    ),
    "grid too long": ('SYMBOLS = ("SPY",)\nGRID = {"a": range(10**12)}\ndef signals(panel, *, a=1): ...\n', "GRID of a has more than 100,000 values"),
    "no signature": ('SYMBOLS = ("SPY",)\nsignals = dict\n', "`signals` does not say what it takes"),
    "on load": ('SYMBOLS = ("SPY",)\n1 / 0\n', "ZeroDivisionError on loading"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_unusable_files(tmp_path, case):
    text, message = BROKEN[case]
    path = tmp_path / "s.py"
    path.write_text(text)
    with pytest.raises((LoadError, FenceError), match=message):
        load_strategy(path)


@pytest.mark.parametrize("change", ["object.__setattr__(COSTS, 'fees', -1)", "COSTS.__dict__['fees'] = float('nan')", "vars(COSTS).update(borrow='x')"])
def test_terms_that_were_changed_after_they_were_made_are_checked(tmp_path, change):
    path = tmp_path / "s.py"
    path.write_text(f'from flowbt import Costs\nSYMBOLS = ("SPY",)\nCOSTS = Costs()\n{change}\ndef signals(panel): ...\n')
    with pytest.raises(FlowbtError, match=r"fees of|borrow of|reaches for|stores into|calls vars"):
        load_strategy(path)


def test_symbols_may_come_one_by_one(tmp_path):
    path = tmp_path / "s.py"
    path.write_text('SYMBOLS = (name for name in ("SPY", "QQQ"))\ndef signals(panel): ...\n')
    assert load_strategy(path).symbols == ("SPY", "QQQ")


def test_a_missing_file_names_the_nearest(strategy):
    with pytest.raises(LoadError, match=r"did you mean .*fade\.py"):
        load_strategy(strategy.with_name("fad.py"))


def test_what_a_file_says_is_what_is_loaded(strategy):
    loaded = load_strategy(strategy)
    assert (loaded.name, loaded.thesis, loaded.source) == ("fade", "Fade: sell what has risen.", "a test")
    assert loaded.parameters == {"rise": 0.01, "hold": 3, "note": "x", "wild": False}
    assert loaded.grid == {"rise": (0.0, 0.01)}


@pytest.mark.parametrize(
    ("given", "default", "value"),
    [("3", 5, 3), ("3", 0.5, 3.0), ("5.0", 3, 5), ("true", False, True), ("abc", "x", "abc"), ("none", 5, None), ("(1, 2)", (3,), (1, 2))],
)
def test_values_are_read_as_the_type_of_the_default(given, default, value):
    read = read_value("p", given, default)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(("given", "default"), [("5.5", 3), ("x", 3), ("true", 3), ("1", False), ("[1]", 0.5), ("9" * 400, 0.5), ("-" + "9" * 400, 0.5)])
def test_values_of_another_type_are_refused(given, default):
    with pytest.raises(ParameterError, match="parameter p="):
        read_value("p", given, default)


TYPOS = {
    "Signals(long=panel['close'] > 0, exti=panel['close'] > 1)": r"line 5 `return .*`: .*'exti'; did you mean exit",
    "Signls(long=panel['close'] > 0)": "name 'Signls' is not defined; did you mean Signals",
    "Signals(long=panel['close']['QQQ'] > 0)": r"traded symbol \(SPY\); ask for another one's series with panel\[\"close\", \"QQQ\"\]",
    "Signals(long=panel['close']['SPi'] > 0)": "a frame of the panel has the columns SPY; did you mean SPY",
}


@pytest.mark.parametrize("act", [lambda catalog, path: backtest(catalog, Request(path)), lambda catalog, path: set_up(catalog, SweepRequest(path))])
@pytest.mark.parametrize("body", TYPOS)
def test_a_mistyped_name_gets_its_line_and_the_name_that_was_meant(body, act, catalog, tmp_path):
    path = tmp_path / "typo.py"
    path.write_text(f'"""A typo."""\nfrom flowbt import Signals\nSYMBOLS = ("SPY",)\ndef signals(panel, *, hold=3):\n    return {body}\n')
    with pytest.raises(StrategyError, match=TYPOS[body]):
        act(catalog, path)


def test_what_a_file_prints_is_said_once_and_not_among_the_results(catalog, tmp_path, capsys):
    path = tmp_path / "told.py"
    path.write_text(
        "from flowbt import Signals\nSYMBOLS = ('SPY',)\ndef signals(panel):\n    print('seen', 7)\n    return Signals(long=panel['close'] > 100)\n"
    )
    backtest(catalog, Request(path))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "seen 7\n")
