"""A function of a notebook is a strategy, as a file is."""

import types
from math import sqrt as square_root

import numpy as np
import pandas as pd
import pytest

import flowbt as fb
from flowbt import Signals, claim, forward_return
from flowbt.engine.cells import strategy_text
from flowbt.engine.loader import load_strategy
from flowbt.features import gamma_sign
from flowbt.ground.errors import LoadError, ParameterError, StrategyError

LEVEL, PRICES, GRID = 0.02, pd.DataFrame({"SPY": [1.0]}), {"another": (1, 2)}
DOCUMENT = fb.Document("mine", dated="2020-01-31")


def fell(close, level):
    return close.pct_change(fill_method=None) <= -level


def rebound(panel, *, level=LEVEL, hold=3):
    """A fall is bought.

    Source: none
    """
    close = panel["close"]
    return Signals(long=fell(close, level) & (np.log(close) > 0) & (gamma_sign(panel) > -2), hold=hold)


@claim("A fall is followed by a better week", stated={"mean": 0.01}, outcome=forward_return("SPY", 5))
def falls(panel, *, fall=LEVEL):
    return fell(panel["close", "SPY"].iloc[:, 0], fall)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    root = tmp_path_factory.mktemp("cells")
    (root / "datasets").mkdir()
    return fb.Setup(root / "datasets", root / "results", demo=True, start="2022-01-01", end="2024-12-31")


def test_the_text_is_a_strategy_file_with_all_that_it_uses(tmp_path):
    path = tmp_path / "rebound.py"
    path.write_text(strategy_text(rebound, ("SPY",)))
    loaded = load_strategy(path)
    assert (loaded.name, loaded.thesis, loaded.source) == ("rebound", "A fall is bought.", "none")
    assert (loaded.symbols, loaded.parameters, loaded.grid) == (("SPY",), {"level": 0.02, "hold": 3}, {})  # GRID is another strategy's
    assert "def fell" in path.read_text()
    assert "import numpy as np" in path.read_text()


HALF, ALONE, NESTED, SPAN, NOTHING = np.float64(0.5), ("a",), {"x": [1, (2, 3)], 2: {}}, range(1, 3), None
COSTS = fb.Costs(fees=0.002)


def folded(values, depth):
    return unfolded(values[1:], depth - 1) if depth else values


def unfolded(values, depth):  # the two call each other
    return folded(values, depth)


def signals_within(level):
    def inner(panel, *, another=1):
        r"""Backslash \d.

        Source: none
        """
        signals = [another * 1 for another in SPAN]  # names of its own
        return signals, level, HALF, ALONE, NESTED, NOTHING, folded([1, 2, 3], 2), square_root(4), sorted(panel)

    return inner


def test_values_of_every_kind_come_back_as_they_are(tmp_path):
    (tmp_path / "kinds.py").write_text(strategy_text(signals_within(7), ("SPY",)))
    loaded = load_strategy(tmp_path / "kinds.py")
    assert (loaded.grid, loaded.costs, loaded.thesis) == ({"another": (1, 2)}, COSTS, r"Backslash \d.")
    found = loaded.function.__wrapped__([2, 1])
    assert found == ([1, 2], 7, 0.5, ("a",), NESTED, None, [3], 2.0, [1, 2])
    assert [type(value) for value in found[2:4]] == [float, tuple]


def test_it_runs_as_the_file_does(here, tmp_path):
    found = fb.run(rebound, symbols=("SPY", "QQQ"), setup=here, hold=5)
    copy = tmp_path / "rebound.py"
    copy.write_text(strategy_text(rebound, ("SPY", "QQQ")))
    assert found.returns["strategy"].equals(fb.run(copy, setup=here, hold=5).returns["strategy"])
    assert repr(found).startswith("Backtest(rebound, SYNTHETIC, run ")
    assert "SYNTHETIC" in repr(fb.panel("SPY", setup=here))
    beside = fb.compare(found, fb.run(rebound, symbols=("SPY", "QQQ"), setup=here))
    assert "SYNTHETIC" in repr(beside)
    assert found.belief.sentence in beside._repr_html_()
    assert found.belief.sentence in found._repr_html_()


def test_it_is_swept_walked_and_checked(here):
    swept = fb.sweep(rebound, symbols=("SPY",), setup=here, level=(0.01, 0.02), hold="2,5")
    assert len(swept.trials) == 4
    assert swept.belief["answer"] == "cannot tell"
    assert repr(swept) == "Swept(rebound, SYNTHETIC, 4 trials, believe the best: cannot tell)"
    walked = fb.walkforward(rebound, symbols=("SPY",), setup=here, train="1y", test="6m", hold=(2, 5))
    assert repr(walked).startswith("WalkedForward(rebound, SYNTHETIC, rolling ")
    assert {"inside", "outside"} <= set(walked.windows)
    assert fb.check(rebound, symbols=("SPY",), setup=here).leaks == ()


def test_the_board_and_a_claim(here):
    assert "SYNTHETIC" in repr(fb.board("2024-06-28", ("SPX", "SPY"), here))
    table = fb.score(falls, resamples=200, setup=here)
    assert list(table.index) == ["falls"]
    assert "SYNTHETIC" in repr(table)


def not_there(panel):
    return Signals(long=panel["close"]["VIX"] > 20)


def frame_of_the_notebook(panel):
    return Signals(long=panel["close"] > PRICES)


def tomorrow(panel):
    return Signals(long=panel["close"].shift(-1) > panel["close"])


def unknown(panel):
    return Signals(long=panel["clse"] > 1)


def test_errors_name_the_line_and_what_is_there(here):
    with pytest.raises(StrategyError, match=r'KeyError on line \d+ `return Signals\(long=panel\["close"\]\["VIX"\] > 20\)`: .*panel\["close", "VIX"\]'):
        fb.run(not_there, symbols=("SPY",), setup=here)
    with pytest.raises(fb_error("FieldError"), match=r"unknown.py line \d+ `return .*: no dataset .* has it; did you mean close"):
        fb.run(unknown, symbols=("SPY",), setup=here)
    with pytest.raises(fb_error("LookAheadError"), match="uses the future"):
        fb.run(tomorrow, symbols=("SPY",), setup=here)
    with pytest.raises(ParameterError, match="did you mean hold"):
        fb.run(rebound, symbols=("SPY",), setup=here, hld=3)


def fb_error(name):
    from flowbt.ground import errors

    return getattr(errors, name)


@pytest.mark.parametrize(
    ("function", "symbols", "message"),
    [
        (frame_of_the_notebook, ("SPY",), "it uses PRICES, a DataFrame of the notebook; take data from the panel"),
        (lambda panel: None, ("SPY",), "a function written with `def"),
        (rebound, (), r'no symbols; name what it trades: symbols=\("SPY",\)'),
        (print, ("SPY",), "a builtin_function_or_method"),
        (types.FunctionType(rebound.__code__, {}, "made"), ("SPY",), "which is not defined"),
    ],
)
def test_what_cannot_be_a_file_says_why(function, symbols, message):
    with pytest.raises(LoadError, match=message):
        strategy_text(function, symbols)
