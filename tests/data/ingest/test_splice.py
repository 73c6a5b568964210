"""Several files to one table."""

import pandas as pd
import pytest

from flowbt.data.ingest.splice import SourceRows, select, splice
from flowbt.data.sources.base import RawTable
from flowbt.ground.errors import SourceError


def frame(days, close, **more):
    dates = pd.DatetimeIndex([f"2024-01-{day:02}" for day in days])
    return pd.DataFrame({"event_time": dates, "symbol": "A", "row": range(2, 2 + len(days)), "close": close, **more})


def test_the_first_file_counts_and_the_second_fills():
    table, overlaps, findings = splice([SourceRows("a", frame([2, 3], [1.0, 2.0])), SourceRows("b", frame([3, 4], [2.01, 3.0]))], {"close": 0.02})
    assert table.sort_values("event_time")["close"].tolist() == [1.0, 2.0, 3.0]
    assert (overlaps[0].common, overlaps[0].differing, round(overlaps[0].largest, 6)) == (1, 0, 0.01)
    assert findings == []


def test_a_difference_beyond_the_tolerance_is_a_finding():
    _, overlaps, findings = splice([SourceRows("a", frame([2], [1.0])), SourceRows("b", frame([2], [1.5]))], {"close": 0.02})
    assert [finding.line() for finding in findings] == ["[overlap] b row 2: 2024-01-02 A close: 1.5 where an earlier file has 1"]
    assert overlaps[0].differing == 1


def test_a_relative_tolerance():
    parts = [SourceRows("a", frame([2], [100.0])), SourceRows("b", frame([2], [100.9]))]
    assert splice(parts, {"close": "1%"})[2] == []
    assert len(splice(parts, {"close": "0.5%"})[2]) == 1


def test_an_empty_cell_of_the_first_file_is_filled_from_the_second():
    parts = [SourceRows("a", frame([2], [1.0], volume=[float("nan")])), SourceRows("b", frame([2], [1.0], volume=[7.0]))]
    assert splice(parts, {})[0][["close", "volume"]].values.tolist() == [[1.0, 7.0]]


def test_a_file_to_check_is_compared_and_not_used():
    table, overlaps, _ = splice([SourceRows("a", frame([2], [1.0])), SourceRows("b", frame([2, 3], [1.0, 9.0]), check=True)], {"close": 0.1})
    assert table["close"].tolist() == [1.0]
    assert overlaps[0].common == 1


def test_select_cuts_fields_and_days_and_documents_what_it_drops():
    raw = RawTable(frame([2, 3, 4, 5], [1.0, 2.0, 3.0, 4.0], other=5.0))
    kept = select(raw, {"start": "2024-01-03", "end": "2024-01-04", "fields": ["close"], "drop": {"A:2024-01-03": "bogus", "B:2024-01-04": "another symbol"}})
    assert kept.frame["close"].tolist() == [3.0]
    assert [(found.kind, found.reason, found.row) for found in kept.findings] == [("documented", "bogus", 3)]


def test_select_refuses_a_field_that_is_not_there():
    with pytest.raises(SourceError, match="clse not among close"):
        select(RawTable(frame([2], [1.0])), {"fields": ["clse"]})


def test_vintages_of_one_file_stay_beside_another_file():
    known = pd.to_datetime(["2024-02-01", "2024-03-01"])
    first, second = frame([1, 1], [1.0, 1.5], known_at=known), frame([2], [2.0], known_at=known[:1])
    parts = [SourceRows("a", first), SourceRows("b", second)]
    table = splice(parts, {"close": 0.1}, ("symbol", "event_time", "known_at"))[0]
    assert table[["event_time", "known_at", "close"]].equals(pd.concat([first, second], ignore_index=True)[["event_time", "known_at", "close"]])
