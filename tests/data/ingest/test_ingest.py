"""Plan to catalog: no-ops, refusals, atomicity, publication."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.declare import read_declaration
from flowbt.data.ingest.plan import read_plan
from flowbt.data.versions import current
from flowbt.ground.errors import DatasetError, FlowbtError, ParameterError, SourceError
from flowbt.studies.ingest.arrival import Arrival
from flowbt.studies.ingest.files import FileImport, import_files, publication_rule
from flowbt.studies.ingest.ingest import Target, import_plan

ONE = '[[dataset]]\nname = "bars"\nfiles = [{ path = "a.csv", options = { symbol = "A" } }]\n'


def bring(plan_path, only=(), **arrival):
    root = plan_path.parent
    return import_plan(read_plan(plan_path), root.parent / "raw", Target(root, root), only, None, Arrival(**arrival))


def stored(tmp_path, name="bars"):
    return Catalog((tmp_path / "datasets",)).imported[name].read(["event_time", "known_at", "symbol", "close"])


def test_rows_are_known_when_the_rule_says(tmp_path, declare, put, plan):
    declare()
    put("a.csv")
    assert [outcome.status for outcome in bring(plan(ONE))] == ["imported"]
    assert stored(tmp_path)["known_at"].tolist() == [pd.Timestamp(f"2024-01-0{day} 23:00") for day in (2, 3, 4)]


def test_the_same_bytes_again_do_nothing_and_other_bytes_do(tmp_path, declare, put, plan):
    folder = declare()
    put("a.csv")
    bring(plan(ONE))
    before = current(folder).id
    assert bring(plan(ONE))[0].status == "unchanged"
    assert current(folder).id == before
    put("a.csv", "date,open,high,low,close,volume\n2024-01-02,10,12,9,11,5\n")
    assert (bring(plan(ONE))[0].status, len(stored(tmp_path))) == ("unchanged", 3)  # its row is there already
    assert (bring(plan(ONE), replace=True)[0].status, len(stored(tmp_path))) == ("imported", 1)


def test_a_changed_declaration_imports_again(tmp_path, declare, put, plan):
    folder = declare()
    put("a.csv")
    bring(plan(ONE))
    text = (folder / "dataset.toml").read_text().replace("18:00", "20:00")
    (folder / "dataset.toml").write_text(text)
    assert bring(plan(ONE))[0].status == "imported"
    assert stored(tmp_path)["known_at"][0] == pd.Timestamp("2024-01-03 01:00")


def test_a_refused_dataset_does_not_stop_the_others(tmp_path, declare, put, plan):
    declare("bad")
    declare("bars")
    put("a.csv")
    put("b.csv", "date,open,high,low,close,volume\n2024-01-02,10,12,9,0,5\n")
    bad = '[[dataset]]\nname = "bad"\nfiles = [{ path = "b.csv", options = { symbol = "B" } }]\n'
    gone = '[[dataset]]\nname = "gone"\nfiles = [{ path = "b.csv" }]\n'
    outcomes = bring(plan(bad + gone + ONE))
    assert [outcome.status for outcome in outcomes] == ["refused", "refused", "imported"]
    assert "0 is impossible here" in outcomes[0].problem
    assert "dataset.toml is not there" in outcomes[1].problem
    assert current(tmp_path / "datasets" / "bad") is None


def test_a_refusal_leaves_the_old_data(tmp_path, declare, put, plan):
    declare()
    put("a.csv")
    bring(plan(ONE))
    put("a.csv", "date,open,high,low,close,volume\n2024-01-02,10,12,9,0,5\n")
    assert bring(plan(ONE))[0].status == "refused"
    assert len(stored(tmp_path)) == 3


def test_an_interruption_while_writing_leaves_the_old_data(tmp_path, declare, put, plan, monkeypatch):
    folder = declare()
    put("a.csv")
    bring(plan(ONE))
    put("a.csv", "date,open,high,low,close,volume\n2024-01-05,10,12,9,11,5\n")

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("pyarrow.parquet.write_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bring(plan(ONE))
    assert len(stored(tmp_path)) == 3
    assert [path.name for path in (folder / "versions").iterdir()] == [current(folder).id]


def test_provenance_has_hash_rows_overlaps_and_findings(tmp_path, declare, put, plan):
    declare(policy='off_session = "drop"')
    put("a.csv")
    put("b.csv", "date,open,high,low,close,volume\n2024-01-04,11,13,10,12.5,7\n2024-01-06,1,1,1,1,1\n")
    text = '[[dataset]]\nname = "bars"\noverlap = { close = 1.0 }\nfiles = [{ path = "[ab].csv", options = { symbol = "A" } }]\n'
    assert bring(plan(text))[0].findings == {"off_session": 1}
    record = current(tmp_path / "datasets" / "bars").provenance
    assert [(file["name"], file["rows"], len(file["sha256"])) for file in record["files"]] == [("a.csv", 3, 64), ("b.csv", 1, 64)]
    assert record["overlaps"] == [{"file": "b.csv", "field": "close", "common": 1, "differing": 0, "largest": 0.5}]
    assert [(found["kind"], found["action"], found["row"]) for found in record["findings"]] == [("off_session", "dropped", 3)]


def test_overlap_beyond_the_tolerance_is_refused(declare, put, plan):
    declare()
    put("a.csv")
    put("b.csv", "date,open,high,low,close,volume\n2024-01-04,11,12,10,14,7\n")
    text = ONE.replace("files", "overlap = { close = 1.0 }\nfiles").replace("}]", '}, { path = "b.csv", options = { symbol = "A" } }]')
    assert "14 where an earlier file has 12" in bring(plan(text))[0].problem


def test_a_symbol_comes_from_the_file_name(tmp_path, declare, put, plan):
    declare()
    put("etf/QQ_adj.csv")
    put("etf/SP_adj.csv")
    bring(plan('[[dataset]]\nname = "bars"\nfiles = [{ path = "etf/*_adj.csv", symbol_from = "^(.+)_adj" }]\n'))
    assert stored(tmp_path)["symbol"].astype("str").unique().tolist() == ["QQ", "SP"]


def test_a_field_nobody_declared_is_refused(declare, put, plan):
    folder = declare()
    path = folder / "dataset.toml"
    path.write_text(path.read_text().replace("[fields.volume]", ""))
    put("a.csv")
    assert "the files hold volume" in bring(plan(ONE))[0].problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[dataset]]\nname = 'x'\nfiles = []\n", "files"),
        ("nonsense", "not TOML"),
        (ONE + ONE, "dataset: bars is there twice"),
        ("[[dataset]]\nname = 'x'\nfils = 1\n", "x: fils: Extra"),
        (ONE.replace("{ path", "{ source = 'yaho', path"), "bars: files 1: source: no source 'yaho'; did you mean yahoo"),
    ],
)
def test_a_plan_that_is_wrong_says_where(plan, text, problem):
    with pytest.raises(DatasetError, match=problem):
        read_plan(plan(text))


def test_a_root_that_is_no_folder_is_one_line(plan, tmp_path):
    with pytest.raises(DatasetError, match="no such folder"):
        import_plan(read_plan(plan(ONE)), tmp_path / "nowhere", Target(tmp_path, tmp_path))


def test_only_wants_names_of_the_plan(plan, declare, put):
    put("a.csv")
    with pytest.raises(DatasetError, match="did you mean bars"):
        bring(plan(ONE), ["bar"])


def test_files_without_a_publication_rule_are_refused(tmp_path, put):
    asked = FileImport("mine", "yahoo", {"symbol": "A"})
    with pytest.raises(DatasetError, match="nothing says when its rows became known; give --publication"):
        import_files(asked, [put("a.csv")], tmp_path / "datasets")
    assert not (tmp_path / "datasets").exists()


def test_files_with_a_rule_declare_their_dataset(tmp_path, put):
    asked = FileImport("mine", "yahoo", {"symbol": "A"}, publication="session 1 09:00", max_age="5D")
    import_files(asked, [put("a.csv")], tmp_path / "datasets")
    assert stored(tmp_path, "mine")["known_at"][0] == pd.Timestamp("2024-01-03 14:00")
    assert Catalog((tmp_path / "datasets",)).declared["mine"].fields["close"].max_age == "5D"


@pytest.mark.parametrize(("source", "options", "basis"), [("broker", {}, "split"), ("yahoo", {}, "split"), ("yahoo", {"adjusted": True}, "total return")])
def test_files_of_a_provider_declare_what_its_prices_are(tmp_path, source, options, basis):
    (tmp_path / "a.csv").write_text("date,open,high,low,close,volume,wap,count,adj close\n2024-01-02,1,1,1,1,5,1,2,1\n")
    import_files(FileImport("mine", source, {"symbol": "A", **options}, publication="close"), [tmp_path / "a.csv"], tmp_path / "datasets")
    assert Catalog((tmp_path / "datasets",)).declared["mine"].basis == basis


def test_shipped_prices_of_a_provider_that_folds_splits_in_are_declared_so():
    shipped = [read_declaration(path.parent) for path in (Path(__file__).parents[3] / "datasets").glob("*/dataset.toml")]
    undeclared = {one.name for one in shipped if one.source in ("broker", "yahoo") and one.basis == "traded"}
    assert undeclared == {"dxy", "index-prices", "spx-5m"}  # indices: nothing is split, nothing is paid


def test_a_column_of_publication_times_is_used(tmp_path, put):
    path = put("k.csv", "d,pub,v\n2024-01-02,2024-01-05T12:00:00,1\n")
    options = {"time": "d", "known": "pub", "symbol": "X", "map": {"close": "v"}}
    import_files(FileImport("k", "table", options, publication="column", frequency="irregular"), [path], tmp_path / "datasets")
    assert stored(tmp_path, "k")["known_at"][0] == pd.Timestamp("2024-01-05 12:00")


def test_a_correction_in_another_file_is_a_vintage(tmp_path, put):
    first = put("a.csv", "d,pub,v\n2024-01-02,2024-01-05T00:00Z,1\n2024-01-03,2024-01-06T00:00Z,2\n")
    later = put("b.csv", "d,pub,v\n2024-01-02,2024-02-05T00:00Z,1.5\n")
    asked = FileImport("x", "table", {"time": "d", "known": "pub", "symbol": "S", "map": {"value": "v"}}, "column", frequency="irregular")
    import_files(asked, [first, later], tmp_path / "datasets")
    table = Catalog((tmp_path / "datasets",)).imported["x"].read(["event_time", "known_at", "value"])
    assert table.sort_values(["event_time", "known_at"])["value"].tolist() == [1.0, 1.5, 2.0]


def test_a_rule_by_column_without_the_column_is_refused(tmp_path, put):
    with pytest.raises(FlowbtError, match="carry no known_at"):
        import_files(FileImport("k", "yahoo", {"symbol": "A"}, publication="column"), [put("a.csv")], tmp_path / "datasets")


def test_rules_in_words():
    assert publication_rule("close") == {"rule": "close"}
    assert publication_rule("session 18:00") == {"rule": "session", "at": "18:00"}
    assert publication_rule("session 1 9:30") == {"rule": "session", "days": 1, "at": "09:30"}
    assert publication_rule("month 3 10:00") == {"rule": "month", "business_day": 3, "at": "10:00"}
    assert publication_rule("weekday 4 15:30") == {"rule": "weekday", "weekday": 4, "at": "15:30"}
    assert publication_rule("after 1h") == {"rule": "after", "delay": "1h"}
    for wrong in ("later", "session 25:00", "close 3"):
        with pytest.raises(ParameterError, match="not a rule"):
            publication_rule(wrong)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path, put):
    (tmp_path / "datasets").write_text("a file, not a folder")
    with pytest.raises(DatasetError, match="cannot write to"):
        import_files(FileImport("m", "yahoo", {"symbol": "A"}, publication="close"), [put("a.csv")], tmp_path / "datasets")


def test_a_folder_of_files_where_the_source_knows_their_names(tmp_path, put):
    text = "Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market\n202401{day}|A|1|0|4|Q\n1\n"
    for day in ("02", "03"):
        folder = put(f"finra/CNMSshvol202401{day}.txt", text.format(day=day)).parent
    assert import_files(FileImport("finra", "finra", {}, publication="session 18:00"), [folder], tmp_path / "datasets").rows == 2
    with pytest.raises(SourceError, match="is a folder"):
        import_files(FileImport("y", "yahoo", {"symbol": "A"}, publication="close"), [folder], tmp_path / "datasets")


def test_no_change_looks_known_before_what_it_changes(tmp_path, declare, put, plan):
    folder = declare()
    put("a.csv")
    bring(plan(ONE))
    there = current(folder)
    assert Arrival().instant(there) >= pd.Timestamp(there.provenance["stored"]).tz_localize(None).floor("ms")
    ahead = replace(there, provenance={**there.provenance, "stored": "2999-01-01T00:00:00+00:00"})  # as where the clock has gone back since
    with pytest.raises(FlowbtError, match=r"dataset bars: the clock says .* set the clock right"):
        Arrival().instant(ahead)
    assert Arrival(known=pd.Timestamp("2024-02-01")).instant(ahead) == pd.Timestamp("2024-02-01")
