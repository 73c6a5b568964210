"""The store: whole or absent, equal under one key, readable while damaged neighbours exist."""

import dataclasses
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from tests.results.records import make_record
from tests.rights import mode

from flowbt.ground import files
from flowbt.ground.errors import StoreError
from flowbt.results import shelf, store


def test_a_run_comes_back_as_it_was(tmp_path):
    record = make_record()
    back = store.load(store.save(tmp_path, record))
    for name in store.FRAMES:
        pd.testing.assert_frame_equal(getattr(back, name), getattr(record, name), check_freq=False)
    assert back.metrics == record.metrics
    assert back.manifest == record.manifest


def test_the_folder_is_the_content_key_and_holds_the_page(tmp_path):
    record = make_record("dull", seed=5)
    place = store.save(tmp_path, record)
    assert place == tmp_path / "dull" / record.manifest["id"]
    assert {path.name for path in place.iterdir()} == {f"{n}.parquet" for n in store.FRAMES} | {"run.json", "summary.json", "tearsheet.html", "trades.csv"}
    assert (tmp_path / "_assets" / "plotly.min.js").stat().st_size > 1_000_000


def test_saving_again_keeps_tags_and_renews_the_page(tmp_path):
    record = make_record()
    place = store.save(tmp_path, record)
    shelf.mark(tmp_path, place.name, lambda tags, note: (["keep"], "mine"))
    told = {**record.manifest, "warnings": ["Latest vintage: rates."]}
    store.save(tmp_path, dataclasses.replace(record, manifest=told))
    entry = shelf.find(tmp_path, place.name)
    assert (entry.tags, entry.note) == (("keep",), "mine")
    assert "Latest vintage: rates." in (place / "tearsheet.html").read_text()


def test_the_same_key_with_other_measures_is_refused(tmp_path):
    record = make_record()
    store.save(tmp_path, record)
    other = dataclasses.replace(record, measures=dataclasses.replace(record.measures, sharpe=9.0))
    with pytest.raises(StoreError, match=r"stored with sharpe .* and now gives 9.0 .*flowbt results rm"):
        store.save(tmp_path, other)


def test_a_benchmark_changes_no_measure_of_the_strategy(tmp_path):
    from flowbt.evidence.measures import measure

    record = make_record()
    alone = measure(record.returns["strategy"], record.trades, 252, activity=record.returns).to_dict()
    against = {"beta", "alpha", "correlation"}
    assert {k: v for k, v in alone.items() if k not in against} == {k: v for k, v in record.metrics.items() if k not in against}


def test_an_interrupted_save_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "flush", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.save(tmp_path, make_record())
    assert list((tmp_path / "dull").iterdir()) == []


def test_a_read_only_folder_is_one_clear_line(tmp_path):
    with mode(tmp_path, 0o500), pytest.raises(StoreError, match=r"store the run in .*Permission denied; check the folder's permissions"):
        store.save(tmp_path, make_record())


def test_a_results_path_that_is_a_file_is_one_clear_line(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(StoreError, match="Not a directory"):
        store.save(tmp_path / "results", make_record())


def test_a_truncated_file_is_named(tmp_path):
    place = store.save(tmp_path, make_record())
    (place / "trades.parquet").write_bytes((place / "trades.parquet").read_bytes()[:200])
    with pytest.raises(StoreError, match=rf"stored run .*{place.name}.*remove it and run again"):
        store.load(place)


def test_the_key_follows_what_decides_the_result():
    base = make_record().manifest["id"]
    assert make_record(created="2030-01-01", command="other", verdicts={}).manifest["id"] == base
    for change in ({"parameters": {"rally": 0.03}}, {"code_hash": "x"}, {"costs": {"fees": 0.0}}, {"decide_at": "15:45"}, {"seed": 2}, {"to": "2020-01-02"}):
        assert make_record(**change).manifest["id"] != base


def test_hostile_names_stay_inside_the_folder(tmp_path):
    for name in ("../../escape", "<script>", "..", "a/b", "\x00"):
        place = store.save(tmp_path, make_record(name, sessions=60))
        assert place.resolve().parent.parent == tmp_path.resolve()
    assert json.loads((place / "summary.json").read_text())["strategy"] == "\x00"


def test_nothing_stored_is_read_by_running_it():
    source = Path(store.__file__).parents[1]
    runs = re.compile(r"^\s*(import|from) (pickle|shelve|marshal|dill|cloudpickle|joblib)\b|read_pickle|allow_pickle=True", re.MULTILINE)
    found = {path.relative_to(source).as_posix() for path in source.rglob("*.py") if runs.search(path.read_text())}
    assert found == {"engine/vbt/aside.py", "engine/vbt/serve.py"}  # the two ends of a pipe between processes of ours
