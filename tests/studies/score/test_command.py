import json
import re
import shutil

import pytest
from click.testing import CliRunner
from tests.studies.score.conftest import FALL

from flowbt.cli import flowbt
from flowbt.cli.show.score import caveat_lines, print_claim
from flowbt.evidence.claims.finding import Finding
from flowbt.ground.errors import StoreError

CALENDAR = """
from flowbt.evidence.claims.arithmetic import FigureCheck, recomputed

@claim("One and one", outcome=recomputed())
def one_and_one(panel):
    return [FigureCheck("sum", 2.0, 3.0)]
"""


@pytest.fixture
def run(catalog, tmp_path):
    shutil.copytree(catalog.roots[0], tmp_path / "datasets")

    def invoke(*arguments, **how):
        folders = ["--datasets", str(tmp_path / "datasets"), "--results", str(tmp_path / "results")]
        return CliRunner().invoke(flowbt, ["score", *folders, "--resamples", "200", *arguments], **how)

    return invoke


def test_json_is_one_document_and_pages_are_written(run, note, tmp_path):
    found = run(note(FALL, CALENDAR), "--json")
    document = json.loads(found.stdout)
    assert [c["verdict"] for c in document["claims"]] == ["replicated", "does not follow"]
    page = (tmp_path / "results" / "claims" / "fall-rebounds.html").read_text()
    assert "curve-chart" in page
    assert "A fall rebounds" in (tmp_path / "results" / "claims" / "index.html").read_text()


def test_scoreboard_on_the_terminal(run, note):
    found = run(note(FALL, CALENDAR))
    assert "replicated" in found.output
    assert "2 claims; correction over 1 tests; 0 from the cache" in found.output


def test_one_claim_in_words(run, note):
    assert "Stated +4.00%; measured +" in run(f"{note(FALL)}::fall-rebounds").output


def test_a_partial_run_leaves_the_scoreboard_the_findings_and_the_pages(run, note, tmp_path):
    note(FALL, name="one")
    note(CALENDAR, name="two")
    assert run(str(tmp_path), "--lock").exit_code == 0
    assert run(str(tmp_path)).exit_code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "results" / "claims").iterdir() if path.is_file()}
    found = run(f"{tmp_path}/one.py::fall-rebounds", "--resamples", "300")
    assert "PARTIAL" in found.output
    assert {path: path.read_bytes() for path in (tmp_path / "results" / "claims").iterdir() if path.is_file()} == before


def test_a_file_beside_the_register_does_not_take_its_scoreboard(run, note, tmp_path):
    (tmp_path / "mine").mkdir()
    note(FALL)
    run(str(tmp_path), "--lock")
    run(str(tmp_path))
    before = (tmp_path / "results" / "claims" / "findings.json").read_text()
    (tmp_path / "mine" / "own.py").write_text((tmp_path / "note.py").read_text())
    assert run(f"{tmp_path}/mine/own.py", "--json").exit_code == 0
    assert (tmp_path / "results" / "claims" / "findings.json").read_text() == before


def test_no_figure_is_cut_at_eighty_columns(run, note, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)  # a terminal
    lines = run(note(FALL, CALENDAR)).output.splitlines()
    (found,) = [line for line in lines if line.startswith("fall-rebounds")]
    assert len(found) <= 80
    assert re.search(r"replicated +\+\d\.\d\d% +\d\.\d{3}", found)
    assert "…" not in "".join(lines)


def test_nothing_is_written_when_asked(run, note, tmp_path):
    assert run(note(FALL), "--no-store").exit_code == 0
    assert not (tmp_path / "results").exists()


def test_a_file_that_cannot_be_scored_is_said_on_one_line(run, note):
    found = run(note("def ("))
    assert "syntax error on line" in found.output


PEEK = """
@claim("Peek", outcome=forward_return("SPX", 5), direction="up")
def peek(panel):
    return panel["close"].pct_change().shift(-1) > 0.01
"""


def test_exit_code_is_one_where_something_could_not_be_scored_and_three_where_it_uses_the_future(run, note):
    files = [note(*parts, name=f"file{n}") for n, parts in enumerate([(FALL,), (FALL, PEEK), ("def (",)])]
    assert [run(file, "--no-store", standalone_mode=False).return_value for file in files] == [0, 3, 1]


def test_results_that_cannot_be_written_are_refused_before_the_work(run, note, tmp_path):
    (tmp_path / "results").write_text("a file")
    found = run(note(FALL))
    assert isinstance(found.exception, StoreError)
    assert str(found.exception).startswith(f"write findings in {tmp_path}/results/claims/.cache: Not a directory; ")
    assert (tmp_path / "results").read_text() == "a file"


CAVEATS = (
    ["Latest vintage, not as first published: etf-adjusted.", "Lag: dix 20:00 New York; cot Fridays 15:30."],
    ["Back-calculated before 2017-01-12, so nobody had it on 12 of 90 bars: dix of SPX, gex of SPX.", "Lag: dix 20:00 New York."],
    ["close of SPX is joined: a 2001-01-02 to 2020-01-02 (9 rows), b 2020-01-03 to 2021-01-04 (3 rows)."],
)


def test_the_terminal_says_what_the_data_should_be_read_with_once_for_all_claims():
    findings = [Finding(str(n), "", "note", "2022-01-03", "note.py", caveats=caveats) for n, caveats in enumerate(CAVEATS)]
    assert caveat_lines(findings) == [
        "Latest vintage, not as first published (1 of 3 claims): etf-adjusted",
        "Lag (2 of 3 claims): dix 20:00 New York, cot Fridays 15:30",
        "Back-calculated, so nobody had it then (1 of 3 claims): dix of SPX before 2017-01-12, gex of SPX before 2017-01-12",
        "Joined from several datasets (1 of 3 claims): close of SPX",
    ]


def test_one_claim_shows_its_caveats_whole(capsys):
    print_claim(Finding("a", "", "note", "2022-01-03", "note.py", caveats=CAVEATS[1]))
    assert all(line in capsys.readouterr().out for line in CAVEATS[1][:1])
