"""Chains to a market: usable quotes, forwards and their fall-backs, doubles, units of volatility, time, what is refused."""

import numpy as np
import pandas as pd
import pytest

from flowbt.ground.errors import SourceError
from flowbt.options.forwards import parity
from flowbt.options.implied import black_price
from flowbt.options.market import is_american, option_market
from flowbt.options.quotes import with_quotes
from flowbt.options.times import years_to
from flowbt.options.units import as_fractions

AS_OF = pd.Timestamp("2024-01-05 21:00")
STRIKES = np.arange(80.0, 121.0, 2.0)


def chain(expiries: tuple[str, ...] = ("2024-02-16 21:00",), symbol: str = "XSP", carry: float = 0.03, rate: float = 0.05) -> pd.DataFrame:
    """Quotes of a flat 20% smile, half a cent either side, with the volatility in `iv`."""
    parts = []
    for expiry in pd.to_datetime(list(expiries)):
        years = (expiry - AS_OF) / pd.Timedelta(days=365)
        for call in (True, False):
            price = black_price(100 * np.exp(carry * years), STRIKES, years, 0.2, np.exp(-rate * years), call)
            parts.append(pd.DataFrame({"expiry": expiry, "strike": STRIKES, "call": call, "bid": price - 0.005, "ask": price + 0.005}))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(as_of=AS_OF, symbol=symbol, root=symbol, iv=0.2, open_interest=10.0, volume=1.0, spot=100.0)


def test_forward_discount_and_volatility_come_back() -> None:
    market = option_market(chain())
    years = market.options["years"].iloc[0]
    assert market.expiries["forward"].iloc[0] == pytest.approx(100 * np.exp(0.03 * years), abs=1e-3)
    assert market.expiries["discount"].iloc[0] == pytest.approx(np.exp(-0.05 * years), abs=1e-3)
    assert market.options["implied"].dropna().sub(0.2).abs().max() < 2e-3


def test_a_third_of_wrong_quotes_moves_no_forward() -> None:
    gap = 0.99 * (101.0 - STRIKES)
    gap[::3] += np.random.default_rng(1).normal(0, 5, len(gap[::3]))
    forward, discount, _ = parity(STRIKES, gap)
    assert forward == pytest.approx(101.0, abs=0.05)
    assert discount == pytest.approx(0.99, abs=0.005)
    assert parity(STRIKES, 1.03 * (101.0 - STRIKES))[1] == 1.0  # American puts in the money: no interest is not a negative one


def test_expiries_without_quotes_take_their_neighbours_carry_or_spot() -> None:
    table = chain(("2024-01-19 21:00", "2024-02-16 21:00", "2024-03-15 20:00", "2024-06-21 20:00"))
    bare = table["expiry"].isin(pd.to_datetime(["2024-02-16 21:00", "2024-06-21 20:00"]))
    expiries = option_market(table.assign(bid=table["bid"].mask(bare))).expiries
    assert expiries["how"].tolist() == ["parity", "carry of neighbours", "parity", "spot"]
    years = expiries["years"].iloc[1]
    assert expiries["forward"].iloc[1] == pytest.approx(100 * np.exp(0.03 * years), abs=0.01)
    assert expiries["forward"].iloc[3] == 100.0
    assert "spot 1" in option_market(table.assign(bid=table["bid"].mask(bare))).words()


def test_faults_of_quotes_are_named() -> None:
    bid, ask = [1.0, 0.0, 2.0, -1.0, np.nan, 0.1], [1.1, 0.1, 1.9, 1.0, 1.0, 9.0]
    rows = with_quotes(pd.DataFrame({"bid": bid, "ask": ask}))
    assert rows["fault"].tolist() == ["", "zero bid", "crossed", "negative price", "no quote", "wide"]
    assert rows["middle"].notna().tolist() == [True] + [False] * 5


def test_a_quote_left_standing_is_stale() -> None:
    table = chain()
    at = table.index[(table["strike"] == 90) & table["call"]][0]  # in the money
    table.loc[at, ["bid", "ask"]] += 2.0
    market = option_market(table)
    assert market.quality()["stale"] == 1
    assert market.options.loc[market.options["fault"] == "stale", "strike"].tolist() == [90.0]


def test_a_repeated_row_counts_once() -> None:
    table = chain()
    twice = pd.concat([table, table.iloc[:5].assign(open_interest=3.0)], ignore_index=True)
    market = option_market(twice)
    assert market.doubles == 5
    assert market.options["open_interest"].sum() == table["open_interest"].sum()


def test_a_chain_without_volatilities_is_solved_and_says_so() -> None:
    bare = option_market(chain().assign(iv=np.nan))
    assert bare.options["vol"].notna().mean() > 0.8
    assert set(bare.options["vol_from"]) <= {"quote", ""}
    assert "solved from quotes" in bare.words()


@pytest.mark.parametrize(("factor", "kept"), [(1.0, True), (100.0, True), (10.0, False)])
def test_units_of_volatility_are_told_by_the_quotes(factor: float, kept: bool) -> None:
    table = chain().assign(iv=0.2 * factor)
    if kept:
        assert as_fractions(table, "x.csv")["iv"].iloc[0] == pytest.approx(0.2)
    else:
        with pytest.raises(SourceError, match="10 times what its quotes imply"):
            as_fractions(table, "x.csv")


def test_calls_in_percent_and_puts_in_fractions_are_refused() -> None:
    table = chain()
    with pytest.raises(SourceError, match="volatilities in percent in 1 of its expiries' calls or puts, in fractions in 1"):
        as_fractions(table.assign(iv=table["iv"] * np.where(table["call"], 100.0, 1.0)), "mixed.csv")


def test_one_expiry_in_percent_is_refused() -> None:
    table = chain(("2024-02-16 21:00", "2024-03-15 20:00"))
    with pytest.raises(SourceError, match="volatilities in percent in 2 of its expiries' calls or puts, in fractions in 2"):
        option_market(table.assign(iv=table["iv"] * np.where(table["expiry"] > "2024-03-01", 100.0, 1.0)))


def test_without_quotes_the_size_decides_and_between_it_is_refused() -> None:
    bare = chain().assign(bid=np.nan, ask=np.nan)
    assert as_fractions(bare.assign(iv=25.0), "x")["iv"].iloc[0] == 0.25
    assert as_fractions(bare.assign(iv=0.9), "x")["iv"].iloc[0] == 0.9
    with pytest.raises(SourceError, match=r"median of 3\.5"):
        as_fractions(bare.assign(iv=3.5), "x")


def test_time_by_both_rules() -> None:
    friday, monday = pd.Timestamp("2024-01-05 21:00"), ["2024-01-08 21:00", "2024-01-08 14:30", "2024-01-05 20:00"]
    np.testing.assert_allclose(years_to(friday, monday) * 365, [3.0, 3 - 6.5 / 24, 0.0])
    np.testing.assert_allclose(years_to(friday, monday, "trading") * 252, [1.0, 0.0, 0.0])
    assert years_to(pd.Timestamp("2024-01-05 17:45"), ["2024-01-05 21:00"], "trading")[0] * 252 == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"spot": -5.0}, "spot -5; give the underlying's price"),
        ({"spot": np.nan}, "spot nan; give the underlying's price"),
        ({"expiry": pd.Timestamp("2023-12-15 21:00")}, "no option counts: the last settled 2023-12-15"),
        ({"strike": -1.0}, "no option has an expiry and a strike above 0"),
    ],
)
def test_a_broken_chain_is_one_line(changed: dict, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        option_market(chain().assign(**changed))


def test_calls_only_and_one_strike_fall_back_on_spot_and_say_so() -> None:
    table = chain()
    for part in (table[table["call"]], table[table["strike"] == 100]):
        market = option_market(part)
        assert market.expiries["how"].tolist() == ["spot"]
        assert "forwards of 1 expiries: spot 1" in market.words()


def test_funds_and_shares_are_american() -> None:
    assert [is_american(name) for name in ("SPY", "MSFT", "SPX", "^NDX", "BTC")] == [True, True, False, False, False]
