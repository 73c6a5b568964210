"""Option flow: sides are never guessed, the report's sums, flips, sectors, campaigns, the put/call ratio."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.data.raw.prints import side_sql
from flowbt.features import campaign, classify_side, flip_rate, flow_campaign, premium_share, put_call_collapse, sector_split, side_flow
from flowbt.features.option_flow import SIDES, side_sums
from flowbt.ground.errors import ParameterError


def _frame(values: object, names: tuple[str, ...] = ("SPX",)) -> pd.DataFrame:
    array = np.asarray(values, dtype=float).reshape(-1, len(names))
    return pd.DataFrame(array, index=pd.bdate_range("2026-04-08", periods=len(array)), columns=list(names))


def _sides(rows: dict[str, tuple[float, ...]]) -> dict[str, pd.DataFrame]:
    """Symbol -> calls bought, calls sold, puts bought, puts sold, unknown, one session."""
    names = tuple(rows)
    return {field: _frame([[rows[n][k] for n in names]], names) for k, field in enumerate((*SIDES, "premium_unknown"))}


REPORT = {"SPX": (4.015e9, 4.058e9, 2.895e9, 2.430e9, 0.157 * 15.94e9)}


def test_sums_of_the_report() -> None:
    data = _sides(REPORT)
    flow = side_sums(data, data["premium_unknown"], (_frame([9.64e9]), _frame([6.30e9])))
    got = {name: frame.iloc[0, 0] for name, frame in flow._asdict().items()}
    assert got["bullish"] == pytest.approx(6.444e9, abs=1.1e6)
    assert got["bearish"] == pytest.approx(6.952e9, abs=1.1e6)
    assert got["net"] == pytest.approx(-0.508e9, abs=1e5)
    assert got["naive"] == pytest.approx(1.53, abs=0.005)
    assert got["unknown"] == pytest.approx(0.157, abs=5e-4)
    assert (got["confidence"], got["flip"]) == (1, True)  # moderate; a bullish ratio over a bearish net


@pytest.mark.parametrize(("unknown", "code"), [(0.09, 2), (0.157, 1), (0.37, 0), (0.49, 0)])
def test_confidence_of_the_report(unknown: float, code: int) -> None:
    data = _sides({"X": (1 - unknown, 0, 0, 0, unknown)})
    assert side_flow(TinyPanel({**data, "close": _frame([1.0], ("X",))})).confidence.iloc[0, 0] == code


def test_sides_of_prints() -> None:
    price = [1.10, 1.20, 1.00, 0.90, 1.05, 1.08, 1.00, 1.00, 1.00, np.nan, 0.02]
    bid = [1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.05, np.nan, 1.00, 0.00]
    ask = [1.10, 1.10, 1.10, 1.10, 1.10, 1.10, 1.00, 1.00, 1.10, 1.10, 0.05]
    assert classify_side(price, bid, ask).tolist() == [1, 1, -1, -1, 0, 0, 0, 0, 0, 0, 0]
    assert classify_side(price, bid, ask, "nearer").tolist() == [1, 1, -1, -1, 0, 1, 0, 0, 0, 0, -1]


@pytest.mark.parametrize("inside", ["unknown", "nearer"])
def test_raw_prints_are_classified_by_the_same_rule(inside: str) -> None:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(rng.integers(1, 8, (3000, 3)) / 100, columns=["price", "bid", "ask"])
    in_sql = duckdb.sql(f"SELECT {side_sql('price', 'bid', 'ask', inside)} AS side FROM frame").df()["side"]
    here = classify_side(frame["price"], frame["bid"], frame["ask"], inside)
    assert in_sql.tolist() == here.tolist()
    assert set(here) == {-1, 0, 1}


def test_a_guess_is_refused() -> None:
    with pytest.raises(ParameterError, match="not a rule; use unknown or nearer"):
        classify_side([1.0], [0.9], [1.1], "random")  # type: ignore[arg-type]


NAMES = {
    "NVDA": (150.0, 180.0, 25.0, 20.0, 5.0), "GOOGL": (50.0, 62.0, 11.0, 9.0, 1.0), "AVGO": (60.0, 70.0, 20.0, 21.0, 1.0), "RKLB": (5.0, 83.0, 110.0, 2.0, 1.0),
    "INTC": (110.0, 80.0, 15.0, 15.0, 5.0), "SLV": (60.0, 35.0, 6.0, 5.0, 1.0), "META": (200.0, 180.0, 20.0, 20.0, 5.0), "TINY": (1.0, 2.0, 0.1, 0.1, 0.0),
}  # fmt: skip


def test_flip_rate_over_the_largest_names() -> None:
    panel = TinyPanel(_sides(NAMES), symbols=("SPX",))
    assert flip_rate(panel, top=7).iloc[0, 0] == pytest.approx(3 / 7)  # NVDA, GOOGL, AVGO: calls are being sold
    assert flip_rate(panel, top=8).iloc[0, 0] == pytest.approx(4 / 8)


def test_sector_split_and_shares() -> None:
    net, premium = _frame([[10, -4, 3, 1]], ("NVDA", "GOOGL", "XOM", "ODD")), _frame([[60, 30, 1, 9]], ("NVDA", "GOOGL", "XOM", "ODD"))
    split = sector_split(net, premium, {"NVDA": "Technology", "GOOGL": "Technology", "XOM": "Energy"})
    assert split.net.iloc[0].to_dict() == {"Energy": 3, "Technology": 6}
    assert split.share.iloc[0].to_dict() == {"Energy": 0.01, "Technology": 0.9}


def test_share_of_an_abandoned_sector() -> None:
    panel = TinyPanel(_sides({"XOM": (1, 1, 1, 1, 0), "NVDA": (100, 100, 100, 96, 0)}), symbols=("SPX",))
    assert premium_share(panel).iloc[0, 0] == pytest.approx(0.01)


def test_campaign_gathers_until_the_sign_turns() -> None:
    run = campaign(_frame([-1.0, -2.0, -3.0, 4.0, 5.0, np.nan, -1.0]))
    assert run.days["SPX"].tolist() == [-1, -2, -3, 1, 2, 0, -1]
    assert run.premium["SPX"].tolist() == [-1, -3, -6, 4, 9, 0, -1]


def test_put_buying_is_a_bearish_campaign() -> None:
    frames = {name: _frame([[value]] * 3) for name, value in zip(SIDES, (5.0, 1.0, 9.0, 2.0), strict=True)}
    panel = TinyPanel({**frames, "close": _frame([1.0] * 3)})
    assert flow_campaign(panel, kind="puts").premium["SPX"].tolist() == [-7, -14, -21]
    assert flow_campaign(panel, kind="calls").days.iloc[-1, 0] == 3
    assert flow_campaign(panel).premium.iloc[-1, 0] == 3 * (5 + 2 - 1 - 9)


def test_put_call_collapse_by_level_and_by_lookback() -> None:
    ratio = _frame([0.8, 0.7, 0.9, 0.65, 0.5, np.nan])["SPX"]
    panel = TinyPanel({"close": _frame([1.0] * 6), ("put_call_equity", "US"): ratio})
    assert put_call_collapse(panel, mean=1)["SPX"].tolist() == [False] * 4 + [True, False]
    lowest = put_call_collapse(panel, level=None, lookback=3, mean=1)["SPX"].tolist()
    assert lowest == [False, True, False, True, True, False]
