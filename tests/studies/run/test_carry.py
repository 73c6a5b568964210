"""Interest and dividends for options on days without a surface: what is imported, as known at the decision, and said where it is not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.studies.run.test_surfaces import run
from tests.tinydata import bars, store

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.studies.run.carry import carry_terms
from flowbt.studies.run.option_terms import option_terms_of, words_of

LABELS = Clock().labels("2020-01-02", "2022-06-30")
MOVED = pd.Timestamp("2022-03-15")


def stored(root: Path, **rates: float) -> Catalog:
    """SPY at 100 and up, a dividend of 1 every 63rd session; rates in percent, those of `DGS3MO` twice as high from `MOVED` on, known a session later."""
    prices = bars("SPY", LABELS)
    store(root, "prices", prices, clock="XNYS", frequency="session", fields={name: {} for name in ("open", "high", "low", "close", "volume")})
    paid = pd.DataFrame({"event_time": LABELS[::63], "symbol": "SPY", "dividend": 1.0})
    store(root, "paid", paid, clock="XNYS", frequency="session", fields={"dividend": {"max_age": "1D"}})
    for name, value in rates.items():
        values = np.where((LABELS >= MOVED) & (name == "DGS3MO"), 2 * value, value)
        table = pd.DataFrame({"event_time": LABELS, "symbol": name, "value": values})
        declared = {"clock": "XNYS", "frequency": "day", "publication": {"rule": "session", "days": 1, "at": "16:15"}}
        store(root, name.lower(), table, fields={"value": {"max_age": "7D"}}, **declared)
    return Catalog((root,))


def test_interest_is_the_one_known_at_the_decision(tmp_path: Path) -> None:
    terms = carry_terms(stored(tmp_path, DGS3MO=2.0, SOFR=9.0), "SPY", Clock(), LABELS)
    rate = pd.Series(terms.rate, LABELS)
    assert rate[MOVED] == pytest.approx(2 * np.log(1.01))  # the day's own yield comes out a day later
    assert rate[LABELS[LABELS.get_loc(MOVED) + 1]] == pytest.approx(2 * np.log(1.02))
    assert "3-month Treasury yield (1.99% to 3.96% a year, 1 of" in terms.words


def test_dividends_are_those_of_the_year_before_and_an_index_has_its_funds(tmp_path: Path) -> None:
    catalog = stored(tmp_path)
    terms = carry_terms(catalog, "SPY", Clock(), LABELS)
    paid, close = pd.Series(terms.dividend, LABELS), pd.Series(100.0 + np.arange(len(LABELS)), LABELS)
    assert paid[: LABELS[0] + pd.Timedelta(days=364)].isna().all()  # less than a year is no year's sum
    last = LABELS[-1]
    four = ((LABELS[::63] <= last) & (LABELS[::63] > last - pd.Timedelta(days=365))).sum()
    assert paid[last] == pytest.approx(np.log1p(four / close[last]))
    later = carry_terms(catalog, "SPY", Clock(), LABELS[:500]).dividend
    np.testing.assert_array_equal(later, terms.dividend[:500])
    assert "dividends of SPY over the year before" in carry_terms(catalog, "SPX", Clock(), LABELS).words


def test_what_is_not_imported_is_said(tmp_path: Path) -> None:
    terms = carry_terms(stored(tmp_path, SOFR=3.6), "QQQ", Clock(), LABELS)
    assert terms.rate[-1] == pytest.approx(0.0365)
    assert "no dividends (none of QQQ are imported)" in terms.words
    bare = carry_terms(Catalog(()), "BTC", Clock("24/7"), Clock("24/7").labels("2024-01-01", "2024-01-09"))
    assert bare.words == "no interest (none of DGS3MO, SOFR, DFF is imported); no dividends"
    assert np.isnan(bare.rate).all()


def test_a_run_prices_with_them_and_its_page_says_so(catalog: Catalog, tmp_path: Path) -> None:
    plain = run(catalog, tmp_path)
    assert "no interest" in " ".join(words_of(option_terms_of(plain.prepared, plain.book)))
    days = Clock().labels("2020-01-02", "2024-12-31")
    table = pd.DataFrame({"event_time": days, "symbol": "DGS3MO", "value": 5.0})
    declared = {"clock": "XNYS", "frequency": "day", "publication": {"rule": "session", "days": 1, "at": "16:15"}}
    store(tmp_path / "datasets", "rates", table, fields={"value": {"max_age": "7D"}}, **declared)
    made = run(Catalog((tmp_path / "datasets",)), tmp_path)
    assert "interest of the 3-month Treasury yield (4.94% to 4.94% a year)" in " ".join(words_of(option_terms_of(made.prepared, made.book)))
    assert "rates" in {one["name"] for one in made.record.manifest["datasets"]}
    dearer = made.book.orders["price"].iloc[0] / plain.book.orders["price"].iloc[0]
    assert 1.02 < dearer < 1.2  # a call on a forward that is higher
