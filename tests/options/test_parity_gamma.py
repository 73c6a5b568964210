"""Dealer gamma against a computation that shares nothing with the product: on an invented chain always, on the real ones where they are."""

from pathlib import Path

import numpy as np
import pytest
from tests.features import chainfiles as files
from tests.options import independent

from flowbt.data.sources.chains import read_chain
from flowbt.features.chain import gamma_profile
from flowbt.options.blackscholes import OptionTerms, delta
from flowbt.options.implied import black_price

RAW = Path(__file__).parents[3] / "shared" / "data" / "raw" / "chains"
# $bn per 1%: with no rate and no dividend (as flowbt had it), and by parity
STATED = {"spx_20230914": (14.35, 29.81), "spx_20230609": (56.81, 62.98), "spx_20220205": (-20.56, -22.51), "spy_20230914": (3.11, 3.55)}
STATED |= {"qqq_20230924": (-4.26, -3.90), "xsp_20230914": (-0.36, -0.27), "ndx_20220205": (-0.17, -0.22)}
CHAINS = sorted(path.name for path in RAW.glob("*_quotedata_*.csv.gz"))


def invented(path: Path, rate: float = 0.05, dividend: float = 0.015) -> Path:
    """A Cboe table priced from a forward well off spot, with a steep smile; the volatilities in it are those of the prices."""
    rows, spot = [], 4697.25
    for date, code, days in (("Fri Jan 19 2024", "SPXW240119", 13.978), ("Fri Mar 15 2024", "SPXW240315", 69.936)):
        forward, discount = spot * np.exp((rate - dividend) * days / 365), np.exp(-rate * days / 365)
        for strike in range(4200, 5225, 25):
            vol = 0.13 - 0.4 * np.log(strike / forward)
            price = black_price(forward, strike, days / 365, vol, discount, np.array([True, False]))
            bids, asks = np.round(np.maximum(price - 0.2, 0.05), 2), np.round(price + 0.2, 2)
            interest = [max(100, 4 * (strike - 4500)), max(100, 5 * (4900 - strike))]
            sides = [f"{code}{kind}{strike * 1000:08d},0,0,{b},{a},5,{vol:.4f},0,0,{n}" for kind, b, a, n in zip("CP", bids, asks, interest, strict=True)]
            rows.append(f"{date},{sides[0]},{strike}.00,{sides[1]}")
    return files.quote_table(path, rows=tuple(rows))


def test_an_invented_chain_agrees_and_rates_of_zero_would_not(tmp_path: Path) -> None:
    path = invented(tmp_path / "spx.csv")
    spot, rows = independent.book(path)
    profile = gamma_profile(read_chain(path))
    assert profile.total == pytest.approx(independent.total(rows, spot), rel=2e-3)
    assert profile.zero_gamma == pytest.approx(independent.zero(rows, spot), rel=2.5e-3)
    for row in rows:
        row.growth = row.discount = 1.0
    assert abs(independent.total(rows, spot) / profile.total - 1) > 0.1


def test_the_invented_chain_gives_its_forward_and_discount_back(tmp_path: Path) -> None:
    table = gamma_profile(read_chain(invented(tmp_path / "spx.csv"))).snap.market.expiries
    np.testing.assert_allclose(-np.log(table["discount"]) / table["years"], 0.05, atol=0.002)
    np.testing.assert_allclose(np.log(table["forward"] / 4697.25) / table["years"], 0.035, atol=0.001)
    assert table["how"].tolist() == ["parity", "parity"]


def test_without_quotes_the_providers_deltas_give_its_forwards(tmp_path: Path) -> None:
    chain = read_chain(invented(tmp_path / "spx.csv"))
    plain = gamma_profile(chain)
    rows = plain.snap.market.options
    terms = OptionTerms(4697.25, rows["strike"], rows["years"], rows["iv"], 0.05, 0.015)
    bare = rows.assign(delta=np.where(rows["call"], delta(terms, True), delta(terms, False)), bid=np.nan, ask=np.nan)
    profile = gamma_profile(bare[[*chain.columns]])
    assert profile.snap.market.expiries["how"].tolist() == ["spot", "spot"]
    assert profile.by_deltas == pytest.approx(plain.total, rel=5e-3)
    assert abs(profile.total / plain.total - 1) > 0.1
    assert np.isnan(plain.by_deltas)


@pytest.mark.parametrize("name", CHAINS, ids=str)
@pytest.mark.real
def test_every_real_chain_within_five_percent(name: str) -> None:
    spot, rows = independent.book(RAW / name)
    expected, profile = independent.total(rows, spot), gamma_profile(read_chain(RAW / name))
    print(f"{name}: {profile.total / 1e9:+.3f}bn, independent {expected / 1e9:+.3f}bn, provider's gammas {profile.by_provider / 1e9:+.3f}bn")
    assert profile.total == pytest.approx(expected, rel=0.05)
    assert np.sign(profile.total) == np.sign(expected)
    assert profile.zero_gamma == pytest.approx(independent.zero(rows, spot), rel=2.5e-3)


@pytest.mark.parametrize(("key", "stated"), STATED.items(), ids=str)
@pytest.mark.real
@pytest.mark.skipif(not RAW.is_dir(), reason="needs ../shared/data/raw")
def test_figures_of_the_issue(key: str, stated: tuple[float, float]) -> None:
    chain = read_chain(RAW / f"{key.replace('_', '_quotedata_')}.csv.gz")
    assert gamma_profile(chain).total / 1e9 == pytest.approx(stated[1], abs=0.011)
    flat = gamma_profile(chain.assign(bid=np.nan, ask=np.nan)).total / 1e9  # no quotes: spot for a forward, as it was
    assert flat == pytest.approx(stated[0], abs=0.011)


@pytest.mark.parametrize("name", CHAINS, ids=str)
@pytest.mark.real
def test_without_two_fifths_of_its_volatilities_the_whole_is_in_the_range(name: str) -> None:
    chain = read_chain(RAW / name)
    whole = gamma_profile(chain)
    for seed in range(3):
        gone = np.random.default_rng(seed).random(len(chain)) < 0.4
        profile = gamma_profile(chain.assign(iv=chain["iv"].mask(gone)))
        assert profile.total == pytest.approx(whole.total, rel=0.12)
        assert profile.range[0] <= whole.total <= profile.range[1] or profile.total == pytest.approx(whole.total, rel=0.025)
