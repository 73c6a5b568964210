"""Versions of a dataset: immutable, checked, one of them current, the others kept until they are cleared."""

import os
import pickle
import shutil

import pandas as pd
import pytest

from flowbt.data import versions
from flowbt.data.catalog import Catalog
from flowbt.data.versions import current, versions_of
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError, SpoiltDataset
from flowbt.studies.ingest.history import collect, import_log, restore
from tinydata import FIELDS, bars, store, stored, table_file

DAYS = Clock().labels("2024-01-02", "2024-03-28")


def spoil_bytes(folder):
    """One byte changed in place: the size stays."""
    path = table_file(folder)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


SPOILT = {
    "a byte": spoil_bytes,
    "cut off": lambda folder: os.truncate(table_file(folder), 200),
    "no table": lambda folder: table_file(folder).unlink(),
    "no version": lambda folder: shutil.rmtree(folder / "versions"),
    "another provenance": lambda folder: (current(folder).folder / "provenance.json").write_text("{}"),
    "an empty pointer": lambda folder: (folder / "current").write_text(""),
    "a pointer that leaves": lambda folder: (folder / "current").write_text("../../dix"),
    "a pointer that is no text": lambda folder: (folder / "current").write_bytes(b"\xff\xfe"),
    "an older flowbt": lambda folder: shutil.move(table_file(folder), folder / "data.parquet") and (folder / "current").unlink(),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_dataset_is_an_error_and_no_other_speaks_for_it(root, how):
    store(root, "other", bars("SPY", DAYS, 500.0), fields=FIELDS, priority=200)
    SPOILT[how](root / "prices")
    catalog = Catalog((root,))
    with pytest.raises(SpoiltDataset, match=r"dataset prices.*flowbt data restore"):
        catalog.holder("close", "SPY", Clock()).column("close")
    assert catalog.holder("dix", "SPX", Clock()).column("dix").size  # what it does not hold is still there


@pytest.mark.parametrize("how", ["no version", "an empty pointer"])
def test_a_spoilt_dataset_is_not_taken_for_a_field_that_is_missing(root, how):
    store(root, "other", bars("SPY", DAYS, 500.0), fields=FIELDS, priority=200)
    SPOILT[how](root / "prices")
    catalog = Catalog((root,))
    for ask in (lambda: catalog.has("close", "SPY"), lambda: catalog.has("close"), lambda: catalog.symbols("close")):
        with pytest.raises(SpoiltDataset, match="prices, which holds close"):
            ask()
    assert catalog.has("dix", "SPX")


def test_a_spoilt_declaration_spoils_its_dataset(root):
    store(root, "other", bars("SPY", DAYS, 500.0), fields=FIELDS, priority=200)
    (root / "prices" / "dataset.toml").write_text("title =")
    catalog = Catalog((root,))
    with pytest.raises(SpoiltDataset, match=r"dataset\.toml cannot be used"):
        catalog.holder("close", "SPY", Clock())
    assert catalog.problems[0].startswith("dataset prices:")


def test_a_reader_keeps_the_version_it_opened(root):
    catalog = Catalog((root,))
    hash, close = catalog.imported["prices"].hash, stored(root / "prices")["close"]
    store(root, "prices", bars("SPY", DAYS, 900.0), fields=FIELDS)
    collect(Catalog((root,)), ("prices",))
    assert catalog.imported["prices"].column("close").tolist() == close.tolist()
    assert catalog.imported["prices"].hash == hash != Catalog((root,)).imported["prices"].hash


def test_the_hash_is_taken_once_and_again_after_any_touch(root, monkeypatch):
    taken = []
    digest = versions.hashlib.file_digest
    monkeypatch.setattr(versions.hashlib, "file_digest", lambda *args: taken.append(1) or digest(*args))
    for _ in range(3):
        Catalog((root,)).imported["prices"].column("close")
    assert not taken  # the writer checked it
    os.utime(table_file(root / "prices"), (1, 1))
    for _ in range(3):
        Catalog((root,)).imported["prices"].column("close")
    assert len(taken) == 1


def test_a_change_that_keeps_size_and_time_is_found(root):
    path = table_file(root / "prices")
    stat = path.stat()
    spoil_bytes(root / "prices")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(SpoiltDataset, match="is not the file that was stored"):
        Catalog((root,)).imported["prices"].column("close")


def test_going_back_and_clearing(root):
    first, before = current(root / "prices").id, stored(root / "prices")
    store(root, "prices", bars("SPY", DAYS, 900.0), fields=FIELDS)
    assert [line["current"] for line in import_log(Catalog((root,)), "prices")] == [True, False]
    assert restore(Catalog((root,)), "prices", "previous").id == first
    assert stored(root / "prices").equals(before)
    assert len(versions_of(root / "prices")) == 2
    (gone,) = collect(Catalog((root,)), ("prices",))["prices"]
    assert [version.id for version in versions_of(root / "prices")] == [first] != [gone.name]
    with pytest.raises(DatasetError, match=f"version {gone.name!r} of dataset prices: the versions kept are {first}"):
        restore(Catalog((root,)), "prices", gone.name)


def test_a_spoilt_version_can_be_left_for_the_one_before(root):
    before = stored(root / "prices")
    store(root, "prices", bars("SPY", DAYS, 900.0), fields=FIELDS)
    spoil_bytes(root / "prices")
    restore(Catalog((root,)), "prices", "previous")
    assert stored(root / "prices").equals(before)


def test_clearing_takes_what_the_dead_left_and_nothing_of_the_living(root):
    dead, living = root / "prices" / "versions" / ".writing-version.999999999-1-0", root / "prices" / "versions" / f".writing-version.{os.getpid()}-1-0"
    for path in (dead, living):
        path.mkdir()
    assert collect(Catalog((root,)), ())["prices"] == [dead]
    assert living.is_dir()
    assert isinstance(stored(root / "prices"), pd.DataFrame)


def test_a_check_is_remembered_beside_others_and_forgotten_with_its_version(root):
    first = current(root / "prices").id
    store(root, "prices", bars("SPY", DAYS, 900.0), fields=FIELDS)
    second = current(root / "prices").id
    assert set(versions._checked(root / "prices")) == {first, second}
    collect(Catalog((root,)), ("prices",))
    store(root, "prices", bars("SPY", DAYS, 800.0), fields=FIELDS)
    assert set(versions._checked(root / "prices")) == {second, current(root / "prices").id}


def test_what_a_version_says_of_its_table():
    at = pd.DatetimeIndex(["2024-01-02", "2024-01-03 15:30", "2024-01-04", "2024-01-05"])
    table = pd.DataFrame({"event_time": at, "known_at": at, "symbol": list("ABBA"), "x": [1.0, 2.0, 3.0, None], "y": [None, None, 5.0, 6.0]})
    told = versions.describe(table.assign(revised_at=at))
    assert (told["rows"], told["span"]) == (4, ["2024-01-02", "2024-01-05"])
    assert told["fields"] == {
        "x": {"A": ("2024-01-02", "2024-01-02", 1), "B": ("2024-01-03T15:30:00", "2024-01-04", 2)},
        "y": {"A": ("2024-01-05", "2024-01-05", 1), "B": ("2024-01-04", "2024-01-04", 1)},
    }
    hashes = {versions.describe(one)["data_hash"] for one in (table, table.rename(columns={"x": "z"}), table.assign(x=[1.0, 2.0, 3.5, None]), table.iloc[::-1])}
    assert [len(one) for one in hashes] == [16] * 4
    assert (versions.describe(table.iloc[:0])["rows"], versions.describe(table.iloc[:0])["span"]) == (0, [])


def test_versions_are_told_newest_first_with_what_was_before_and_files_by_name(root):
    dataset, table = Catalog((root,)).imported["prices"], stored(root / "prices")
    for k in range(2):
        versions.write_dataset(root, dataset.declaration, table.assign(volume=float(k)), {"files": [{"name": f"f{k}.csv"}], "change": {"added": k}})
    newest, middle, first = versions_of(root / "prices")
    assert (newest.id, first.id) == (current(root / "prices").id, dataset.version.id)
    assert [line["version"] for line in newest.provenance["history"]] == [first.id, middle.id]
    assert versions.line_of(middle) == newest.provenance["history"][1]
    line = versions.line_of(newest)
    assert (line["files"], line["rows"], line["change"]) == (["f1.csv"], len(table), {"added": 1})
    assert middle.provenance["history"] == newest.provenance["history"][:1]


def test_fields_of_what_cannot_be_read_are_those_of_any_whole_version(root):
    assert versions.held_by(root / "prices") == {name: {"SPY", "QQQ"} for name in FIELDS}
    store(root, "prices", bars("IWM", DAYS, 900.0), fields=FIELDS)
    assert versions.held_by(root / "prices")["close"] == {"SPY", "QQQ", "IWM"}
    (current(root / "prices").folder / "provenance.json").write_text('{"fields": {"close": {"X": []}}}')
    assert versions.held_by(root / "prices")["close"] == {"SPY", "QQQ"}
    assert versions.held_by(root / "none") == {}


def test_clearing_keeps_what_is_named_and_takes_what_an_older_flowbt_left_only_where_something_stays(root):
    folder = root / "prices"
    (folder / "data.parquet").write_text("old")
    assert versions.discard(folder, [current(folder).id]) == [folder / "data.parquet"]
    (folder / "provenance.json").write_text("old")
    gone = versions.discard(folder, [])
    assert gone == [folder / "versions" / gone[0].name]
    assert (folder / "provenance.json").exists()
    assert list((folder / "versions").iterdir()) == []


@pytest.mark.parametrize(("name", "near"), [("a b", "call it a-b"), ("../up", "call it up"), ("§", "give another name"), ("x" * 81, "call it x")])
def test_a_name_that_is_no_folders_is_refused_with_one_that_is(root, name, near):
    with pytest.raises(DatasetError, match=near):
        versions.dataset_name(name)
    assert versions.dataset_name("x" * 80) == "x" * 80
    with pytest.raises(DatasetError), versions.writing_alone(root, name):
        pass


def test_what_was_stored_is_told_with_its_size_where_it_has_another(root):
    folder, version = root / "prices", current(root / "prices")
    size = table_file(folder).stat().st_size
    os.truncate(table_file(folder), 200)
    with pytest.raises(SpoiltDataset, match=f"data.parquet has 200 bytes where {size:,} were stored"):
        current(folder)
    assert versions_of(folder) == []
    assert current(root / "nothing") is None
    (folder / "current").write_text(f"{version.id}0\n")
    with pytest.raises(SpoiltDataset, match=r"its current version is '[0-9a-f]{16}0', which is no name of one"):
        current(folder)


def test_columns_and_symbols_of_a_version_are_read_as_asked(root):
    version = current(root / "prices")
    assert version.table(["close"]).column_names == ["close"]
    assert set(version.table(["symbol"], ["QQQ"])["symbol"].to_pylist()) == {"QQQ"}
    assert len(version.table()) == version.provenance["rows"] == len(version.frame())
    assert version.ranges == [("QQQ", "SPY")]
    assert pickle.loads(pickle.dumps(version)).table().equals(version.table())
