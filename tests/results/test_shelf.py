"""Listing, finding, removing and marking runs from their small files."""

import json
import os
import subprocess
import sys

import pytest
from tests.results.records import make_record
from tests.results.sweep_files import write_sweep
from tests.rights import mode

from flowbt.ground.errors import RunNotFound, StoreError
from flowbt.ground.files import WRITING
from flowbt.results import shelf, store, summary


@pytest.fixture(scope="module")
def shelved(tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    return root, [store.save(root, make_record(name, seed=seed, sessions=120)) for name, seed in (("one", 1), ("one", 2), ("two", 3))]


def test_newest_first_with_measures_and_a_spark(shelved):
    entries = shelf.listing(shelved[0]).entries
    assert [entry.strategy for entry in entries] == ["two", "one", "one"]
    assert entries[0].summary["measures"]["sharpe"] == pytest.approx(make_record("two", seed=3, sessions=120).measures.sharpe)
    assert len(entries[0].summary["spark"]) == summary.SPARK
    assert entries[0].summary["spark"][0] == 1.0


def test_a_missing_folder_is_an_empty_listing(tmp_path):
    assert shelf.listing(tmp_path / "none") == shelf.Listing([], [])


def test_found_by_id_start_strategy_and_folder(shelved, monkeypatch):
    root, (first, second, third) = shelved
    assert shelf.find(root, first.name[:7]).path == first
    assert shelf.find(root, f"one/{second.name[:7]}").path == second
    assert shelf.find(root, "one").path == second  # its newest
    monkeypatch.chdir(root)
    assert shelf.find(root, str(third)).path == shelf.find(root, f"two/{third.name}/").path == third


def test_not_found_names_the_nearest(shelved):
    with pytest.raises(RunNotFound, match=r"run 'onee': not among the 3 runs .*did you mean one"):
        shelf.find(shelved[0], "onee")


def test_an_ambiguous_start_is_refused(tmp_path):
    for digits in ("aaaaaaaaaaa0", "aaaaaaaaaaa1"):
        (tmp_path / "x" / digits).mkdir(parents=True)
        (tmp_path / "x" / digits / "summary.json").write_text(json.dumps({"id": digits, "strategy": "x"}))
    with pytest.raises(RunNotFound, match=r"2 runs begin so: .*give more digits"):
        shelf.find(tmp_path, "aaa")


@pytest.mark.parametrize("name", ["", "/", "one/"])
def test_an_empty_id_names_nothing_by_accident(shelved, name):
    if name.startswith("one"):
        assert shelf.find(shelved[0], name).strategy == "one"
    else:
        with pytest.raises(RunNotFound):
            shelf.find(shelved[0], name)


def test_broken_and_half_written_runs_are_named_and_skipped(tmp_path):
    whole = store.save(tmp_path, make_record(sessions=60))
    for name, text in (("0" * 12, None), ("1" * 12, "{"), ("2" * 12, json.dumps({"id": "other", "strategy": "x"})), ("3" * 12, json.dumps({"id": "3" * 12}))):
        (tmp_path / "dull" / name).mkdir()
        if text is not None:
            (tmp_path / "dull" / name / "summary.json").write_text(text)
    (tmp_path / "dull" / f"{WRITING}{'4' * 12}.999999999-1-0").mkdir()
    (tmp_path / "dull" / f"{WRITING}{'5' * 12}.{os.getpid()}-1-0").mkdir()  # still being written: neither listed nor broken
    found = shelf.listing(tmp_path)
    assert [entry.path for entry in found.entries] == [whole]
    words = ("half-written", "No such file", "is broken", "another run", "lacks 'strategy'")
    assert len(found.broken) == 5
    assert all(any(word in line for line in found.broken) for word in words)


def test_removing_leaves_nothing_behind(tmp_path):
    place = store.save(tmp_path, make_record(sessions=60))
    shelf.remove(shelf.find(tmp_path, place.name))
    assert not place.parent.exists()


def test_marks_are_kept_and_changed(tmp_path):
    place = store.save(tmp_path, make_record(sessions=60))
    shelf.mark(tmp_path, "dull", lambda tags, note: ([*tags, "b", "a", "b"], "first"))
    entry = shelf.mark(tmp_path, place.name, lambda tags, note: ([t for t in tags if t != "b"], note + " second"))
    assert (entry.tags, entry.note) == (("a",), "first second")
    assert shelf.find(tmp_path, "dull").note == "first second"


def test_marking_in_a_read_only_folder_is_one_clear_line(tmp_path):
    place = store.save(tmp_path, make_record(sessions=60))
    with mode(place, 0o500), pytest.raises(StoreError, match=r"write tags and notes in .*Permission denied"):
        shelf.mark(tmp_path, "dull", lambda tags, note: (tags, "x"))


def test_runs_that_may_not_be_read_are_told_of(tmp_path):
    place = store.save(tmp_path, make_record(sessions=60))
    with mode(place.parent, 0):
        found = shelf.listing(tmp_path)
        assert (found.entries, found.broken) == ([], [f"{place.parent}: Permission denied: its runs cannot be read"])
    assert len(shelf.listing(tmp_path).entries) == 1


def test_a_listing_imports_nothing_heavy():
    code = "import sys; from flowbt.results import shelf; shelf.listing('.'); print([m for m in ('pandas', 'numpy', 'pyarrow', 'jinja2') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_short_names_and_tags_name_a_run(shelved):
    root, (first, second, third) = shelved
    shelf.mark(root, first.name, lambda tags, note: (["baseline"], note))
    assert shelf.find(root, "tw").path == third
    assert shelf.find(root, "on").path == second  # the newest of the only strategy that begins so
    assert shelf.find(root, "baseline").path == first


def test_a_start_of_two_strategies_is_refused(tmp_path):
    for name in ("zone_a", "zone_b"):
        store.save(tmp_path, make_record(name, sessions=60))
    with pytest.raises(RunNotFound, match="2 strategies begin so: zone_a, zone_b; give more letters"):
        shelf.find(tmp_path, "zone")


def test_a_sweep_is_found_and_removed_and_nothing_else(tmp_path):
    place = store.save(tmp_path, make_record("one", sessions=60))
    folder, _ = write_sweep(tmp_path)
    for name in ("sweep-0123", "exit_liquidity/sweep-0123456789ab", str(folder), "0123"):
        assert shelf.find_any(tmp_path, name).path == folder
    assert shelf.find_any(tmp_path, place.name[:6]).path == place
    shelf.remove(shelf.find_any(tmp_path, "sweep-0123"))
    assert not folder.parent.exists()
    assert place.is_dir()
    with pytest.raises(RunNotFound):
        shelf.find_any(tmp_path, "sweep-0123")


def test_names_that_differ_only_in_their_letters_have_folders_of_their_own(tmp_path):
    names = ("größe", "grüße", "gr__e", "a b", "a/b", "x" * 90, "x" * 91)
    assert len({shelf.slug(name) for name in names}) == len(names)
    assert all(shelf.slug(name).isascii() and len(shelf.slug(name)) <= 80 for name in names)
    assert shelf.slug("exit_liquidity") == "exit_liquidity"


def test_a_copy_under_another_name_has_its_own_id():
    assert make_record("one").manifest["id"] != make_record("two").manifest["id"]


def test_an_older_run_is_taken_with_a_warning_where_the_newest_is_damaged(tmp_path):
    older = store.save(tmp_path, make_record(sessions=120, seed=1))
    newer = store.save(tmp_path, make_record(sessions=120, seed=2))
    (newer / "summary.json").write_text("{}") if (newer / "summary.json").exists() else (newer / "run.json").write_text("{}")
    with pytest.warns(RuntimeWarning, match="the newest run that is whole is taken"):
        assert shelf.find(tmp_path, older.parent.name).path == older
    assert shelf.find(tmp_path, older.name).path == older  # named by its digits: nothing to say


def test_ctrl_c_while_a_run_is_removed_leaves_nothing_behind(tmp_path, monkeypatch):
    place = store.save(tmp_path, make_record(sessions=60))

    def interrupted(path):
        next(path.iterdir()).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shelf, "delete", interrupted)
    with pytest.raises(KeyboardInterrupt):
        shelf.remove(shelf.find(tmp_path, place.name))
    assert not [path for path in place.parent.iterdir() if path.is_dir()]


def test_what_somebody_else_has_just_removed_is_said(tmp_path):
    store.save(tmp_path, make_record(sessions=60))
    entry = shelf.find(tmp_path, "dull")
    shelf.remove(entry)
    with pytest.raises(RunNotFound, match="it is not there any more"):
        shelf.remove(entry)
