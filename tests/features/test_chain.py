"""Gamma profiles: sums by hand, units, levels against a fine grid, what is left out, what is missing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from tests.features import chainfiles as files

from flowbt.data.sources.chains import read_chain
from flowbt.features.chain import buckets, gamma_profile, totals, totals_twin
from flowbt.features.chain_snapshot import ChainAssumptions, snapshot
from flowbt.ground.errors import SourceError
from flowbt.options import blackscholes as bs

AS_OF = pd.Timestamp("2024-01-05 21:31")


def _chain(rows: list[tuple[str, float, bool, float, float]], spot: float = 100.0) -> pd.DataFrame:
    """(expiry, strike, call, iv, open interest)."""
    frame = pd.DataFrame(rows, columns=["expiry", "strike", "call", "iv", "open_interest"])
    return frame.assign(expiry=pd.to_datetime(frame["expiry"]), as_of=AS_OF, spot=spot, root="X", symbol="X")


LINES = ((80, False, 900), (90, False, 1500), (95, False, 800), (100, True, 300), (100, False, 300), (105, True, 900), (110, True, 1600), (120, True, 700))
BOOK = [("2024-02-16 21:00", strike, call, 0.2 + 0.001 * abs(strike - 100), interest) for strike, call, interest in LINES]


def _by_hand(spot: float, rate: float = 0.0, dividend: float = 0.0) -> float:
    total = 0.0
    for expiry, strike, call, iv, interest in BOOK:
        years = (pd.Timestamp(expiry) - AS_OF).total_seconds() / (365 * 86400)
        d1 = (np.log(spot / strike) + (rate - dividend + iv**2 / 2) * years) / (iv * np.sqrt(years))
        gamma = np.exp(-dividend * years) * norm.pdf(d1) / (spot * iv * np.sqrt(years))
        total += (1 if call else -1) * gamma * interest * 100 * spot**2 * 0.01
    return total


@pytest.mark.parametrize(("rate", "dividend"), [(0.0, 0.0), (0.05, 0.015)])
def test_total_in_dollars_per_percent(rate: float, dividend: float) -> None:
    profile = gamma_profile(_chain(BOOK), ChainAssumptions(rate=rate, dividend=dividend))
    assert profile.total == pytest.approx(_by_hand(100.0, rate, dividend))
    np.testing.assert_allclose(totals(profile.snap, np.array([70.0, 131.0])), [_by_hand(s, rate, dividend) for s in (70.0, 131.0)])


def test_kernel_equals_its_twin() -> None:
    rng = np.random.default_rng(8)
    drawn = zip(rng.uniform(50, 150, 300), rng.uniform(0.05, 1, 300), strict=True)
    rows = [(("2024-01-08 21:00", "2025-06-20 20:00")[n % 2], strike, bool(n % 3), vol, 10.0) for n, (strike, vol) in enumerate(drawn)]
    snap, spots = snapshot(_chain(rows), ChainAssumptions(rate=0.04, dividend=0.01)), np.linspace(50, 150, 77)
    np.testing.assert_allclose(totals(snap, spots), totals_twin(snap, spots), rtol=1e-9, atol=1e-9)


def test_a_percent_is_what_dealers_trade() -> None:
    """Dollars per 1% is the change of dealers' dollar delta, at a constant number of shares bought or sold, for a 1% move."""
    chain = _chain(BOOK)
    up, down = (gamma_profile(chain.assign(spot=s)).delta / s for s in (100.005, 99.995))
    assert gamma_profile(chain).total == pytest.approx((up - down) / 0.01 * 1.0 * 100.0, rel=1e-6)


def test_zero_gamma_is_where_the_total_vanishes() -> None:
    profile = gamma_profile(_chain(BOOK))
    assert abs(_by_hand(profile.zero_gamma)) < 1e-6 * abs(profile.curve).max()
    fine = np.linspace(50, 150, 200_001)
    values = np.array(totals(profile.snap, fine))
    turns = fine[np.flatnonzero(np.sign(values[:-1]) != np.sign(values[1:]))]
    assert min(turns, key=lambda s: abs(s - 100)) == pytest.approx(profile.zero_gamma, abs=1e-3)


def test_no_crossing_is_missing_and_not_zero() -> None:
    profile = gamma_profile(_chain([row for row in BOOK if not row[2]]))
    assert np.isnan([profile.zero_gamma, profile.nearest_positive, profile.positive_spot, profile.cumulative_zero]).all()
    assert profile.crossings == ()
    assert profile.total < 0


def test_all_crossings_and_the_nearest_one() -> None:
    rows = [("2024-02-02 21:00", k, call, 0.2, 100.0) for k, call in [(70, True), (85, False), (100, True), (120, False)]]
    profile = gamma_profile(_chain(rows, spot=98.0))
    assert len(profile.crossings) == 3
    assert 90 < profile.zero_gamma < 96
    assert profile.positive_spot == 98.0


def test_positive_level_below_spot() -> None:
    rows = [("2024-03-15 20:00", k, call, 0.2, oi) for k, call, oi in [(85, True, 2500), (88, True, 4), (92, False, 900), (100, False, 900), (104, True, 600)]]
    profile = gamma_profile(_chain(rows))
    assert profile.nearest_positive == 85  # 88 is positive but negligible, 104 lies above
    assert profile.positive_spot == profile.crossings[0] < 100
    assert list(profile.by_strike.index) == [85, 88, 92, 100, 104]


def test_cumulative_zero_is_another_quantity() -> None:
    profile = gamma_profile(_chain(BOOK))
    running = profile.by_strike["net"].cumsum()
    assert running[profile.cumulative_zero] > 0 > running[running.index < profile.cumulative_zero].iloc[-1]
    assert profile.cumulative_zero != pytest.approx(profile.zero_gamma, abs=0.5)


def test_same_day_option_has_hours_left() -> None:
    rows = [("2024-01-05 21:00", 100.0, True, 0.2, 10.0)]
    chain = _chain(rows).assign(as_of=pd.Timestamp("2024-01-05 15:00"))
    profile = gamma_profile(chain)
    assert profile.snap.years[0] == pytest.approx(6 / 24 / 365)
    assert profile.same_day == profile.total == buckets(profile)["0DTE"]


def test_expired_empty_and_unpriced_options_are_left_out_and_counted() -> None:
    dead = [("2024-01-05 21:00", 100.0, True, 0.2, 5.0), ("2024-02-16 21:00", 101.0, False, 0.2, 0.0), ("2024-02-16 21:00", 130.0, False, np.nan, 7.0)]
    profile = gamma_profile(_chain(BOOK + dead))
    assert profile.snap.left_out == {"expired": 1, "no open interest": 1, "no volatility": 1}
    assert profile.total == pytest.approx(_by_hand(100.0))


def test_volatility_of_the_twin_is_used() -> None:
    rows = [("2024-02-16 21:00", 100.0, True, 0.2, 5.0), ("2024-02-16 21:00", 100.0, False, np.nan, 5.0)]
    assert gamma_profile(_chain(rows)).total == pytest.approx(0.0, abs=1e-9)


def test_given_sides_replace_the_assumption() -> None:
    chain = _chain(BOOK).assign(dealer_sign=-1.0)
    naive, short = gamma_profile(chain), gamma_profile(chain, ChainAssumptions(sign="given"))
    assert short.total == pytest.approx(-naive.by_strike["calls"].sum() + naive.by_strike["puts"].sum())
    assert "as given" in short.snap.words()


def test_vanna_and_charm_by_bumping() -> None:
    chain = _chain(BOOK)
    profile = gamma_profile(chain)
    up, down = (gamma_profile(chain.assign(iv=chain["iv"] + h)).delta for h in (1e-5, -1e-5))
    assert profile.vanna == pytest.approx((up - down) / 2e-5 * 0.01, rel=1e-5)
    later = gamma_profile(chain.assign(as_of=AS_OF + pd.Timedelta(hours=1))).delta
    assert profile.charm == pytest.approx((later - profile.delta) * 24, rel=5e-3)


def test_dealers_delta_is_positive_under_the_naive_sign() -> None:
    assert gamma_profile(_chain(BOOK)).delta > 0  # long calls and short puts are both long


def test_nothing_left_is_one_line() -> None:
    with pytest.raises(SourceError, match="no option counts"):
        snapshot(_chain([("2024-01-05 21:00", 100.0, True, 0.2, 5.0)]))
    with pytest.raises(SourceError, match="2 snapshots; take one as_of at a time"):
        snapshot(pd.concat([_chain(BOOK), _chain(BOOK).assign(as_of=AS_OF + pd.Timedelta(hours=1))]))


def test_fields_of_a_file(tmp_path: Path) -> None:
    profile = gamma_profile(read_chain(files.quote_table(tmp_path / "spx.csv")))
    assert set(profile.fields()) == {
        "gex",
        "gex_low",
        "gex_high",
        "gex_0dte",
        "zero_gamma",
        "nearest_positive_gamma",
        "dealer_delta",
        "dealer_vanna",
        "dealer_charm",
    }
    assert profile.snap.left_out["expired"] == 2
    assert profile.next_expiry == profile.by_expiry["gamma"].loc["2024-01-08"]
    assert profile.by_expiry["monthly"].tolist() == [False, True]


RAW = Path(__file__).parents[3] / "shared" / "data" / "raw"


@pytest.mark.real
@pytest.mark.skipif(not RAW.is_dir(), reason="needs ../shared/data/raw")
@pytest.mark.parametrize(("day", "sign"), [("20220611", -1), ("20230203", 1), ("20230914", 1)])
def test_real_totals_have_the_sign_of_the_published_gamma(day: str, sign: int) -> None:
    profile = gamma_profile(read_chain(RAW / "chains" / f"spx_quotedata_{day}.csv.gz"))
    published = pd.read_csv(RAW / "dix_gex" / "DIX.csv", index_col="date", parse_dates=True)["gex"]
    assert np.sign(profile.total) == np.sign(published[: profile.snap.today].iloc[-1]) == sign
    assert (profile.zero_gamma < profile.snap.spot) == (sign > 0)


@pytest.mark.real
@pytest.mark.skipif(not RAW.is_dir(), reason="needs ../shared/data/raw")
def test_gamma_agrees_with_the_rounded_one_of_the_file() -> None:
    path = RAW / "chains" / "spx_quotedata_20221212.csv.gz"
    rows = pd.read_csv(path, skiprows=3)
    chain = read_chain(path).assign(printed=pd.concat([rows["Gamma"], rows["Gamma.1"]], ignore_index=True))
    years = (chain["expiry"] - chain["as_of"]).dt.total_seconds() / (365 * 86400)
    mine = bs.gamma(bs.OptionTerms(chain["spot"], chain["strike"], years, chain["iv"], 0.045, 0.016))
    near = ((chain["strike"] / chain["spot"] - 1).abs() < 0.1) & (years > 5 / 365) & chain["iv"].notna()
    assert near.sum() > 7000
    assert (np.abs(mine - chain["printed"])[near] < 1e-4).mean() > 0.99  # printed with four digits, rate and yield not told
