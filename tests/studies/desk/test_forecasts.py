"""Forecasts entered before their outcome, settled as data come, scored on what came after."""

import json

import numpy as np
import pandas as pd
import pytest
from tests.studies.conftest import walk
from tests.tinydata import FIELDS, store

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.ground.errors import JournalError
from flowbt.studies.desk.chain import read
from flowbt.studies.desk.forecasts import register, settle
from flowbt.studies.desk.prospective import prospective
from flowbt.studies.desk.recheck import recheck
from flowbt.studies.score.measure import Settings

DAYS = Clock().labels("2020-01-02", "2023-12-29")
MADE = pd.Timestamp("2022-06-01")
FILE = '''"""Bets of a test."""
from flowbt.evidence.claims.declare import Data, Document, claim
from flowbt.evidence.claims.forecasts import dated, ends_above, touches
from flowbt.evidence.claims.outcomes import forward_return

DOCUMENT = Document("note", dated="2022-06-01", author="Ann")


@claim("SPY rises", outcome=dated("2022-06-01", "2022-09-01", probability=0.7), data=Data(symbols=("SPY",)))
def rises(panel):
    return ends_above("SPY")


@claim("SPY halves", outcome=dated("2022-06-01", "2022-12-01"), data=Data(symbols=("SPY",)))
def halves(panel):
    return touches("SPY", 50.0, spot=100.0)


@claim("A fall is followed by a rise", outcome=forward_return("SPY", 5), direction="up")
def rebound(panel, *, fall=0.01):
    return panel["close", "SPY"].pct_change() <= -fall
'''


@pytest.fixture
def claims(tmp_path):
    (tmp_path / "note.py").write_text(FILE)
    return (str(tmp_path / "note.py"),)


def catalog_until(root, day, jump=1.0):
    prices = walk("SPY", DAYS, 3)
    prices.loc[prices["event_time"] > "2022-08-01", ["open", "high", "low", "close"]] *= jump
    store(root, "prices", prices[prices["event_time"] <= day], fields=FIELDS)
    return Catalog((root,))


def at(day, hours=22):
    return pd.Timestamp(day) + pd.Timedelta(hours=hours)


def entered(tmp_path, claims, day=MADE, jump=1.0):
    """Registered on the evening of `day`, settled at the end of the data."""
    register(catalog_until(tmp_path / "then", day), claims, tmp_path / "journal", at(day))
    whole = catalog_until(tmp_path / "whole", DAYS[-1], jump)
    settle(whole, tmp_path / "journal", at(DAYS[-1]))
    return whole


def test_what_is_entered_says_bets_probability_and_base_rate(tmp_path, claims):
    new, problems = register(catalog_until(tmp_path / "then", MADE), claims, tmp_path / "journal", at(MADE))
    assert (problems, [one.kind for one in new]) == ([], ["forecast", "forecast", "claim"])
    first = new[0].body
    assert (first["probability"], first["stated"], first["late"], first["author"], new[1].body["probability"]) == (0.7, True, False, "Ann", 0.9)
    closes = walk("SPY", DAYS, 3).set_index("event_time")["close"][:MADE]
    bars = int(np.busday_count("2022-06-01", "2022-09-01"))
    assert first["base"]["share"] == pytest.approx((closes.shift(-bars) / closes - 1).dropna().gt(0).mean())


def test_entering_and_settling_twice_adds_nothing(tmp_path, claims):
    whole = entered(tmp_path, claims)
    there = read(tmp_path / "journal")
    assert register(whole, claims, tmp_path / "journal", at(DAYS[-1])) == ([], [])
    assert settle(whole, tmp_path / "journal", at(DAYS[-1])) == ([], [])
    assert read(tmp_path / "journal") == there


def test_a_forecast_is_open_until_its_date(tmp_path, claims):
    register(catalog_until(tmp_path / "then", MADE), claims, tmp_path / "journal", at(MADE))
    new, left = settle(catalog_until(tmp_path / "half", pd.Timestamp("2022-08-31")), tmp_path / "journal", at("2022-08-31"))
    assert (new, [one.reason for one in left]) == ([], ["settled by 2022-09-01", "settled by 2022-12-01"])
    new, left = settle(catalog_until(tmp_path / "later", pd.Timestamp("2022-09-01")), tmp_path / "journal", at("2022-09-01"))
    assert ([one.body["on"] for one in new], len(left)) == (["2022-09-01"], 1)


def test_only_what_came_after_its_entry_counts(tmp_path, claims):
    for number, (day, states) in enumerate([(MADE, ("failed", "failed")), (pd.Timestamp("2022-10-03"), ("known when it was entered", "failed"))]):
        root = tmp_path / str(number)
        root.mkdir()
        found = prospective(entered(root, claims, day), claims, root / "journal", Settings(resamples=200))
        assert tuple(one.state.replace("came true", "failed") for one in found.forecasts) == states
        assert {kind: score.n for kind, _, score in found.scores} == (
            {"all": 2, "author": 2, "document": 2} if number == 0 else {"all": 1, "author": 1, "document": 1, "looked back at": 1}
        )


def test_a_late_forecast_is_asked_for_what_is_left(tmp_path, claims):
    new, _ = register(catalog_until(tmp_path / "then", pd.Timestamp("2022-10-03")), claims, tmp_path / "journal", at("2022-10-03"))
    over, left = new[0].body, new[1].body
    assert (over["late"], over["base"], over["missing"]) == (True, None, "its time was over")
    assert left["late"]
    assert left["base"] is not None


def test_a_claim_is_measured_on_the_labels_after_its_entry(tmp_path, claims):
    whole = entered(tmp_path, claims)
    (one,) = prospective(whole, claims, tmp_path / "journal", Settings(resamples=200)).claims
    assert one.labels == len(DAYS[DAYS > MADE])
    assert one.finding.span[0] > "2022-06-01"
    early = catalog_until(tmp_path / "early", DAYS[DAYS > MADE][30])
    (few,) = prospective(early, claims, tmp_path / "journal", Settings(resamples=200)).claims
    assert (few.finding, few.words) == (None, "31 labels since it was entered; judged from 60 on")


def test_a_claim_that_was_changed_is_not_judged_by_its_entry(tmp_path, claims):
    whole = entered(tmp_path, claims)
    (tmp_path / "note.py").write_text(FILE.replace("fall=0.01", "fall=0.02").replace("<= -fall", "< -fall"))
    (one,) = prospective(whole, claims, tmp_path / "journal", Settings(resamples=200)).claims
    assert "changed since" in one.words


def test_a_settlement_that_revised_data_would_not_make_is_found(tmp_path, claims):
    whole = entered(tmp_path, claims)
    assert recheck(whole, read(tmp_path / "journal"), tmp_path / "journal", tmp_path) == []
    revised = catalog_until(tmp_path / "revised", DAYS[-1], jump=0.4)
    assert {one.cause for one in recheck(revised, read(tmp_path / "journal"), tmp_path / "journal", tmp_path)} == {"data revised"}


def test_a_journal_without_these_claims_and_a_clock_set_back_are_errors(tmp_path, claims):
    with pytest.raises(JournalError, match="none of these was entered"):
        prospective(catalog_until(tmp_path / "then", MADE), claims, tmp_path / "journal", Settings(resamples=200))
    entered(tmp_path, claims)
    (tmp_path / "other.py").write_text(FILE.replace('"note"', '"other"'))
    with pytest.raises(JournalError, match="time only goes on"):
        register(catalog_until(tmp_path / "then", MADE), (str(tmp_path / "other.py"),), tmp_path / "journal", at(MADE))


def test_the_commands(tmp_path, claims, capsys):
    from tests.cli.calling import call

    catalog_until(tmp_path / "whole", DAYS[-1])
    words = ["--journal", tmp_path / "journal", "--datasets", tmp_path / "whole", "--json"]
    assert len(json.loads(call(capsys, "journal", "register", *claims, *words)[1])["entries"]) == 3
    assert len(json.loads(call(capsys, "journal", "settle", *words)[1])["entries"]) == 2
    found = json.loads(call(capsys, "score", *claims, "--prospective", "--no-store", *words)[1])
    assert [one["state"] for one in found["forecasts"]] == ["known when it was entered"] * 2
    assert call(capsys, "score", *claims, "--prospective", "--no-store", *words[:-1])[0] == 0
