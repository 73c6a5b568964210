"""The register: what is tested is written down, and the correction is over all of it whatever is named."""

import json
from pathlib import Path

import pytest
from tests.studies.score.conftest import FALL
from tests.studies.score.test_score import RISE

from flowbt.ground.errors import ClaimError
from flowbt.studies.score.files import load
from flowbt.studies.score.register import definition_hash, read_lock
from flowbt.studies.score.score import Settings, lock, score

NAMES = ("fall-rebounds", "rise-goes-on")


@pytest.fixture
def register(note, tmp_path):
    """A folder of two files with its register."""
    note(FALL, name="one")
    note(RISE, name="two")
    lock(tmp_path, "2026-01-01")
    return tmp_path


def hash_of(path):
    file = load(path)
    return definition_hash(file.claims[0], file)


def test_alone_or_in_the_register_a_claim_has_the_same_verdict(register, catalog, settings):
    whole = score((str(register),), catalog, settings)
    assert (whole.whole, whole.tested) == (True, 2)
    for file, found in zip(("one", "two"), whole.findings, strict=True):
        alone = score((f"{register}/{file}.py::{found.id}",), catalog, Settings(resamples=300))
        assert (alone.findings[0].verdict, alone.findings[0].q, alone.tested) == (found.verdict, found.q, 2)
        assert (alone.whole, alone.findings[0].partial) == (False, True)


def test_a_comment_is_no_change_and_a_threshold_is(register, note):
    before = hash_of(register / "one.py")
    note(FALL.replace("def fall", "# why\ndef fall"), name="one")
    assert hash_of(register / "one.py") == before
    note(FALL.replace("<= -fall", "< -fall"), name="one")
    assert hash_of(register / "one.py") != before


CALLS = """
LEVEL = 0.02

def _fell(panel, fall):
    return panel["close"].pct_change() <= -fall - LEVEL

@claim("A fall rebounds", outcome=forward_return("SPX", 3), direction="up")
def fall_rebounds(panel, *, fall=0.02):
    return _fell(panel, fall)
"""


@pytest.mark.parametrize("change", [("LEVEL = 0.02", "LEVEL = 0.01"), ("-fall - LEVEL", "-fall"), ("3)", "5)"), ('"up"', '"down"'), ("fall=0.02", "fall=0.03")])
def test_what_a_claim_calls_reads_and_is_measured_by_is_part_of_it(note, change):
    before = hash_of(Path(note(CALLS)))
    assert hash_of(Path(note(CALLS.replace(*change)))) != before


def test_a_changed_definition_is_told_and_counts_before_and_after_it_is_locked(register, note, catalog, settings):
    note(FALL.replace("fall=0.02", "fall=0.025"), name="one")
    run = score((str(register),), catalog, settings)
    assert (run.whole, run.tested, run.retired) == (False, 3, 1)
    assert "fall-rebounds: changed since they were registered" in run.notices[0]
    _, changes = lock(register, "2026-02-02")
    run = score((str(register),), catalog, settings)
    assert (changes.changed, run.whole, run.tested, run.notices) == (("fall-rebounds",), True, 3, ())


def test_the_lock_keeps_dates_and_closes_what_was_replaced(register, note):
    note(FALL.replace("fall=0.02", "fall=0.025"), name="one")
    lock(register, "2026-02-02")
    dates = [(e.claim, e.since, e.until) for e in read_lock(register).entries]
    assert dates == [
        ("fall-rebounds", "2026-02-02", ""),
        ("fall-rebounds", "2026-01-01", "2026-02-02"),
        ("rise-goes-on", "2026-01-01", ""),
    ]


@pytest.mark.parametrize("other", [{"rules": True}, {"rules": 3}, {"rules": "x"}, {"entries": [[]]}, {"entries": 1}, {"entries": [{}]}])
def test_a_register_whose_parts_are_none_is_one_line(register, other):
    held = json.loads((register / "register.lock").read_text())
    (register / "register.lock").write_text(json.dumps(held | other))
    with pytest.raises(ClaimError, match="cannot be read"):
        read_lock(register)


def test_rules_that_changed_are_told(register, catalog, settings):
    path = register / "register.lock"
    path.write_text(path.read_text().replace('"false_discovery": 0.05', '"false_discovery": 0.2'))
    run = score((str(register),), catalog, settings)
    assert "rules changed: false_discovery" in run.notices[0]
    assert not run.whole


def test_a_lock_that_is_none_is_one_line(register, catalog, settings):
    (register / "register.lock").write_text("{}")
    with pytest.raises(ClaimError, match="take it from git again"):
        score((str(register),), catalog, settings)


def test_no_register_is_written_of_files_that_do_not_load(register, note):
    kept = (register / "register.lock").read_text()
    note("def (", name="three")
    with pytest.raises(ClaimError, match="syntax error"):
        lock(register)
    assert (register / "register.lock").read_text() == kept


def test_two_registers_are_not_one_family(register, note, catalog, settings):
    other = register / "other"
    other.mkdir()
    (other / "x.py").write_text((register / "one.py").read_text())
    lock(other, "2026-01-01")
    with pytest.raises(ClaimError, match="claims of two registers"):
        score((str(register), str(other)), catalog, settings)


def test_every_line_of_the_lock_is_json_of_one_entry(register):
    lines = [line for line in (register / "register.lock").read_text().splitlines() if '"claim"' in line]
    assert [json.loads(line.rstrip(","))["claim"] for line in lines] == list(NAMES)


def test_no_claim_looks_older_than_it_is(register, note):
    note(FALL.replace("fall=0.02", "fall=0.03"), name="one")
    kept = (register / "register.lock").read_bytes()
    with pytest.raises(ClaimError, match="today would be 2025-12-30, its last entry is of 2026-01-01; set the clock right"):
        lock(register, "2025-12-30")
    assert (register / "register.lock").read_bytes() == kept
    assert lock(register, "2025-12-31")[0].current()["fall-rebounds"].since == "2025-12-31"  # another time zone's day
