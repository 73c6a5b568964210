"""The notebook API is the studies: same numbers, shows itself, writes only when asked."""

import pytest

from flowbt import api as fb
from flowbt.ground.errors import ParameterError
from flowbt.results import shelf
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.request import Request


@pytest.fixture
def setup(catalog, tmp_path):
    return fb.Setup(datasets=tmp_path / "datasets", results=tmp_path / "results", start="2022-06-01")


def test_a_run_is_the_studys_run(setup, catalog, strategy):
    made = fb.run(strategy, hold=5, setup=setup)
    study = backtest(catalog, Request(strategy, {"hold": 5}, span=made.run.request.span))
    assert made.metrics == study.record.metrics
    assert made.trades.equals(study.record.trades)
    assert made.run.record.manifest["parameters"]["hold"] == 5


def test_nothing_is_written_until_it_is_asked_for(setup, strategy):
    made = fb.run(strategy, setup=setup)
    assert not setup.results.exists()
    page = made.tearsheet()
    assert page.path.is_file()
    assert shelf.find(setup.results, "fade").path == made.save()


def test_the_portfolio_is_vectorbts(setup, strategy):
    import vectorbt as vbt

    made = fb.run(strategy, setup=setup)
    assert isinstance(made.portfolio, vbt.Portfolio)


def test_it_shows_itself_escaped(setup, strategy):
    strategy.write_text(strategy.read_text().replace("Fade: sell", "Fade: <img src=x> sell"))
    text = fb.run(strategy, setup=setup)._repr_html_()
    assert "Sharpe" in text
    assert "<img" not in text


def test_runs_and_stored_runs_are_compared_alike(setup, strategy):
    first, second = fb.run(strategy, hold=3, setup=setup), fb.run(strategy, hold=8, setup=setup)
    first.save()
    fresh, stored = fb.compare(first, second, setup=setup), fb.compare("fade", second, setup=setup)
    assert fresh.measures.equals(stored.measures)
    assert fresh.measures.loc["sharpe"].iloc[1] == pytest.approx(second.metrics["sharpe"])
    assert set(fresh.differences["name"]) == {"sharpe", "cagr", "volatility", "mean"}
    assert "<table" in fresh._repr_html_()


def test_one_run_is_not_a_comparison(setup, strategy):
    with pytest.raises(ParameterError, match="1 run given"):
        fb.compare("fade", setup=setup)


def test_a_panel_is_what_strategies_see(setup):
    panel = fb.panel("SPY", "QQQ", setup=setup)
    assert list(panel["close"].columns) == ["SPY", "QQQ"]
    assert f"{panel.index[0]:%Y-%m-%d}" == "2022-06-01"


def test_misspelt_parameters_are_refused(setup, strategy):
    with pytest.raises(ParameterError, match="did you mean hold"):
        fb.run(strategy, holt=3, setup=setup)


def test_a_sweep_is_stored_and_shows_what_is_luck(setup, strategy):
    swept = fb.sweep(strategy, rise=(0.0, 0.01), hold="2,5", setup=setup)
    assert len(swept.trials) == 4
    one = fb.run(strategy, rise=0.01, hold=5, setup=setup)
    own = swept.trials.query("rise == 0.01 and hold == 5")
    assert own["sharpe"].item() == pytest.approx(one.metrics["sharpe"], rel=1e-9)
    assert swept.page().path.is_file()
    assert "<table" in swept._repr_html_()


def test_claims_are_scored_into_a_table(setup, tmp_path):
    claim = tmp_path / "claims.py"
    claim.write_text(
        '"""A claim."""\n\nfrom flowbt import Document, claim, forward_return\n\nDOCUMENT = Document("note", dated="2023-01-03")\n\n\n'
        '@claim("Up days lift SPY", stated={"mean": 0.01}, outcome=forward_return("SPY", 5), definitions={"rise": (0.005, 0.01)})\n'
        'def up_day(panel, *, rise=0.01):\n    return panel["close", "SPY"].iloc[:, 0].pct_change() > rise\n'
    )
    table = fb.score(str(claim), resamples=200, setup=setup)
    assert list(table.index) == ["up-day"]
    assert table["verdict"].item()
    assert table.attrs["problems"] == []
