"""Which strategy files are one search: copies, whatever their words, names and numbers."""

import pytest

from flowbt.engine.loader import load_strategy

FILE = '''"""Buys dips."""

import pandas as pd
from flowbt import Signals

SYMBOLS = ("SPY",)
GRID = {"window": (5, 10)}


def change(close, bars):
    return close / close.shift(bars) - 1.0


def signals(panel, *, window=5, level=-0.02):
    """Long after a fall."""
    close = panel["close"]
    fall = change(close, bars=window)
    return Signals(long=fall.rolling(window=3).mean() < level, hold=2)
'''


def shape(tmp_path, text):
    (tmp_path / "file.py").write_text(text)
    return load_strategy(tmp_path / "file.py").shape


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Buys dips.", "Sells rips."),
        ("    close = panel", "    # a remark\n    close: pd.DataFrame = panel"),
        ("window=5, level=-0.02", "level=-0.5, window=7"),
        ("hold=2", "hold=20"),
        ('("SPY",)', '("QQQ", "IWM")'),
        ("(5, 10)", "(1, 2, 3)"),
        ("from flowbt import Signals", "import flowbt"),
        ("change", "difference"),
        ("fall", "drop"),
        ("panel", "data"),
    ],
)
def test_names_words_and_numbers_do_not_make_another_search(tmp_path, old, new):
    other = FILE.replace(old, new)
    other = other.replace("Signals(", "flowbt.Signals(") if "import Signals" not in other else other
    assert other != FILE
    assert shape(tmp_path, other) == shape(tmp_path, FILE)


def test_renamed_parameters_do_not_make_another_search(tmp_path):
    other = FILE.replace("*, window", "*, span").replace("bars=window", "bars=span").replace('"window"', '"span"').replace("level", "edge")
    assert shape(tmp_path, other) == shape(tmp_path, FILE)


def test_sixteen_digits_say_it_whatever_the_imports_are_called(tmp_path):
    """A method is no name of the file's, and a flag no number."""
    head, tail = "import numpy as np\n", '\nSYMBOLS = ("SPY",)\n\n\ndef signals(panel, *, a=1, b=2):\n    '
    same = [
        f"{head}{tail}x: int\n    return np.linalg.norm(panel.x(a, k=b), ord=-1)",
        f"import numpy{tail}return numpy.linalg.norm(panel.x(a, k=b), ord=2)",
        f"import numpy.linalg{tail}'words'\n    return numpy.linalg.norm(panel.x(a, k=b), ord=2)",
        f"from numpy import linalg as lin{tail}return lin.norm(panel.x(a, k=b), ord=2.5)",
        f"import numpy.linalg as lin{tail}return lin.norm(panel.x(a, k=b), ord=3)",
    ]
    others = [
        f"{head}{tail}return np.linalg.norm(panel.x({given}), ord={how})" for given, how in (("b, k=b", 1), ("a, j=b", 1), ("a, k=b", True), ("a, k=b", "a"))
    ]
    shapes = [shape(tmp_path, text) for text in (*same, *others)]
    assert len(set(shapes[:3])) == len(set(shapes[3:5])) == 1
    assert len(set(shapes)) == 6
    assert all(len(one) == 16 for one in shapes)


@pytest.mark.parametrize(("old", "new"), [("<", ">"), ("mean", "max"), ('"close"', '"open"'), ("long=", "short="), (" / ", " * ")])
def test_another_rule_is_another_search(tmp_path, old, new):
    assert old in FILE
    assert shape(tmp_path, FILE.replace(old, new)) != shape(tmp_path, FILE)
