import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.claims import events
from flowbt.evidence.claims import study as outcomes
from flowbt.evidence.claims.declare import Claim, Data, Document
from flowbt.evidence.claims.events import Case, Scope, event_study
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.outcomes import Outcome, path
from flowbt.evidence.claims.verdict import smallest_seen

ROWS = 1200
INDEX = pd.bdate_range("2015-01-01", periods=ROWS)


def study(events, y, *, also=(), statistic="mean", stated=None, price=None, direction="up", second=None):
    outcome = Outcome("outcome", 5, lambda panel, h: [], also=also, statistic=statistic)
    claim = Claim("c", "c", lambda panel: None, outcome, stated or {}, direction, data=Data(memory=3))
    document, cases = Document("d", "2018-01-01"), [Case({"n": n}, e[:, None]) for n, e in enumerate(events)]
    scope = Scope(INDEX, lambda h: [one[:, None] for one in (y, second) if one is not None], price, None, 400)
    return Finding.of(claim, document, "", **event_study(claim, cases, scope, document.dated))


@pytest.fixture(scope="module")
def planted():
    """Events in runs of three, each followed by 1 more than usual."""
    rng = np.random.default_rng(2)
    event = (np.convolve(rng.random(ROWS) < 0.02, np.ones(3), "full")[:ROWS] > 0).astype(float)
    return event, rng.standard_normal(ROWS) + event


def test_effect_interval_and_chance(planted):
    event, y = planted
    found = study([event], y)
    assert found.effect == pytest.approx(y[event > 0].mean() - y.mean())
    assert found.low < 1 - event.mean() < found.high
    assert found.p == pytest.approx(found.p_curve, rel=1e-9)
    assert found.p < 0.01
    assert 0 < smallest_seen(found, 0.05) < min(1, smallest_seen(found, 0.001))


def test_curve_counts_definitions_times_horizons(planted):
    event, y = planted
    noise = (np.random.default_rng(5).random(ROWS) < 0.05).astype(float)
    found = study([event, noise, 0 * event], y, also=(3,))
    assert found.definitions == 4  # the third never happens
    assert [row["definition"]["n"] for row in found.detail["curve"]] == [0, 1, 0, 1]
    assert found.detail["survivors"] >= 2


def test_clusters_and_the_first_of_each(planted):
    event, y = planted
    found = study([event], y)
    starts = np.flatnonzero(np.diff(np.concatenate([[0], event])) > 0)
    assert found.n == event.sum()
    assert len(starts) * 0.7 < found.n_effective <= len(starts)
    assert found.detail["first"]["n"] == found.n_effective


def test_stated_figures_are_compared_with_intervals(planted):
    event, y = planted
    found = study([event], y, stated={"mean": 1.0, "baseline": 0.05, "positive": 0.1})
    by_name = {row["name"]: row for row in found.figures}
    assert by_name["effect"]["stated"] == pytest.approx(0.95)
    assert by_name["effect"]["inside"]
    assert not by_name["positive"]["inside"]


def test_sides_and_periods_share_the_events(planted):
    event, y = planted
    found = study([event], y)
    assert sum(part["n"] for part in found.detail["sides"]) == found.n
    assert sum(part["n"] for part in found.detail["periods"]) == found.n
    assert found.detail["sides"][1]["rows"] == (pd.Timestamp("2018-01-01") <= INDEX).sum()


def test_ratio_is_told_as_a_ratio(planted):
    event, _ = planted
    y = np.abs(np.random.default_rng(1).standard_normal(ROWS)) * (1 + event)
    found = study([event], y, statistic="ratio")
    assert found.ratio
    assert np.exp(found.effect) == pytest.approx(y[event > 0].mean() / y[event == 0].mean())
    assert found.detail["quantiles"][0]["level"] == 0.1


def test_mean_path_starts_from_the_event(planted):
    event, y = planted
    price = pd.DataFrame({"X": 100 * np.exp(np.cumsum(0.001 * y))}, index=INDEX)
    found = study([event], y, price=path(price, 21, 63)).detail["path"]
    assert found["mean"][21] == 0.0
    assert (len(found["mean"]), found["from"]) == (85, -21)
    assert (found["low"] <= found["mean"] + 1e-12).all()
    log, rows = np.log(price["X"]), range(-21, 64)
    moved = np.column_stack([log.shift(-k) - log for k in rows])
    whole = np.isfinite(moved).all(axis=1)
    np.testing.assert_allclose(found["mean"], moved[whole & (event > 0)].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found["baseline"], moved[whole].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found["high"] + found["low"], 2 * np.asarray(found["mean"]), atol=1e-12)
    assert found["n"] == (whole & (event > 0)).sum()
    signed = study([event * np.where(np.arange(ROWS) % 2, 1.0, -1.0)], y, price=path(price, 21, 63)).detail["path"]
    assert not np.any(signed["baseline"])


def test_quantiles_are_those_of_a_regime_of_one_column(planted):
    event, y = planted
    assert study([event], y).detail["quantiles"] is None
    assert study([event], y, statistic="deviation", second=y * y).detail["quantiles"] is None
    inside = study([event], np.abs(y), statistic="ratio").detail["quantiles"][2]["inside"]
    assert inside == pytest.approx(np.median(np.abs(y)[event > 0]))


@pytest.mark.parametrize(("direction", "worst"), [("up", np.min), ("down", np.max)])
def test_the_worst_outcome_of_a_signed_event_is_told_with_its_sign(planted, direction, worst):
    event, y = planted
    signed = event * np.where(np.arange(ROWS) % 2, 1.0, -1.0)
    found = study([signed], y, direction=direction).detail
    assert found["worst"] == worst((signed * y)[signed != 0])
    assert found["hit_baseline"] == np.mean(y > 0 if direction == "up" else y < 0)
    assert "worst" not in study([event], y, statistic="deviation", second=y * y).detail


def test_a_regime_without_one_side_has_no_quantiles_and_stretches_without_events_no_figures(planted):
    event, y = planted
    o = outcomes.outcomes_of(5, [np.abs(y)[:, None]])
    assert events._quantiles(-event[:, None], o) == []
    rows = events._quantiles(event[:, None], o)
    assert [row["outside"] for row in rows] == pytest.approx([np.quantile(np.abs(y)[event == 0], row["level"]) for row in rows])
    (empty,) = events._parts(event[:, None] * 0, o, outcomes.STATISTICS["mean"], [("all", np.ones(ROWS, bool))])
    assert (empty["label"], empty["rows"], empty["n"], empty["effect"], empty["low"]) == ("all", ROWS, 0, None, None)


def test_each_definition_is_told_with_its_own_test(planted):
    event, y = planted
    noise = (np.random.default_rng(5).random(ROWS) < 0.2).astype(float)
    found = study([event, noise], y)
    alone = [study([one], y) for one in (event, noise)]
    for row, one in zip(found.detail["curve"], alone, strict=True):
        assert (row["effect"], row["p"], row["low"], row["high"]) == pytest.approx((one.effect, one.p, one.low, one.high))
        assert (row["n"], row["n_effective"], row["horizon"]) == (one.n, one.n_effective, 5)
    signs = [float(np.sign(one.effect) == 1) for one in alone]
    assert found.share_agree == np.mean(signs)
    assert found.share_significant == np.mean([one.p <= 0.05 and agree for one, agree in zip(alone, signs, strict=True)])
    assert found.detail["median_effect"] == pytest.approx(np.median([one.effect for one in alone]))


@pytest.mark.parametrize("direction", ["up", "down"])
def test_figures_of_several_names_are_counted_over_what_is_known(direction):
    rng = np.random.default_rng(9)
    y = rng.standard_normal((ROWS, 2)) * (rng.random((ROWS, 2)) < 0.9)  # some outcomes are nought: neither up nor down
    y[rng.random(y.shape) < 0.1] = np.nan
    event, beats = (rng.random(y.shape) < 0.1).astype(float), np.where(rng.random(y.shape) < 0.2, np.nan, rng.standard_normal(y.shape))
    claim = Claim("c", "c", lambda panel: None, Outcome("outcome", 3, lambda panel, h: [], also=(2,)), {}, direction)
    found = events.event_evidence(claim, [Case({}, event)], Scope(INDEX, lambda h: [y], None, beats, 300), "2018-01-01")
    known = np.isfinite(y)
    inside, sign = y[known & (event > 0)], 1 if direction == "up" else -1
    told = {name: figure[0] for name, figure in found.figures.items()}
    assert told["positive" if sign > 0 else "negative"] == pytest.approx((sign * inside > 0).mean())
    assert told["beats"] == pytest.approx((beats[known & (event > 0) & np.isfinite(beats)] > 0).mean())
    assert (told["mean"], told["baseline"], told["effect"]) == pytest.approx((inside.mean(), y[known].mean(), inside.mean() - y[known].mean()))
    assert (found.measured, found.baseline, found.outside) == pytest.approx((inside.mean(), y[known].mean(), y[known & (event == 0)].mean()))
    assert found.detail["deviation"] == pytest.approx(y[known].std())
    assert found.detail["hit_baseline"] == pytest.approx((sign * y[known] > 0).mean())
    assert found.detail["worst"] == (inside.min() if sign > 0 else inside.max())
    rows = np.flatnonzero((known & (event > 0)).any(axis=1))
    assert (found.inference.n, found.inference.clusters) == (len(inside), len(outcomes.apart(rows, 3)))
    assert found.detail["dates"] == [f"{label:%Y-%m-%d}" for label in INDEX[(event > 0).any(axis=1)]]
    assert found.detail["path"] is None
    before, later = found.detail["sides"]
    assert (before["label"], later["label"]) == ("before 2018-01-01", "from 2018-01-01 on")
    first = INDEX.searchsorted(pd.Timestamp("2018-01-01"))
    assert later["rows"] == ROWS - first
    held = (np.arange(ROWS) < first)[:, None]
    assert (before["measured"], before["baseline"]) == pytest.approx((y[known & (event > 0) & held].mean(), y[known & held].mean()))
    assert before["n"] == (known & (event > 0) & held).sum()
    assert [row["rows"] for row in found.detail["periods"]] == [300] * 4
    assert found.detail["periods"][0]["label"] == f"{INDEX[0]:%Y-%m} to {INDEX[299]:%Y-%m}"


def test_of_many_dates_the_latest_four_hundred_are_told():
    always = np.ones((ROWS, 1))
    assert events._dates(always, INDEX) == [f"{label:%Y-%m-%d}" for label in INDEX[-400:]]
    assert events._dates(0 * always, INDEX) == []
    assert events._dates(-always[:3], INDEX[:3]) == [f"{label:%Y-%m-%d}" for label in INDEX[:3]]


def test_a_path_needs_one_name_and_one_whole_event():
    whole = Scope(INDEX, lambda h: [], np.zeros((ROWS, 85)), None)
    one = np.zeros((ROWS, 1))
    one[500] = 1.0
    assert events._path(one, whole, 10)["n"] == 1
    assert events._path(np.repeat(one, 2, axis=1), whole, 10) is None
    holed = np.zeros((ROWS, 85))
    holed[500, 3] = np.nan
    assert events._path(one, Scope(INDEX, lambda h: [], holed, None), 10) is None
    assert events._path(one, Scope(INDEX, lambda h: [], None, None), 10) is None
