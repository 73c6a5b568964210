import shutil
from pathlib import Path

import pytest
from tests.studies.score.conftest import FALL

from flowbt.data.catalog import Catalog
from flowbt.ground.errors import ClaimError
from flowbt.studies.score import measure as measuring
from flowbt.studies.score.score import Settings, score
from flowbt.studies.units import HERE

RISE = """
@claim("A rise goes on", outcome=forward_return("SPX", 3), direction="up")
def rise_goes_on(panel, *, rise=0.02):
    return panel["close"].pct_change() >= rise
"""


def claim_of(body, options='outcome=forward_return("SPX", 3), direction="up"'):
    return f'@claim("Broken", {options})\ndef broken(panel, *, level=1.0):\n    {body}\n'


def test_planted_rebound_is_found_with_its_figures(note, catalog, settings):
    (found,) = score((note(FALL),), catalog, settings).findings
    assert found.effect > 0.02
    assert (found.verdict, found.definitions) == ("replicated", 9)
    assert found.sentence.startswith("Stated +4.00%; measured +")
    assert found.datasets == ["prices"]


BROKEN = [
    (claim_of("return panel['close'].pct_chang() > 0"), "pct_chang"),
    (claim_of("return panel['close'] > 1e9"), "the event never happens"),
    (claim_of("return panel['close'] > 0"), "the event holds on every bar"),
    (claim_of("return panel['close'] > 110", 'outcome=forward_return("SPX", 5000), direction="up"'), "not one outcome over 5000 bars in"),
    (claim_of("return panel['dix', 'SPX'] > 0"), "dataset nothing has no value of it"),
    (claim_of("return 1"), "its function returned a int"),
    (claim_of("return panel['close'].iloc[5:] > 110"), "keep the panel's index"),
    (claim_of("return panel['close'].pct_change()"), "return when it holds: True and False, or +1, 0 and -1"),
    (claim_of("return panel['close'] > 110", 'outcome=forward_return("SPX", 0), direction="up"'), "horizon 0 of its outcome; an outcome comes after its event"),
    (claim_of("return panel['close'] > 110", 'outcome=forward_return("SPX", 3, also=(-3,)), direction="up"'), "horizon -3"),
    (claim_of("return panel['close'] > 110", 'outcom=forward_return("SPX", 3)'), "option 'outcom'; did you mean outcome?"),
    (claim_of("return panel['close'] > 110", 'outcome=forward_return("SPX", 3), stated={"meen": 1}'), "did you mean mean?"),
    (claim_of("return panel['close'] > 110", 'outcome=forward_return("SPX", 3), definitions={"levle": (1,)}'), "did you mean level?"),
    (claim_of("return panel['close'] > 110", 'outcome=forward_return("SPX", 3), direction="higher"'), "write up, down or flat"),
]


@pytest.mark.parametrize(("broken", "line"), BROKEN, ids=[line for _, line in BROKEN])
def test_a_broken_claim_is_one_line_and_the_others_are_scored(note, catalog, settings, broken, line):
    board = score((note(broken, FALL),), catalog, settings)
    assert [bool(f.error) for f in board.findings] == [True, False]
    assert len(board.problems) == 1
    assert line in board.problems[0]
    assert "\n" not in board.problems[0]


def test_missing_data_is_untestable_and_named(note, catalog, settings):
    board = score((note(claim_of("return panel['dark_pool_net'] < 0")),), catalog, settings)
    assert (board.findings[0].verdict, board.problems) == ("untestable", ())
    assert "field 'dark_pool_net' of SPX" in board.findings[0].sentence
    assert "flowbt reduce dark-prints" in board.findings[0].sentence


def test_every_way_to_bring_a_field_is_a_known_field():
    from flowbt.ground.fields import FIELDS
    from flowbt.studies.score.remedies import REMEDIES

    assert set(REMEDIES) <= set(FIELDS)


def test_a_broken_file_does_not_stop_the_next(note, catalog, settings):
    files = (note("def (", name="bad"), note("x = forward_retrun", name="typo"), note(FALL))
    board = score(files, catalog, settings)
    assert [f.id for f in board.findings] == ["fall-rebounds"]
    assert "syntax error on line" in board.problems[0]
    assert "typo.py line" in board.problems[1]


def test_one_claim_of_a_file_and_a_near_name(note, catalog, settings):
    path = note(FALL, RISE)
    assert [f.id for f in score((f"{path}::rise-goes-on",), catalog, settings).findings] == ["rise-goes-on"]
    with pytest.raises(ClaimError, match="did you mean fall-rebounds"):
        score((f"{path}::fall-rebound",), catalog, settings)


def test_a_kept_measurement_that_was_changed_is_made_again(note, catalog, tmp_path):
    settings = Settings(resamples=300, workers=HERE, cache=tmp_path / "cache")
    before = score((note(FALL),), catalog, settings)
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_text(kept.read_text().replace('"effect":', '"effect":"high","was":', 1))
    after = score((note(FALL),), catalog, settings)
    assert (after.reused, after.findings) == (0, before.findings)


def test_second_run_comes_from_the_cache_and_a_changed_definition_does_not(note, catalog, tmp_path, monkeypatch):
    settings = Settings(resamples=300, workers=HERE, cache=tmp_path / "cache")
    runs = [score((note(text),), catalog, settings) for text in (FALL, FALL, FALL + "# a comment", FALL.replace("fall=0.02", "fall=0.025"))]
    assert [run.reused for run in runs] == [0, 1, 1, 0]
    assert runs[0].findings[0] == runs[1].findings[0]
    monkeypatch.setattr(measuring, "code_hash", lambda: "other")
    assert score((note(FALL),), catalog, settings).reused == 0


def test_an_effect_that_is_told_three_times_is_corrected_as_one(note, catalog, settings):
    copies = [FALL.replace("fall_rebounds", f"fall_rebounds_{n}") for n in (2, 3)]
    once, thrice = (score((note(FALL, *more, RISE),), catalog, settings).findings for more in ([], copies))
    assert [f.cluster for f in thrice[:3]] == ["fall-rebounds"] * 3
    assert [f.q for f in thrice[:3]] == pytest.approx([once[0].q] * 3)
    assert thrice[3].q == pytest.approx(once[1].q)


def test_an_edited_publication_rule_is_not_answered_from_the_cache(note, catalog, tmp_path):
    """Runs and sweeps are keyed by it; a claim went on saying what it said under the rule of before."""
    root = Path(shutil.copytree(catalog.roots[0], tmp_path / "data"))
    settings = Settings(resamples=300, workers=HERE, cache=tmp_path / "cache")
    before = score((note(FALL),), Catalog((root,)), settings)
    declared = root / "prices" / "dataset.toml"
    declared.write_text(declared.read_text().replace('rule = "close"', 'rule = "session"\ndays = 1\nat = "18:00"'))
    after = score((note(FALL),), Catalog((root,)), settings)
    assert after.reused == 0
    assert after.findings[0].effect != before.findings[0].effect


def test_a_mended_need_is_not_answered_from_the_cache(note, catalog, tmp_path):
    settings, needs = Settings(resamples=300, workers=HERE, cache=tmp_path / "cache"), 'outcome=forward_return("SPX", 3), data=Data(needs=("%s:SPX",))'
    text = "from flowbt.evidence.claims.declare import Data\n" + FALL.replace('outcome=forward_return("SPX", 3)', needs)
    assert [score((note(text % need),), catalog, settings).findings[0].verdict for need in ("clse", "close")] == ["untestable", "replicated"]


def test_correction_counts_every_test_of_the_run(note, catalog, settings):
    alone = score((note(RISE),), catalog, settings).findings[0]
    both = score((note(RISE, FALL),), catalog, settings)
    assert both.tested == 2
    assert both.findings[0].q >= alone.q == alone.p_curve
