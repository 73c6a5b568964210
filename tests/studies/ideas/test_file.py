"""The file of ideas and the command: what is refused, in one line; the report's own file; JSON and table."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from flowbt.cli.research.ideas import command
from flowbt.ground.errors import StudyError
from flowbt.studies.ideas.file import read_ideas

ROOT = Path(__file__).parents[3]
FILE = ROOT / "datasets" / "exitliq_tables" / "structures.toml"
BAD = {
    "x0: expiry 2026-04-01 is not after its date 2026-04-08": {"expiry": "2026-04-01"},
    "x0: a put spread has 2 strike(s), found 1": {"strikes": "[660]"},
    "x0: strikes are all prices or all in percent, each another": {"strikes": '[660, "95%"]'},
    "x0: strike '95' is neither": {"strikes": '["95", "90%"]'},
    "x0: strike -5.0 is neither": {"strikes": "[-5, 660]"},
    "x0: type: Input should be 'call'": {"type": "butterfly"},
    "x0: conviction: Input should be less than": {"more": "conviction = 6"},
    "x0: quantity is 0": {"more": "quantity = 0"},
    "x0: strike_price: Extra inputs": {"more": "strike_price = 660"},
    "is not TOML": {"more": "conviction = = 3"},
}


@pytest.mark.parametrize("words", BAD)
def test_a_bad_idea_is_one_line_that_names_it(write, words):
    with pytest.raises(StudyError) as error:
        read_ideas(write(BAD[words]))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_two_ideas_of_one_id_and_a_file_without_any_are_refused(write, tmp_path):
    with pytest.raises(StudyError, match="id 'same' is given twice"):
        read_ideas(write({"id": "same"}, {"id": "same"}))
    (tmp_path / "none.toml").write_text("")
    with pytest.raises(StudyError, match=r"no \[\[idea\]\] in it"):
        read_ideas(tmp_path / "none.toml")
    with pytest.raises(StudyError, match="cannot be read"):
        read_ideas(tmp_path / "absent.toml")


def test_the_reports_ten_structures_can_be_built_and_their_strategies_are_there():
    ideas = read_ideas(FILE)
    assert len(ideas.idea) + len(ideas.rolling) == 10
    assert all((ROOT / one.strategy).is_file() for one in ideas.rolling)
    assert [one.id for one in ideas.idea if one.conviction == 5] == ["iwm-250-235p"]
    legs = {one.id: [(leg.kind, leg.quantity, leg.strike.value) for leg in one.structure().options] for one in ideas.idea}
    assert legs["spy-670-650p"] == [("put", 1.0, 670.0), ("put", -1.0, 650.0)]
    assert legs["collar-june"] == [("put", 1.0, 6180.0), ("call", -1.0, 6865.0), ("put", -1.0, 5210.0)]


def test_the_command_prints_one_json_document_or_a_table(root, write):
    path = write({"more": "conviction = 4"}, {"symbol": "RKLB"})
    run = CliRunner().invoke(command, [str(path), "--json", "--datasets", str(root)], catch_exceptions=False)
    first, second = json.loads(run.output)["outcomes"]
    assert (first["conviction"], first["status"], first["last"]) == (4, "settled", "2026-05-15")
    assert (second["status"], second["profit"], second["last"]) == ("no data", None, None)
    table = CliRunner().invoke(command, [str(path), "--datasets", str(root)], catch_exceptions=False).output
    assert "SPY 660/640 put spread: " not in table  # nothing stands in for anything there
    assert "RKLB 660/640 put spread: no data: closes of RKLB: no dataset has them; to do: flowbt data import yahoo RKLB.csv" in table
    assert "conviction 4: 1 settled" in table
