"""Runs of option structures where chains are stored: priced from the surface of the day, by the model on other days, and said so."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.tinydata import store as keep

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import PanelReader
from flowbt.engine.options.structures import declared
from flowbt.engine.simulate import simulate
from flowbt.engine.sweep.sweeper import BarRange
from flowbt.ground.clock import Clock
from flowbt.options.implied import black_price
from flowbt.studies.desk.chain import read
from flowbt.studies.desk.follow import follow
from flowbt.studies.desk.paper import books_of
from flowbt.studies.ideas.ideas import follow_ideas
from flowbt.studies.ingest.reduce import Reduction, reduce_files, store
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.market import Span
from flowbt.studies.run.option_terms import option_terms_of, words_of
from flowbt.studies.run.request import Request
from flowbt.studies.score.score import Settings, score
from flowbt.studies.sweep.setup import SweepRequest, set_up
from flowbt.studies.sweep.walkforward import WindowPlan, split_of, trade_windows, train
from flowbt.studies.units import HERE

CALLS = '''"""Calls bought at fixed dates."""

from flowbt import Signals
from flowbt.engine.options.structures import delta, long_call, moneyness

SYMBOLS = ("SPY",)


def signals(panel, *, american=False, by_delta=False):
    bought = panel["close"].notna() & (panel.index.day_of_week == 1)[:, None]
    at = delta(0.3) if by_delta else moneyness(1.02)
    call = long_call(0 * panel["close"]["SPY"] + 20, at, days=30).with_(american=american, cross=0.0, tick=0.0)
    return Signals(long=bought, hold=2, size=0.01, structure=call)
'''
IDEA = """[[idea]]
id = "{id}"
symbol = "SPY"
type = "call"
strikes = ["102%"]
date = {date}
expiry = 2023-04-21
"""
DAYS = Clock().labels("2023-03-07", "2023-03-14")
VOL, RATE, DIVIDEND = 0.4, 0.04, 0.01


def chain(path: Path, day: pd.Timestamp, spot: float, instant: str = "20:30") -> None:
    """A chain of a flat volatility of 40%, two expiries, on a spot of that day."""
    rows = []
    for ahead in (24, 45):
        expiry = day + pd.Timedelta(days=ahead + (4 - (day + pd.Timedelta(days=ahead)).weekday()) % 7)
        years = (expiry + pd.Timedelta(hours=20) - day - pd.Timedelta(f"{instant}:00")) / pd.Timedelta(days=365)
        forward, discount = spot * np.exp((RATE - DIVIDEND) * years), np.exp(-RATE * years)
        for strike in np.arange(round(0.8 * spot), round(1.2 * spot), 2.0):
            for side in "CP":
                price = float(black_price(forward, strike, years, VOL, discount, side == "C"))
                rows.append((f"{day:%Y-%m-%d}T{instant}:00Z", f"{expiry:%Y-%m-%d}", strike, side, max(price - 0.01, 0.01), price + 0.01, VOL, 100, spot))
    names = ["quote_date", "expiration", "strike", "right", "bid", "ask", "iv", "open_interest", "spot"]
    pd.DataFrame(rows, columns=names).assign(symbol="SPY").to_csv(path, index=False)


@pytest.fixture
def with_chains(catalog: Catalog, tmp_path: Path) -> Catalog:
    prices = catalog.imported["prices"].read(["event_time", "close"], ["SPY"]).set_index("event_time")["close"]
    folder = tmp_path / "chains"
    folder.mkdir()
    for day in DAYS:
        chain(folder / f"spy_{day:%Y%m%d}.csv", day, float(prices[day]), "23:30" if day == DAYS[-1] else "20:30")
    asked = Reduction("chains", (folder,), {}, workers=HERE)
    store(asked, reduce_files(asked), "spy-chains", tmp_path / "datasets")
    return Catalog((tmp_path / "datasets",))


def run(catalog: Catalog, tmp_path: Path, **parameters: object):
    path = tmp_path / "calls.py"
    path.write_text(CALLS)
    return backtest(catalog, Request(path, parameters, Span("2023-02-20", "2023-03-31"), rotations=0))


def test_a_run_prices_from_the_surface_of_the_day_and_by_the_model_on_others(with_chains: Catalog, tmp_path: Path) -> None:
    made = run(with_chains, tmp_path)
    trades = made.book.trades.set_index("entry_label")["priced_by"]
    assert trades["2023-03-08"] == "surface"
    assert trades["2023-03-15"] == "model"  # the chain of the 14th was taken after the decision of that day
    assert set(trades[:"2023-03-05"]) | set(trades["2023-03-20":]) == {"model"}
    order = made.book.orders[made.book.orders["label"] == "2023-03-08"].iloc[0]
    years = (pd.Timestamp(order["symbol"].split()[1]) + pd.Timedelta(hours=16) - pd.Timestamp("2023-03-08 09:30")) / pd.Timedelta(days=365)
    spot = float(made.prepared.market.open[made.prepared.market.index.get_loc("2023-03-08"), 0])
    expected = black_price(spot * np.exp((RATE - DIVIDEND) * years), 1.02 * spot, years, VOL, np.exp(-RATE * years))
    assert order["price"] == pytest.approx(float(expected), rel=2e-3)


def test_the_page_says_which_priced_how_many(with_chains: Catalog, catalog: Catalog, tmp_path: Path) -> None:
    made = run(with_chains, tmp_path)
    terms = option_terms_of(made.prepared, made.book)
    assert terms["priced_by"] == {"surface": 1, "model": 5, "both": 0}
    assert terms["surfaces"] == {"SPY": 5}
    assert "1 of 6 structures were opened at the surface of the day, the others as said above (chains stored for 5 bars)." in words_of(terms)
    assert "spy-chains" in {one["name"] for one in made.record.manifest["datasets"]}
    assert not {"mae", "mfe"} & set(made.record.trades)  # the bars are not the structure's: -4,000% of what was paid for it once stood there
    plain = run(catalog, tmp_path)
    assert "0 of 6 structures were opened at the surface of the day, the others as said above (no chain of what is traded is stored)." in words_of(
        option_terms_of(plain.prepared, plain.book)
    )
    assert made.record.manifest["id"] != plain.record.manifest["id"]


def test_the_band_moves_what_the_model_prices_and_not_what_was_quoted(with_chains: Catalog, tmp_path: Path) -> None:
    made = run(with_chains, tmp_path)
    prepared, structure = made.prepared, declared(made.prepared.decision.structure, False, ("SPY",))
    moved = replace(prepared.decision, structure=structure.with_(skew=structure.model.skew.end(1.0)))
    other = simulate(prepared.market, moved, prepared.costs, prepared.account).orders.set_index("label")["price"].groupby(level=0).first()
    own = made.book.orders.set_index("label")["price"].groupby(level=0).first()
    same = (other / own - 1).abs() < 1e-12
    assert same[["2023-03-08", "2023-03-10"]].all()
    assert not same[["2023-03-01", "2023-03-22"]].any()


def test_the_band_is_the_run_with_volatilities_an_error_lower_as_it_is_and_higher(with_chains: Catalog, tmp_path: Path) -> None:
    made = run(with_chains, tmp_path)
    prepared, structure = made.prepared, declared(made.prepared.decision.structure, False, ("SPY",))
    options, found = made.record.manifest["options"], []
    for shift in (-1.0, 0.0, 1.0):
        moved = replace(prepared.decision, structure=structure.with_(skew=structure.model.skew.end(shift)))
        book = simulate(prepared.market, moved, prepared.costs, prepared.account)
        total, sharpe = book.value.iloc[-1] / 100_000 - 1, book.returns.mean() / book.returns.std() * 252**0.5
        found.append({"shift": shift, "sharpe": pytest.approx(sharpe), "total_return": pytest.approx(total)})
    assert options["band"] == found
    assert options["model"] == str(structure.model.skew)
    assert options["greeks"] == pytest.approx(made.book.greeks.sum().to_dict())
    sharpes = [end["sharpe"] for end in options["band"]]
    assert made.record.manifest["evidence"]["band"] == [min(sharpes), max(sharpes)]
    assert set(words_of(options)) <= set(made.record.manifest["assumptions"])


def test_greeks_and_what_they_leave_over_add_up_on_surfaces(with_chains: Catalog, tmp_path: Path) -> None:
    book = run(with_chains, tmp_path, american=True, by_delta=True).book
    np.testing.assert_allclose(book.greeks.sum(axis=1), book.value.diff().fillna(book.value.iloc[0] - 100_000), atol=1e-7)
    assert book.greeks["residual"].abs().sum() < 0.2 * book.greeks["delta"].abs().sum()


def test_an_american_put_on_the_surface_is_worth_more_than_a_european_one(with_chains: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "calls.py"
    text = CALLS.replace("long_call", "long_put").replace("moneyness(1.02)", "moneyness(1.15)")
    prices = []
    for american in (True, False):
        path.write_text(text)
        made = backtest(with_chains, Request(path, {"american": american}, Span("2023-02-20", "2023-03-31"), rotations=0))
        orders = made.book.orders.set_index("label")["price"]
        prices.append((orders["2023-03-08"], orders["2023-03-01"]))
    (there, without), (european, plain) = prices
    assert there > european * 1.0005
    assert without == pytest.approx(plain, rel=1e-12)  # without interest a put is not exercised early


@pytest.fixture
def until_third(with_chains: Catalog, tmp_path: Path) -> Catalog:
    """The same where the chains of later days were never stored."""
    shutil.copytree(tmp_path / "datasets", tmp_path / "before")
    early = tmp_path / "chains_before"
    early.mkdir()
    for day in DAYS[:3]:
        shutil.copy(tmp_path / "chains" / f"spy_{day:%Y%m%d}.csv", early)
    shutil.rmtree(tmp_path / "before" / "spy-chains")
    asked = Reduction("chains", (early,), {}, workers=HERE)
    store(asked, reduce_files(asked), "spy-chains", tmp_path / "before")
    (tmp_path / "calls.py").write_text(CALLS)
    return Catalog((tmp_path / "before",))


ENDS = Span("2023-02-20", f"{DAYS[2]:%Y-%m-%d}")


def test_no_act_uses_a_chain_that_was_taken_later(with_chains: Catalog, until_third: Catalog, tmp_path: Path) -> None:
    """A run, a sweep and features that end on a day are what they are where the chains of later days were never stored."""
    found = []
    for catalog in (with_chains, until_third):
        made = backtest(catalog, Request(tmp_path / "calls.py", {}, ENDS, rotations=3))
        setup = set_up(catalog, SweepRequest(tmp_path / "calls.py", {"american": "true,false"}, ENDS))
        swept = setup.sweeper.run(setup.space.codes(setup.numbers), BarRange(returns=True))
        panel = PanelReader(catalog, ("SPY",), Clock(), made.prepared.market.index)
        found.append((made.book.value.to_numpy(), swept.returns, np.array([panel[name].to_numpy() for name in ("gex", "gex_low", "iv_30d")])))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.isfinite(found[0][2]).any()


def test_no_walk_forward_uses_a_chain_that_was_taken_later(with_chains: Catalog, until_third: Catalog, tmp_path: Path) -> None:
    found = []
    for held in (with_chains, until_third):
        setup = set_up(held, SweepRequest(tmp_path / "calls.py", {"by_delta": "true,false"}, ENDS))
        split = split_of(setup, setup.numbers, WindowPlan("5", "4", purge=0), "rolling")
        walked = trade_windows(setup, train(setup, setup.numbers, split, "total_return"), "rolling", "total_return")
        found.append((walked.returns.to_numpy(), walked.windows["outside"].to_numpy(dtype=float), walked.trades["priced_by"].tolist()))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    assert "surface" in found[0][2]


CLAIM = """from flowbt import Document, claim, forward_return
from flowbt.evidence.claims.declare import Data

DOCUMENT = Document("note", dated="2022-01-03")


@claim("Chains tell", data=Data(start="2022-03-01"), outcome=forward_return("SPY", 3), direction="up", definitions={"level": (-0.5, 0.0, 0.5)})
def chains_tell(panel, *, level=0.0):
    return panel["gex", "SPY"] > level
"""


def test_no_claim_uses_a_chain_that_was_taken_after_the_decision(catalog: Catalog, tmp_path: Path) -> None:
    """Chains of 23:30 New York, after a claim's decision of 23:00: it is what it is with those of the day before."""
    (tmp_path / "note.py").write_text(CLAIM)
    labels = catalog.imported["prices"].read(["event_time"], ["SPY"])["event_time"].reset_index(drop=True)
    gamma, found = np.random.default_rng(5).normal(size=len(labels)), []
    late = pd.DataFrame({"event_time": labels, "symbol": "SPY", "gex": gamma, "known_at": labels + pd.Timedelta(hours=28, minutes=30)})
    shifted = late.assign(gex=late["gex"].shift(1), known_at=labels + pd.Timedelta(hours=20, minutes=30))
    for name, table in (("late", late), ("shifted", shifted.iloc[1:])):
        shutil.copytree(catalog.roots[0], tmp_path / name)
        keep(tmp_path / name, "chains", table, publication={"rule": "column"}, fields={"gex": {"max_age": "5D"}})
        found.append(score((str(tmp_path / "note.py"),), Catalog((tmp_path / name,)), Settings(resamples=100, workers=HERE)).findings[0])
    assert found[0].n > 100
    assert (found[0].effect, found[0].p, found[0].n) == (found[1].effect, found[1].p, found[1].n)


def test_no_idea_uses_a_chain_that_was_taken_later(with_chains: Catalog, until_third: Catalog, tmp_path: Path) -> None:
    """An idea of the evening of the third day, and one of a day whose chain came after the decision."""
    (tmp_path / "ideas.toml").write_text(IDEA.format(id="third", date=f"{DAYS[2]:%Y-%m-%d}") + IDEA.format(id="late", date=f"{DAYS[-1]:%Y-%m-%d}"))
    one, other = (follow_ideas(held, tmp_path / "ideas.toml").outcomes for held in (with_chains, until_third))
    names = ("cost", "at_risk", "volatility", "surface", "surface_mean", "history", "implied")
    assert [getattr(one[0], name) for name in names] == [getattr(other[0], name) for name in names]
    assert (one[0].implied, one[1].implied) == ("surface of spy-chains", "realised")


def test_rotations_share_prices_and_equal_runs_of_their_own(catalog: Catalog, tmp_path: Path) -> None:
    from flowbt.engine.simulate import simulate
    from flowbt.studies.run.placebo import placebos_of, rotated_structures

    prepared = run(catalog, tmp_path).prepared
    shared = list(rotated_structures(prepared, 5, 3))
    alone = [simulate(prepared.market, one, prepared.costs, prepared.account).returns.to_numpy() for one in placebos_of(prepared.decision, 5, 3)]
    np.testing.assert_allclose(shared, alone, rtol=0, atol=1e-12)


def test_all_the_rotations_asked_for_are_made_of_a_structure(catalog: Catalog, tmp_path: Path) -> None:
    from flowbt.studies.run.placebo import against_placebos

    made = run(catalog, tmp_path)
    assert len(against_placebos(made.prepared, made.book, 10, 7).placebos) == 10  # of 29 bars


def test_the_page_and_the_terminal_have_the_parts_and_they_add_up(with_chains: Catalog, tmp_path: Path) -> None:
    from flowbt.cli.show.run import option_lines
    from flowbt.results.pages.tearsheet import context, render

    made = run(with_chains, tmp_path)
    shown = context(made.record)
    assert [part["name"] for part in shown["options"]["parts"]] == ["delta", "gamma", "vega", "theta", "residual", "costs"]
    assert shown["options"]["total"] == pytest.approx(made.book.value.iloc[-1] - 100_000, abs=1e-6)
    last = sum(values[-1] for values in shown["data"]["greeks"].values())
    assert last == pytest.approx(shown["options"]["total"], rel=1e-3)
    page = render(made.record)
    assert all(words in page for words in ('id="greeks-chart"', "one error lower", "the surface of the day"))
    lines = option_lines(made.record.manifest["options"])
    assert lines[0].startswith("by part: delta ")
    assert lines[1].startswith("volatilities one error lower: Sharpe ")
    assert lines[2] == "structures priced by the surface of the day: 1 of 6"


def test_an_idea_is_priced_by_the_surface_of_its_day(with_chains: Catalog, tmp_path: Path) -> None:
    (tmp_path / "ideas.toml").write_text(IDEA.format(id="there", date="2023-03-08") + IDEA.format(id="not", date="2023-03-20"))
    there, without = follow_ideas(with_chains, tmp_path / "ideas.toml").outcomes
    assert (there.implied, without.implied) == ("surface of spy-chains", "realised")
    years, spot = (pd.Timestamp("2023-04-21") - pd.Timestamp("2023-03-08")).days / 365, there.spot
    fair = float(black_price(spot * np.exp((RATE - DIVIDEND) * years), 1.02 * spot, years, VOL, np.exp(-RATE * years)))
    assert there.cost == pytest.approx(1.02 * fair, rel=0.01)  # half of a spread of 4% is crossed
    assert abs(there.surface_mean) < 0.05 * there.cost


def test_the_journals_paper_book_prices_structures_as_a_run_does(with_chains, tmp_path):
    path = tmp_path / "calls.py"
    path.write_text(CALLS)
    for day in DAYS:
        follow(with_chains, [path], tmp_path / "journal", f"{day:%Y-%m-%d}", day + pd.Timedelta(hours=23, minutes=45))
    (book,), _ = books_of(with_chains, read(tmp_path / "journal"), tmp_path / "journal")
    run = backtest(with_chains, Request(path, {}, Span(f"{DAYS[0]:%Y-%m-%d}", book.last), rotations=0)).book
    assert book.priced_by == run.trades["priced_by"].value_counts().to_dict() == {"surface": 1, "model": 1}
    assert book.journal_return == pytest.approx(run.value.iloc[-1] / run.account.cash - 1, abs=1e-12)
    assert (book.journal_return, book.gap_fills) == (book.backtest_return, 0.0)
