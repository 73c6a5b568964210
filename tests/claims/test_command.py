import json
import shutil

import pytest
from click.testing import CliRunner
from tests.claims.conftest import FALL

from flowbt.cli import flowbt

CALENDAR = """
from flowbt.evidence.arithmetic import Check, recomputed

@claim("One and one", outcome=recomputed())
def one_and_one(panel):
    return [Check("sum", 2.0, 3.0)]
"""


@pytest.fixture
def run(catalog, tmp_path):
    shutil.copytree(catalog.roots[0], tmp_path / "datasets")

    def invoke(*arguments):
        return CliRunner().invoke(
            flowbt, ["score", "--datasets", str(tmp_path / "datasets"), "--results", str(tmp_path / "results"), "--resamples", "200", *arguments]
        )

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


def test_nothing_is_written_when_asked(run, note, tmp_path):
    assert run(note(FALL), "--no-store").exit_code == 0
    assert not (tmp_path / "results").exists()


def test_a_file_that_cannot_be_scored_is_said_on_one_line(run, note):
    found = run(note("def ("))
    assert "syntax error on line" in found.output
