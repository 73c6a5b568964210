"""Chains as they are met and as they break: the same number as the plain file, a refusal in one line, or what was done instead in the words."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.options import independent
from tests.options.test_parity_gamma import invented

from flowbt.data.sources.chains import Missing, read_chain
from flowbt.features.chain import Profile, gamma_profile
from flowbt.ground.errors import SourceError

Edit = Callable[[str], str | bytes]
DATE = "January 5, 2024 at 4:31 PM EST"


def profile_of(tmp_path: Path, edit: Edit) -> Profile:
    path = tmp_path / "spx.csv"
    content = edit(invented(path).read_text())
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    chain = read_chain(path)
    return gamma_profile(chain)


def cells(change: Callable[[list[str]], object]) -> Edit:
    """Every row under the header, as a list of cells that `change` edits in place."""

    def edit(text: str) -> str:
        lines = text.splitlines()
        start = next(n for n, line in enumerate(lines) if line.startswith("Expiration Date")) + 1
        rows = list(csv.reader(lines[start:]))
        for row in rows:
            change(row)
        return "\n".join([*lines[:start], *(",".join(row) for row in rows)])

    return edit


def swap(row: list[str]) -> None:
    for bid in (4, 15):
        row[bid], row[bid + 1] = row[bid + 1], row[bid]


def put(at: tuple[int, ...], form: Callable[[str], str]) -> Edit:
    def change(row: list[str]) -> None:
        for n in at:
            row[n] = form(row[n])

    return cells(change)


def body(change: Callable[[list[str]], list[str]]) -> Edit:
    def edit(text: str) -> str:
        lines = text.splitlines()
        start = next(n for n, line in enumerate(lines) if line.startswith("Expiration Date")) + 1
        return "\n".join([*lines[:start], *change(lines[start:])])

    return edit


def dated(line: str) -> Edit:
    return lambda text: re.sub(r'"Date: [^"]*"', line, text)


SAME: dict[str, Edit] = {
    "German": dated('"Date: 5. Januar 2024 um 16:31 EST"'),
    "French": dated('"Date: 5 janvier 2024 à 16:31 EST"'),
    "Japanese": dated('"Date: 2024年1月5日 16:31 EST"'),
    "ISO with a zone": dated("Date: 2024-01-05T16:31:00-05:00"),
    "Sydney": dated('"Date: January 6, 2024 at 8:31 AM GMT+11"'),
    "small letters": lambda text: text.replace("Date: January", "date: january").replace("Last:", "last:"),
    "percent": put((7, 18), lambda v: f"{100 * float(v):.2f}"),
    "percent sign": put((7, 18), lambda v: f"{100 * float(v):.2f}%"),
    "thousandths": put((11,), lambda v: f"{1000 * float(v):.0f}"),
    "thousands": put((11,), lambda v: f'"{float(v):,.2f}"'),
    "interest with commas": put((10, 21), lambda v: f'"{int(v):,}"'),
    "rows twice": body(lambda rows: rows + rows),
    "a header again": body(lambda rows: [*rows[:9], "Expiration Date,Calls,Last Sale", *rows[9:]]),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without its mark": lambda text: text.encode("utf-16-le"),
    "eight bits": lambda text: text.replace("INDEX", "ÍNDICE").encode("cp1252"),
    "carriage returns": lambda text: text.replace("\n", "\r"),
    "zipped": lambda text: gzip.compress(text.encode()),
    "semicolons": lambda text: text.replace(",", ";"),
    "tabs": lambda text: text.replace(",", "\t"),
    "spot with commas": lambda text: text.replace("Last: 4697.25", "Last: 4,697.25"),
    "one negative price": body(lambda rows: [re.sub(r",0,0,[\d.]+,", ",0,0,-1.0,", rows[0], count=1), *rows[1:]]),
}
REFUSED: dict[str, tuple[Edit, str]] = {
    "spot tenfold": (lambda text: text.replace("4697.25", "46972.5"), "spot 46,972.5"),
    "spot a tenth": (lambda text: text.replace("4697.25", "469.725"), "spot 469.725"),
    "spot of another index": (lambda text: text.replace("4697.25", "4200"), "quoted about 4,7"),
    "no spot": (lambda text: text.replace("4697.25", ""), "Last"),
    "spot 0": (lambda text: text.replace("4697.25", "0"), "above 0"),
    "bids and asks swapped": (cells(swap), "bids above their asks"),
    "negative prices": (put((4, 5, 15, 16), lambda v: f"-{v}"), "negative prices"),
    "no open interest": (put((10, 21), lambda _: "0"), "no option counts"),
    "interest with points": (put((10, 21), lambda v: f"{int(v):,}".replace(",", ".")), "no number of contracts"),
    "basis points": (put((7, 18), lambda v: f"{1e4 * float(v):.0f}"), "volatilities"),
    "cut in a line": (lambda text: text[: len(text) * 2 // 3], "cut short"),
    "rows of something else": (body(lambda rows: [*rows, *[",".join(["x"] * 22)] * 9]), "name no option"),
    "expired": (dated('"Date: January 5, 2025 at 4:31 PM EST"'), "settled"),
    "two dates in one": (dated("Date: 03/04/2024 4:31 PM"), "date line"),
    "no such day": (dated('"Date: February 31, 2024 at 4:31 PM"'), "date line"),
    "cut archive": (lambda text: gzip.compress(text.encode())[:900], "cannot be read"),
    "not text": (lambda _: bytes(range(256)) * 9, "cannot be read"),
    "empty": (lambda _: "", "table"),
}


@pytest.mark.parametrize("name", SAME, ids=str)
def test_the_same_number_however_it_is_written(tmp_path: Path, name: str) -> None:
    spot, rows = independent.book(invented(tmp_path / "plain.csv"))
    profile = profile_of(tmp_path, SAME[name])
    assert profile.total == pytest.approx(independent.total(rows, spot), rel=5e-3)
    assert profile.zero_gamma == pytest.approx(independent.zero(rows, spot), rel=2.5e-3)


@pytest.mark.parametrize("name", REFUSED, ids=str)
def test_a_line_in_place_of_a_number(tmp_path: Path, name: str) -> None:
    edit, words = REFUSED[name]
    with pytest.raises(SourceError, match=re.escape(words)):
        profile_of(tmp_path, edit)


def test_a_chain_is_not_there_on_the_days_before_it(tmp_path: Path) -> None:
    path = invented(tmp_path / "spx_quotedata.csv")
    taken = read_chain(path)["as_of"].iloc[0]
    assert read_chain(path, Missing(as_of=taken - pd.Timedelta(hours=2)))["as_of"].eq(taken - pd.Timedelta(hours=2)).all()
    with pytest.raises(SourceError, match="UTC; it was not there at 2024-01-04 21:31: give its own day"):
        read_chain(path, Missing(as_of=taken - pd.Timedelta(days=1)))


def test_a_date_alone_is_the_close_of_its_session(tmp_path: Path) -> None:
    assert profile_of(tmp_path, dated('"Date: January 5, 2024"')).snap.as_of == pd.Timestamp("2024-01-05 21:00")


def test_a_spot_a_little_off_is_named(tmp_path: Path) -> None:
    assert "SPOT IS 2.8% OVER THE NEAREST FORWARD" in profile_of(tmp_path, lambda text: text.replace("4697.25", "4840")).snap.words()


@pytest.mark.parametrize(("gone", "words"), [(12, "CALLS ONLY: no put counts"), (1, "PUTS ONLY: no call counts")])
def test_one_side_only_is_named(tmp_path: Path, gone: int, words: str) -> None:
    snap = profile_of(tmp_path, put((gone,), lambda _: "")).snap
    assert words in snap.words()
    assert "spot 2" in snap.words()


@pytest.mark.parametrize("gone", [12, 1])
def test_one_side_only_has_no_certain_sign(tmp_path: Path, gone: int) -> None:
    whole, profile = profile_of(tmp_path, lambda text: text), profile_of(tmp_path, put((gone,), lambda _: ""))
    assert profile.range[0] < whole.total < profile.range[1]
    assert whole.certain
    assert not profile.certain


def test_open_interest_that_is_not_given_is_named_and_in_the_range(tmp_path: Path) -> None:
    whole, odd = profile_of(tmp_path, lambda text: text), [0]

    def blank(row: list[str]) -> None:
        odd[0] += 1
        row[10], row[21] = ("", "") if odd[0] % 5 in (0, 2) else (row[10], row[21])

    profile = profile_of(tmp_path, cells(blank))
    assert "NO OPEN INTEREST IS GIVEN FOR 40% OF ITS OPTIONS" in profile.snap.words()
    assert profile.snap.left_out["open interest missing"] == 66
    assert profile.range[0] < whole.total < profile.range[1]
    assert abs(profile.total / whole.total - 1) > 0.2


def test_without_quotes_the_range_holds_what_quotes_give(tmp_path: Path) -> None:
    whole, bare = profile_of(tmp_path, lambda text: text), profile_of(tmp_path, put((4, 5, 15, 16), lambda _: "0"))
    assert bare.range[0] < whole.total < bare.range[1]
    assert not whole.by_carry


def test_quotes_that_are_not_there_are_named(tmp_path: Path) -> None:
    words = profile_of(tmp_path, put((4, 5, 15, 16), lambda _: "0")).snap.words()
    assert "spot 2" in words
    assert "only 0 of 164 quotes usable (no quote 164)" in words


def test_an_expiry_with_calls_only_and_negative_interest_are_counted(tmp_path: Path) -> None:
    def change(row: list[str]) -> None:
        row[12] = "" if "240119" in row[1] else row[12]
        row[10] = f"-{row[10]}" if row[11] == "4700.00" else row[10]

    snap = profile_of(tmp_path, cells(change)).snap
    assert snap.one_sided == 1
    assert "1 expiries have calls or puts only" in snap.words()
    assert snap.left_out["negative open interest"] == 2


GENERIC: dict[str, tuple[str, str]] = {  # how expiries and quote instants are written
    "ISO": ("%Y-%m-%d", "2024-01-05T21:31:00Z"),
    "continental": ("%d/%m/%Y", "2024-01-05 21:31"),
    "broker": ("%d-%b-%y", "1704490260"),
    "milliseconds": ("%d%b%y", "1704490260000"),
    "words": ("%d %b %Y", "2024-01-05T21:31:00Z"),
    "words in American order": ("%b %d, %Y", "2024-01-05T21:31:00Z"),
    "nanoseconds": ("%Y%m%d", "1704490260000000000"),
}


def generic(path: Path, form: str, stamp: str, mark: str = ",") -> Path:
    chain = read_chain(invented(path))
    table = pd.DataFrame(
        {"symbol": "SPXW", "quote_date": stamp, "expiration": chain["expiry"].dt.strftime(form), "strike": chain["strike"], "right": chain["call"]}
    )
    prices = chain[["bid", "ask"]].map("${:,.2f}".format)
    table = table.assign(right=table["right"].map({True: "C", False: "P"}), **prices, iv=chain["iv"], open_interest=chain["open_interest"], spot="4,697.25")
    path.write_text(table.to_csv(index=False, sep=mark))
    return path


@pytest.mark.parametrize("name", GENERIC, ids=str)
def test_generic_tables_with_dates_and_prices_as_printed(tmp_path: Path, name: str) -> None:
    plain = profile_of(tmp_path, lambda text: text).total
    form, stamp = GENERIC[name]
    assert gamma_profile(read_chain(generic(tmp_path / "g.csv", form, stamp))).total == pytest.approx(plain, rel=1e-3)
    assert gamma_profile(read_chain(generic(tmp_path / "g.csv", form, stamp, ";"))).total == pytest.approx(plain, rel=1e-3)


@pytest.mark.parametrize("stamp", ["05-Jan-2024", "5 Jan 2024", "Jan 5, 2024", "05JAN24"])
def test_a_quote_date_in_words_is_the_close_of_its_session(tmp_path: Path, stamp: str) -> None:
    assert set(read_chain(generic(tmp_path / "g.csv", "%Y-%m-%d", stamp))["as_of"]) == {pd.Timestamp("2024-01-05 21:00")}


def test_a_generic_table_that_ends_in_a_line_is_refused(tmp_path: Path) -> None:
    path = generic(tmp_path / "g.csv", "%Y-%m-%d", "2024-01-05T21:31:00Z")
    path.write_text(path.read_text()[:4000].rsplit(",", 2)[0])
    with pytest.raises(SourceError, match="cut short"):
        read_chain(path)


@pytest.mark.parametrize(("stamp", "found"), [("01/05/2024", "two dates"), ("01/25/2024", "")])
def test_a_day_that_can_be_two_is_refused(tmp_path: Path, stamp: str, found: str) -> None:
    path = generic(tmp_path / "g.csv", "%m/%d/%Y", stamp)
    if found:
        with pytest.raises(SourceError, match=found):
            read_chain(path)
    else:
        assert read_chain(path)["as_of"].iloc[0] == pd.Timestamp("2024-01-25 21:00")


def test_contract_names_say_expiry_side_and_strike(tmp_path: Path) -> None:
    """As Yahoo's tables have them: `contractSymbol` alone, and 0.00001 where there is no volatility."""
    plain = profile_of(tmp_path, lambda text: text)
    table = pd.read_csv(generic(tmp_path / "g.csv", "%Y-%m-%d", "2024-01-05T21:31:00Z"))
    digits = (1000 * table["strike"]).astype(int).astype(str).str.zfill(8)
    names = "SPXW" + pd.to_datetime(table["expiration"]).dt.strftime("%y%m%d") + table["right"] + digits
    volatility = table["iv"].where((table["strike"] > 4500) | (table["right"] == "P"), 1e-5)
    renamed = table[["bid", "ask", "open_interest"]].rename(columns={"open_interest": "openInterest"})
    renamed.assign(contractSymbol=names, impliedVolatility=volatility).to_csv(tmp_path / "SPX_y.csv", index=False)
    profile = gamma_profile(read_chain(tmp_path / "SPX_y.csv", Missing(spot=4697.25, as_of=pd.Timestamp("2024-01-05 21:31"))))
    assert profile.total == pytest.approx(plain.total, rel=0.03)
    assert "THOUGH GIVEN AS ONE: 1e-05" in profile.snap.words()
