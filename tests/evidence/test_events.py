import numpy as np
import pandas as pd
import pytest

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
