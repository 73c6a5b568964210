"""The look-ahead probes find planted leaks and let honest strategies pass."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.panel.views import Quiet
from flowbt.engine.loader import load_strategy
from flowbt.ground.errors import LookAheadError
from flowbt.studies.lookahead.check import NO_DELAY, ProbePanel, Report, check, joined, warm_up
from flowbt.studies.lookahead.parts import parts_of
from flowbt.studies.lookahead.probe import Probe
from flowbt.studies.run.market import panel_for
from tinydata import store

HONEST = 'panel["close"].pct_change().rolling(5).mean() > 0'
LEAKS = {
    "tomorrow": 'panel["close"].pct_change().shift(-1) > 0',
    "full sample mean": 'panel["close"] > panel["close"].mean()',
    "centred window": 'panel["close"] > panel["close"].rolling(5, center=True).mean()',
    "back fill": 'panel["close"].pct_change().where(panel["close"].pct_change().abs() > 0.02).bfill() > 0',
    "full sample rank": 'panel["close"].rank(pct=True) > 0.9',
    "last row": 'panel["close"] < panel["close"].iloc[-1]',
}


def write(strategy, expression):
    head = strategy.read_text().split("def signals")[0]
    strategy.write_text(head + f"def signals(panel, *, rise=0.01, hold=3):\n    return Signals(short={expression}, hold=hold)\n")
    return strategy


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_found(catalog, strategy, leak):
    assert check(catalog, write(strategy, LEAKS[leak])).leaks


def test_an_honest_strategy_passes_and_its_warm_up_is_measured(catalog, strategy):
    report = check(catalog, write(strategy, HONEST))
    assert not report.leaks
    assert report.entries > 0
    assert 5 <= report.warm_up <= 10


def test_an_endless_memory_has_no_warm_up(catalog, strategy):
    assert check(catalog, write(strategy, 'panel["close"] > panel["close"].expanding().mean()')).warm_up is None


def test_where_no_shorter_history_can_be_decided_another_future_judges(catalog, strategy):
    loaded = load_strategy(write(strategy, 'panel["close"] < panel["close"].iloc[[400, -1]].iloc[1]'))
    panel, values = panel_for(catalog, loaded), loaded.resolve({})
    full = parts_of(loaded.decide(panel, values), len(panel.index))
    (leak,) = joined(loaded, values, panel, full, [300])
    assert (leak.probe, leak.part, leak.cut) == ("perturb", "short", panel.index[300])


def test_a_panel_read_anew_is_another_from_the_cut_on_or_a_bar_late(catalog, strategy):
    panel = panel_for(catalog, load_strategy(strategy))
    anew = [ProbePanel(catalog, panel.symbols, panel.clock, panel.index) for _ in range(2)]
    anew[0].cut, anew[1].delay = panel.decisions[300], np.timedelta64(1, "D")
    own, other, late = (one["close"].to_numpy() for one in (panel, *anew))
    assert anew[0].delay == NO_DELAY
    assert (own[:301] == other[:301]).all()
    assert (own[301:] != other[301:]).all()
    assert (late[1:] == own[:-1]).all()


def test_what_becomes_known_at_the_very_decision_is_the_future_too(catalog, strategy):
    panel = panel_for(catalog, load_strategy(strategy))
    rows = pd.DataFrame({"event_time": panel.index, "known_at": panel.decisions, "symbol": "SPY", "mood": np.arange(1.0, len(panel.index) + 1)})
    store(catalog.roots[0], "mood", rows, publication={"rule": "column"}, fields={"mood": {"max_age": "5D"}})
    anew = ProbePanel(Catalog(catalog.roots), panel.symbols, panel.clock, panel.index)
    anew.cut = panel.decisions[300]
    shown = anew["mood", "SPY"].to_numpy()[:, 0]
    assert shown[1:301].tolist() == list(range(1, 301))
    assert shown[301] != 301


def test_a_module_that_may_remember_is_shown_histories_in_order_of_length(catalog, strategy):
    loaded = load_strategy(strategy)
    panel, lengths = panel_for(catalog, loaded), []

    def decide(view):
        lengths.append(len(view.index))
        return loaded.decide(view, loaded.resolve({}))

    assert Probe(decide, Quiet(panel.unlogged()), loaded.decide(panel, loaded.resolve({})), late=True, memory=True).first_leak() is None
    assert len(set(lengths)) > 10
    assert lengths == sorted(lengths)


@pytest.mark.parametrize(("bars", "needed"), [(5, 5), (6, 10), (10, 10), (11, 21)])
def test_the_warm_up_is_the_shortest_history_tried_that_is_long_enough(catalog, strategy, bars, needed):
    loaded = load_strategy(write(strategy, f'panel["close"].pct_change({bars}) > 0'))
    panel, values = panel_for(catalog, loaded), loaded.resolve({})
    full = parts_of(loaded.decide(panel, values), len(panel.index))
    assert warm_up(loaded, values, panel, full) == needed
    assert warm_up(loaded, values, panel, {"hold": 3}) == 5  # nothing that a history could change


def test_what_is_asked_for_is_counted_and_a_leak_leaves_no_warm_up(catalog, strategy):
    loaded = load_strategy(write(strategy, HONEST))
    panel = panel_for(catalog, loaded)
    report = check(catalog, strategy, dates=3)
    assert report.entries == int(loaded.decide(panel, loaded.resolve({})).short.to_numpy().sum())
    assert len(report.cuts) >= 3
    assert (min(report.cuts) > panel.index[0], max(report.cuts) < panel.index[-1]) == (True, True)
    leaking = check(catalog, write(strategy, LEAKS["tomorrow"]), dates=3)
    assert leaking.warm_up is None
    with pytest.raises(LookAheadError, match="fade uses the future"):
        leaking.raise_if_failed()
    assert report.raise_if_failed() is None


@pytest.mark.parametrize("dates", [1, 3])
def test_a_check_cuts_at_even_dates_from_a_quarter_on_and_at_four_of_the_decisions_own(catalog, strategy, dates):
    labels = panel_for(catalog, load_strategy(strategy)).index
    report = check(catalog, strategy, dates=dates)
    at = [labels.get_loc(cut) for cut in report.cuts]
    assert set(np.linspace(len(labels) // 4, len(labels) - 2, dates).astype(int).tolist()) <= set(at)
    assert at == sorted(set(at))
    assert dates < len(at) <= dates + 4
    report.raise_if_failed()


def test_another_future_of_tables_has_other_signs_sizes_and_order(catalog, strategy):
    panel = panel_for(catalog, load_strategy(strategy))
    anew = ProbePanel(catalog, panel.symbols, panel.clock, panel.index)
    anew.cut = panel.decisions[300]
    share = (anew["close"] / panel["close"]).to_numpy()[301:]
    assert (share < 0).all()
    assert (0.4 < np.abs(share).min() < 0.6, 1.4 < np.abs(share).max() < 1.6) == (True, True)
    assert abs(np.corrcoef(share[1:, 0], share[:-1, 0])[0, 1]) < 0.99
    assert (anew["dix", "SPX"].to_numpy()[302:] < 1.6).all()


def test_what_is_only_true_when_all_comes_a_bar_late_is_a_leak_of_the_join(catalog, strategy):
    """On a panel of its own each decision is honest; where all is late it looks at its own length."""
    late = 'panel["close"].notna() & (panel["close"].iloc[0].isna().all() & (len(panel.index) < 400))'
    loaded = load_strategy(write(strategy, late))
    panel, values = panel_for(catalog, loaded), loaded.resolve({})
    full = parts_of(loaded.decide(panel, values), len(panel.index))
    (leak,) = joined(loaded, values, panel, full, [300])
    assert (leak.probe, leak.part, leak.cut, leak.label) == ("truncate", "short", panel.index[300], panel.index[1])
    assert joined(loaded, values, panel, full, [450]) == []
    with pytest.raises(LookAheadError, match="fade uses the future"):
        Report("fade", {}, (), (leak,), None, 0).raise_if_failed()


@pytest.mark.parametrize("leak", ["tomorrow", "last row"])
def test_a_leak_of_the_join_is_seen_at_the_cut_itself_and_before_it(catalog, strategy, leak):
    loaded = load_strategy(write(strategy, LEAKS[leak]))
    panel, values = panel_for(catalog, loaded), loaded.resolve({})
    decision = loaded.decide(panel, values)
    full = parts_of(decision, len(panel.index))
    rows = np.flatnonzero(decision.short.to_numpy()[300:330].any(axis=1))[:1] + 300
    (found,) = joined(loaded, values, panel, full, rows.tolist())
    assert (found.probe, found.cut, found.part) == ("truncate", panel.index[rows[0]], "short")
    assert (found.label == found.cut) == (leak == "tomorrow")
