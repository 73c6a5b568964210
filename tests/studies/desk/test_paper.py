"""The journal as a paper book: the gap to the backtest told apart, against sums worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from tests.tinydata import FIELDS, store

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.studies.desk.chain import read
from flowbt.studies.desk.follow import follow
from flowbt.studies.desk.paper import books_of

DAYS = Clock().labels("2023-03-01", "2023-03-14")
OPEN = [100.0, 100.0, 110.0, 121.0, 133.1, 133.1]
CLOSE = [*OPEN[:-1], 146.41]
SIGNS = [1, -1, 1, -1, 1, 1]  # of dix: long, exit
STRATEGY = '''"""Half in while dark pools buy.

Source: none
"""

from flowbt import Costs, Signals

SYMBOLS = ("SPY",)
COSTS = Costs(fees=0.01, slippage=0.0, borrow=0.0)


def signals(panel):
    dix = panel["dix", "SPX"]
    return Signals(long=dix > 0, exit=dix < 0, size=0.5)
'''
WEIGHTS = STRATEGY.replace("Signals", "Targets").replace("Targets(long=dix > 0, exit=dix < 0, size=0.5)", "Targets(weights=0.5 * (dix > 0))")


def world(root, signs=SIGNS):
    """Six sessions: what is bought at the open of the second, fourth or sixth gains 10% to the next open, or the last close."""
    bars = {"open": OPEN, "high": np.maximum(OPEN, CLOSE), "low": np.minimum(OPEN, CLOSE), "close": CLOSE, "volume": 1e6}
    store(root, "prices", pd.DataFrame({"event_time": DAYS[:6], "symbol": "SPY", **bars}), fields=FIELDS)
    dix = pd.DataFrame({"event_time": DAYS[:6], "symbol": "SPX", "dix": np.array(signs, dtype=float)})
    store(root, "dix", dix, publication={"rule": "session", "at": "17:00"}, fields={"dix": {"max_age": "2 sessions"}})
    return Catalog((root,))


def kept(tmp_path, entries, text=STRATEGY, then=SIGNS):
    """The journal of entries (number of the session, how long after its start), made on what was there then; its one book on what is there now."""
    path = tmp_path / "half.py"
    path.write_text(text)
    for n, after in entries:
        follow(world(tmp_path / "then", then), [path], tmp_path / "journal", f"{DAYS[n]:%Y-%m-%d}", DAYS[n] + pd.Timedelta(after))
    (book,), _ = books_of(world(tmp_path / "now"), read(tmp_path / "journal"), tmp_path / "journal")
    return book


def test_a_book_that_cannot_be_made_leaves_the_others(tmp_path):
    kept(tmp_path, [(0, "23h45min")])
    (first,) = (tmp_path / "journal" / "code").iterdir()
    (tmp_path / "half.py").write_text(WEIGHTS)
    for n in (1, 2):
        follow(world(tmp_path / "then"), [tmp_path / "half.py"], tmp_path / "journal", f"{DAYS[n]:%Y-%m-%d}", DAYS[n] + pd.Timedelta("23h45min"))
    first.unlink()
    (book,), (problem,) = books_of(world(tmp_path / "now"), read(tmp_path / "journal"), tmp_path / "journal")
    assert (book.entries, problem.startswith("half: code "), "restore it from a copy" in problem) == (2, True, True)


def test_each_part_of_the_gap_is_the_one_worked_out_by_hand(tmp_path):
    late, evening = "1D15h", "23h45min"  # the first entry is made half an hour after the open that should have filled it
    entries = [(0, late), (1, evening), (3, evening), (4, evening)]
    book = kept(tmp_path, entries, then=[1, -1, 1, -1, -1, 1])  # of the fifth session another dix was there then
    assert (book.late, book.unfilled, book.missing, book.different, book.trades) == (1, 0, 1, 1, 0)
    assert book.journal_return == 0.0  # the first is filled with the exit of the second, the third has no entry, the fifth says exit
    trip = 1 + 0.05 - 0.005 - 0.0055  # half of equity gains 10%, pays 1% going in and coming out
    assert book.backtest_return == pytest.approx(trip**2 * (1 + 0.05 - 0.005) - 1)
    parts = (book.gap_data, book.gap_missing, book.gap_fills)
    assert parts == pytest.approx((1.05**2 - 1.05**3, 1.05 - 1.05**2, 1 - 1.05))
    assert book.gap_costs == pytest.approx(1.05**3 - trip**2 * 1.045)
    assert sum(parts) + book.gap_costs == pytest.approx(book.journal_return - book.backtest_return)


def test_an_entry_made_late_is_filled_at_the_first_open_after_it(tmp_path):
    book = kept(tmp_path, [(0, "1D15h"), (5, "23h45min")], then=[1, 0, 0, 0, 0, 0])
    assert (book.late, book.unfilled) == (1, 0)
    assert book.journal_return == pytest.approx((1 - 0.005) + 0.5 * (146.41 / 110 - 1) - 1)  # bought at 110, not at 100


def test_an_entry_after_the_last_open_is_not_filled_at_all(tmp_path):
    book = kept(tmp_path, [(0, "30D"), (2, "40D")])
    assert (book.late, book.unfilled, book.journal_return, book.open_positions) == (2, 2, 0.0, ())
    assert book.gap_fills < 0


def test_weights_are_told_apart_likewise(tmp_path):
    book = kept(tmp_path, [(n, "23h45min") for n in range(5)], WEIGHTS, then=[1, -1, 1, -1, -1, 1])
    assert (book.gap_missing, book.gap_fills, book.different) == (0.0, 0.0, 1)
    assert book.gap_data == pytest.approx(1.05**2 - 1.05**3)
    assert book.gap_data + book.gap_costs == pytest.approx(book.journal_return - book.backtest_return)
