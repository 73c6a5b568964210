"""Deribit's book summaries, whole and spoiled: one line, or the same number, or a name for what stands in."""

import copy
import json
from pathlib import Path

import pytest
from tests.options.inventing import invent

from flowbt.data.sources.chains import Missing, read_chain
from flowbt.features.chain import Profile, gamma_profile
from flowbt.ground.errors import SourceError
from flowbt.ground.types import Json


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Json:
    folder = tmp_path_factory.mktemp("coin")
    return json.loads(invent(folder, 316, "coin", "true").path.read_text("utf-8"))


def profile(folder: Path, document: Json, change=None, missing: Missing | None = None) -> Profile:
    rows = copy.deepcopy(document["result"])
    for n, row in enumerate(rows):
        if change is not None:
            change(row, n)
    path = folder / "BTC.json"
    path.write_text(json.dumps({**document, "result": rows}), "utf-8")
    return gamma_profile(read_chain(path, missing))


def times(name: str, factor: float, every: int = 1):
    return lambda row, n: row.update({name: row[name] * factor if row[name] is not None and n % every == 0 else row[name]})


def dead(row: Json, n: int) -> None:
    row.update(bid_price=None, ask_price=None)


REFUSED = {
    "two units": (times("mark_iv", 0.01, every=3), "in one unit"),
    "twice its volatilities": (times("mark_iv", 2.0), "2 times what its quotes imply"),
    "fractions, dead": (lambda row, n: (dead(row, n), row.update(mark_iv=row["mark_iv"] / 100)), "without quotes to judge by"),
    "another underlying": (times("underlying_price", 1.2), "its nearest forward is"),
    "another index": (times("estimated_delivery_price", 1.2), "quoted about"),
    "all of another coin": (lambda row, n: (times("underlying_price", 1.2)(row, n), times("estimated_delivery_price", 1.2)(row, n)), "quoted about"),
    "two underlyings": (times("underlying_price", 1.2, every=3), "within one expiry"),
    "no underlying": (lambda row, n: (row.pop("underlying_price"), row.pop("estimated_delivery_price")), "does not give the underlying's price"),
    "stamp in seconds": (lambda row, n: row.update(creation_timestamp=row["creation_timestamp"] // 1000), "its snapshot is of 1970"),
    "stamp in microseconds": (lambda row, n: row.update(creation_timestamp=row["creation_timestamp"] * 1000), "not Deribit's book summary"),
    "years after": (lambda row, n: row.update(creation_timestamp=row["creation_timestamp"] + 10**11), "no option counts: the last settled"),
    "one bad name": (lambda row, n: row.update(instrument_name=row["instrument_name"][:-2]) if n == 7 else None, "and 0 more such"),
    "no such day": (lambda row, n: row.update(instrument_name="BTC-31FEB24-50000-C") if n == 7 else None, "expiry in an instrument's name"),
    "negative": (lambda row, n: (times("bid_price", -1)(row, n), times("ask_price", -1)(row, n)), "negative prices"),
    "crossed": (lambda row, n: row.update(bid_price=row["ask_price"], ask_price=row["bid_price"]), "bids above their asks"),
    "nothing held": (lambda row, n: row.update(open_interest=None), "no option counts"),
}
SAME = {
    "fractions": times("mark_iv", 0.01),
    "small letters": lambda row, n: row.update(instrument_name=row["instrument_name"].lower()),
    "numbers as text": lambda row, n: row.update(open_interest=f"{row['open_interest']:,}", mark_iv=str(row["mark_iv"])),
    "no index": lambda row, n: row.pop("estimated_delivery_price"),
    "some underlyings missing": lambda row, n: row.update(underlying_price=None) if n % 2 else None,
    "dead": dead,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_broken_is_one_line(tmp_path: Path, whole: Json, name: str) -> None:
    change, words = REFUSED[name]
    with pytest.raises(SourceError, match=words) as found:
        profile(tmp_path, whole, change)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", SAME)
def test_what_is_written_otherwise_is_the_same(tmp_path: Path, whole: Json, name: str) -> None:
    assert profile(tmp_path, whole, SAME[name]).total == pytest.approx(profile(tmp_path, whole).total, rel=1e-3)


def test_without_its_futures_price_parity_gives_a_coins_forward(tmp_path: Path, whole: Json) -> None:
    found = profile(tmp_path, whole, lambda row, n: row.pop("underlying_price"))
    assert (found.snap.market.expiries["how"] == "parity").sum() >= 4
    assert found.total == pytest.approx(profile(tmp_path, whole).total, rel=0.03)


def test_volatilities_that_nothing_gives_are_left_out_and_in_the_range(tmp_path: Path, whole: Json) -> None:
    truth = profile(tmp_path, whole)
    found = profile(tmp_path, whole, lambda row, n: (dead(row, n), row.update(mark_iv=None if n % 3 == 0 else row["mark_iv"])))
    assert found.range[0] <= truth.total <= found.range[1]


def test_infinite_numbers_are_missing(tmp_path: Path, whole: Json) -> None:
    found = profile(tmp_path, whole, lambda row, n: row.update(open_interest=float("inf")) if n % 10 == 0 else None)
    assert "NO OPEN INTEREST IS GIVEN FOR 10%" in found.snap.words()


def test_one_strike_is_named(tmp_path: Path, whole: Json) -> None:
    held = [row for row in whole["result"] if row["open_interest"] > 0]
    strike = held[len(held) // 2]["instrument_name"].split("-")[2]
    one = {**whole, "result": [row for row in held if row["instrument_name"].split("-")[2] == strike]}
    assert "ONE STRIKE ONLY" in profile(tmp_path, one).snap.words()


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
def test_a_file_cut_short_is_one_line(tmp_path: Path, whole: Json, part: float) -> None:
    text = json.dumps(whole)
    path = tmp_path / "BTC.json"
    path.write_text(text[: int(part * len(text))], "utf-8")
    with pytest.raises(SourceError, match="not Deribit's book summary"):
        read_chain(path)
