"""The catalog: atomic datasets, declarations, publication rules, broken files."""

import pandas as pd
import pytest
from tests.rights import mode

from flowbt.data.catalog import Catalog
from flowbt.data.declare import Publication, parse_declaration, read_declaration
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError, SpoiltDataset
from tinydata import FIELDS, bars, store

RULES = {
    "close": ({"rule": "close"}, "2024-07-05", "2024-07-05 20:00"),
    "same evening": ({"rule": "session", "at": "18:00"}, "2024-07-05", "2024-07-05 22:00"),
    "next session": ({"rule": "session", "days": 1, "at": "16:15"}, "2024-07-05", "2024-07-08 20:15"),
    "after": ({"rule": "after", "delay": "90min"}, "2024-07-05 08:00", "2024-07-05 09:30"),
    "friday": ({"rule": "weekday", "weekday": 4, "at": "15:30"}, "2024-07-02", "2024-07-05 19:30"),
    "next month": ({"rule": "month", "business_day": 1, "at": "10:00"}, "2024-06-01", "2024-07-01 14:00"),
}


@pytest.mark.parametrize("rule", RULES)
def test_publication_rules(rule):
    raw, event, known = RULES[rule]
    assert Publication(**raw).known_at(pd.DatetimeIndex([event]), Clock())[0] == pd.Timestamp(known)


def test_a_declaration_without_a_publication_rule_is_refused(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "dataset.toml").write_text('title = "x"\nsource = "test"\n[fields.close]\n')
    with pytest.raises(DatasetError, match=r"no .publication. rule"):
        read_declaration(folder)


def test_a_misspelt_key_is_named():
    with pytest.raises(DatasetError, match=r"fields: close: unit: Extra inputs"):
        parse_declaration("x", {"title": "x", "source": "t", "publication": {"rule": "close"}, "fields": {"close": {"unit": "price"}}})


def test_what_is_written_reads_back(catalog):
    assert sorted(catalog.imported) == ["dix", "prices"]
    assert catalog.imported["prices"].spans("close")["SPY"][:2] == ["2024-01-02", "2024-03-28"]
    assert len(catalog.imported["prices"].read(["close"], ["QQQ"])) == catalog.imported["prices"].spans("close")["QQQ"][2]


def test_equal_data_has_an_equal_hash(tmp_path):
    table = bars("SPY", Clock().labels("2024-01-02", "2024-01-31"))
    for name in ("a", "b"):
        store(tmp_path / name, "prices", table, fields=FIELDS)
    first, second = (Catalog((tmp_path / name,)).imported["prices"].hash for name in ("a", "b"))
    assert first == second


def test_the_nearest_frequency_answers_then_the_priority(tmp_path):
    clock = Clock("24/7", "1h")
    store(tmp_path, "hours", bars("BTC", clock.labels("2024-01-01", "2024-01-05 23:00")), clock="24/7", frequency="1h", fields=FIELDS)
    for name, priority in (("days", 20), ("better", 10)):
        store(tmp_path, name, bars("BTC", Clock("24/7").labels("2024-01-01", "2024-01-05")), clock="24/7", frequency="day", priority=priority, fields=FIELDS)
    catalog = Catalog((tmp_path,))
    assert catalog.holder("close", "BTC", clock).name == "hours"
    assert catalog.holder("close", "BTC", Clock("24/7")).name == "better"


def test_a_symbol_that_a_declared_dataset_is_about_is_not_guessed_from_others(tmp_path):
    store(tmp_path, "coin", bars("BTC", pd.DatetimeIndex(["2024-01-02", "2024-01-03"])), fields=FIELDS)
    (tmp_path / "leg").mkdir()
    (tmp_path / "leg" / "dataset.toml").write_text('title = "The same bars under BTCSPOT"\nsource = "t"\n[publication]\nrule = "close"\n[fields.close]\n')
    assert "declared in leg, not imported" in str(Catalog((tmp_path,)).missing("close", "BTCSPOT"))
    assert "did you mean BTC" in str(Catalog((tmp_path,)).missing("close", "BTCSPT"))


def test_a_folder_that_may_not_be_looked_into_is_named_and_none_speaks_in_its_place(tmp_path):
    for name in ("one", "two"):
        store(tmp_path, name, bars("SPY", pd.bdate_range("2024-01-02", periods=3)), fields=FIELDS)
    with mode(tmp_path / "one", 0):
        catalog = Catalog((tmp_path,))
        assert list(catalog.imported) == ["two"]
        assert "one" in catalog.spoilt
        with pytest.raises(SpoiltDataset, match=r"dataset one, which may hold close: .*Permission denied"):
            catalog.holder("close", "SPY", Clock())
    assert list(Catalog((tmp_path,)).imported) == ["one", "two"]


def test_a_link_to_a_dataset_that_is_not_there_is_named(tmp_path):
    store(tmp_path, "two", bars("SPY", pd.bdate_range("2024-01-02", periods=3)), fields=FIELDS)
    (tmp_path / "one").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "loop").symlink_to("loop")
    catalog = Catalog((tmp_path,))
    assert list(catalog.imported) == ["two"]
    assert set(catalog.spoilt) == {"one", "loop"}
    with pytest.raises(SpoiltDataset, match="may hold close"):
        catalog.has("close")
