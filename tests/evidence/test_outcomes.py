import math

import pandas as pd
import pytest

from flowbt.evidence.claims import outcomes as out
from flowbt.ground.clock import Clock
from flowbt.ground.errors import ClaimError

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
    hourly = OnePanel()
    hourly.clock = Clock("24/7", "4h")
    found = out.forward_volatility("X", 2).columns(hourly, 2)[0].iloc[2, 0]
    assert found == pytest.approx(math.sqrt((0 + (21 / 99) ** 2) / 2 * 6 * 365))
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


MADE = {
    "return": lambda symbol, **given: out.forward_return(symbol, 21, **given),
    "excess": lambda symbol, **given: out.forward_excess(symbol, "Y", 21, **given),
    "fall": lambda symbol, **given: out.forward_drawdown(symbol, 21, **given),
    "worst": lambda symbol, **given: out.forward_worst(symbol, 21, **given),
    "volatility": lambda symbol, **given: out.forward_volatility(symbol, 21, **given),
    "change": lambda symbol, **given: out.forward_change("close", symbol, 21, **given),
}


@pytest.mark.parametrize("name", MADE)
def test_an_outcome_has_the_neighbours_of_its_horizon_unless_others_are_given(name):
    assert MADE[name]("X").also == (16, 26)
    assert MADE[name]("X", also=(5,)).also == (5,)
    assert MADE[name]("X", also=()).also == ()


@pytest.mark.parametrize("made", [*(MADE[name] for name in MADE if name != "change"), out.next_move, out.next_range, out.variance_ratio, out.autocorrelation])
def test_elsewhere_an_outcome_is_the_same_of_another_symbol(made):
    here = made("X")
    there = here.elsewhere("Z")
    assert there.symbol == "Z"
    assert there.label == here.label.replace("X", "Z")
    assert (there.horizon, there.also, there.statistic, there.units) == (here.horizon, here.also, here.statistic, here.units)


def test_outcomes_of_sizes_are_risks_and_compared_as_regimes():
    assert (out.next_move("X").risk, out.next_move("X").kind) == (True, "regime comparison")
    assert (out.forward_return("X", 5).risk, out.forward_return("X", 5).kind) == (False, "event study")
    assert out.forward_return("VIX", 5).risk
    assert [out.given("a", 5, ratio=ratio).statistic for ratio in (False, True)] == ["mean", "ratio"]
    assert [made("X").horizon for made in (out.next_move, out.next_range, out.variance_ratio, out.autocorrelation)] == [1] * 4
    assert out.given("a", 5).own


def test_a_day_around_the_clock_has_365_a_year():
    panel = OnePanel()
    panel.clock = Clock("24/7")
    found = out.forward_volatility("X", 2).columns(panel, 2)[0].iloc[2, 0]
    assert found == pytest.approx(math.sqrt((0 + (21 / 99) ** 2) / 2 * 365))


def test_correlations_are_of_this_return_with_the_next_and_deviations_of_the_next():
    x, y = (frame.iloc[:, 0].to_numpy() for frame in out.autocorrelation("X").columns(OnePanel(), 1))
    assert (x[1], y[1]) == (pytest.approx(0.1), pytest.approx(-0.1))
    assert column(out.variance_ratio("X"))[1] == pytest.approx(-0.1)


def test_a_price_of_zero_is_refused_with_its_date(monkeypatch):
    monkeypatch.setitem(globals(), "CLOSE", [100.0, 110, 0.0, 99, 120, 60])
    with pytest.raises(ClaimError, match=r"close of X at 2024-01-04: 0, which is no price"):
        column(out.forward_return("X", 1))
