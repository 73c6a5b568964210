"""A claim that uses the future is told on one line; one that does not is left alone."""

import re

import pytest
from tests.studies.score.conftest import FALL
from tests.studies.score.test_score import claim_of

from flowbt.studies.score.score import Settings, score
from flowbt.studies.units import HERE

MOVES = "panel['close'].pct_change()"
PEEKS = {
    "the next return": f"return {MOVES}.shift(-1) > 0.01",
    "not the next return": f"return ~({MOVES}.shift(-1) > 0.01)",
    "the next week, after a quiet day": f"return ({MOVES}.abs() < 0.005) & (panel['close'].shift(-5) > panel['close'])",
    "a centred window": f"return {MOVES}.rolling(5, center=True).mean() > 0.004",
    "a state that holds on": f"return ({MOVES}.shift(-1) > 0.02).astype(float).rolling(10, min_periods=1).max() > 0",
    "the median of all history": "return panel['close'] > panel['close'].median()",
    "a rank within all history": "return panel['close'].rank(pct=True) > 0.9",
    "a date that is not there yet": "return panel['close'] > panel['close'].loc['2023-06-20', 'SPX']",
}
HONEST = {
    "a return": f"return {MOVES} > 0.01",
    "a trailing window": f"return {MOVES}.rolling(5).mean() > 0.004",
    "an average of all that was": f"return {MOVES}.ewm(span=20).mean() > 0.002",
    "one symbol's": "return panel.spread(panel['close', 'SPX'].iloc[:, 0]) > panel.either('nope', 'close').expanding().median()",
    "signed": f"return ({MOVES} > 0.01).astype(float) - ({MOVES} < -0.01)",
}
STAGES = """
import pandas as pd
from flowbt.evidence.claims.declare import Data
from flowbt.evidence.claims.sequences import in_order

@claim("Stages", outcome=in_order(5), data=Data(symbols=("SPX",)))
def stages(panel):
    move = panel["close"].iloc[:, 0].pct_change()
    return pd.DataFrame({"late": -move.shift(-1), "scaled": move%s})
"""


@pytest.mark.parametrize("body", PEEKS.values(), ids=PEEKS)
def test_a_peek_is_an_error_and_the_others_are_scored(note, catalog, settings, body):
    board = score((note(claim_of(body), FALL),), catalog, settings)
    assert [f.verdict for f in board.findings] == ["error", "replicated"]
    assert len(board.problems) == 1
    assert "claim broken uses the future: " in board.problems[0]
    assert "is unknown" in board.problems[0] or "is another" in board.problems[0]


def test_the_line_names_the_event_and_the_cut(note, catalog, settings):
    (line,) = score((note(claim_of(PEEKS["the next return"])),), catalog, settings).problems
    at = line.split("event on ")[1][:10]
    assert f"event on {at} changes when what came after {at} is unknown; use only trailing windows" in line


@pytest.mark.parametrize("body", HONEST.values(), ids=HONEST)
def test_what_looks_back_is_left_alone(note, catalog, settings, body):
    assert score((note(claim_of(body)),), catalog, settings).problems == ()


def test_only_the_event_is_probed_where_the_claim_gives_its_outcome(note, catalog, settings):
    body, options = f"return {MOVES} > 0.01, {MOVES}.shift(-1)", 'outcome=given("next return", 1, symbol="SPX"), direction="up"'
    path = note("from flowbt.evidence.claims.outcomes import given", claim_of(body, options))
    assert score((path,), catalog, settings).problems == ()


@pytest.mark.parametrize(("scale", "found"), [("", 0), (" - move.mean()", 1)])
def test_stages_may_be_dated_back_but_not_rescaled_by_the_future(note, catalog, settings, scale, found):
    problems = score((note(STAGES % scale),), catalog, settings).problems
    assert len(problems) == found
    assert all("uses the future" in line for line in problems)


FIGURES = """
from pathlib import Path
import pandas as pd
from flowbt.evidence.claims.arithmetic import FigureCheck, recomputed

@claim("Sums", outcome=recomputed())
def sums(panel):
    return [FigureCheck("total", 3.0, float(pd.read_csv(Path(__file__).parent / "%s" / "sums.csv")["part"].sum()))]
"""


@pytest.mark.parametrize(("folder", "verdict"), [("note_tables", "follows"), ("prices", "error")])
def test_arithmetic_reads_its_documents_own_tables_and_no_other_file(note, catalog, settings, tmp_path, folder, verdict):
    path = note(FIGURES % folder)
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "sums.csv").write_text("part\n1\n2\n")
    board = score((path,), catalog, settings)
    assert [f.verdict for f in board.findings] == [verdict]
    assert board.leaks == (verdict == "error")
    assert all(line.count("sums.csv") == 1 and "line 13 reads a file" in line for line in board.problems)


def test_an_edited_table_is_recomputed(note, catalog, tmp_path):
    path, settings = note(FIGURES % "note_tables"), Settings(resamples=300, workers=HERE, cache=tmp_path / "cache")
    (tmp_path / "note_tables").mkdir()
    for rows, verdict in (("1\n2\n", "follows"), ("1\n3\n", "does not follow")):
        (tmp_path / "note_tables" / "sums.csv").write_text(f"part\n{rows}")
        assert [f.verdict for f in score((path,), catalog, settings).findings] == [verdict]


@pytest.mark.parametrize("line", ["KEPT = pd.read_csv(__file__)", "import os", "x = claim.__code__", "pd.kept = 1"])
def test_a_claim_file_that_reaches_past_the_panel_is_refused_with_its_line(note, catalog, settings, line):
    board = score((note("import pandas as pd", line, FALL),), catalog, settings)
    assert board.leaks == len(board.problems) == 1
    assert re.search(r"line \d+ (reads a file|imports os|reaches for|stores into)", board.problems[0])
