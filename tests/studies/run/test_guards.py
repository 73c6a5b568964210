"""What stands between a wrong book and a stored result: taking any of these out turns a test red."""

from dataclasses import replace

import pytest

from flowbt.ground.errors import LookAheadError, ReconciliationError, SignalError
from flowbt.studies.run import backtest as acts
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.request import Benchmark, Request
from flowbt.studies.sweep.setup import SweepRequest, set_up

LEAK = '''"""Tomorrow's close."""

from flowbt import Signals

SYMBOLS = ("SPY",)


def signals(panel):
    close = panel["close"]
    return Signals(long=close.shift(-1) > close, hold=1)
'''


def test_every_run_is_reconciled_with_vectorbts_book(catalog, strategy, monkeypatch):
    real = acts.simulate

    def off_by_a_cent(*args):
        book = real(*args)
        return replace(book, value=book.value + 0.01)

    monkeypatch.setattr(acts, "simulate", off_by_a_cent)
    with pytest.raises(ReconciliationError, match="value at"):
        backtest(catalog, Request(strategy))


@pytest.mark.parametrize("leak", [LEAK, LEAK.replace("close.shift(-1) > close", "close > close.mean()")], ids=["in words", "in deeds"])
def test_a_run_that_uses_the_future_is_refused_and_where_it_is_kept_it_says_so_first(catalog, strategy, leak):
    strategy.write_text(leak)
    with pytest.raises(LookAheadError, match="fade uses the future") as refused:
        backtest(catalog, Request(strategy))
    assert refused.value.exit_code == 3
    run = backtest(catalog, Request(strategy, keep_leak=True))
    assert run.record.manifest["look_ahead"] == str(run.leak)
    if run.leak.probe == "syntax":
        assert run.leak.cut == run.leak.label == run.prepared.panel.index[-1]
    assert run.record.manifest["warnings"][0].startswith("LOOK-AHEAD")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("close > 0", "Signals or Targets from the strategy: a DataFrame"),
        ("None", "Signals or Targets from the strategy: a NoneType"),
        ("Signals(long=(close > 0).iloc[10:])", "long o[fn] .* labels x 1 symbols"),
        ("Signals(long=close)", "Signals long: a frame of float64"),
        ("Signals(long=close > 0, stop=5)", "stop of 5: that is 500%"),
    ],
)
def test_a_wrong_answer_is_told_with_its_file_and_line(catalog, strategy, answer, said):
    strategy.write_text(LEAK.replace("Signals(long=close.shift(-1) > close, hold=1)", answer))
    with pytest.raises(SignalError, match=rf"^fade.py line 10 `return .*`: {said}"):
        backtest(catalog, Request(strategy))
    with pytest.raises(SignalError, match=rf"^fade.py line 10 `return .*`: {said}"):
        set_up(catalog, SweepRequest(strategy))


def test_what_is_said_of_the_future_names_the_line(catalog, strategy):
    strategy.write_text(LEAK)
    with pytest.raises(LookAheadError, match=r"uses the future: line 10 `return Signals\(long=close.shift\(-1\) > close, hold=1\)`: "):
        backtest(catalog, Request(strategy))


def test_the_placebo_is_the_same_activity_at_other_times(catalog, strategy):
    run = backtest(catalog, Request(strategy))
    moved, own = run.record.returns["placebo"], run.record.returns["strategy"]
    assert (moved != own).mean() > 0.3
    assert abs(run.placebo.exposure["gross"].mean() / run.book.exposure["gross"].mean() - 1) < 0.1
    assert run.record.manifest["evidence"]["rotations"] == 199


def test_vintage_and_survivorship_are_warned_of(catalog, strategy, monkeypatch):
    run = backtest(catalog, Request(strategy))
    holder = next(iter(run.prepared.panel.used.values()))
    doubted = replace(holder, declaration=holder.declaration.model_copy(update={"vintage": "latest", "survivorship": True}))
    panel = run.prepared.panel
    monkeypatch.setattr(panel, "used", dict.fromkeys(panel.used, doubted))
    lines = acts.record_of(run.request, run.prepared, run.book, None, Benchmark(), run.measures).manifest["warnings"]
    assert any("Latest vintage" in line and holder.name in line for line in lines)
    assert any("Survivorship" in line and holder.name in line for line in lines)
