"""What a strategy or claim file does to the process is one line with its place; what is broken beside it stops nothing."""

import json
import re
import subprocess
import sys

import pytest
from tests.results.records import make_record

import flowbt as fb
from flowbt import cli
from flowbt.ground.errors import StrategyError
from flowbt.ground.guard import contained, deciding
from flowbt.results import shelf, store
from flowbt.studies.gallery import gallery
from flowbt.studies.score.files import load

HERE = __file__
DOES = {
    "exit": ("raise SystemExit(0)", "SystemExit"),
    "recursion": ("return signals(panel)", "RecursionError on line"),
    "memory": ("raise MemoryError", "MemoryError on line"),
    "loop": ("while True: pass", "took longer than"),
    "no words": ("class E(Exception):\n        def __str__(self): raise ValueError\n    raise E", "E on line"),
    "many words": ("raise ValueError('a\\nb ' * 10**6)", "ValueError on line .*: a b a b"),
    "caught loop": ("while True:\n        try:\n            sum(range(1000))\n        except Exception: pass", "took longer than"),
}


@pytest.mark.parametrize("case", DOES)
def test_what_a_strategy_does_is_one_line_with_its_line(case, strategy, catalog, tmp_path, monkeypatch):
    body, words = DOES[case]
    monkeypatch.setenv("FLOWBT_TIMEOUT", "0.3" if "loop" in case else "")
    strategy.write_text(strategy.read_text().replace("    moved =", f"    {body}\n    moved ="))
    with pytest.raises(StrategyError, match=words) as said:
        fb.run(strategy, setup=fb.Setup(tmp_path / "datasets"))
    assert "line " in str(said.value)
    assert "\n" not in str(said.value)
    assert len(str(said.value)) < 1500


def _endless():
    while True:
        pass


def test_after_a_limit_the_thread_goes_on(monkeypatch):
    monkeypatch.setenv("FLOWBT_TIMEOUT", "0.05")
    for _ in range(5):
        with pytest.raises(StrategyError, match="took longer"), deciding(HERE):
            _endless()
    assert sum(range(100_000)) == 4_999_950_000


def test_a_claim_file_whose_error_cannot_be_asked_is_named(tmp_path):
    path = tmp_path / "claims.py"
    path.write_text("class E(Exception):\n    def __str__(self): return 5\nraise E\n")
    assert load(path).problem == f"{path} line 3: E: ; mend the file"


@pytest.mark.parametrize("line", ["exit()", "import sys; sys.exit(0)", "raise SystemExit"])
def test_a_claim_file_that_exits_is_named(line, tmp_path):
    path = tmp_path / "claims.py"
    path.write_text(f"x = 1\n{line}\n")
    assert re.search("line 2(: SystemExit| calls exit| imports sys)", load(path).problem)


def test_ctrl_c_still_stops():
    with pytest.raises(KeyboardInterrupt), contained(HERE):
        raise KeyboardInterrupt


def test_a_killed_worker_is_named_and_the_others_go_on(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("a.py", "bad.py", "c.py")]

    def each(work, units, workers):
        yield from ((at, None if unit == paths[1] else gallery.GalleryRow(unit.stem)) for at, unit in enumerate(units))

    monkeypatch.setattr(gallery, "each", each)
    rows = {row.strategy: row.error for row in gallery._in_parallel(gallery.Job(tmp_path, tmp_path, None), paths)}
    assert (rows["a"], rows["c"]) == ("", "")
    assert "killed" in rows["bad"]


@pytest.mark.parametrize("marks", ["null", "[]", "", '{"tags": 5}', '{"tags": [null]}'])
def test_broken_marks_are_told_and_the_run_is_listed(marks, tmp_path):
    (store.save(tmp_path, make_record(sessions=120)) / "marks.json").write_text(marks)
    found = shelf.listing(tmp_path)
    assert len(found.entries) == 1
    assert "marks.json is broken" in found.broken[0]


def test_links_in_a_circle_stop_no_listing(tmp_path):
    place = store.save(tmp_path, make_record(sessions=120))
    for path in (tmp_path / "circle", place.parent / "0123456789ab"):
        path.symlink_to(path)
    assert len(shelf.listing(tmp_path).entries) == 1


@pytest.mark.parametrize("name", ["run.json", "returns.parquet", "summary.json"])
def test_a_broken_run_is_whole_again_after_the_same_run(name, tmp_path):
    record = make_record(sessions=120)
    place = store.save(tmp_path, record)
    shelf.mark(tmp_path, place.name, lambda *_: (["kept"], "a note"))
    (place / name).write_text("")
    assert store.save(tmp_path, record) == place
    assert store.load(place).metrics == record.metrics
    assert shelf.find(tmp_path, place.name).tags == ("kept",)


def test_an_index_that_cannot_be_renewed_fails_nothing(tmp_path):
    (tmp_path / "index.html").mkdir()
    with pytest.warns(RuntimeWarning, match="is not renewed"):
        place = store.save(tmp_path, make_record(sessions=120))
    assert (place / "run.json").is_file()


def test_a_strategy_that_prints_leaves_json_alone(strategy, catalog, tmp_path, capsys, monkeypatch):
    strategy.write_text(strategy.read_text().replace("    moved =", '    print("hello")\n    moved ='))
    monkeypatch.setattr(sys, "argv", ["flowbt", "run", str(strategy), "--json", "--no-store", "--datasets", str(tmp_path / "datasets")])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = capsys.readouterr()
    assert (stop.value.code, json.loads(said.out)["strategy"]) == (0, "fade")
    assert "hello" in said.err


def test_a_defect_is_a_traceback_and_a_request(capsys, monkeypatch):
    monkeypatch.setattr(cli.flowbt, "main", lambda **_: 1 / 0)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = capsys.readouterr().err
    assert stop.value.code == 1
    assert "ZeroDivisionError" in said
    assert "please report it" in said


@pytest.mark.parametrize("words", ["raise ValueError('x')", "class E(Exception):\n            def __str__(self): return 5\n        raise E"])
def test_what_an_object_raises_as_it_goes_is_a_line_and_no_leak(words, strategy, catalog, tmp_path, capsys, monkeypatch):
    kind = f"class Going:\n    def __del__(self):\n        {words}\nGoing()\n"
    strategy.write_text(strategy.read_text().replace("SYMBOLS =", f"{kind}SYMBOLS =", 1))
    monkeypatch.setattr(sys, "argv", ["flowbt", "run", str(strategy), "--no-store", "--datasets", str(tmp_path / "datasets")])
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # put back after
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = [line for line in capsys.readouterr().err.splitlines() if "nobody can catch" in line]
    assert stop.value.code == 0
    assert said
    assert all(re.match(r"flowbt: warning: \w+: .*, raised where nobody can catch it \(\w+\.py line \d+\)", line) for line in said)


def test_the_end_of_a_process_that_read_raw_files_is_quiet(tmp_path):
    (tmp_path / "prints.csv").write_text("Date,X\n2024-01-02,1\n")
    words = ["reduce", "dark-prints", "prints.csv", "--to", "dark", "--workers", "1"]
    done = subprocess.run([sys.executable, "-c", "from flowbt.cli import main; main()", *words], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done.stderr
