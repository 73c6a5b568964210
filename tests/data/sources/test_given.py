"""Options as a plan, an options file or the command line gives them."""

import pytest

from flowbt.data.sources import read
from flowbt.data.sources.given import factors_of, names_of, number_of, pairs_of
from flowbt.ground.errors import SourceError


def test_one_name_is_a_list_of_one(tmp_path):
    """It was taken letter by letter: S, P and Y."""
    path = tmp_path / "CNMSshvol20240102.txt"
    rows = "".join(f"20240102|{name}|100|0|300|B,Q,N\n" for name in ("S", "SPY", "Y"))
    path.write_text(f"Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market\n{rows}3\n")
    assert set(read("finra", path, {"symbols": "SPY"}).frame["symbol"]) == {"SPY"}


def test_options_by_their_kind():
    options = {"columns": ["A", "B"], "one": "A", "map": {"close": "Last"}, "scale": {"close": "0.01"}, "hours": "8"}
    assert names_of(options, "columns") == ["A", "B"]
    assert names_of(options, "one") == ["A"]
    assert names_of(options, "map") == ["close"]
    assert names_of(options, "none") == []
    assert pairs_of(options, "map") == {"close": "Last"}
    assert factors_of(options, "scale") == {"close": 0.01}
    assert (number_of(options, "hours", 1), number_of(options, "none", float("inf"))) == (8.0, float("inf"))


@pytest.mark.parametrize(
    ("read_as", "value"), [(names_of, 5.0), (names_of, True), (pairs_of, "A"), (pairs_of, ["A"]), (factors_of, {"a": "x"}), (factors_of, {"a": "nan"})]
)
def test_an_option_of_another_kind_is_one_line(read_as, value):
    with pytest.raises(SourceError, match="option key"):
        read_as({"key": value}, "key")


@pytest.mark.parametrize("value", ["x", "inf", [1], {}])
def test_what_is_no_number_is_one_line(value):
    with pytest.raises(SourceError, match=r"option hours: .* is no number"):
        number_of({"hours": value}, "hours", 8)
