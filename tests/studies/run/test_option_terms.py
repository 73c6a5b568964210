"""What the page of a run with options says of how they were priced."""

from __future__ import annotations

from flowbt.studies.run.option_terms import BandEnd, OptionTermsUsed, warning_of, words_of


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
