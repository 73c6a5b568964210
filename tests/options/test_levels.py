"""Volatilities a provider does not give: what stands in, in which order, and how it is said."""

import numpy as np
import pandas as pd
import pytest
from tests.options.test_market import chain

from flowbt.features.chain_snapshot import snapshot
from flowbt.ground.errors import SourceError
from flowbt.options.implied import black_price
from flowbt.options.market import OptionMarket, option_market


def smiling() -> pd.DataFrame:
    """Calls on one smile, puts a tenth over it."""
    table = chain()
    return table.assign(iv=(0.2 - 0.004 * (table["strike"] - 100)) * np.where(table["call"], 1.0, 1.1))


def one(market: OptionMarket, strike: float, call: bool) -> pd.Series:
    rows = market.options
    return rows[(rows["strike"] == strike) & (rows["call"] == call)].iloc[0]


def test_a_hole_is_filled_by_its_own_sides_neighbours() -> None:
    table = smiling()
    row = one(option_market(table.assign(iv=table["iv"].mask((table["strike"] == 104) & table["call"]))), 104, True)
    assert row["vol_from"] == "neighbours"
    assert row["vol"] == pytest.approx(0.184, abs=1e-4)


def test_a_strike_without_any_is_filled_on_both_sides() -> None:
    table = smiling()
    market = option_market(table.assign(iv=table["iv"].mask(table["strike"] == 104)))
    assert [one(market, 104, side)["vol"] / 0.184 for side in (True, False)] == pytest.approx([1.0, 1.1], abs=3e-3)


def test_nonsense_in_the_money_fills_nothing() -> None:
    table = smiling()
    deep = (table["strike"] <= 90) & table["call"]
    nonsense = 0.02 + 1e-4 * table["strike"]
    market = option_market(table.assign(iv=table["iv"].mask(deep, nonsense).mask((table["strike"] == 86) & table["call"])))
    assert one(market, 86, True)["vol_from"] == "other side"
    assert one(market, 86, True)["vol"] == pytest.approx(1.1 * 0.256)


def test_what_is_printed_on_both_sides_of_a_hole_in_the_money_was_printed_there() -> None:
    table = smiling()
    deep = (table["strike"] <= 90) & table["call"]
    row = one(option_market(table.assign(iv=table["iv"].mask(deep, 0.02).mask((table["strike"] == 86) & table["call"]))), 86, True)
    assert (row["vol_from"], row["vol"]) == ("neighbours", 0.02)


def test_the_next_day_of_a_dividend_is_solved_in_the_providers_way() -> None:
    """Calls quoted and solved about 100 (exercised today), puts about 98.4: parity's forward is neither's, so quotes alone mislead."""
    table = chain(("2024-01-06 20:00",)).assign(as_of=pd.Timestamp("2024-01-05 21:00"))
    years, strikes = 23 / 24 / 365, table["strike"].to_numpy(dtype=float)
    calls = table["call"].to_numpy()
    price = np.where(calls, black_price(100.0, strikes, years, 0.3), black_price(98.4, strikes, years, 0.3, call=False))
    table = table.assign(iv=0.3 + 1e-4 * strikes, bid=np.maximum(price - 0.005, 0.01), ask=price + 0.005)
    hole = table["strike"].eq(100) & table["call"]
    row = one(option_market(table.assign(iv=table["iv"].mask(hole))), 100, True)
    assert row["vol_from"] == "own quote"
    assert row["vol"] == pytest.approx(0.31, rel=0.05)
    assert abs(row["implied"] / 0.31 - 1) > 0.1


def test_nonsense_in_the_money_does_not_speak_for_the_other_side() -> None:
    table = smiling().assign(iv=0.2)
    low = table["strike"] <= 90
    row = one(option_market(table.assign(iv=table["iv"].mask(low & ~table["call"]).mask(low & table["call"], 0.02))), 90, False)
    assert row["vol_from"] == "quote"
    assert row["vol"] == pytest.approx(0.2, abs=0.01)


def test_an_expiry_without_any_is_solved_from_its_quotes() -> None:
    later = chain(("2024-03-15 20:00",)).assign(iv=np.nan)
    market = option_market(pd.concat([chain(), later], ignore_index=True))
    assert market.options.groupby("expiry")["vol"].count().min() > 30
    assert "solved from quotes" in market.words()


def test_quotes_left_over_in_an_empty_snapshot_are_not_solved_and_the_share_is_said() -> None:
    later, first = chain(("2024-03-15 20:00",)).assign(iv=np.nan), chain()
    table = pd.concat([first.assign(bid=0.0, ask=0.0), first.assign(bid=0.0, ask=0.0, root="XSPX"), later], ignore_index=True)
    snap = snapshot(table)
    assert set(snap.market.options.loc[snap.market.options["iv"].isna(), "vol_from"]) == {""}
    assert "33.3% NONE, LEFT OUT" in snap.words()


@pytest.mark.parametrize("number", [9.99, 999.0, 5.0, 0.6])
def test_a_number_in_place_of_volatilities_is_none_and_named(number: float) -> None:
    table, hit = chain(), np.random.default_rng(1).random(len(chain())) < 0.25
    table = table.assign(iv=table["iv"] + 0.001 * (table["strike"] - 100) / 100)
    market = option_market(table.assign(iv=table["iv"].mask(hit, number)))
    assert market.options["vol"].max() < 1.2 * table["iv"].max()
    assert f"NO VOLATILITY, THOUGH GIVEN AS ONE: {number:g} ({hit.sum()} times)" in market.words()


def test_a_volatility_that_is_often_there_and_agrees_with_its_quotes_stays() -> None:
    assert "NO VOLATILITY" not in option_market(chain()).words()
    assert "NO VOLATILITY" not in option_market(chain().assign(bid=np.nan, ask=np.nan)).words()


def test_more_than_half_without_a_volatility_is_no_number() -> None:
    table = chain().assign(bid=0.0, ask=0.0)
    with pytest.raises(SourceError, match="of its open interest has neither a volatility"):
        snapshot(table.assign(iv=table["iv"].mask(table["strike"].between(84, 118))))


def test_where_all_are_the_providers_nothing_is_said() -> None:
    assert "volatilities" not in option_market(chain()).words()


@pytest.mark.parametrize("put_in", [1e-5, 1e-4])
def test_a_volatility_no_option_has_is_none_and_named(put_in: float) -> None:
    table = smiling()
    deep = (table["strike"] <= 88) & table["call"]
    market = option_market(table.assign(iv=table["iv"].mask(deep, put_in)))
    assert one(market, 86, True)["vol_from"] == "other side"
    assert f"NO VOLATILITY, THOUGH GIVEN AS ONE: {put_in:g}" in market.words()


def test_volatility_futures_may_be_far_from_their_index() -> None:
    table = chain(symbol="VIX", carry=1.5).assign(spot=90.0)
    market = option_market(table)
    assert market.expiries["forward"].iloc[0] == pytest.approx(100 * np.exp(1.5 * market.expiries["years"].iloc[0]), rel=1e-3)
    assert "SPOT IS" in market.words()
    with pytest.raises(SourceError, match="quoted about"):
        option_market(table.assign(symbol="XSP", root="XSP"))
