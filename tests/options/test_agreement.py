"""A provider's volatilities against its quotes and its deltas: what is refused, named, and made uncertain."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.options.test_market import chain

from flowbt.data.sources.chains import read_chain
from flowbt.features.chain import gamma_profile
from flowbt.ground.errors import SourceError
from flowbt.options.agreement import MixedUnits, delta_times, level_of, near_the_money
from flowbt.options.blackscholes import OptionTerms, delta
from flowbt.options.implied import implied_volatility
from flowbt.options.market import option_market
from flowbt.options.units import as_fractions

RAW = Path(__file__).parents[3] / "shared" / "data" / "raw" / "chains"
EXPIRIES = ("2024-02-16 21:00", "2024-03-15 20:00")


def leaning() -> pd.DataFrame:
    """More calls held above spot, more puts below: long gamma."""
    table = chain(EXPIRIES)
    return table.assign(iv=0.2 + 1e-5 * table["strike"] - 1e-3, open_interest=np.where(table["call"], 3.0, 1.0) * (1 + (table["strike"] - 100).abs()))


def with_deltas(table: pd.DataFrame) -> pd.DataFrame:
    """Deltas of the true volatility, no quotes."""
    years = (table["expiry"] - table["as_of"]) / pd.Timedelta(days=365)
    terms = OptionTerms(100.0, table["strike"], years, 0.2, 0.05, 0.02)
    return table.assign(delta=np.round(np.where(table["call"], delta(terms, True), delta(terms, False)), 4), bid=np.nan, ask=np.nan)


@pytest.mark.parametrize("change", [lambda v: 1.3 * v, lambda v: 0.77 * v, lambda v: 1.45 * v, lambda v: v + 0.05, lambda v: v - 0.04])
def test_a_factor_or_a_shift_is_named_and_the_truth_stays_in_the_range(change) -> None:
    truth, table = gamma_profile(leaning()), leaning()
    profile = gamma_profile(as_fractions(table.assign(iv=change(table["iv"])), "a"))
    assert truth.certain
    assert not profile.certain
    assert profile.range[0] <= truth.total <= profile.range[1]
    assert "TIMES WHAT ITS QUOTES IMPLY" in profile.snap.words()


@pytest.mark.parametrize("times", [2.0, 1.6, 0.6, 3.0, 5000.0])
@pytest.mark.parametrize("by", ["quotes", "deltas"])
def test_volatilities_that_are_something_else_are_refused(times: float, by: str) -> None:
    table = leaning() if by == "quotes" else with_deltas(leaning())
    with pytest.raises(SourceError, match=f"times what its {by} imply"):
        as_fractions(table.assign(iv=times * table["iv"]), "a")


@pytest.mark.parametrize("unit", [100.0, 1.0, 0.01])
def test_the_unit_is_told_by_deltas_where_quotes_are_dead(unit: float) -> None:
    table = with_deltas(leaning())
    assert as_fractions(table.assign(iv=unit * table["iv"]), "a")["iv"].median() == pytest.approx(0.2)


def test_deltas_give_the_factor_without_a_forward() -> None:
    rows = option_market(with_deltas(leaning())).options
    found = delta_times(rows.assign(iv=1.3 * rows["iv"]), near_the_money(rows))
    assert len(found) > 10
    assert found.median() == pytest.approx(1.3, rel=2e-3)


def test_a_provider_without_interest_is_no_other_level() -> None:
    """Calls too high and puts too low, by a carry of 8%."""
    table = chain(EXPIRIES, carry=0.08)
    years = ((table["expiry"] - table["as_of"]) / pd.Timedelta(days=365)).to_numpy()
    iv = implied_volatility((table["bid"] + table["ask"]) / 2, 100.0, table["strike"], years, 1.0, table["call"])
    market = option_market(table.assign(iv=iv))
    assert market.options.groupby("call")["iv"].median()[True] > 0.21
    assert market.level.times == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("mixed", [lambda t: t["call"], lambda t: t["strike"] % 4 == 0, lambda t: t["expiry"] == t["expiry"].max()])
@pytest.mark.parametrize("unit", [100.0, 0.01])
def test_two_units_are_seen_without_quotes(mixed, unit: float) -> None:
    table = chain(EXPIRIES).assign(bid=np.nan, ask=np.nan)
    table = table.assign(iv=(0.2 + 1e-4 * table["strike"]).mask(mixed(table), unit * (0.2 + 1e-4 * table["strike"])))
    with pytest.raises(MixedUnits, match="in some options and about"):
        option_market(table)


def test_a_spot_of_something_else_is_told_by_the_deltas() -> None:
    table = with_deltas(leaning())
    with pytest.raises(SourceError, match="its deltas are those of a forward of 100"):
        option_market(table.assign(spot=120.0))
    assert "SPOT IS 2.6% OVER" in option_market(table.assign(spot=103.0)).words()
    assert "SPOT IS" not in option_market(table).words()


def test_where_nothing_tells_nothing_is_said() -> None:
    assert level_of(option_market(chain().assign(bid=np.nan, ask=np.nan)).options).by == ""


@pytest.mark.parametrize("gone", [lambda t: t["strike"].between(98, 102), lambda t: t["strike"] % 4 == 0])
def test_open_interest_that_is_not_given_counts_by_its_gamma(gone) -> None:
    whole, table = gamma_profile(leaning()), leaning()
    profile = gamma_profile(table.assign(open_interest=table["open_interest"].mask(gone(table))))
    assert profile.range[0] <= whole.total <= profile.range[1]
    assert not profile.certain


@pytest.mark.parametrize("hit", [lambda t: t["strike"] % 8 == 0, lambda t: t.index % 3 == 0])
def test_some_volatilities_that_quotes_contradict_are_named(hit) -> None:
    truth, table = gamma_profile(leaning()), leaning()
    profile = gamma_profile(table.assign(iv=table["iv"].mask(hit(table), 1.4 * table["iv"])))
    assert "OF THE VOLATILITIES NEAR THE MONEY ARE NOT WHAT THEIR QUOTES IMPLY" in profile.snap.words()
    assert not profile.certain
    assert profile.range[0] <= truth.total <= profile.range[1]


def test_a_few_unknown_open_interests_leave_the_sign_certain() -> None:
    table = leaning()
    assert gamma_profile(table.assign(open_interest=table["open_interest"].mask(table.index % 29 == 0))).certain


@pytest.mark.parametrize("name", ["spx_quotedata_20220611", "ndx_quotedata_20220205", "spx_quotedata_20221212"])
@pytest.mark.parametrize("times", [1.3, 2.0])
@pytest.mark.real
@pytest.mark.skipif(not RAW.is_dir(), reason="needs ../shared/data/raw")
def test_real_volatilities_times_a_factor(name: str, times: float) -> None:
    table = read_chain(RAW / f"{name}.csv.gz")
    truth = gamma_profile(table).total
    wrong = table.assign(iv=times * table["iv"])
    if times > 1.5:
        with pytest.raises(SourceError, match="times what its"):
            as_fractions(wrong, name)
        return
    profile = gamma_profile(as_fractions(wrong, name))
    assert profile.range[0] <= truth <= profile.range[1]
    assert not profile.certain
