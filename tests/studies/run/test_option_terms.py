"""What the page of a run with options says of how they were priced."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from flowbt.engine.types import Account
from flowbt.studies.run.option_terms import BandEnd, OptionTermsUsed, _end, warning_of, words_of


def end(shift: float, sharpe: float) -> BandEnd:
    return {"shift": shift, "sharpe": sharpe, "total_return": sharpe / 10}


def terms(low: float, middle: float, high: float) -> OptionTermsUsed:
    band, parts = [end(-1, low), end(0, middle), end(1, high)], {"delta": 1234.5, "theta": -60.0}
    return OptionTermsUsed(
        model="a model", band=band, greeks=parts, priced_by={"surface": 2, "model": 3, "both": 0}, surfaces={"SPX": 7}, carry={"SPX": "interest of 4%"}
    )


def test_the_model_the_band_and_the_parts_are_said() -> None:
    said = " ".join(words_of(terms(0.5, 0.7, 1.2)))
    assert "a model" in said
    assert "Sharpe 0.50 and 1.20, total return +5.0% and +12.0% (as run 0.70, +7.0%)" in said
    assert "delta +1,234, theta -60" in said
    assert "Without a surface: SPX: interest of 4%. Cash of the account earns none." in said


def test_only_a_sign_that_depends_on_the_prices_is_warned_of() -> None:
    assert "Sharpe -0.10 to 0.40" in warning_of(terms(-0.1, 0.2, 0.4))
    assert "Sharpe 0.00 to 0.40" in warning_of(terms(0.0, 0.2, 0.4))
    assert warning_of(terms(0.1, 0.2, 0.4)) == warning_of(terms(-0.4, -0.2, -0.1)) == ""


def test_an_end_of_the_band_is_a_path_of_values_on_the_books_account_and_year() -> None:
    book = SimpleNamespace(account=Account(cash=100.0), market=SimpleNamespace(year=365.0))
    value = np.array([110.0, 99.0, 108.9])
    returns = np.array([0.1, -0.1, 0.1])
    found = _end(-1.0, value, book)  # type: ignore[arg-type]
    assert (found["shift"], found["total_return"]) == (-1.0, pytest.approx(0.089))
    assert found["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(365))
    assert _end(0.0, value[:1], book)["sharpe"] == 0.0  # type: ignore[arg-type]
    assert _end(0.0, np.array([0.0, 5.0]), book)["sharpe"] == pytest.approx(-0.5 / np.std([-1, 0], ddof=1) * np.sqrt(365))  # type: ignore[arg-type]


def test_what_is_not_there_is_not_said_and_what_is_in_part_is() -> None:
    bare: OptionTermsUsed = {"model": "", "band": [], "greeks": {}, "priced_by": {"surface": 2, "model": 3, "both": 4}, "surfaces": {}, "carry": {}}
    assert words_of(bare) == [
        "Options are priced at the volatility given, taken as at the money where no surface of the day is stored.",
        "2 of 9 structures were opened at the surface of the day, 4 in part, the others as said above (no chain of what is traded is stored).",
    ]
    stored = words_of({**bare, "surfaces": {"SPX": 1200, "NDX": 34}, "carry": {"SPX": "no interest", "NDX": "no interest"}})
    assert "(chains stored for 1,234 bars)" in stored[1]
    assert stored[2] == "Without a surface: SPX: no interest; NDX: no interest."
    assert warning_of(bare) == ""
