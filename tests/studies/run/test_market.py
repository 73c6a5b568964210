"""From a panel to the bars that are traded: prices that are none, cash that is due, decisions cut to their span; and requests that cannot be."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.studies.conftest import walk

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import open_panel
from flowbt.engine.types import Signals, Targets
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DataError, ParameterError, SignalError
from flowbt.studies.run.market import bars_on, check_prices, cut_decision, market_of
from flowbt.studies.run.request import Request
from tinydata import FIELDS, store


@pytest.mark.parametrize(("price", "shown"), [(0.0, "0"), (-2.5, "-2.5"), (np.inf, "inf"), (-np.inf, "-inf"), (1e-9, ""), (np.nan, "")])
def test_a_price_of_nothing_less_or_without_end_is_refused_with_its_place(price: float, shown: str) -> None:
    for start, at in (("2024-01-02", "2024-01-03"), ("2024-01-02 09:30", "2024-01-03 09:30")):
        prices = pd.DataFrame({"A": [1.0, 2.0, 3.0], "B": [1.0, price, price]}, pd.date_range(start, periods=3))
        if shown:
            with pytest.raises(DataError, match=rf"^low of B at {at}: {shown}, which is no price"):
                check_prices("low", prices)
        else:
            check_prices("low", prices)


def test_the_market_is_the_traded_bars_and_what_is_due_is_a_rate_of_the_mark(tmp_path: Path) -> None:
    days = Clock("24/7").labels("2024-01-01", "2024-01-10")
    store(tmp_path, "coins", pd.concat([walk("BTC", days, 1), walk("ETH", days, 2)]), clock="24/7", frequency="day", fields=FIELDS)
    rates = pd.DataFrame({"event_time": days, "symbol": "ETH", "funding_rate": np.arange(10) / 1e4})
    store(tmp_path, "rates", rates, clock="24/7", frequency="day", publication={"rule": "after"}, fields={"funding_rate": {"max_age": "2D"}})
    paid = pd.DataFrame({"event_time": days[4:5], "symbol": "BTC", "dividend": 2.0})
    store(tmp_path, "paid", paid, clock="24/7", frequency="event", fields={"dividend": {"max_age": "1D"}})
    panel = open_panel(Catalog((tmp_path,)), ["BTC", "ETH"], Clock("24/7"))
    market, bars = market_of(panel, days[2:8]), panel.bars()
    btc, eth = (bars.close[name].to_numpy()[2:8] for name in ("BTC", "ETH"))
    assert market.close[:, 1].tolist() == eth.tolist()
    assert market.close[:, 0].tolist() == [btc[0], btc[1] - 2.0, *btc[2:]]  # who holds into the fifth day is paid
    assert market.funding[:, 0] == pytest.approx([0, -2.0 / (btc[1] - 2.0), 0, 0, 0, 0])
    assert market.funding[:, 1].tolist() == bars.funding["ETH"].to_numpy()[2:8].tolist()
    assert (market.symbols, list(market.index), market.clock) == (("BTC", "ETH"), list(days[2:8]), panel.clock)
    assert bars_on(panel, days[2:8]).high.equals(bars.high.iloc[2:8])


def test_a_decision_is_cut_to_the_span_in_the_panels_order_of_symbols(catalog: Catalog) -> None:
    panel = open_panel(catalog, ["SPY", "QQQ"])
    flags, labels = panel["close"] > 100, panel.index[10:20]
    cut = cut_decision(Signals(long=flags[["QQQ", "SPY"]], hold=3), panel, labels)
    assert isinstance(cut, Signals)
    assert cut.long is not None
    assert cut.long.equals(flags.loc[labels])
    assert (cut.hold, cut.short) == (3, None)
    for wrong in (flags.iloc[1:], flags[["SPY"]], flags.assign(IWM=True), flags.rename(columns={"SPY": "IWM"})):
        with pytest.raises(SignalError, match="keep the panel's index and columns"):
            cut_decision(Signals(long=wrong), panel, labels)
    with pytest.raises(SignalError, match="weights of the strategy: a series"):
        cut_decision(Targets(flags["SPY"]), panel, labels)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"symbols": ("SPY", "SPY")}, "one is named twice"),
        ({"symbols": ("SPY", "")}, "or is empty"),
        ({"symbols": ("SPY", 3)}, "not every one is a text"),
        ({"benchmark": 3}, "not every one is a text"),
        ({"rotations": -1}, "-1 rotations: less than none"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_request_that_cannot_be_is_refused(given: dict[str, object], found: str) -> None:
    with pytest.raises(ParameterError, match=found):
        Request(Path("a.py"), **given)  # type: ignore[arg-type]
    assert Request(Path("a.py"), rotations=0, symbols=("SPY", "QQQ"), benchmark="none").symbols == ("SPY", "QQQ")
