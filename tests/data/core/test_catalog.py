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


def many(root, count):
    for k in range(count):
        store(root, f"d{k}", bars(f"S{k}", pd.DatetimeIndex(["2024-01-02", "2024-01-03"])).assign(own=1.0), fields={**FIELDS, "own": {}})
    return Catalog((root,))


@pytest.mark.parametrize("count", [8, 9])
def test_eight_names_that_have_a_field_are_told_and_that_there_are_more(tmp_path, count):
    said = many(tmp_path, count).missing("close", "ZZZ")
    assert said.found == "the catalog has it for " + ", ".join(f"S{k}" for k in range(8)) + (" ..." if count > 8 else "")
    assert said.do == "import a dataset that holds it (`flowbt data ls`)"
    assert Catalog((tmp_path,)).missing("close", "S11").do.startswith("did you mean S1")


def test_prices_that_may_be_there_under_another_name_are_pointed_to(tmp_path):
    table = pd.DataFrame({"event_time": pd.DatetimeIndex(["2024-01-02"]), "symbol": "X"}).assign(**{f"f{k}": 1.0 for k in range(9)})
    store(tmp_path, "own", table, fields={f"f{k}": {} for k in range(9)})
    said = Catalog((tmp_path,)).missing("close", "X")
    assert said.found == "the catalog has " + ", ".join(f"f{k}" for k in range(8)) + " ... for X"
    assert "--map close=COLUMN" in said.do
    assert "for X" not in Catalog((tmp_path,)).missing("dix", "X").found
    assert "for Y" not in Catalog((tmp_path,)).missing("close", "Y").found


def test_a_field_that_nobody_has_is_told_with_where_and_what_is_declared_with_how(tmp_path):
    catalog = many(tmp_path, 1)
    assert catalog.missing("clsoe").found == f"no dataset under {tmp_path} has it"
    assert catalog.missing("clsoe").do == "did you mean close?"
    assert catalog.missing("qqqqq").do == "see `flowbt data ls` and `flowbt data import --help`"
    for name in "abcdefg":
        (tmp_path / name).mkdir()
        (tmp_path / name / "dataset.toml").write_text(f'title = "{name}"\nsource = "t"\n[publication]\nrule = "close"\n[fields.vpin]\n')
    said = Catalog((tmp_path,)).missing("vpin", "SPY")
    assert said.found == "declared in a, b, c, d, e, not imported"
    assert said.do.startswith("run `flowbt data import` for a ")


def test_of_a_field_all_holders_answer_in_order_and_a_longer_frequency_last(tmp_path):
    clock = Clock("24/7", "4h")
    hours = {name: Clock("24/7", name).labels("2024-01-01", "2024-01-05") for name in ("1h", "4h", "8h")}
    for name, labels in hours.items():
        store(tmp_path, f"a{name}", bars("BTC", labels), clock="24/7", frequency=name, fields=FIELDS, priority={"1h": 2, "4h": 9, "8h": 1}[name])
    catalog = Catalog((tmp_path,))
    assert [one.name for one in catalog.holders("volume", "BTC", clock)] == ["a4h", "a1h", "a8h"]
    assert [one.name for one in catalog.holders("volume", "BTC", Clock("24/7", "8h"))] == ["a8h", "a1h", "a4h"]
    assert catalog.holders("volume", "BTC", clock, "total return") == []
    assert catalog.synthetic is False
    assert (catalog.symbols("close"), catalog.symbols("close", "X")) == (["BTC"], [])
