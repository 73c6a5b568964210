import math

import pandas as pd
import pytest

from flowbt.evidence.claims import outcomes as out
from flowbt.ground.clock import Clock

CLOSE = [100.0, 110, 99, 99, 120, 60]


class OnePanel:
    """Six sessions of one symbol X, and Y that never moves."""

    clock, symbols = Clock(), ("X",)
    index = Clock().labels("2024-01-02", "2024-01-09")

    def __getitem__(self, key):
        values = {"close": CLOSE, "high": [c + 1 for c in CLOSE], "low": [c - 3 for c in CLOSE]}[key if isinstance(key, str) else key[0]]
        flat = [50.0] * 6 if key == ("close", "Y") else values
        return pd.DataFrame({"X": flat}, index=self.index)


def column(outcome, horizon=None):
    return outcome.columns(OnePanel(), horizon or outcome.horizon)[0].iloc[:, 0].to_numpy()


def test_forward_return_and_excess_end_with_the_data():
    found = column(out.forward_return("X", 2))
    assert found[0] == pytest.approx(-0.01)
    assert [math.isnan(v) for v in found] == [False] * 4 + [True] * 2
    assert column(out.forward_excess("X", "Y", 2))[2] == pytest.approx(120 / 99 - 1)


def test_drawdown_looks_at_the_lowest_close_and_never_above_zero():
    assert column(out.forward_drawdown("X", 3))[:3].tolist() == [pytest.approx(-0.01), pytest.approx(-0.1), pytest.approx(60 / 99 - 1)]
    assert column(out.forward_drawdown("X", 1))[3] == 0.0


def test_worst_day_and_volatility():
    assert column(out.forward_worst("X", 3))[1] == pytest.approx(-0.1)
    assert column(out.forward_volatility("X", 2))[2] == pytest.approx(math.sqrt((0 + (21 / 99) ** 2) / 2 * 252))


def test_next_move_and_range():
    assert column(out.next_move("X"))[1] == pytest.approx(0.1)
    assert column(out.next_range("X"))[0] == pytest.approx(4 / 100)


def test_change_of_a_field():
    assert column(out.forward_change("close", "X", 1))[0] == 10.0
    assert column(out.forward_change("close", "X", 1, relative=True))[0] == pytest.approx(0.1)


def test_path_is_zero_at_the_event():
    found = out.path(pd.DataFrame(CLOSE), before=1, after=2)
    assert found[1].tolist() == pytest.approx([math.log(100 / 110), 0, math.log(99 / 110), math.log(99 / 110)])
    assert math.isnan(found[0, 0])
    assert math.isnan(found[5, 3])


def test_neighbours_of_a_horizon():
    assert (out.around(21), out.around(1)) == ((16, 26), ())
