"""Strategy files that cannot be used, each in one clear line; parameters read as their default's type."""

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.engine.loader import load_strategy, read_value
from flowbt.ground.errors import FenceError, FlowbtError, LoadError, LookAheadError, ParameterError, SignalError, StrategyError
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
    "no symbol": ("SYMBOLS = ()\ndef signals(panel): ...\n", r"SYMBOLS is \(\)"),
    "a number among the symbols": ('SYMBOLS = ("SPY", 1)\ndef signals(panel): ...\n', r"SYMBOLS is \('SPY', 1\)"),
    "a symbol twice": ('SYMBOLS = ("SPY", "QQQ", "SPY")\ndef signals(panel): ...\n', "SYMBOLS names SPY twice"),
    "grid of one too many": (
        'SYMBOLS = ("SPY",)\nGRID = {"a": range(100_001)}\ndef signals(panel, *, a=1): ...\n',
        "GRID of a has more than 100,000 values",
    ),
    "a list of values": ('SYMBOLS = ("SPY",)\nGRID = [1]\ndef signals(panel): ...\n', r"GRID is \[1\]; give the values of each parameter"),
    "costs": ('SYMBOLS = ("SPY",)\nCOSTS = {"fees": 0.1}\ndef signals(panel): ...\n', r"COSTS is \{'fees': 0.1\}; write COSTS = Costs"),
    "clock": ('SYMBOLS = ("SPY",)\nCLOCK = 24\ndef signals(panel): ...\n', 'CLOCK is 24; write CLOCK = "XNYS"'),
    "benchmark": ('SYMBOLS = ("SPY",)\nBENCHMARK = 3\ndef signals(panel): ...\n', "BENCHMARK is 3"),
    "constraints": ('SYMBOLS = ("SPY",)\nCONSTRAINTS = ("a < b", 1)\ndef signals(panel): ...\n', r"CONSTRAINTS is \('a < b', 1\)"),
    "constraints without order": ('SYMBOLS = ("SPY",)\nCONSTRAINTS = {"a < b"}\ndef signals(panel): ...\n', r"CONSTRAINTS is \{"),
    "panel by name": ('SYMBOLS = ("SPY",)\ndef signals(*, panel): ...\n', "does not take the panel first"),
    "no panel": ('SYMBOLS = ("SPY",)\ndef signals(): ...\n', "does not take the panel first"),
    "whatever is given": ('SYMBOLS = ("SPY",)\ndef signals(panel, **given): ...\n', "'given' of `signals` has no default"),
    "a return too many": ('SYMBOLS = ("SPY",)\nreturn 3\n', "cannot be compiled .*outside function"),
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


def written(tmp_path, text, name="s.py"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_what_a_file_may_leave_out_or_say_shortly(tmp_path):
    head = '"""Buys.\n\nMore.\n\nSource: a note: page 3.\n"""\nfrom flowbt import Account, Costs\nSYMBOLS = ("SPY",)\n'
    body = "def signals(panel, *, a=1, b=2): ...\n"
    plain = load_strategy(written(tmp_path, head + body))
    said = 'GRID = {"a": range(100_000)}\nCONSTRAINTS = "a < b"\nBENCHMARK = "QQQ"\nCLOCK = "24/7"\nSTEP = "1h"\nCOSTS = Costs(0.0)\nACCOUNT = Account(5)\n'
    full = load_strategy(written(tmp_path, head + said + body))
    assert (plain.thesis, plain.source, plain.constraints, plain.benchmark, plain.grid) == ("Buys.", "a note: page 3", (), None, {})
    assert (len(full.grid["a"]), full.constraints, full.benchmark, full.clock.periods_per_year) == (100_000, ("a < b",), "QQQ", 8760)
    assert (full.costs.fees, full.account.cash, plain.costs.fees) == (0.0, 5, 0.0001)
    assert (len(plain.code_hash), len(plain.shape), plain.shape == full.shape, plain.code_hash == full.code_hash) == (16, 16, True, False)


def test_what_is_no_text_of_a_file_says_so(tmp_path):
    with pytest.raises(LoadError, match="a folder; name one file"):
        load_strategy(tmp_path)
    (tmp_path / "s.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LoadError, match=r"cannot be read \(.*; is it a Python file"):
        load_strategy(tmp_path / "s.py")
    with pytest.raises(LoadError, match="no such file; see strategies/"):
        load_strategy(tmp_path / "unheard_of.py")


RAISED = {  # the last line has no line break
    "raise KeyError": "KeyError on line 5 `raise KeyError`: ; mend the file",
    "{}[3]": r"KeyError on line 5 `\{\}\[3\]`: 3; mend the file",
    "panel['close']['zz']": "columns SPY; mend the file",
    "Signals(zzzzz=1)": "takes long, short, exit, hold",
    "zzzzz": "'zzzzz' is not defined; mend the file",
    "raise ParameterError('this', 'that', 'do')": r"s.py line 5 `raise ParameterError\(.*`: this: that; do",
}


@pytest.mark.parametrize("line", RAISED)
def test_what_a_file_raises_is_told_with_its_last_line_and_what_helps(line, tmp_path):
    head = 'from flowbt import Signals\nfrom flowbt.ground.errors import ParameterError\nSYMBOLS = ("SPY",)\ndef signals(panel):\n'
    loaded = load_strategy(written(tmp_path, f"{head}    {line}"))
    panel = TinyPanel({"close": pd.DataFrame({"SPY": [1.0]}, pd.DatetimeIndex(["2024-01-02"]))})
    with pytest.raises((StrategyError, ParameterError), match=RAISED[line]):
        loaded.decide(panel, {})
    with pytest.raises(TypeError, match="unexpected keyword"):  # not the file's doing
        loaded.decide(panel, {"hold": 1})


def test_an_answer_that_cannot_be_read_is_told_with_the_line_that_returned_it(tmp_path):
    for body, told in (("x = 1\n    if x:\n        return 2\n    return x", "line 6 `return x`"), ("...", "line 2 `def signals"), ("", "`signals`")):
        text = f"def signals(panel):\n    {body}\n" if body else "signals = lambda panel: 1\n"
        loaded = load_strategy(written(tmp_path, f'SYMBOLS = ("SPY",)\n{text}'))
        with pytest.raises(SignalError, match=f"^s.py {told}.*: asked: found; do"), loaded.answering():
            raise SignalError("asked", "found", "do")
    with pytest.raises(LookAheadError, match=r"^asked"), loaded.answering():
        raise LookAheadError("asked", "found", "do")


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
    [
        ("3", 5, 3),
        ("3", 0.5, 3.0),
        ("5.0", 3, 5),
        ("true", False, True),
        ("abc", "x", "abc"),
        ("none", 5, None),
        ("(1, 2)", (3,), (1, 2)),
        (np.int64(3), 5, 3),
        ("4", None, 4),
        (3, 2.0, 3.0),
    ],
)
def test_values_are_read_as_the_type_of_the_default(given, default, value):
    read = read_value("p", given, default)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("given", "default"), [("5.5", 3), ("x", 3), ("true", 3), ("1", False), ("[1]", 0.5), (1, True), (3, "x"), ("9" * 400, 0.5), ("-" + "9" * 400, 0.5)]
)
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
